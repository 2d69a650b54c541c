-- Customers with their value to date and their scores. Grain: one row a currency and customer, over the days asked for.
-- The scores are those of rfm_segments. Page by page: offset skips the rows before.
-- parameter currency = ''                   ISO 4217 code; empty for all
-- parameter guests = with (with, without)   whether visitors who bought without signing in are customers
-- parameter segment = ''                    only this segment; empty for all
-- parameter order = net (net, orders, recent)
--                                           what comes first: the most paid, the most orders or the newest order
-- parameter limit = 100 (1 to 10000)        rows at the most
-- parameter offset = 0 (0 to 1000000)       rows that are skipped
-- user_id [text]                    the customer
-- currency [text]                   ISO 4217 code
-- segment [text]                    the segment, as in rfm_segments
-- recency, frequency, monetary [count]
--                                   scores from 1 to 5
-- first_order, last_order [day]     days of the first and the last order that stands
-- orders [count]                    orders that stand
-- units [count]                     units of all purchases
-- gross [money]                     values of all purchases
-- net [money]                       what the customer paid, less what was given back
WITH
    toInt32({to:Date}) AS last,
    bought AS
    (
        SELECT
            currency,
            user_id,
            minIf(day, standing_orders > 0) AS first_order,
            maxIf(day, standing_orders > 0) AS last_order,
            sum(standing_orders) AS orders,
            sum(customer_orders.units) AS units,
            sum(customer_orders.gross) AS gross,
            sum(customer_orders.net) AS net
        FROM customer_orders
        WHERE day BETWEEN {from:Date} AND {to:Date} AND ({currency:String} = '' OR currency = {currency:String})
        GROUP BY currency, user_id
        HAVING orders > 0 AND ({guests:String} = 'with' OR sum(guest_orders) = 0)
    ),
    scored AS
    (
        SELECT
            *,
            last - toInt32(last_order) AS recency_days,
            count() OVER (PARTITION BY currency) AS customers,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY last_order) - 1), customers) AS recency,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY orders) - 1), customers) AS frequency,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY net) - 1), customers) AS monetary,
            multiIf(
                recency <= 2, multiIf(frequency <= 2, 'hibernating', frequency <= 4, 'at risk', 'cannot lose'),
                recency = 3, multiIf(frequency <= 2, 'about to sleep', frequency = 3, 'need attention', 'loyal'),
                frequency = 1, if(recency = 4, 'promising', 'new'),
                frequency <= 3, 'potential loyalists',
                recency = 4, 'loyal',
                'champions'
            ) AS segment
        FROM bought
    )
SELECT
    user_id,
    currency,
    segment,
    recency,
    frequency,
    monetary,
    first_order,
    last_order,
    orders,
    units,
    gross,
    net
FROM scored
WHERE {segment:String} = '' OR segment = {segment:String}
ORDER BY
    multiIf(
        {order:String} = 'orders', toInt64(orders),
        {order:String} = 'recent', toInt64(toInt32(last_order)),
        toInt64(0)
    ) DESC,
    net DESC,
    user_id,
    currency
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
