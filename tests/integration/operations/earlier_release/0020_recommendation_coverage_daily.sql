-- Grain of recommendation_coverage_daily_versions: one row a version of (day, model_version, recommendation_source); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS recommendation_coverage_daily_versions
(
    day                   Date,
    model_version         LowCardinality(String),
    recommendation_source LowCardinality(String),
    lists                 Int64,
    users                 Int64,
    products              Int64,
    _version              UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted           UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, model_version, recommendation_source)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of recommendation_coverage_daily: one row a day, model and source.
-- products_per_list  how many different products a list brings; near 0 where all see the same
CREATE VIEW IF NOT EXISTS recommendation_coverage_daily AS
SELECT
    day,
    model_version,
    recommendation_source,
    lists,
    users,
    products,
    if(lists = 0, NULL, products / lists) AS products_per_list
FROM recommendation_coverage_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
