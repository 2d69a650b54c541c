-- What went into carts and out of them on one day of the shop. Grain: one row a day; docs/metrics.md says what each column means.
SELECT
    day,
    additions,
    removals,
    units_added,
    units_removed
FROM carts_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day
