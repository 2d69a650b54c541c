-- Payments of one day of the shop in one currency that failed for one reason. Grain: one row a day, currency, reason; docs/metrics.md says what each column means.
SELECT
    day,
    currency,
    reason,
    failed,
    amount
FROM payment_failures_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency, reason
