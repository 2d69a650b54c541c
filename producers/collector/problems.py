"""What can be wrong with a request for the collector beyond what ``web.problems`` knows."""

from __future__ import annotations

from typing import Final

from web.problems import ProblemType

UNAUTHORIZED: Final = ProblemType("unauthorized", 401, "No valid write key")
METHOD_NOT_ALLOWED: Final = ProblemType("method-not-allowed", 405, "Events are sent with POST")
RATE_LIMITED: Final = ProblemType("rate-limited", 429, "The key sends more than it may")
UNAVAILABLE: Final = ProblemType("unavailable", 503, "Events cannot be taken now")
