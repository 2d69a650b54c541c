-- Grain: one row per purchase that does not count, as another one reports the same order.
-- day                of the purchase that does not count
-- counted_event_id   the purchase that counts; a better one that comes later takes its place
-- A purchase is in one row of the view, so each MAX is of one value: the GROUP BY tells Flink that these are the keys.
SELECT
  r.`day`,
  r.order_id,
  r.event_id,
  MAX(r.`source`) AS `source`,
  MAX(r.currency) AS currency,
  MAX(r.`value`) AS `value`,
  MAX(SUBSTRING(o.counted FROM 19)) AS counted_event_id
FROM order_reports AS o
CROSS JOIN UNNEST(o.reports) AS r (`day`, order_id, event_id, `source`, currency, `value`)
WHERE r.event_id <> SUBSTRING(o.counted FROM 19)
GROUP BY r.`day`, r.order_id, r.event_id
