-- Grain of recommendation_revenue_daily_versions: one row a version of (day, currency, model_version, recommendation_source, experiment_arm, position); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS recommendation_revenue_daily_versions
(
    day                   Date,
    currency              LowCardinality(String),
    model_version         LowCardinality(String),
    recommendation_source LowCardinality(String),
    experiment_arm        LowCardinality(String),
    position              Int32,
    units                 Int64,
    gross                 Decimal(38, 4),
    refunds               Decimal(38, 4),
    cancelled             Decimal(38, 4),
    _version              UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted           UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, currency, model_version, recommendation_source, experiment_arm, position)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of recommendation_revenue_daily: one row a day, currency, model, source, arm and position.
-- net  gross less refunds and cancelled orders
CREATE VIEW IF NOT EXISTS recommendation_revenue_daily AS
SELECT
    day,
    currency,
    model_version,
    recommendation_source,
    experiment_arm,
    position,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net
FROM recommendation_revenue_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
