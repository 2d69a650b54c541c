-- Grain: one row per order, refund or cancellation. Of the purchases that report one order only the one is here that counts.
-- day                       the shop's day
-- minute_utc                start of the minute, UTC whatever the shop's time zone
-- tax, shipping, discount   0 where the event does not say
-- tax_on_top                tax that value does not contain
SELECT
  event_id,
  'purchase' AS event_type,
  event_time,
  user_id,
  anonymous_id,
  order_id,
  country,
  channel,
  currency,
  `value`,
  COALESCE(tax, 0) AS tax,
  tax_on_top,
  COALESCE(shipping, 0) AS shipping,
  COALESCE(discount, 0) AS discount,
  coupon,
  items,
  CAST(event_at AS DATE) AS `day`,
  TIMESTAMPADD(MINUTE, CAST(event_time / 60000 AS INT), TIMESTAMP '1970-01-01 00:00:00.000') AS minute_utc
FROM counted_purchases
UNION ALL
SELECT
  event_id,
  event_type,
  event_time,
  user_id,
  anonymous_id,
  order_id,
  country,
  channel,
  currency,
  `value`,
  COALESCE(tax, 0),
  tax_on_top,
  COALESCE(shipping, 0),
  COALESCE(discount, 0),
  coupon,
  items,
  CAST(event_at AS DATE),
  TIMESTAMPADD(MINUTE, CAST(event_time / 60000 AS INT), TIMESTAMP '1970-01-01 00:00:00.000')
FROM events
WHERE event_type IN ('refund', 'order_cancelled')
