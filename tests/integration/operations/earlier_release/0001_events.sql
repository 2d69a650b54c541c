-- Grain: one row an accepted event.
-- Columns are those of the Avro record ShopEvent, whose `doc` says what each means. Text that a record does not have is
-- empty; a number that it does not have is NULL, because 0 means something else.
-- _batch names the Kafka records that the row came with: topic-partition-first-last. It is the de-duplication token of
-- its insert, and tells the sink where to go on should the consumer group's offsets be lost.
CREATE TABLE IF NOT EXISTS events
(
    event_id            String,
    event_type          LowCardinality(String),
    event_time          DateTime64(3, 'UTC'),
    user_id             String,
    source              LowCardinality(String),
    anonymous_id        String,
    session_id          String,
    device              LowCardinality(String),
    channel             LowCardinality(String),
    country             LowCardinality(String),
    language            LowCardinality(String),
    referrer            String,
    page_url            String,
    page_title          String,
    product_id          String,
    product_title       String,
    product_description String,
    category            LowCardinality(String),
    brand               LowCardinality(String),
    price               Nullable(Decimal(18, 4)),
    quantity            Nullable(Int64),
    stock               Nullable(Int64),
    list_id             LowCardinality(String),
    position            Nullable(Int32),
    search_query        String,
    search_results      Nullable(Int32),
    order_id            String,
    currency            LowCardinality(String),
    value               Nullable(Decimal(18, 4)),
    tax                 Nullable(Decimal(18, 4)),
    shipping            Nullable(Decimal(18, 4)),
    discount            Nullable(Decimal(18, 4)),
    coupon              String,
    payment_id          String,
    payment_method      LowCardinality(String),
    reason              LowCardinality(String),
    rating              Nullable(Int32),
    review_text         String,
    recommendation_id   String,
    model_version       LowCardinality(String),
    items               Array(Tuple(product_id String, quantity Int64, price Decimal(18, 4), category Nullable(String))),
    properties          Map(String, String),
    _batch              LowCardinality(String) DEFAULT getSetting('insert_deduplication_token')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (event_type, toDate(event_time), user_id, event_time, event_id)
SETTINGS non_replicated_deduplication_window = 10000;
