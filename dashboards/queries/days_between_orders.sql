-- How many days lie between an order and the customer's order before. Grain: one row a bucket of days with an order in it.
-- Counted are the orders in the days asked for that follow another one of the customer; only orders that stand.
-- parameter bucket = 7 (1 to 365)           days of a bucket
-- parameter guests = with (with, without)   whether visitors who bought without signing in are customers
-- first_day, last_day [count]    days between, from and to, both included; 0 for two orders on one day
-- orders [count]                 orders that followed the one before after as many days
-- orders_share [share]           orders / those of all buckets
SELECT
    bucket * {bucket:UInt32} AS first_day,
    first_day + {bucket:UInt32} - 1 AS last_day,
    count() AS orders,
    orders / sum(orders) OVER () AS orders_share
FROM
(
    SELECT arrayJoin(arrayFilter(
        (gap, day, number) -> number > 1 AND day >= {from:Date},
        arrayDifference(arrayMap(day -> toInt32(day), days)), days, arrayEnumerate(days)
    )) AS gap, intDiv(toUInt32(gap), {bucket:UInt32}) AS bucket
    FROM
    (
        SELECT arraySort(groupArray(day)) AS days
        FROM customer_orders
        WHERE day <= {to:Date} AND standing_orders > 0
        GROUP BY user_id
        HAVING {guests:String} = 'with' OR sum(guest_orders) = 0
    )
)
GROUP BY bucket
ORDER BY bucket
