-- Grain of recommendation_model_versions: one row a version of a model; written again, the newest row counts.
-- data_from, data_to   the oldest and the newest event that it learnt from
-- parameters           JSON: what the model was made with
-- metrics              what it reached on the newest days of the data, by the metric's name
-- evaluation           JSON: how that was measured, and how it compared with the model that was active then
CREATE TABLE IF NOT EXISTS recommendation_model_versions
(
    version      String,
    name         LowCardinality(String),
    code_version LowCardinality(String),
    created_at   DateTime64(3, 'UTC'),
    data_from    DateTime64(3, 'UTC'),
    data_to      DateTime64(3, 'UTC'),
    users        UInt64,
    items        UInt64,
    interactions UInt64,
    parameters   String,
    metrics      Map(String, Float64),
    evaluation   String,
    recorded_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY version
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of recommendation_model_promotions: one row each time a version became the active one.
-- reason   why: what the comparison said, or who asked for it
CREATE TABLE IF NOT EXISTS recommendation_model_promotions
(
    promoted_at DateTime64(3, 'UTC'),
    version     String,
    reason      String
)
ENGINE = ReplacingMergeTree
ORDER BY (promoted_at, version)
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of recommendation_models: one row a version of a model.
-- is_active     whether it is the one that is served
-- promoted_at   when it last became that; NULL if it never did
CREATE VIEW IF NOT EXISTS recommendation_models AS
SELECT
    version,
    name,
    code_version,
    created_at,
    data_from,
    data_to,
    users,
    items,
    interactions,
    parameters,
    metrics,
    evaluation,
    version = (SELECT argMax(version, (promoted_at, version)) FROM recommendation_model_promotions) AS is_active,
    if(p.last_promoted_at = toDateTime64(0, 3, 'UTC'), NULL, p.last_promoted_at) AS promoted_at
FROM (SELECT * FROM recommendation_model_versions FINAL) AS v
LEFT JOIN
(
    SELECT version, max(promoted_at) AS last_promoted_at
    FROM recommendation_model_promotions
    GROUP BY version
) AS p USING (version);
