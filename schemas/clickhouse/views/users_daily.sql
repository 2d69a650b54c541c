-- Grain: one row a day of the shop with an event of a user. total_users is a running sum, and the users of the last 7 and
-- 30 days are counted from user_days, so this view is more than columns of its own table.
-- A user is of the last 7 days from each of his days on, until 7 days later or his next day: those who come and leave on a
-- day are added up, and a running sum over the days counts each user once.
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
        day,
        toUInt64(sum(sum(weekly)) OVER (ORDER BY day ASC)) AS weekly_active_users,
        toUInt64(sum(sum(monthly)) OVER (ORDER BY day ASC)) AS monthly_active_users
    FROM
    (
        SELECT
            change.1 AS day,
            change.2 AS weekly,
            change.3 AS monthly
        FROM
        (
            SELECT
                arraySort(groupArray(user_days.day)) AS days,
                arrayPushBack(arrayPopFront(days), toDate('2149-06-06')) AS next_days
            FROM user_days
            GROUP BY user_id
        )
        ARRAY JOIN arrayConcat(
            arrayMap(one -> (one, 1, 1), days),
            arrayMap((one, next) -> (least(one + 7, next), -1, 0), days, next_days),
            arrayMap((one, next) -> (least(one + 30, next), 0, -1), days, next_days)
        ) AS change
        UNION ALL
        SELECT users_daily_versions.day AS day, 0 AS weekly, 0 AS monthly FROM users_daily_versions
    )
    GROUP BY day
) AS windows ON windows.day = users.day
