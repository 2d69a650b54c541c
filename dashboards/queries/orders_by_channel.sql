-- Orders by channel, in all currencies. Grain: one row a channel, over the days asked for.
-- channel [text]           channel of the purchase; (unknown) where none was given
-- orders, units [count]    sums of those in orders_by_channel_daily
-- average_items_per_order [number]
--                          units / orders; NULL where orders is 0
-- orders_before [count]    those of the period of as many days before
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before
SELECT
    channel,
    orders,
    units,
    units / nullIf(orders, 0) AS average_items_per_order,
    orders_before
FROM
(
    SELECT
        channel,
        sumIf(by_channel.orders, toInt32(day) >= first) AS orders,
        sumIf(by_channel.units, toInt32(day) >= first) AS units,
        sumIf(by_channel.orders, toInt32(day) < first) AS orders_before
    FROM orders_by_channel_daily AS by_channel
    WHERE toInt32(day) BETWEEN first_before AND last
    GROUP BY channel
)
ORDER BY orders DESC, channel
