-- Grain: one row per day of the shop and user with an event on it.
SELECT `day`, user_id
FROM active_users
