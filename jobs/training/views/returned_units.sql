-- Grain: one row per user, order and product that came back. The order is often one of its own: a shop that gives a
-- return a number of its own does not say what was bought under which.
SELECT t.user_id, t.order_id, i.product_id, MAX(t.event_time) AS event_time, SUM(i.quantity) AS units
FROM taken_back AS t
CROSS JOIN UNNEST(t.items) AS i (product_id, quantity, price, category)
GROUP BY t.user_id, t.order_id, i.product_id
