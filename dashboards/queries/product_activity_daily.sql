-- What was done with one product on one day of the shop. Grain: one row a day, product_id; docs/metrics.md says what each column means.
SELECT
    day,
    product_id,
    views,
    cart_additions,
    purchases,
    cart_rate,
    purchase_rate
FROM product_activity_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, product_id
