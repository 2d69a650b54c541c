-- What recommendations earned, by source, model, arm or position. Grain: one row a member and currency, over the days asked for.
-- parameter dimension = source (source, model, arm, position)
--                          what the members are
-- parameter currency = ''  ISO 4217 code; empty for all
-- member [text]            the source, model version, experiment:arm or rank in the list; empty for none
-- currency [text]          ISO 4217 code
-- units [count]            quantities of the products that are attributed to a recommendation
-- gross, refunds, cancelled, net [money]
--                          sums of those in recommendation_revenue_daily
-- net_before [money]       net of the period of as many days before
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before
SELECT
    multiIf(
        {dimension:String} = 'model', toString(model_version),
        {dimension:String} = 'arm', toString(experiment_arm),
        {dimension:String} = 'position', toString(position),
        toString(recommendation_source)
    ) AS member,
    currency,
    sumIf(revenue.units, toInt32(day) >= first) AS units,
    sumIf(revenue.gross, toInt32(day) >= first) AS gross,
    sumIf(revenue.refunds, toInt32(day) >= first) AS refunds,
    sumIf(revenue.cancelled, toInt32(day) >= first) AS cancelled,
    sumIf(revenue.net, toInt32(day) >= first) AS net,
    sumIf(revenue.net, toInt32(day) < first) AS net_before
FROM recommendation_revenue_daily AS revenue
WHERE toInt32(day) BETWEEN first_before AND last AND ({currency:String} = '' OR currency = {currency:String})
GROUP BY member, currency
ORDER BY currency, net DESC, member
