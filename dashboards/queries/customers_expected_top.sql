-- Customers by what they are expected to spend. Grain: one row a currency and customer.
-- The newest computation of './shop customer-values' counts. Page by page: offset skips the rows before.
-- parameter currency = ''              ISO 4217 code; empty for all
-- parameter limit = 100 (1 to 10000)   rows at the most
-- parameter offset = 0 (0 to 1000000)  rows that are skipped
-- user_id [text]                    the customer
-- currency [text]                   ISO 4217 code
-- orders [count]                    orders that stand, until the last known day
-- net [money]                       what the customer paid until then, less what was given back
-- alive [share]                     the probability that the customer has not left
-- expected_orders [number]          orders in the days ahead
-- expected_order_value [money]      what one of them is worth
-- expected_value [money]            what they are worth together
SELECT user_id, currency, orders, net, alive, expected_orders, expected_order_value, expected_value
FROM customer_value_rows
WHERE computed_at = (SELECT max(computed_at) FROM customer_value_models)
    AND ({currency:String} = '' OR currency = {currency:String})
ORDER BY expected_value DESC, user_id, currency
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
