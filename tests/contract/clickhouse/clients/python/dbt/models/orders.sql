{{ config(materialized='table', engine='MergeTree()', order_by='id') }}
SELECT
  number AS id,
  ['GB', 'DE', 'FR'][number % 3 + 1] AS country,
  toDecimal64(number * 1.25, 4) AS value,
  toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number AS at,
  if(number % 2 = 1, NULL, number) AS maybe
FROM numbers({{ var('orders') }})
