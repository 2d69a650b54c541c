-- Grain: one row per row of interactions.
-- lists   number of lists written for the batch, in its last row; 0 in the others
SELECT
  keep_fresh(
    user_id, kind, product_id, event_time, order_id, units, amount, event_id, line_number, visitor_id, session_id
  ) AS lists
FROM interactions
WHERE product_id <> ''
  OR kind IN ('refund', 'order_cancelled', 'user_identified', 'user_login', 'user_registered', 'user_logout')
