-- Products in all: seen, put into carts, bought, given back. Grain: one row a currency, over the days asked for.
-- parameter currency = ''            ISO 4217 code; empty for all
-- parameter product = ''             only this product; empty for all
-- currency [text]                    ISO 4217 code; empty where nothing was sold
-- views, cart_additions [count]      of the products, whatever the currency
-- purchases [count]                  lines of purchases in the currency
-- cart_rate [share]                  cart_additions / views; NULL where views is 0
-- purchase_rate [share]              lines of purchases in all currencies / views; NULL where views is 0
-- units [count]                      quantities of the lines
-- revenue [money]                    quantity times price of the lines
-- returned_units [count]             quantities of lines of refunds
-- refunded [money]                   quantity times price of lines of refunds
-- return_rate [share]                returned_units / units; NULL where units is 0
SELECT
    sold.currency AS currency,
    activity.views AS views,
    activity.cart_additions AS cart_additions,
    sold.purchases AS purchases,
    cart_additions / nullIf(views, 0) AS cart_rate,
    activity.purchases / nullIf(views, 0) AS purchase_rate,
    sold.units AS units,
    sold.revenue AS revenue,
    sold.returned_units AS returned_units,
    sold.refunded AS refunded,
    returned_units / nullIf(units, 0) AS return_rate
FROM
(
    SELECT
        1 AS one,
        currency,
        sum(products_daily.purchases) AS purchases,
        sum(products_daily.units) AS units,
        sum(products_daily.revenue) AS revenue,
        sum(products_daily.returned_units) AS returned_units,
        sum(products_daily.refunded) AS refunded
    FROM products_daily
    WHERE day BETWEEN {from:Date} AND {to:Date}
        AND ({currency:String} = '' OR currency = {currency:String})
        AND ({product:String} = '' OR product_id = {product:String})
    GROUP BY currency
) AS sold
FULL OUTER JOIN
(
    SELECT
        1 AS one,
        sum(product_activity_daily.views) AS views,
        sum(product_activity_daily.cart_additions) AS cart_additions,
        sum(product_activity_daily.purchases) AS purchases
    FROM product_activity_daily
    WHERE day BETWEEN {from:Date} AND {to:Date} AND ({product:String} = '' OR product_id = {product:String})
    HAVING count() > 0
) AS activity ON activity.one = sold.one
ORDER BY currency
