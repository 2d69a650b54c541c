-- Payments of one day of the shop in one currency. Grain: one row a day, currency; docs/metrics.md says what each column means.
SELECT
    day,
    currency,
    initiated,
    succeeded,
    failed,
    amount,
    success_rate
FROM payments_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency
