-- Grain: one row per user, order and returned product. Many shops give a return an order id of its own, which names no
-- purchase.
SELECT t.user_id, t.order_id, i.product_id, MAX(t.event_time) AS event_time, SUM(i.quantity) AS units
FROM refunds_and_cancellations AS t
CROSS JOIN UNNEST(t.items) AS i (product_id, quantity, price, category)
GROUP BY t.user_id, t.order_id, i.product_id
