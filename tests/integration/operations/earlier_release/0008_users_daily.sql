-- Grain of users_daily_versions: one row a version of day; only the newest counts.
-- _version and _is_deleted: see 0002_sales_daily.sql
CREATE TABLE IF NOT EXISTS users_daily_versions
(
    day           Date,
    active_users  Int64,
    new_users     Int64,
    registrations Int64,
    _version      UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),
    _is_deleted   UInt8 DEFAULT 0
)
ENGINE = ReplacingMergeTree(_version, _is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 10000;

-- Grain of users_daily: one row a day.
-- total_users           users seen until that day
-- weekly_active_users   distinct users of the last 7 days, that day included
-- monthly_active_users  distinct users of the last 30 days, that day included
CREATE VIEW IF NOT EXISTS users_daily AS
SELECT
    users.day AS day,
    users.active_users AS active_users,
    users.new_users AS new_users,
    users.registrations AS registrations,
    sum(users.new_users) OVER (ORDER BY users.day ASC) AS total_users,
    windows.weekly_active_users AS weekly_active_users,
    windows.monthly_active_users AS monthly_active_users
FROM (SELECT * FROM users_daily_versions FINAL) AS users
LEFT JOIN
(
    SELECT
        user_days.day + ahead AS day,
        uniqExactIf(user_id, ahead < 7) AS weekly_active_users,
        uniqExact(user_id) AS monthly_active_users
    FROM user_days
    ARRAY JOIN range(30) AS ahead
    GROUP BY day
) AS windows ON windows.day = users.day;
