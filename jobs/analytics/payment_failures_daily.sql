-- Grain: one row per day of the shop, currency and reason for which payments failed.
-- amount   sum of the values of the payments that failed
SELECT
  CAST(event_at AS DATE) AS `day`,
  currency,
  reason,
  COUNT(*) AS failed,
  SUM(`value`) AS amount
FROM events
WHERE event_type = 'payment_failed'
GROUP BY CAST(event_at AS DATE), currency, reason
