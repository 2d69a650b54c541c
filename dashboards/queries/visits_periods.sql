-- Sessions in all, beside those of the period before and of a year before. Grain: one row a period with a session.
-- Before is the period of as many days that ends where this one begins; a year before is 52 weeks, so that weekdays fit.
-- Visitors are missing: those of several days cannot be added up.
-- period [text]               current, before or year_before
-- sessions [count]            sessions that started in it
-- converted [count]           sessions with a purchase
-- conversion_rate [share]     converted / sessions
-- carts [count]               sessions with an add_to_cart
-- abandoned_carts [count]     of those, without a purchase
-- abandonment_rate [share]    abandoned_carts / carts; NULL where carts is 0
-- checked_out [count]         sessions that reached the checkout, in order
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    last - first + 1 AS length,
    [('current', first, last), ('before', first - length, first - 1), ('year_before', first - 364, last - 364)] AS periods
SELECT
    asked.1 AS period,
    sum(funnel_daily.sessions) AS sessions,
    sum(funnel_daily.converted) AS converted,
    converted / nullIf(sessions, 0) AS conversion_rate,
    sum(funnel_daily.carts) AS carts,
    sum(funnel_daily.abandoned_carts) AS abandoned_carts,
    abandoned_carts / nullIf(carts, 0) AS abandonment_rate,
    sum(funnel_daily.checked_out) AS checked_out
FROM funnel_daily
ARRAY JOIN periods AS asked
WHERE toInt32(day) BETWEEN asked.2 AND asked.3
GROUP BY period
ORDER BY indexOf(['current', 'before', 'year_before'], period)
