-- How well expected values did on days that were left out. Grain: one row a currency and period of days.
-- The models were fitted to what was known before the period; customers who came in it are nobody's error.
-- parameter currency = ''              ISO 4217 code; empty for all
-- currency [text]                      ISO 4217 code
-- first_day, last_day [day]            the days that were left out
-- customers [count]                    customers who had ordered before
-- expected_orders [number]             orders expected of them
-- orders [count]                       those that came
-- orders_error [number]                (expected_orders - orders) / orders
-- expected_value [money]               what they were expected to be worth
-- value [money]                        what came in, less what was given back
-- value_error [number]                 (expected_value - value) / value
SELECT
    currency,
    first_day,
    last_day,
    customers,
    expected_orders,
    orders,
    (expected_orders - orders) / nullIf(orders, 0) AS orders_error,
    expected_value,
    value,
    toFloat64(expected_value - value) / nullIf(toFloat64(value), 0) AS value_error
FROM customer_value_hold_outs
WHERE computed_at = (SELECT max(computed_at) FROM customer_value_models)
    AND ({currency:String} = '' OR currency = {currency:String})
ORDER BY currency, first_day DESC
