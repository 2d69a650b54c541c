-- What each arm of an experiment earned. Grain: one row an experiment, arm and currency, over the days asked for.
-- A user belongs to the arm of the first recommendation shown, and counts from then on, whatever was shown or clicked
-- afterwards; docs/serving.md says more.
-- experiment [text]      its name
-- arm [text]             the arm
-- currency [text]        of the orders; empty for an arm without one
-- users [count]          users to whom a recommendation was shown
-- shown [count]          recommendations shown
-- clicked [count]        those of them with a click
-- click_through [share]  clicked / shown
-- click_through_low, click_through_high [share]
--                        its interval, by the delta method over users, who click more than once
-- buyers [count]         users with an order after their first recommendation, in any currency
-- conversion [share]     buyers / users
-- conversion_low, conversion_high [share]
--                        its interval, Wilson's
-- orders [count]         those orders that are in the currency; one that was reported twice is one
-- gross [money]          what they cost
-- net [money]            gross without what was given back of these very orders
-- net_per_user [number]  net / users
-- net_error [number]     its standard error
-- net_per_user_low, net_per_user_high [number]
--                        its interval, by the normal approximation over users
-- The intervals hold with 95 % confidence; they are NULL where there are too few users for one.
WITH
    -- Events of each kind are read once, and purchases from the first recommendation on: a user's orders are an array,
    -- of which those after the user's own first recommendation count.
    1.959964 AS z,
    in_time AS
    (
        SELECT event_id, event_type, event_time, user_id, recommendation_id, experiment_arm, order_id, currency, value
        FROM events
        WHERE toDate(event_time) BETWEEN toDate32({from:Date}) - 1 AND toDate32({to:Date}) + 1
            AND toDate(event_time, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}
    ),
    (
        SELECT minOrNull(event_time) FROM in_time WHERE event_type = 'recommendation_shown' AND experiment_arm != ''
    ) AS earliest,
    exposed AS
    (
        SELECT
            splitByChar(':', experiment_arm)[1] AS experiment,
            user_id,
            argMinIf(experiment_arm, concat(toString(event_time), event_id), event_type = 'recommendation_shown') AS first_arm,
            minIf(event_time, event_type = 'recommendation_shown') AS since,
            length(arrayDistinct(groupArrayIf(recommendation_id, event_type = 'recommendation_shown'))) AS shown,
            length(arrayDistinct(groupArrayIf(recommendation_id, event_type = 'recommendation_clicked'))) AS clicked
        FROM in_time
        WHERE event_type IN ('recommendation_shown', 'recommendation_clicked') AND experiment_arm != ''
        GROUP BY experiment, user_id
        HAVING shown > 0
    ),
    returns AS
    (
        SELECT
            order_id,
            currency,
            sum(value) AS returned
        FROM in_time
        WHERE event_type IN ('refund', 'order_cancelled')
        GROUP BY order_id, currency
    ),
    purchases AS
    (
        SELECT
            purchase.user_id AS user_id,
            groupArray(
                (
                    purchase.event_time,
                    toString(purchase.currency),
                    assumeNotNull(purchase.value),
                    assumeNotNull(purchase.value) - ifNull(returns.returned, toDecimal128(0, 4))
                )
            ) AS orders
        FROM
        (
            SELECT user_id, event_time, order_id, currency, value
            FROM in_time
            WHERE event_type = 'purchase' AND event_time >= earliest
                AND event_id NOT IN (
                    SELECT folded_orders.event_id FROM folded_orders WHERE day BETWEEN {from:Date} AND {to:Date}
                )
        ) AS purchase
        LEFT JOIN returns ON returns.order_id = purchase.order_id AND returns.currency = purchase.currency
        GROUP BY user_id
    ),
    users AS
    (
        SELECT
            exposed.experiment AS experiment,
            substring(exposed.first_arm, length(experiment) + 2) AS arm,
            toFloat64(exposed.shown) AS user_shown,
            toFloat64(exposed.clicked) AS user_clicked,
            arrayFilter(each -> each.1 >= exposed.since, purchases.orders) AS counted,
            arrayDistinct(counted.2) AS currencies,
            arrayMap(code -> arrayFilter(each -> each.2 = code, counted), currencies) AS by_currency,
            arrayMap(each -> arraySum(each.4), by_currency) AS nets
        FROM exposed
        LEFT JOIN purchases ON purchases.user_id = exposed.user_id
    ),
    arms AS
    (
        SELECT
            experiment,
            arm,
            count() AS users,
            toUInt64(sum(user_shown)) AS shown,
            toUInt64(sum(user_clicked)) AS clicked,
            countIf(notEmpty(counted)) AS buyers,
            clicked / shown AS click_through,
            varSamp(user_clicked) - 2 * click_through * covarSamp(user_clicked, user_shown)
                + pow(click_through, 2) * varSamp(user_shown) AS click_variance,
            sumMap(
                currencies,
                arrayMap(each -> length(each), by_currency),
                arrayMap(each -> arraySum(each.3), by_currency),
                nets,
                arrayMap(each -> pow(toFloat64(each), 2), nets)
            ) AS sums
        FROM users
        GROUP BY experiment, arm
    )
SELECT
    experiment,
    arm,
    code AS currency,
    users,
    shown,
    clicked,
    click_through,
    if(users < 2, NULL, click_through - z * sqrt(greatest(click_variance, 0) / users) * users / shown) AS click_through_low,
    if(users < 2, NULL, click_through + z * sqrt(greatest(click_variance, 0) / users) * users / shown) AS click_through_high,
    buyers,
    buyers / users AS conversion,
    (conversion + z * z / (2 * users) - z * sqrt(conversion * (1 - conversion) / users + z * z / (4 * users * users)))
        / (1 + z * z / users) AS conversion_low,
    (conversion + z * z / (2 * users) + z * sqrt(conversion * (1 - conversion) / users + z * z / (4 * users * users)))
        / (1 + z * z / users) AS conversion_high,
    toUInt64(order_count) AS orders,
    CAST(order_gross, 'Decimal(38, 4)') AS gross,
    CAST(order_net, 'Decimal(38, 4)') AS net,
    toFloat64(net) / users AS net_per_user,
    sqrt(greatest(net_squares - users * pow(net_per_user, 2), 0) / nullIf(users - 1, 0) / users) AS net_error,
    net_per_user - z * net_error AS net_per_user_low,
    net_per_user + z * net_error AS net_per_user_high
FROM arms
LEFT ARRAY JOIN
    sums.1 AS code,
    sums.2 AS order_count,
    sums.3 AS order_gross,
    sums.4 AS order_net,
    sums.5 AS net_squares
ORDER BY experiment, arm, currency
