-- What there is to look at. Grain: one row a shop.
-- currencies [text]    ISO 4217 codes of its sales, that of the most orders first
-- first_day [day]      the first day of the shop with data; NULL without any
-- last_day [day]       the last one
-- newest_event [time]  the last minute in which a user did something, or money moved
SELECT
    (
        SELECT groupArray(currency)
        FROM (SELECT currency FROM sales_daily GROUP BY currency ORDER BY sum(orders) DESC, currency)
    ) AS currencies,
    if(count() = 0, NULL, toDate(min(first), {time_zone:String})) AS first_day,
    if(count() = 0, NULL, toDate(max(last), {time_zone:String})) AS last_day,
    if(count() = 0, NULL, max(last)) AS newest_event
FROM
(
    -- Of the versions themselves: no other way reads a minute of two years without merging all of them.
    SELECT min(minute) AS first, max(minute) AS last FROM activity_minutely_versions WHERE _is_deleted = 0 HAVING count() > 0
    UNION ALL
    SELECT min(minute) AS first, max(minute) AS last FROM sales_minutely_versions WHERE _is_deleted = 0 HAVING count() > 0
)
