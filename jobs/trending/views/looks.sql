-- Grain: one row per user, kind of interaction that nothing undoes, product and hour.
-- The first row of each is kept, and sent once: an aggregate whose state expires would send it with each repetition.
SELECT kind, product_id, hour_number
FROM (
  SELECT
    kind,
    product_id,
    hour_number,
    ROW_NUMBER() OVER (PARTITION BY user_id, kind, product_id, hour_number ORDER BY processed_at ASC) AS occurrence
  FROM (
    SELECT user_id, event_type AS kind, product_id, event_time / 3600000 AS hour_number, processed_at
    FROM events
    WHERE event_type IN ('view_item', 'select_item', 'add_to_wishlist') AND product_id <> ''
  )
)
WHERE occurrence = 1
