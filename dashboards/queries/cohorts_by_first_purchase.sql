-- Of those who first bought in a day, week or month, who bought again. Grain: one row a cohort and period since then.
-- A cohort are the customers whose first order that stands lies in the days asked for. The newest period is not over yet.
-- parameter period = month (day, week, month)  what a cohort and a period is; a week begins on Monday
-- parameter periods = 12 (1 to 60)             periods after the first one at the most
-- parameter guests = with (with, without)      whether visitors who bought without signing in are customers
-- cohort [day]                   first day of the cohort's day, week or month
-- number [count]                 periods since then, 0 for the cohort's own
-- cohort_customers [count]       customers of the cohort
-- buyers [count]                 those of them with an order that stands in the period
-- retention [share]              buyers / cohort_customers
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
            ))) AS bought
        FROM customer_orders
        WHERE standing_orders > 0
        GROUP BY user_id
        HAVING first BETWEEN {from:Date} AND {to:Date}
            AND ({guests:String} = 'with' OR sum(guest_orders) = 0)
    ),
    cohorts AS
    (
        SELECT
            if({period:String} = 'day', first, if({period:String} = 'week', toMonday(first), toStartOfMonth(first))) AS cohort,
            arrayMin(bought) AS begin,
            arrayJoin(bought) - begin AS later,
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
        FROM customer_orders
    )
SELECT
    cohort,
    number,
    by_number[0] AS cohort_customers,
    by_number[number] AS buyers,
    buyers / cohort_customers AS retention
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
