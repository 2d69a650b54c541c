-- Grain: one row per order that is added to a session, and per order that is taken back from one, when a better report comes.
-- sign         1 where it is added, -1 where it is taken back
-- step         time of the report that says in which session it was bought, 15 digits, the letter E, and mark
-- currency     currency and mark
-- mark         32 digits below g: of each row that is added another one, and of the row that takes it back the same, so that
--              ARRAY_EXCEPT, which looks at values and not at how often they are there, leaves what was not taken back
-- They are rows, not retractions: these would make each MIN of a session keep the text of every event in it. An order is
-- taken back after it was added, and what is unchanged is neither.
SELECT
  c.sign,
  SUBSTRING(c.seated FROM POSITION(' ' IN c.seated) + 1) AS session_id,
  CONCAT(SUBSTRING(c.seated FROM 4 FOR 15), 'E', MD5(CONCAT(c.seated, ' ', c.counted))) AS step,
  CONCAT(
    SUBSTRING(c.counted FROM POSITION(' ' IN c.counted) + 1 FOR 3), MD5(CONCAT(c.seated, ' ', c.counted))
  ) AS currency,
  CAST(SUBSTRING(c.counted FROM POSITION(' ' IN c.counted) + 4) AS DECIMAL(18, 4)) AS `value`
FROM session_purchases AS p
CROSS JOIN UNNEST(ARRAY[ROW(1, p.seated, p.counted), ROW(-1, p.former_seated, p.former_counted)]) AS c (sign, seated, counted)
WHERE c.seated IS NOT NULL
  AND (p.former_seated IS NULL OR p.former_seated <> p.seated OR p.former_counted <> p.counted)
