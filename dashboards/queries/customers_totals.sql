-- What customers paid. Grain: one row a currency, over the days asked for.
-- A customer who buys in two currencies is in both rows.
-- parameter currency = ''                   ISO 4217 code; empty for all
-- parameter guests = with (with, without)   whether visitors who bought without signing in are customers
-- currency [text]                   ISO 4217 code
-- customers [count]                 customers with an order that stands
-- orders [count]                    their orders that stand
-- units [count]                     units of all their purchases
-- gross, refunds, cancelled [money]  as in sales_daily
-- net [money]                       gross - refunds - cancelled
-- net_per_customer [money]          net / customers, rounded half up to four decimals
-- orders_per_customer [number]      orders / customers
SELECT
    currency,
    count() AS customers,
    sum(of_customer.orders) AS orders,
    sum(of_customer.units) AS units,
    sum(of_customer.gross) AS gross,
    sum(of_customer.refunds) AS refunds,
    sum(of_customer.cancelled) AS cancelled,
    gross - refunds - cancelled AS net,
    CAST(round(divideDecimal(net, toDecimal64(customers, 0), 5), 4), 'Decimal(38, 4)') AS net_per_customer,
    orders / customers AS orders_per_customer
FROM
(
    SELECT
        currency,
        sum(standing_orders) AS orders,
        sum(customer_orders.units) AS units,
        sum(customer_orders.gross) AS gross,
        sum(customer_orders.refunds) AS refunds,
        sum(customer_orders.cancelled) AS cancelled
    FROM customer_orders
    WHERE day BETWEEN {from:Date} AND {to:Date} AND ({currency:String} = '' OR currency = {currency:String})
    GROUP BY user_id, currency
    HAVING orders > 0 AND ({guests:String} = 'with' OR sum(guest_orders) = 0)
) AS of_customer
GROUP BY currency
ORDER BY currency
