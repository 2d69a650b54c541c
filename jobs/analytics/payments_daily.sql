-- Grain: one row per day of the shop and currency with a payment tried, made or failed.
-- amount   sum of the values of payments that succeeded
SELECT
  CAST(event_at AS DATE) AS `day`,
  currency,
  SUM(CASE WHEN event_type = 'payment_initiated' THEN 1 ELSE 0 END) AS initiated,
  SUM(CASE WHEN event_type = 'payment_succeeded' THEN 1 ELSE 0 END) AS succeeded,
  SUM(CASE WHEN event_type = 'payment_failed' THEN 1 ELSE 0 END) AS failed,
  SUM(CASE WHEN event_type = 'payment_succeeded' THEN `value` ELSE 0 END) AS amount
FROM events
WHERE event_type IN ('payment_initiated', 'payment_succeeded', 'payment_failed')
GROUP BY CAST(event_at AS DATE), currency
