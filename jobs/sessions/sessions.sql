-- Grain: one row per session; views/session_rows.sql says what each column is.
SELECT
  session_id,
  `day`,
  user_id,
  started_at,
  ended_at,
  events,
  page_views,
  entry_page,
  device,
  channel,
  country,
  cart_additions,
  purchases,
  currency,
  revenue,
  steps
FROM session_rows
