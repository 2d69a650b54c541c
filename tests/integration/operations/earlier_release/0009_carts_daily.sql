-- Grain of carts_daily_versions: one row a version of day; only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS carts_daily_versions
(
    day           Date,
    additions     Int64,
    removals      Int64,
    units_added   Int64,
    units_removed Int64,
    _version      UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted   UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of carts_daily: one row a day.
CREATE VIEW IF NOT EXISTS carts_daily AS
SELECT
    day,
    additions,
    removals,
    units_added,
    units_removed
FROM carts_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
