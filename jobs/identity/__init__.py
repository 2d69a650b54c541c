"""identity: ``events`` -> who the visitor of a device became, and when; and whose an anonymous event is.

A visitor is an ``anonymous_id``: a browser or a device. The job computes ``identities``. The views about persons are
for jobs that count people: each reads links and sign-outs of ``events`` itself, so none waits for another job.

"Who a person is" in docs/metrics.md has the rules, docs/adr/0033-a-visit-belongs-to-who-signs-in.md the reasons.
"""

from __future__ import annotations

from typing import Final

LINK_FIELDS: Final = ("event_id", "event_type", "event_time", "user_id", "anonymous_id", "session_id")
"""The fields of ``events`` that the views read."""

PERSON_VIEWS: Final = {
    "jobs.identity.views": ("identity_changes", "presences", "presence_changes", "presence_persons"),
}
"""Whose the anonymous events of a visit are; in the order in which they build on each other."""
