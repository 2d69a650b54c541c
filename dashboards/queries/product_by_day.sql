-- One product day by day. Grain: one row a day of the shop and currency on which something was done with it.
-- parameter product = ''         the product
-- day [day]                      day of the shop
-- currency [text]                ISO 4217 code; empty on a day on which it was not sold
-- views, cart_additions [count]  of the product, whatever the currency
-- purchases, units [count]       as in products_daily
-- revenue [money]                as in products_daily
-- returned_units [count]         as in products_daily
-- refunded [money]               as in products_daily
SELECT
    greatest(sold.day, activity.day) AS day,
    sold.currency AS currency,
    activity.views AS views,
    activity.cart_additions AS cart_additions,
    sold.purchases AS purchases,
    sold.units AS units,
    sold.revenue AS revenue,
    sold.returned_units AS returned_units,
    sold.refunded AS refunded
FROM
(
    SELECT * FROM products_daily WHERE day BETWEEN {from:Date} AND {to:Date} AND product_id = {product:String}
) AS sold
FULL OUTER JOIN
(
    SELECT * FROM product_activity_daily WHERE day BETWEEN {from:Date} AND {to:Date} AND product_id = {product:String}
) AS activity ON activity.day = sold.day
ORDER BY day, currency
