"""sessions: ``events`` -> one row per session, and what becomes of the sessions of a day.

A session is what carries one ``session_id``; tracker, collector and importers give it where events arise. Its row is an
aggregate of its events, so a late one corrects it. See docs/adr/0007-sessions-are-aggregates-by-session-id.md.
"""
