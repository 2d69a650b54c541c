-- Grain: one row per day of the shop and person with an event on it.
SELECT `day`, user_id
FROM person_days
