-- When people buy. Grain: one row a weekday, hour and currency, over the days asked for.
-- parameter currency = ''         ISO 4217 code; empty for all
-- weekday [number]                1 for Monday to 7 for Sunday, in the shop's time zone
-- hour [number]                   0 to 23, in the shop's time zone
-- currency [text]                 ISO 4217 code
-- orders, units [count]           sums of those in sales_minutely
-- gross, net [money]              sums of those in sales_minutely
SELECT
    toDayOfWeek(local) AS weekday,
    toHour(local) AS hour,
    currency,
    sum(sales.orders) AS orders,
    sum(sales.units) AS units,
    sum(sales.gross) AS gross,
    sum(sales.net) AS net
FROM
(
    SELECT *, toTimeZone(minute, {time_zone:String}) AS local
    FROM sales_minutely
    WHERE minute >= toDateTime64(toDate32({from:Date}) - 1, 3, 'UTC') AND minute < toDateTime64(toDate32({to:Date}) + 2, 3, 'UTC')
) AS sales
WHERE toDate(local) BETWEEN {from:Date} AND {to:Date} AND ({currency:String} = '' OR currency = {currency:String})
GROUP BY weekday, hour, currency
ORDER BY currency, weekday, hour
