-- Sales by minute. Grain: one row a minute (its start) and currency; minutes without sales have no row.
-- Days begin and end in the shop's time zone, in which the minutes are shown as well. Columns as in sales_daily.
SELECT
    toTimeZone(sales_minutely.minute, {time_zone:String}) AS minute,
    currency,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    net,
    average_order_value
FROM sales_minutely
WHERE toDate(sales_minutely.minute, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}
ORDER BY sales_minutely.minute, currency
