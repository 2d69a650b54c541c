-- Grain of customer_value_models: one row a computation of './shop customer-values' and currency.
-- computed_at        which computation; of those in this table the newest counts
-- as_of              the last day whose orders were known
-- days               how many days ahead
-- r, alpha, a, b     parameters of BG/NBD, times in days
-- p, q, v            parameters of Gamma-Gamma, v in the currency
CREATE TABLE IF NOT EXISTS customer_value_models
(
    computed_at DateTime64(3, 'UTC'),
    currency    LowCardinality(String),
    as_of       Date,
    days        UInt32,
    customers   UInt64,
    r           Float64,
    alpha       Float64,
    a           Float64,
    b           Float64,
    p           Float64,
    q           Float64,
    v           Float64
)
ENGINE = ReplacingMergeTree
ORDER BY (computed_at, currency)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of customer_value_hold_outs: one row a computation, currency and period of days that were left out of a fit.
-- customers                         customers who had ordered before it; of these alone orders are expected
-- expected_orders, expected_value   what the models said of the period, fitted to what was known before it
-- orders, value                     what came
CREATE TABLE IF NOT EXISTS customer_value_hold_outs
(
    computed_at     DateTime64(3, 'UTC'),
    currency        LowCardinality(String),
    first_day       Date,
    last_day        Date,
    customers       UInt64,
    expected_orders Float64,
    orders          UInt64,
    expected_value  Decimal(38, 4),
    value           Decimal(38, 4)
)
ENGINE = ReplacingMergeTree
ORDER BY (computed_at, currency, first_day)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of customer_value_rows: one row a computation, currency and customer with an order that stands.
-- orders, net             until as_of
-- alive                   the probability that the customer has not left
-- expected_orders         orders in the days ahead
-- expected_order_value    what one of them is worth
-- expected_value          what they are worth together
CREATE TABLE IF NOT EXISTS customer_value_rows
(
    computed_at          DateTime64(3, 'UTC'),
    currency             LowCardinality(String),
    user_id              String,
    orders               UInt64,
    net                  Decimal(38, 4),
    alive                Float64,
    expected_orders      Float64,
    expected_order_value Decimal(38, 4),
    expected_value       Decimal(38, 4)
)
ENGINE = ReplacingMergeTree
PARTITION BY computed_at
ORDER BY (currency, user_id)
SETTINGS non_replicated_deduplication_window = 10000;
