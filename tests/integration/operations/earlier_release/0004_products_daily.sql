-- Grain of products_daily_versions: one row a version of (day, currency, product_id); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS products_daily_versions
(
    day            Date,
    currency       LowCardinality(String),
    product_id     String,
    purchases      Int64,
    units          Int64,
    revenue        Decimal(38, 4),
    returned_units Int64,
    refunded       Decimal(38, 4),
    _version       UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted    UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency, product_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of products_daily: one row a day, currency, product_id.
CREATE VIEW IF NOT EXISTS products_daily AS
SELECT
    day,
    currency,
    product_id,
    purchases,
    units,
    revenue,
    returned_units,
    refunded
FROM products_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
