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
  SELECT /*+ STATE_TTL('p' = 'RETURNS_STATE_TTL', 'r' = 'RETURNS_STATE_TTL') */
    CAST(r.event_at AS DATE) AS `day`,
    r.event_type,
    p.currency,
    p.model_version,
    p.recommendation_source,
    p.experiment_arm,
    p.`position`,
    CAST(
      CASE
        WHEN r.product_id IS NULL THEN ROUND(r.amount * p.amount / NULLIF(p.order_value, 0), 4)
        ELSE r.amount
      END AS DECIMAL(38, 4)
    ) AS given_back
  FROM attributed_products AS p
  JOIN order_returns AS r
    ON r.order_id = p.order_id AND r.currency = p.currency AND COALESCE(r.product_id, p.product_id) = p.product_id
)
