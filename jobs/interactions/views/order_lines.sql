-- Grain: one row per line of a purchase, and per line of a refund or a cancellation.
-- is_bought    1 for a line of a purchase, 0 for another
-- units        units bought, negative where they are given back; 0 where the purchase was reversed as a whole: cancelled,
--              or refunded to its full value
-- is_visitor   1 where the buyer is an anonymous visitor, else 0
SELECT
  p.user_id,
  p.is_visitor,
  p.order_id,
  i.product_id,
  p.event_time,
  1 AS is_bought,
  CASE WHEN p.is_reversed THEN 0 ELSE i.quantity END AS units
FROM (
  SELECT /*+ STATE_TTL('e' = 'DEMAND_STATE_TTL', 'r' = 'DEMAND_STATE_TTL') */
    e.user_id,
    CASE WHEN e.user_id = e.anonymous_id THEN 1 ELSE 0 END AS is_visitor,
    e.order_id,
    e.event_time,
    e.items,
    r.order_id IS NOT NULL AND (r.cancellations > 0 OR r.refunded >= e.`value`) AS is_reversed
  FROM (SELECT * FROM events WHERE event_type = 'purchase') AS e
  LEFT JOIN order_reversals AS r ON r.user_id = e.user_id AND r.order_id = e.order_id
) AS p
CROSS JOIN UNNEST(p.items) AS i (product_id, quantity, price, category)
UNION ALL
SELECT e.user_id, 0, e.order_id, i.product_id, e.event_time, 0, -i.quantity
FROM events AS e
CROSS JOIN UNNEST(e.items) AS i (product_id, quantity, price, category)
WHERE e.event_type IN ('refund', 'order_cancelled')
