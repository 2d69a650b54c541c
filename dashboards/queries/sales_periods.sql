-- Sales in all, beside those of the period before and of a year before. Grain: one row a period and currency.
-- Before is the period of as many days that ends where this one begins; a year before is 52 weeks, so that weekdays fit.
-- Buyers are missing: those of several days cannot be added up.
-- parameter currency = ''     ISO 4217 code; empty for all
-- period [text]               current, before or year_before
-- currency [text]             ISO 4217 code
-- days [count]                days with an order, a refund or a cancellation
-- orders, units [count]       sums of those in sales_daily
-- gross, refunds, cancelled, net [money]
--                             sums of those in sales_daily
-- average_order_value [money]
--                             gross / orders, rounded half up to four decimals; NULL without orders
-- new_buyers [count]          users whose first purchase ever is in the period and currency
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    last - first + 1 AS length,
    [('current', first, last), ('before', first - length, first - 1), ('year_before', first - 364, last - 364)] AS periods
SELECT
    period,
    currency,
    days,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net,
    if(orders = 0, NULL, CAST(round(divideDecimal(gross, toDecimal64(orders, 0), 5), 4), 'Decimal(38, 4)'))
        AS average_order_value,
    new_buyers
FROM
(
    SELECT
        asked.1 AS period,
        currency,
        count() AS days,
        sum(sales_daily.orders) AS orders,
        sum(sales_daily.units) AS units,
        sum(sales_daily.gross) AS gross,
        sum(sales_daily.refunds) AS refunds,
        sum(sales_daily.cancelled) AS cancelled,
        sum(sales_daily.new_buyers) AS new_buyers
    FROM sales_daily
    ARRAY JOIN periods AS asked
    WHERE toInt32(day) BETWEEN asked.2 AND asked.3 AND ({currency:String} = '' OR currency = {currency:String})
    GROUP BY period, currency
)
ORDER BY currency, indexOf(['current', 'before', 'year_before'], period)
