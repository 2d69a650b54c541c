-- Sales day by day, with what lies behind them. Grain: one row a day of the shop and currency, over the days asked for.
-- Before is the period of as many days that ends where this one begins; a year before is 52 weeks, so that weekdays fit.
-- parameter currency = ''            ISO 4217 code; empty for all
-- day [day]                          day of the shop
-- currency [text]                    ISO 4217 code
-- orders, units [count]              as in sales_daily
-- gross, refunds, cancelled, net, average_order_value [money]
--                                    as in sales_daily
-- buyers, new_buyers, returning_buyers [count]
--                                    as in sales_daily
-- orders_before [count]              orders of the same day of the period before
-- gross_before, net_before [money]   its gross and net
-- orders_year_before [count]         orders of the same weekday 52 weeks before
-- gross_year_before, net_year_before [money]
--                                    its gross and net
WITH
    toInt32({from:Date}) AS first,
    toInt32({to:Date}) AS last,
    last - first + 1 AS days,
    [('current', first, last, 0), ('before', first - days, first - 1, days), ('year_before', first - 364, last - 364, 364)]
        AS periods
SELECT
    toDate(toInt32(sales_daily.day) + period.4) AS day,
    currency,
    sumIf(sales_daily.orders, period.1 = 'current') AS orders,
    sumIf(sales_daily.units, period.1 = 'current') AS units,
    sumIf(sales_daily.gross, period.1 = 'current') AS gross,
    sumIf(sales_daily.refunds, period.1 = 'current') AS refunds,
    sumIf(sales_daily.cancelled, period.1 = 'current') AS cancelled,
    sumIf(sales_daily.net, period.1 = 'current') AS net,
    maxIf(sales_daily.average_order_value, period.1 = 'current') AS average_order_value,
    sumIf(sales_daily.buyers, period.1 = 'current') AS buyers,
    sumIf(sales_daily.new_buyers, period.1 = 'current') AS new_buyers,
    sumIf(sales_daily.returning_buyers, period.1 = 'current') AS returning_buyers,
    sumIf(sales_daily.orders, period.1 = 'before') AS orders_before,
    sumIf(sales_daily.gross, period.1 = 'before') AS gross_before,
    sumIf(sales_daily.net, period.1 = 'before') AS net_before,
    sumIf(sales_daily.orders, period.1 = 'year_before') AS orders_year_before,
    sumIf(sales_daily.gross, period.1 = 'year_before') AS gross_year_before,
    sumIf(sales_daily.net, period.1 = 'year_before') AS net_year_before
FROM sales_daily
ARRAY JOIN periods AS period
WHERE toInt32(sales_daily.day) BETWEEN period.2 AND period.3 AND ({currency:String} = '' OR currency = {currency:String})
GROUP BY day, currency
ORDER BY day, currency
