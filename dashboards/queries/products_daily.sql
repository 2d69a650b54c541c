-- Products sold by day. Grain: one row a day of the shop, currency and product, best-selling first within a day.
-- purchases  order lines with the product
-- units      units bought
-- revenue    sum of quantity times price over those lines
SELECT
    day,
    currency,
    product_id,
    purchases,
    units,
    revenue
FROM products_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency, revenue DESC, product_id
