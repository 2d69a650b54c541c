-- Sessions of the half hour before the newest event. Grain: one row a session.
-- Which days they began on is asked of the versions, of which none ends later than the newest of its session.
WITH
    (SELECT max(ended_at) FROM sessions_versions WHERE _is_deleted = 0) AS newest,
    newest - INTERVAL 30 MINUTE AS since
SELECT day, session_id, user_id, ended_at, cart_additions, purchases, steps
FROM sessions
WHERE day IN (SELECT sessions_versions.day FROM sessions_versions WHERE sessions_versions.ended_at > since) AND ended_at > since
