-- Grain of recommendation_activity_daily_versions: one row a version of (day, model_version, recommendation_source, experiment_arm, position); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS recommendation_activity_daily_versions
(
    day                   Date,
    model_version         LowCardinality(String),
    recommendation_source LowCardinality(String),
    experiment_arm        LowCardinality(String),
    position              Int32,
    shown                 Int64,
    clicks                Int64,
    purchases             Int64,
    _version              UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted           UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, model_version, recommendation_source, experiment_arm, position)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of recommendation_activity_daily: one row a day, model, source, arm and position.
-- click_rate       clicks / shown; NULL where that is 0
-- conversion_rate  purchases / clicks; NULL where that is 0
CREATE VIEW IF NOT EXISTS recommendation_activity_daily AS
SELECT
    day,
    model_version,
    recommendation_source,
    experiment_arm,
    position,
    shown,
    clicks,
    purchases,
    if(shown = 0, NULL, clicks / shown) AS click_rate,
    if(clicks = 0, NULL, purchases / clicks) AS conversion_rate
FROM recommendation_activity_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
