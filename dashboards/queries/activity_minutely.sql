-- What users did in one minute. Grain: one row a minute; docs/metrics.md says what each column means.
SELECT
    toTimeZone(activity_minutely.minute, {time_zone:String}) AS minute,
    events,
    page_views,
    views,
    cart_additions,
    searches,
    purchases,
    users
FROM activity_minutely
WHERE toDate(activity_minutely.minute, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}
ORDER BY activity_minutely.minute
