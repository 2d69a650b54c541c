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
-- orders [count]         those orders that are in the currency
-- gross [money]          what they cost
-- net [money]            gross without what was given back of these very orders
-- net_per_user [number]  net / users
-- net_error [number]     its standard error
-- net_per_user_low, net_per_user_high [number]
--                        its interval, by the normal approximation over users
-- The intervals hold with 95 % confidence; they are NULL where there are too few users for one.
WITH
    1.959964 AS z,
    in_time AS
    (
        SELECT
            *,
            splitByChar(':', experiment_arm)[1] AS experiment
        FROM events
        WHERE toDate(event_time, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}
    ),
    exposed AS
    (
        SELECT
            experiment,
            user_id,
            substring(argMin(experiment_arm, (event_time, event_id)), length(experiment) + 2) AS arm,
            min(event_time) AS since,
            uniqExact(recommendation_id) AS shown
        FROM in_time
        WHERE event_type = 'recommendation_shown' AND experiment_arm != ''
        GROUP BY experiment, user_id
    ),
    clicks AS
    (
        SELECT
            experiment,
            user_id,
            uniqExact(recommendation_id) AS clicked
        FROM in_time
        WHERE event_type = 'recommendation_clicked' AND experiment_arm != ''
        GROUP BY experiment, user_id
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
    counted_orders AS
    (
        SELECT
            exposed.experiment AS experiment,
            exposed.user_id AS user_id,
            purchase.currency AS currency,
            assumeNotNull(purchase.value) AS gross,
            gross - ifNull(returns.returned, toDecimal128(0, 4)) AS net
        FROM exposed
        INNER JOIN (SELECT * FROM in_time WHERE event_type = 'purchase') AS purchase ON purchase.user_id = exposed.user_id
        LEFT JOIN returns ON returns.order_id = purchase.order_id AND returns.currency = purchase.currency
        WHERE purchase.event_time >= exposed.since
    ),
    revenue AS
    (
        SELECT
            experiment,
            arm,
            currency,
            sum(user_orders) AS orders,
            sum(user_gross) AS gross,
            sum(user_net) AS net,
            sum(pow(toFloat64(user_net), 2)) AS net_squares
        FROM
        (
            SELECT
                experiment,
                user_id,
                currency,
                count() AS user_orders,
                sum(counted_orders.gross) AS user_gross,
                sum(counted_orders.net) AS user_net
            FROM counted_orders
            GROUP BY experiment, user_id, currency
        ) AS by_user
        INNER JOIN exposed USING (experiment, user_id)
        GROUP BY experiment, arm, currency
    ),
    arms AS
    (
        SELECT
            exposed.experiment AS experiment,
            exposed.arm AS arm,
            count() AS users,
            sum(exposed.shown) AS shown,
            sum(clicks.clicked) AS clicked,
            countIf((exposed.experiment, exposed.user_id) IN (SELECT experiment, user_id FROM counted_orders)) AS buyers,
            clicked / shown AS click_through,
            varSamp(toFloat64(clicks.clicked)) - 2 * click_through * covarSamp(toFloat64(clicks.clicked), toFloat64(exposed.shown))
                + pow(click_through, 2) * varSamp(toFloat64(exposed.shown)) AS click_variance
        FROM exposed
        LEFT JOIN clicks ON clicks.experiment = exposed.experiment AND clicks.user_id = exposed.user_id
        GROUP BY experiment, arm
    )
SELECT
    arms.experiment AS experiment,
    arms.arm AS arm,
    ifNull(revenue.currency, '') AS currency,
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
    toUInt64(ifNull(revenue.orders, 0)) AS orders,
    CAST(ifNull(revenue.gross, 0), 'Decimal(38, 4)') AS gross,
    CAST(ifNull(revenue.net, 0), 'Decimal(38, 4)') AS net,
    toFloat64(net) / users AS net_per_user,
    sqrt(greatest(ifNull(revenue.net_squares, 0) - users * pow(net_per_user, 2), 0) / nullIf(users - 1, 0) / users) AS net_error,
    net_per_user - z * net_error AS net_per_user_low,
    net_per_user + z * net_error AS net_per_user_high
FROM arms
LEFT JOIN revenue ON revenue.experiment = arms.experiment AND revenue.arm = arms.arm
ORDER BY experiment, arm, currency
