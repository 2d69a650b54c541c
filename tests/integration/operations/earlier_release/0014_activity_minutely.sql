-- Grain of activity_minutely_versions: one row a version of minute; only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS activity_minutely_versions
(
    minute         DateTime64(3, 'UTC'),
    events         Int64,
    page_views     Int64,
    views          Int64,
    cart_additions Int64,
    searches       Int64,
    purchases      Int64,
    users          Int64,
    _version       UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted    UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY minute
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of activity_minutely: one row a minute.
CREATE VIEW IF NOT EXISTS activity_minutely AS
SELECT
    minute,
    events,
    page_views,
    views,
    cart_additions,
    searches,
    purchases,
    users
FROM activity_minutely_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
