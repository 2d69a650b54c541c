-- What recommendations earned, day by day. Grain: one row a day of the shop and currency.
-- parameter currency = ''  ISO 4217 code; empty for all
-- day [day]                day of the shop
-- currency [text]          ISO 4217 code
-- units [count]            quantities of the products that are attributed to a recommendation
-- gross, refunds, cancelled, net [money]
--                          sums of those in recommendation_revenue_daily
SELECT
    day,
    currency,
    sum(revenue.units) AS units,
    sum(revenue.gross) AS gross,
    sum(revenue.refunds) AS refunds,
    sum(revenue.cancelled) AS cancelled,
    sum(revenue.net) AS net
FROM recommendation_revenue_daily AS revenue
WHERE day BETWEEN {from:Date} AND {to:Date} AND ({currency:String} = '' OR currency = {currency:String})
GROUP BY day, currency
ORDER BY day, currency
