-- Revenue by country, channel or category. Grain: one row a member of the dimension and currency, over the days asked for.
-- Before is the period of as many days that ends where this one begins; a year before is 52 weeks, so that weekdays fit.
-- parameter dimension = country (country, channel, category)
--                                     what the members are
-- parameter currency = ''             ISO 4217 code; empty for all
-- parameter limit = 100 (1 to 10000)  members of each currency at the most, those of the most revenue first
-- member [text]                       the country, channel or category; (unknown) where none was given
-- currency [text]                     ISO 4217 code
-- orders [count]                      purchases; of the dimension category, lines of purchases
-- units [count]                       quantities of the lines
-- revenue [money]                     values of the purchases; of the dimension category, of the lines
-- revenue_share [share]               revenue / revenue of all members in the currency
-- revenue_before [money]              that of the period before
-- revenue_year_before [money]         that of a year before
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    last - first + 1 AS days,
    [('current', first, last), ('before', first - days, first - 1), ('year_before', first - 364, last - 364)] AS periods
SELECT
    member,
    currency,
    orders,
    units,
    revenue,
    toFloat64(revenue) / nullIf(sum(toFloat64(revenue)) OVER (PARTITION BY currency), 0) AS revenue_share,
    revenue_before,
    revenue_year_before
FROM
(
    SELECT
        member,
        currency,
        sumIf(breakdown.orders, period.1 = 'current') AS orders,
        sumIf(breakdown.units, period.1 = 'current') AS units,
        sumIf(breakdown.revenue, period.1 = 'current') AS revenue,
        sumIf(breakdown.revenue, period.1 = 'before') AS revenue_before,
        sumIf(breakdown.revenue, period.1 = 'year_before') AS revenue_year_before
    FROM revenue_breakdown_daily AS breakdown
    ARRAY JOIN periods AS period
    WHERE toInt32(day) BETWEEN period.2 AND period.3
        AND dimension = {dimension:String}
        AND ({currency:String} = '' OR currency = {currency:String})
    GROUP BY member, currency
)
ORDER BY currency, revenue DESC, member
LIMIT {limit:UInt32} BY currency
