-- What recommendations led to, day by day. Grain: one row a day of the shop with a recommendation.
-- day [day]                day of the shop
-- shown [count]            products of recommendation_shown
-- clicks [count]           recommendation_clicked events
-- purchases [count]        products of purchases that are attributed to a recommendation
-- click_rate [share]       clicks / shown; NULL where shown is 0
-- conversion_rate [share]  purchases / clicks; NULL where clicks is 0
SELECT
    day,
    sum(activity.shown) AS shown,
    sum(activity.clicks) AS clicks,
    sum(activity.purchases) AS purchases,
    clicks / nullIf(shown, 0) AS click_rate,
    purchases / nullIf(clicks, 0) AS conversion_rate
FROM recommendation_activity_daily AS activity
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY day
ORDER BY day
