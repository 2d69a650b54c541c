-- Sessions of the half hour before the newest event. Grain: one row a session.
WITH (SELECT max(ended_at) FROM sessions_versions WHERE _is_deleted = 0) AS newest
SELECT
    session_id,
    argMax(sessions_versions.user_id, _version) AS user_id,
    argMax(sessions_versions.ended_at, _version) AS ended_at,
    argMax(sessions_versions.cart_additions, _version) AS cart_additions,
    argMax(sessions_versions.purchases, _version) AS purchases,
    argMax(sessions_versions.steps, _version) AS steps
FROM sessions_versions
WHERE sessions_versions.ended_at > newest - INTERVAL 30 MINUTE
GROUP BY session_id
HAVING argMax(_is_deleted, _version) = 0
