-- Who is in the shop now: in the minutes before the newest event. Grain: one row a shop.
-- newest_event [time]        the newest event of a session; NULL without any
-- visitors_5_minutes [count]
--                            users of sessions with an event in the 5 minutes before it
-- visitors_30_minutes [count]
--                            the same in the 30 minutes before it
-- open_carts [count]         sessions of those 30 minutes with an add_to_cart and without a purchase
-- open_checkouts [count]     of those, the ones that reached the checkout, in order
-- Of the versions themselves: no session's newest version ends before an older one.
WITH (SELECT max(ended_at) FROM sessions_versions WHERE _is_deleted = 0) AS newest
SELECT
    if(count() = 0, NULL, newest) AS newest_event,
    uniqExactIf(user_id, until > newest - INTERVAL 5 MINUTE) AS visitors_5_minutes,
    uniqExact(user_id) AS visitors_30_minutes,
    countIf(additions > 0 AND bought = 0) AS open_carts,
    countIf(additions > 0 AND bought = 0 AND reached >= 3) AS open_checkouts
FROM
(
    SELECT
        session_id,
        argMax(sessions_versions.user_id, _version) AS user_id,
        argMax(ended_at, _version) AS until,
        argMax(cart_additions, _version) AS additions,
        argMax(purchases, _version) AS bought,
        argMax(steps, _version) AS reached
    FROM sessions_versions
    WHERE ended_at > newest - INTERVAL 30 MINUTE
    GROUP BY session_id
    HAVING argMax(_is_deleted, _version) = 0
)
