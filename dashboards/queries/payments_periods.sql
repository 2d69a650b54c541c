-- Payments in all, beside those of the period before. Grain: one row a period and currency.
-- parameter currency = ''     ISO 4217 code; empty for all
-- period [text]               current or before
-- currency [text]             ISO 4217 code
-- initiated, succeeded, failed [count]
--                             sums of those in payments_daily
-- amount [money]              values of payments that succeeded
-- success_rate [share]        succeeded / (succeeded + failed); NULL where both are 0
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    first - (last - first + 1) AS first_before
SELECT
    if(toInt32(day) >= first, 'current', 'before') AS period,
    currency,
    sum(payments.initiated) AS initiated,
    sum(payments.succeeded) AS succeeded,
    sum(payments.failed) AS failed,
    sum(payments.amount) AS amount,
    succeeded / nullIf(succeeded + failed, 0) AS success_rate
FROM payments_daily AS payments
WHERE toInt32(day) BETWEEN first_before AND last AND ({currency:String} = '' OR currency = {currency:String})
GROUP BY period, currency
ORDER BY currency, period DESC
