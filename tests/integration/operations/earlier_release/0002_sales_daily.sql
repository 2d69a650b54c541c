-- Grain of sales_daily_versions: one row a version of (day, currency); only the newest counts.
-- _version is the Kafka offset that the batch of its insert began with (the last but one part of the de-duplication
-- token topic-partition-first-last), so that a batch sent again, or late, never turns a row back.
-- _is_deleted = 1 comes from a tombstone, whose _version is its own offset.
-- All versions of a key lie in one partition, which is why the view may merge each partition alone.
CREATE TABLE IF NOT EXISTS sales_daily_versions
(
    day         Date,
    currency    LowCardinality(String),
    orders      Int64,
    units       Int64,
    gross       Decimal(38, 4),
    refunds     Decimal(38, 4),
    cancelled   Decimal(38, 4),
    buyers      Int64,
    new_buyers  Int64,
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of sales_daily: one row a day of the shop and currency.
-- net                  gross less refunds and cancelled orders
-- average_order_value  gross / orders, rounded half up to four decimals; NULL on a day without orders
-- returning_buyers     buyers who had bought before
CREATE VIEW IF NOT EXISTS sales_daily AS
SELECT
    day,
    currency,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net,
    if(orders = 0, NULL, CAST(round(divideDecimal(gross, toDecimal64(orders, 0), 5), 4), 'Decimal(38, 4)'))
        AS average_order_value,
    buyers,
    new_buyers,
    buyers - new_buyers AS returning_buyers
FROM sales_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
