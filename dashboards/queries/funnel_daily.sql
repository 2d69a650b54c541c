-- Sessions that started on one day of the shop. Grain: one row a day; docs/metrics.md says what each column means.
SELECT
    day,
    sessions,
    visitors,
    viewed,
    carted,
    checked_out,
    paid,
    purchased,
    converted,
    carts,
    abandoned_carts,
    conversion_rate,
    abandonment_rate
FROM funnel_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day
