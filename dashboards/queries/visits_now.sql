-- Who is in the shop now: in the minutes before the newest event. Grain: one row a shop.
-- newest_event [time]        the newest event of a session; NULL without any
-- visitors_5_minutes [count]
--                            users of sessions with an event in the 5 minutes before it
-- visitors_30_minutes [count]
--                            the same in the 30 minutes before it
-- open_carts [count]         sessions of those 30 minutes with an add_to_cart and without a purchase
-- open_checkouts [count]     of those, the ones that reached the checkout, in order
-- Which days those sessions began on is asked of the versions, of which none ends later than the newest of its session.
WITH
    (SELECT max(ended_at) FROM sessions_versions WHERE _is_deleted = 0) AS newest,
    newest - INTERVAL 30 MINUTE AS since
SELECT
    if(count() = 0, NULL, newest) AS newest_event,
    uniqExactIf(user_id, ended_at > newest - INTERVAL 5 MINUTE) AS visitors_5_minutes,
    uniqExact(user_id) AS visitors_30_minutes,
    countIf(cart_additions > 0 AND purchases = 0) AS open_carts,
    countIf(cart_additions > 0 AND purchases = 0 AND steps >= 3) AS open_checkouts
FROM sessions
WHERE day IN (SELECT sessions_versions.day FROM sessions_versions WHERE sessions_versions.ended_at > since) AND ended_at > since
