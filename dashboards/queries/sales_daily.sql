-- Sales by day. Grain: one row a day of the shop and currency.
-- orders               purchases
-- units                units bought
-- gross                sum of the values of purchases
-- refunds, cancelled   sums of what was given back, on the day it was
-- net                  gross - refunds - cancelled
-- average_order_value  gross / orders, rounded half up to four decimals; NULL on a day without orders
-- buyers               distinct users with a purchase on the day
-- new_buyers           of those, users whose first purchase ever is on the day
-- returning_buyers     of those, the others
SELECT
    day,
    currency,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    net,
    average_order_value,
    buyers,
    new_buyers,
    returning_buyers
FROM sales_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, currency
