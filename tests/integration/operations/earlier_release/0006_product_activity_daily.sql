-- Grain of product_activity_daily_versions: one row a version of (day, product_id); only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS product_activity_daily_versions
(
    day            Date,
    product_id     String,
    views          Int64,
    cart_additions Int64,
    purchases      Int64,
    _version       UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted    UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (day, product_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of product_activity_daily: one row a day, product_id.
-- cart_rate           cart_additions / views; NULL where that is 0
-- purchase_rate       purchases / views; NULL where that is 0
CREATE VIEW IF NOT EXISTS product_activity_daily AS
SELECT
    day,
    product_id,
    views,
    cart_additions,
    purchases,
    if(views = 0, NULL, cart_additions / views) AS cart_rate,
    if(views = 0, NULL, purchases / views) AS purchase_rate
FROM product_activity_daily_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
