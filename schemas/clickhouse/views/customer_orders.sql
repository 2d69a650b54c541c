-- Grain: one row a day of the shop, order, customer and currency with a purchase, a refund or a cancellation on it. Whether an
-- order stands is decided by all of its rows, so this view is more than columns of its own table; only few orders have a
-- cancellation, and only those are added up.
SELECT
    day,
    order_id,
    user_id,
    currency,
    orders,
    toInt64(orders > 0 AND order_id NOT IN
    (
        SELECT order_id
        FROM
        (
            SELECT order_id, sum(gross - refunds - cancelled) AS left
            FROM customer_orders_versions FINAL
            WHERE order_id IN (SELECT order_id FROM customer_orders_versions FINAL WHERE cancellations > 0)
            GROUP BY order_id, currency
        )
        GROUP BY order_id
        HAVING max(left) <= 0
    )) AS standing_orders,
    guest_orders,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net,
    cancellations
FROM customer_orders_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1
