-- A day of the shop on which a user did something. Grain: one row a day, user_id; docs/metrics.md says what each column means.
SELECT
    day,
    user_id
FROM user_days
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, user_id
