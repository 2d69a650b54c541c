-- Grain of search_queries_daily_versions: one row a version of (day, query); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS search_queries_daily_versions
(
    day          Date,
    query        String,
    searches     Int64,
    zero_results Int64,
    clicks       Int64,
    _version     UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted  UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, query)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of search_queries_daily: one row a day, query.
-- zero_result_rate    zero_results / searches; NULL where that is 0
-- click_through_rate  clicks / searches; NULL where that is 0
CREATE VIEW IF NOT EXISTS search_queries_daily AS
SELECT
    day,
    query,
    searches,
    zero_results,
    clicks,
    if(searches = 0, NULL, zero_results / searches) AS zero_result_rate,
    if(searches = 0, NULL, clicks / searches) AS click_through_rate
FROM search_queries_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
