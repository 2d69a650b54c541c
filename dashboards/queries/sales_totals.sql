-- Sales in all. Grain: one row a currency, over the days asked for.
-- currency [text]      ISO 4217 code
-- days [count]         days with an order, a refund or a cancellation
-- orders, units [count]
--                      sums of those in sales_daily
-- gross, refunds, cancelled, net [money]
--                      sums of those in sales_daily
-- average_order_value [money]  gross / orders, rounded half up to four decimals; NULL without orders
-- Buyers are missing: those of several days cannot be added up.
SELECT
    currency,
    days,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net,
    if(orders = 0, NULL, CAST(round(divideDecimal(gross, toDecimal64(orders, 0), 5), 4), 'Decimal(38, 4)'))
        AS average_order_value
FROM
(
    SELECT
        currency,
        count() AS days,
        sum(sales_daily.orders) AS orders,
        sum(sales_daily.units) AS units,
        sum(sales_daily.gross) AS gross,
        sum(sales_daily.refunds) AS refunds,
        sum(sales_daily.cancelled) AS cancelled
    FROM sales_daily
    WHERE day BETWEEN {from:Date} AND {to:Date}
    GROUP BY currency
)
ORDER BY currency
