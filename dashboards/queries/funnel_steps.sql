-- How far sessions come. Grain: one row a step of the funnel, over the days asked for.
-- step [number]            0 for every session, then 1 view, 2 cart, 3 checkout, 4 payment, 5 purchase
-- name [text]              the step
-- sessions [count]         sessions that reached it, in order
-- share_of_all [share]     sessions / all sessions; NULL without any
-- kept [share]             sessions / those of the step before; NULL of the first, or without any
-- lost [count]             sessions of the step before that did not reach it
-- sessions_before [count]  sessions of the period of as many days before
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before,
    ['session', 'view', 'cart', 'checkout', 'payment', 'purchase'] AS names
SELECT
    number - 1 AS step,
    names[number] AS name,
    reached[number] AS sessions,
    reached[number] / nullIf(reached[1], 0) AS share_of_all,
    if(number = 1, NULL, reached[number] / nullIf(reached[number - 1], 0)) AS kept,
    if(number = 1, 0, reached[number - 1] - reached[number]) AS lost,
    reached_before[number] AS sessions_before
FROM
(
    SELECT
        sumForEachIf(steps, toInt32(day) >= first) AS reached,
        sumForEachIf(steps, toInt32(day) < first) AS reached_before
    FROM
    (
        SELECT day, [sessions, viewed, carted, checked_out, paid, purchased] AS steps
        FROM funnel_daily
        WHERE toInt32(day) BETWEEN first_before AND last
    )
    HAVING countIf(toInt32(day) >= first) > 0
)
ARRAY JOIN arrayEnumerate(names) AS number
ORDER BY step
