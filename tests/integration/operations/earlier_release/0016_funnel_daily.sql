-- Grain of funnel_daily_versions: one row a version of day; only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS funnel_daily_versions
(
    day             Date,
    sessions        Int64,
    visitors        Int64,
    viewed          Int64,
    carted          Int64,
    checked_out     Int64,
    paid            Int64,
    purchased       Int64,
    converted       Int64,
    carts           Int64,
    abandoned_carts Int64,
    _version        UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted     UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of funnel_daily: one row a day.
-- conversion_rate     converted / sessions; NULL where that is 0
-- abandonment_rate    abandoned_carts / carts; NULL where that is 0
CREATE VIEW IF NOT EXISTS funnel_daily AS
SELECT
    day,
    sessions,
    visitors,
    viewed,
    carted,
    checked_out,
    paid,
    purchased,
    converted,
    carts,
    abandoned_carts,
    if(sessions = 0, NULL, converted / sessions) AS conversion_rate,
    if(carts = 0, NULL, abandoned_carts / carts) AS abandonment_rate
FROM funnel_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
