-- Grain: as interactions: the lists that each was the cause of, counted at the last row of a batch.
SELECT keep_fresh(user_id, kind, product_id, event_time) AS lists
FROM interactions
WHERE product_id <> ''
