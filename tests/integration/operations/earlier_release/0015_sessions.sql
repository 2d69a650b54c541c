-- Grain of sessions_versions: one row a version of session_id; only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS sessions_versions
(
    session_id     String,
    day            Date,
    user_id        String,
    started_at     DateTime64(3, 'UTC'),
    ended_at       DateTime64(3, 'UTC'),
    events         Int64,
    page_views     Int64,
    entry_page     Nullable(String),
    device         LowCardinality(Nullable(String)),
    channel        LowCardinality(Nullable(String)),
    country        LowCardinality(Nullable(String)),
    cart_additions Int64,
    purchases      Int64,
    currency       LowCardinality(Nullable(String)),
    revenue        Nullable(Decimal(38, 4)),
    steps          Int32,
    _version       UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted    UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
ORDER BY session_id
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of sessions: one row a session_id.
CREATE VIEW IF NOT EXISTS sessions AS
SELECT
    session_id,
    day,
    user_id,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    device,
    channel,
    country,
    cart_additions,
    purchases,
    currency,
    revenue,
    steps
FROM sessions_versions FINAL;
