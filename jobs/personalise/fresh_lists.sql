-- Grain: one row per interaction.
-- lists   number of lists written for the batch, in its last row; 0 in the others
SELECT keep_fresh(user_id, kind, product_id, event_time) AS lists
FROM interactions
WHERE product_id <> ''
