-- Grain: one row per day of the shop and product viewed, put into a cart or bought on it.
-- purchases   lines of purchases with the product
SELECT
  `day`,
  product_id,
  SUM(`views`) AS `views`,
  SUM(cart_additions) AS cart_additions,
  SUM(purchases) AS purchases
FROM product_deltas
GROUP BY `day`, product_id
