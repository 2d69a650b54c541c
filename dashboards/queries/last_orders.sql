-- The last purchases. Grain: one row a purchase, over the days asked for, the newest first.
-- Of the events themselves: no table of results has single orders. Of several that report one order, the one that counts.
-- parameter limit = 20 (1 to 1000)  rows at the most
-- event_id [text]                   its event
-- at [time]                         when
-- order_id [text]                   the order
-- user_id [text]                    who bought
-- currency [text]                   ISO 4217 code
-- value [money]                     what it cost
-- units [count]                     quantities of its lines
-- country, channel [text]           as the event says; empty for none
SELECT
    event_id,
    event_time AS at,
    order_id,
    user_id,
    currency,
    value,
    arraySum(items.quantity) AS units,
    country,
    channel
FROM events
WHERE event_type = 'purchase'
    AND toDate(event_time) BETWEEN toDate32({from:Date}) - 1 AND toDate32({to:Date}) + 1
    AND toDate(event_time, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}
    AND event_id NOT IN (SELECT folded_orders.event_id FROM folded_orders WHERE day BETWEEN {from:Date} AND {to:Date})
ORDER BY at DESC, event_id
LIMIT {limit:UInt32}
