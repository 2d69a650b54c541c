-- Grain of payments_daily_versions: one row a version of (day, currency); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS payments_daily_versions
(
    day         Date,
    currency    LowCardinality(String),
    initiated   Int64,
    succeeded   Int64,
    failed      Int64,
    amount      Decimal(38, 4),
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of payments_daily: one row a day, currency.
-- success_rate        succeeded / (succeeded + failed); NULL where that is 0
CREATE VIEW IF NOT EXISTS payments_daily AS
SELECT
    day,
    currency,
    initiated,
    succeeded,
    failed,
    amount,
    if(succeeded + failed = 0, NULL, succeeded / (succeeded + failed)) AS success_rate
FROM payments_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
