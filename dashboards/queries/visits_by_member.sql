-- Sessions by device, channel, country or entry page. Grain: one row a member of the dimension, over the days asked for.
-- parameter dimension = device (device, channel, country, entry_page)
--                                    what the members are
-- parameter limit = 50 (1 to 10000)  members at the most, those of the most sessions first
-- member [text]                      of the session's earliest event; (unknown) where none was given
-- sessions [count]                   sessions that started on the days
-- page_views [count]                 page_view events in them
-- average_seconds [seconds]          from their earliest to their latest event, on average
-- single_event_share [share]         sessions of one event / sessions
-- converted [count]                  sessions with a purchase
-- conversion_rate [share]            converted / sessions
SELECT
    member,
    count() AS sessions,
    sum(visits.page_views) AS page_views,
    avg(seconds) AS average_seconds,
    countIf(events = 1) / count() AS single_event_share,
    countIf(purchases > 0) AS converted,
    converted / sessions AS conversion_rate
FROM
(
    SELECT
        -- Nested, and not multiIf: ClickHouse then reads the one column that is chosen.
        ifNull(
            if(
                {dimension:String} = 'entry_page',
                entry_page,
                if({dimension:String} = 'channel', channel, if({dimension:String} = 'country', country, device))
            ),
            '(unknown)'
        ) AS member,
        page_views,
        events,
        purchases,
        dateDiff('millisecond', started_at, ended_at) / 1000 AS seconds
    FROM sessions
    WHERE day BETWEEN {from:Date} AND {to:Date}
) AS visits
GROUP BY member
ORDER BY sessions DESC, member
LIMIT {limit:UInt32}
