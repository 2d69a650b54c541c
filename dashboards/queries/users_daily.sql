-- Users of one day of the shop. Grain: one row a day; docs/metrics.md says what each column means.
SELECT
    day,
    active_users,
    new_users,
    registrations,
    total_users,
    weekly_active_users,
    monthly_active_users
FROM users_daily
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day
