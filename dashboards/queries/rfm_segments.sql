-- Customers by recency, frequency and monetary value. Grain: one row a currency and segment, over the days asked for.
-- Each of the three has scores from 1 to 5: 1 + the fifths of the currency's customers who are worse, so equals have
-- equal scores. A segment follows from recency and frequency (docs/customers.md).
-- parameter currency = ''                   ISO 4217 code; empty for all
-- parameter guests = with (with, without)   whether visitors who bought without signing in are customers
-- currency [text]                   ISO 4217 code
-- segment [text]                    champions, loyal, potential loyalists, new, promising, need attention, about to sleep,
--                                   at risk, cannot lose or hibernating
-- customers [count]                 customers with an order that stands
-- customers_share [share]           customers / those of the currency
-- orders [count]                    their orders that stand
-- net [money]                       what they paid, less what was given back
-- net_share [share]                 net / that of the currency
-- average_recency_days [number]     days from their last order to the last of the days asked for, on average
-- average_monetary [number]         their monetary score, on average
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
    currency,
    segment,
    count() AS customers,
    customers / sum(customers) OVER (PARTITION BY currency) AS customers_share,
    sum(scored.orders) AS orders,
    sum(scored.net) AS net,
    toFloat64(net) / nullIf(sum(toFloat64(net)) OVER (PARTITION BY currency), 0) AS net_share,
    avg(recency_days) AS average_recency_days,
    avg(monetary) AS average_monetary
FROM scored
GROUP BY currency, segment
ORDER BY currency, customers DESC, segment
