-- Grain: one row per record of the domain topics.
-- reason, message   why the record is refused; both null for one that counts
-- event_key         the key that the event gets in `events`
-- rewritten         the record's bytes where they had to be changed: an event under a foreign name
SELECT
  record_key,
  record_value,
  `topic`,
  `partition`,
  `offset`,
  processed_at,
  decision.event_id,
  decision.event_key,
  decision.rewritten,
  decision.reason,
  decision.message
FROM (
  SELECT
    *,
    check_event(
      record_value,
      60000 * CAST(TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `timestamp`) AS BIGINT)
      + 1000 * EXTRACT(SECOND FROM `timestamp`)
      + EXTRACT(MILLISECOND FROM `timestamp`),
      `headers`['shop-received-at']
    ) AS decision
  FROM domain_events
)
