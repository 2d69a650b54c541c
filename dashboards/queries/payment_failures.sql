-- Why payments fail. Grain: one row a reason and currency, over the days asked for.
-- parameter currency = ''   ISO 4217 code; empty for all
-- reason [text]             why, as the event says
-- currency [text]           ISO 4217 code
-- failed [count]            payment_failed events
-- amount [money]            their values
-- failed_share [share]      failed / those of all reasons in the currency
-- failed_before [count]     those of the period of as many days before
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before
SELECT
    reason,
    currency,
    failed,
    amount,
    failed / nullIf(sum(failed) OVER (PARTITION BY currency), 0) AS failed_share,
    failed_before
FROM
(
    SELECT
        reason,
        currency,
        sumIf(failures.failed, toInt32(day) >= first) AS failed,
        sumIf(failures.amount, toInt32(day) >= first) AS amount,
        sumIf(failures.failed, toInt32(day) < first) AS failed_before
    FROM payment_failures_daily AS failures
    WHERE toInt32(day) BETWEEN first_before AND last AND ({currency:String} = '' OR currency = {currency:String})
    GROUP BY reason, currency
)
ORDER BY currency, failed DESC, reason
