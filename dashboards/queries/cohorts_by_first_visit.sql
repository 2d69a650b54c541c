-- Of those who first came in a day, week or month, who came again. Grain: one row a cohort and period since then.
-- A cohort are the users whose first day ever lies in the days asked for. The newest period is not over yet.
-- parameter period = week (day, week, month)  what a cohort and a period is; a week begins on Monday
-- parameter periods = 12 (1 to 60)            periods after the first one at the most
-- cohort [day]                   first day of the cohort's day, week or month
-- number [count]                 periods since then, 0 for the cohort's own
-- cohort_users [count]           users of the cohort
-- active_users [count]           those of them with an event in the period
-- retention [share]              active_users / cohort_users
WITH
    seen AS
    (
        SELECT
            min(day) AS first,
            arrayDistinct(groupArray(if(
                {period:String} = 'day', toUInt16(day),
                if(
                    {period:String} = 'week', toUInt16(intDiv(toUInt16(day) + 3, 7)),
                    toUInt16(toYear(day) * 12 + toMonth(day))
                )
            ))) AS visited
        FROM user_days
        GROUP BY user_id
        HAVING first BETWEEN {from:Date} AND {to:Date}
    ),
    cohorts AS
    (
        SELECT
            if({period:String} = 'day', first, if({period:String} = 'week', toMonday(first), toStartOfMonth(first))) AS cohort,
            arrayMin(visited) AS begin,
            arrayJoin(visited) - begin AS later,
            count() AS people
        FROM seen
        GROUP BY cohort, begin, later
    ),
    newest AS
    (
        SELECT if(
            {period:String} = 'day', toUInt16(max(day)),
            if(
                {period:String} = 'week', toUInt16(intDiv(toUInt16(max(day)) + 3, 7)),
                toUInt16(toYear(max(day)) * 12 + toMonth(max(day)))
            )
        )
        FROM user_days
    )
SELECT
    cohort,
    number,
    by_number[0] AS cohort_users,
    by_number[number] AS active_users,
    active_users / cohort_users AS retention
FROM
(
    SELECT
        cohort,
        mapFromArrays(groupArray(toInt64(later)), groupArray(people)) AS by_number,
        range(toUInt32(least(any((SELECT * FROM newest)) - begin, {periods:UInt32}) + 1)) AS numbers
    FROM cohorts
    GROUP BY cohort, begin
)
ARRAY JOIN arrayMap(each -> toInt64(each), numbers) AS number
ORDER BY cohort, number
