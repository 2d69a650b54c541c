-- Revenue of one day of the shop in one currency by a member of a dimension. Grain: one row a day, currency, dimension, member; docs/metrics.md says what each column means.
SELECT
    day,
    currency,
    dimension,
    member,
    orders,
    units,
    revenue
FROM revenue_breakdown_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency, dimension, member
