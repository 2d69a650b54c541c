-- What customers are expected to order and spend. Grain: one row a currency.
-- './shop customer-values' computes it by BG/NBD and Gamma-Gamma (docs/customers.md); the newest computation counts.
-- parameter currency = ''           ISO 4217 code; empty for all
-- currency [text]                   ISO 4217 code
-- as_of [day]                       the last day whose orders were known
-- days [count]                      how many days ahead
-- customers [count]                 customers with an order that stands, without guests
-- active_customers [number]         how many of them are expected not to have left
-- expected_orders [number]          orders of theirs in the days ahead
-- expected_value [money]            what those are worth
-- computed_at [time]                when it was computed
SELECT
    currency,
    any(models.as_of) AS as_of,
    any(models.days) AS days,
    count() AS customers,
    sum(alive) AS active_customers,
    sum(valued.expected_orders) AS expected_orders,
    sum(valued.expected_value) AS expected_value,
    any(models.computed_at) AS computed_at
FROM customer_value_rows AS valued
JOIN (SELECT * FROM customer_value_models WHERE computed_at = (SELECT max(computed_at) FROM customer_value_models)) AS models
    ON models.currency = valued.currency AND models.computed_at = valued.computed_at
WHERE {currency:String} = '' OR currency = {currency:String}
GROUP BY currency
ORDER BY currency
