-- Grain: as sales_movements, and one row per user for the first purchase.
SELECT `day`, currency, orders, units, gross, refunds, cancelled, buyer, 0 AS new_buyers
FROM sales_movements
UNION ALL
SELECT `day`, currency, 0, CAST(0 AS BIGINT), 0, 0, 0, CAST(NULL AS STRING), 1
FROM first_purchases
