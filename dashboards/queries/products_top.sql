-- Products: seen, put into carts, bought, given back. Grain: one row a product and currency, over the days asked for.
-- parameter currency = ''            ISO 4217 code; empty for all
-- parameter product = ''             only this product; empty for all
-- parameter order = revenue (revenue, units, purchases, views, cart_additions, returned_units, refunded, any)
--   which products come first: those of the most of it; any: of revenue, units, views and returned_units in turn
-- parameter limit = 50 (1 to 10000)  rows at the most
-- product_id [text]                  the product
-- currency [text]                    ISO 4217 code; empty of a product that was not sold
-- views, cart_additions [count]      of the product, whatever the currency
-- purchases [count]                  lines of purchases in the currency
-- cart_rate [share]                  cart_additions / views; NULL where views is 0
-- purchase_rate [share]              lines of purchases in all currencies / views; NULL where views is 0
-- units [count]                      quantities of the lines
-- revenue [money]                    quantity times price of the lines
-- returned_units [count]             quantities of lines of refunds
-- refunded [money]                   quantity times price of lines of refunds
-- return_rate [share]                returned_units / units; NULL where units is 0
SELECT
    product_id,
    currency,
    views,
    cart_additions,
    purchases,
    cart_additions / nullIf(views, 0) AS cart_rate,
    all_purchases / nullIf(views, 0) AS purchase_rate,
    units,
    revenue,
    returned_units,
    refunded,
    returned_units / nullIf(units, 0) AS return_rate
FROM
(
    SELECT
        if(sold.product_id = '', activity.product_id, sold.product_id) AS product_id,
        sold.currency AS currency,
        activity.views AS views,
        activity.cart_additions AS cart_additions,
        activity.purchases AS all_purchases,
        sold.purchases AS purchases,
        sold.units AS units,
        sold.revenue AS revenue,
        sold.returned_units AS returned_units,
        sold.refunded AS refunded
    FROM
    (
        SELECT
            product_id,
            -- One currency is no key: ClickHouse then groups by the product alone, which takes a third less.
            if({currency:String} = '', products_daily.currency, {currency:String}) AS currency,
            sum(products_daily.purchases) AS purchases,
            sum(products_daily.units) AS units,
            sum(products_daily.revenue) AS revenue,
            sum(products_daily.returned_units) AS returned_units,
            sum(products_daily.refunded) AS refunded
        FROM products_daily
        WHERE day BETWEEN {from:Date} AND {to:Date}
            AND ({currency:String} = '' OR products_daily.currency = {currency:String})
            AND ({product:String} = '' OR product_id = {product:String})
        GROUP BY product_id, currency
    ) AS sold
    FULL OUTER JOIN
    (
        SELECT
            product_id,
            sum(product_activity_daily.views) AS views,
            sum(product_activity_daily.cart_additions) AS cart_additions,
            sum(product_activity_daily.purchases) AS purchases
        FROM product_activity_daily
        WHERE day BETWEEN {from:Date} AND {to:Date} AND ({product:String} = '' OR product_id = {product:String})
        GROUP BY product_id
    ) AS activity ON activity.product_id = sold.product_id
)
ORDER BY
    multiIf(
        {order:String} = 'any', -toFloat64(least(
            row_number() OVER (ORDER BY toFloat64(revenue) DESC, product_id, currency),
            row_number() OVER (ORDER BY toFloat64(units) DESC, product_id, currency),
            row_number() OVER (ORDER BY toFloat64(views) DESC, product_id, currency),
            row_number() OVER (ORDER BY toFloat64(returned_units) DESC, product_id, currency)
        )),
        {order:String} = 'units', toFloat64(units),
        {order:String} = 'purchases', toFloat64(purchases),
        {order:String} = 'views', toFloat64(views),
        {order:String} = 'cart_additions', toFloat64(cart_additions),
        {order:String} = 'returned_units', toFloat64(returned_units),
        {order:String} = 'refunded', toFloat64(refunded),
        toFloat64(revenue)
    ) DESC,
    product_id,
    currency
LIMIT {limit:UInt32}
