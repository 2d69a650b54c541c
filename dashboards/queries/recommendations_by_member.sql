-- What recommendations led to, by source, model, arm or position. Grain: one row a member, over the days asked for.
-- parameter dimension = source (source, model, arm, position)
--                          what the members are
-- member [text]            the source, model version, experiment:arm or rank in the list; empty for none
-- shown [count]            products of recommendation_shown
-- clicks [count]           recommendation_clicked events
-- purchases [count]        products of purchases that are attributed to a recommendation
-- click_rate [share]       clicks / shown; NULL where shown is 0
-- conversion_rate [share]  purchases / clicks; NULL where clicks is 0
SELECT
    multiIf(
        {dimension:String} = 'model', toString(model_version),
        {dimension:String} = 'arm', toString(experiment_arm),
        {dimension:String} = 'position', toString(position),
        toString(recommendation_source)
    ) AS member,
    sum(activity.shown) AS shown,
    sum(activity.clicks) AS clicks,
    sum(activity.purchases) AS purchases,
    clicks / nullIf(shown, 0) AS click_rate,
    purchases / nullIf(clicks, 0) AS conversion_rate
FROM recommendation_activity_daily AS activity
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY member
ORDER BY if({dimension:String} = 'position', toUInt32OrZero(member), 0), shown DESC, member
