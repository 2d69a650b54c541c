-- How many customers came back to buy. Grain: one row a shop with an order, over the days asked for.
-- Only orders that stand count. Earlier orders decide who is new, and who has come back.
-- parameter guests = with (with, without)   whether visitors who bought without signing in are customers
-- customers [count]                 customers with an order in these days
-- new_customers [count]             those of them whose first order ever is in these days
-- repeat_customers [count]          those of them with two orders or more until the last of these days
-- repeat_rate [share]               repeat_customers / customers
-- orders [count]                    orders in these days
-- orders_per_customer [number]      orders / customers
-- gaps [count]                      orders in these days that follow another one of the customer
-- average_days_between [number]     days between those and the order before, on average
-- median_days_between [number]      the median of them
SELECT
    count() AS customers,
    countIf(days[1] >= {from:Date}) AS new_customers,
    countIf(length(days) > 1) AS repeat_customers,
    repeat_customers / nullIf(customers, 0) AS repeat_rate,
    sum(length(now)) AS orders,
    orders / nullIf(customers, 0) AS orders_per_customer,
    sum(length(between)) AS gaps,
    if(gaps = 0, NULL, avgArray(between)) AS average_days_between,
    if(gaps = 0, NULL, quantileExactInclusiveArray(0.5)(between)) AS median_days_between
FROM
(
    SELECT
        arraySort(groupArray(day)) AS days,
        arrayFilter(day -> day >= {from:Date}, days) AS now,
        arrayFilter(
            (gap, day, number) -> number > 1 AND day >= {from:Date},
            arrayDifference(arrayMap(day -> toInt32(day), days)), days, arrayEnumerate(days)
        ) AS between
    FROM customer_orders
    WHERE day <= {to:Date} AND standing_orders > 0
    GROUP BY user_id
    HAVING length(now) > 0 AND ({guests:String} = 'with' OR sum(guest_orders) = 0)
)
HAVING customers > 0
