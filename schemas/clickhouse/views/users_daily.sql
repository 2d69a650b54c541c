-- Grain: one row a day of the shop with an event of a user. total_users is a running sum, and the users of the last 7 and
-- 30 days are counted from user_days, so this view is more than columns of its own table.
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
) AS windows ON windows.day = users.day
