-- Grain: one row per order that more than one purchase reports.
-- counted   rank of the source, time and id of the report that counts; the first two of one length, so that MIN finds it as
--           counted_purchases does
-- reports   all of them, with their day of the shop
SELECT
  order_key,
  MIN(CONCAT(LPAD(CAST(source_rank AS STRING), 3, '0'), LPAD(CAST(event_time AS STRING), 15, '0'), event_id)) AS counted,
  ARRAY_AGG(ROW(CAST(event_at AS DATE), order_id, event_id, `source`, currency, `value`)) AS reports
FROM events
WHERE event_type = 'purchase'
GROUP BY order_key
HAVING COUNT(*) > 1
