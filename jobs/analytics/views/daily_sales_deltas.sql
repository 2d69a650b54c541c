-- Grain: as sales_deltas, one row per buyer of a day, and one per user for the first purchase.
SELECT `day`, currency, orders, units, gross, refunds, cancelled, 0 AS buyers, 0 AS new_buyers
FROM sales_deltas
UNION ALL
SELECT `day`, currency, 0, CAST(0 AS BIGINT), 0, 0, 0, 1, 0
FROM buyers
UNION ALL
SELECT `day`, currency, 0, CAST(0 AS BIGINT), 0, 0, 0, 0, 1
FROM first_purchases
