-- Grain: one row per user, one per anonymous visitor, and one per presence by which a person may have been seen first.
-- user_id   the person
-- A visitor whose first event no link decides, as none comes within 30 days (2,592,000,000 ms), was seen first then. A link before a
-- presence is an event of its user's own. So of the presences few are kept for ever: those before a link, and after a sign-out.
SELECT user_id, first_time
FROM first_events
WHERE first_time IS NOT NULL AND (NOT is_anonymous OR first_link IS NULL OR first_link > first_time + 2592000000)
UNION ALL
SELECT user_id, event_time
FROM presence_persons
WHERE rule IN ('1', '3', '5')
