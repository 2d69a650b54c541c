-- Grain of payment_failures_daily_versions: one row a version of (day, currency, reason); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS payment_failures_daily_versions
(
    day         Date,
    currency    LowCardinality(String),
    reason      LowCardinality(String),
    failed      Int64,
    amount      Decimal(38, 4),
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency, reason)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of payment_failures_daily: one row a day, currency, reason.
CREATE VIEW IF NOT EXISTS payment_failures_daily AS
SELECT
    day,
    currency,
    reason,
    failed,
    amount
FROM payment_failures_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
