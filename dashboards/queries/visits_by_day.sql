-- How long sessions last. Grain: one row a day of the shop on which a session started.
-- day [day]                     day of the shop
-- sessions [count]              sessions that started on it
-- average_seconds [seconds]     from their earliest to their latest event, on average
-- median_seconds [seconds]      the same of the session in the middle
-- events_per_session [number]   events / sessions
-- page_views_per_session [number]
--                               page_view events / sessions
SELECT
    day,
    count() AS sessions,
    avg(dateDiff('millisecond', started_at, ended_at)) / 1000 AS average_seconds,
    quantileExact(0.5)(dateDiff('millisecond', started_at, ended_at)) / 1000 AS median_seconds,
    avg(events) AS events_per_session,
    avg(page_views) AS page_views_per_session
FROM sessions
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY day
ORDER BY day
