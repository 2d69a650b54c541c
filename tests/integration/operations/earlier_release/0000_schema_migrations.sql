-- One row a migration that has run. This file alone runs each time, before the others are looked up.
CREATE TABLE IF NOT EXISTS schema_migrations
(
    name       String COMMENT 'File name without .sql.',
    checksum   String COMMENT 'SHA-256 of the file, in hexadecimal.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name;
