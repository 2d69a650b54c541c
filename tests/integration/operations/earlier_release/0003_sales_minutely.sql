-- Grain of sales_minutely_versions: one row a version of (minute, currency); _version and _is_deleted as in
-- 0002_sales_daily.sql.
CREATE TABLE IF NOT EXISTS sales_minutely_versions
(
    minute      DateTime64(3, 'UTC'),
    currency    LowCardinality(String),
    orders      Int64,
    units       Int64,
    gross       Decimal(38, 4),
    refunds     Decimal(38, 4),
    cancelled   Decimal(38, 4),
    _version    UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, currency)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of sales_minutely: one row a minute (its start, UTC) and currency; columns as in sales_daily.
CREATE VIEW IF NOT EXISTS sales_minutely AS
SELECT
    minute,
    currency,
    orders,
    units,
    gross,
    refunds,
    cancelled,
    gross - refunds - cancelled AS net,
    if(orders = 0, NULL, CAST(round(divideDecimal(gross, toDecimal64(orders, 0), 5), 4), 'Decimal(38, 4)'))
        AS average_order_value
FROM sales_minutely_versions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
