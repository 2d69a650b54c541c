-- One session. Grain: one row a session_id; docs/metrics.md says what each column means.
SELECT
    session_id,
    day,
    user_id,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    device,
    channel,
    country,
    cart_additions,
    purchases,
    currency,
    revenue,
    steps
FROM sessions
WHERE day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, session_id
