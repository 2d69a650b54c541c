-- Grain: one row per record of the domain topics.
-- reason, message   why the record is refused; both null for one that counts
-- event_key         the key that the event gets in `events`
-- rewritten         the record's bytes where they had to be changed: an event under a foreign name
SELECT
  d.record_key,
  d.record_value,
  d.`topic`,
  d.`partition`,
  d.`offset`,
  d.processed_at,
  c.event_id,
  c.event_key,
  c.rewritten,
  c.reason,
  c.message
FROM domain_events AS d,
LATERAL TABLE(check_event(
  d.record_value,
  60000 * CAST(TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), d.`timestamp`) AS BIGINT)
  + 1000 * EXTRACT(SECOND FROM d.`timestamp`)
  + EXTRACT(MILLISECOND FROM d.`timestamp`),
  d.`headers`['shop-received-at']
)) AS c (event_id, event_key, rewritten, reason, message)
