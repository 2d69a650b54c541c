-- Grain of revenue_breakdown_daily_versions: one row a version of (day, currency, dimension, member); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS revenue_breakdown_daily_versions
(
    day         Date,
    currency    LowCardinality(String),
    dimension   LowCardinality(String),
    member      String,
    orders      Int64,
    units       Int64,
    revenue     Decimal(38, 4),
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency, dimension, member)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of revenue_breakdown_daily: one row a day, currency, dimension, member.
CREATE VIEW IF NOT EXISTS revenue_breakdown_daily AS
SELECT
    day,
    currency,
    dimension,
    member,
    orders,
    units,
    revenue
FROM revenue_breakdown_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
