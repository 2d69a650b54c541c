-- Grain: one row per purchase and product that is attributed to a recommendation, and per return of one.
-- gross, refunds, cancelled   what it adds to each
SELECT
  CAST(event_at AS DATE) AS `day`,
  currency,
  model_version,
  recommendation_source,
  experiment_arm,
  `position`,
  units,
  CAST(amount AS DECIMAL(38, 4)) AS gross,
  CAST(0 AS DECIMAL(38, 4)) AS refunds,
  CAST(0 AS DECIMAL(38, 4)) AS cancelled
FROM attributed_products
UNION ALL
-- A product's share in its order is rounded half up: what can be divided into ten-thousandths is, and the remainder decides
-- on one more, since Flink rounds a quotient to six decimals before ROUND sees it. Of an order that cost nothing it is 0.
SELECT
  `day`,
  currency,
  model_version,
  recommendation_source,
  experiment_arm,
  `position`,
  CAST(0 AS BIGINT),
  CAST(0 AS DECIMAL(38, 4)),
  CASE WHEN event_type = 'refund' THEN given_back ELSE 0 END,
  CASE WHEN event_type = 'order_cancelled' THEN given_back ELSE 0 END
FROM (
  SELECT
    `day`,
    event_type,
    currency,
    model_version,
    recommendation_source,
    experiment_arm,
    `position`,
    CAST(
      CASE
        WHEN is_of_order THEN COALESCE(
          (dividend - remainder) / divisor + CASE WHEN remainder + remainder >= divisor * 0.0001 THEN 0.0001 ELSE 0 END,
          0
        )
        ELSE amount
      END AS DECIMAL(38, 4)
    ) AS given_back
  FROM (
    SELECT /*+ STATE_TTL('p' = 'RETURNS_STATE_TTL', 'r' = 'RETURNS_STATE_TTL') */
      CAST(r.event_at AS DATE) AS `day`,
      r.event_type,
      p.currency,
      p.model_version,
      p.recommendation_source,
      p.experiment_arm,
      p.`position`,
      r.amount,
      r.product_id IS NULL AS is_of_order,
      r.amount * p.amount AS dividend,
      NULLIF(p.order_value, 0) AS divisor,
      MOD(r.amount * p.amount, NULLIF(p.order_value, 0) * 0.0001) AS remainder
    FROM attributed_products AS p
    JOIN order_returns AS r
      ON r.order_id = p.order_id AND r.currency = p.currency AND COALESCE(r.product_id, p.product_id) = p.product_id
  )
)
