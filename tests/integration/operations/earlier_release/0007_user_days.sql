-- Grain of user_days_versions: one row a version of (day, user_id); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS user_days_versions
(
    day         Date,
    user_id     String,
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, user_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of user_days: one row a day, user_id.
CREATE VIEW IF NOT EXISTS user_days AS
SELECT
    day,
    user_id
FROM user_days_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
