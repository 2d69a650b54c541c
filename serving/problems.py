"""What can be wrong with a request for recommendations beyond what ``web.problems`` knows."""

from __future__ import annotations

from typing import Final

from web.problems import ProblemType

FORBIDDEN: Final = ProblemType("forbidden", 403, "The key or token does not allow this")
INVALID: Final = ProblemType("invalid-request", 422, "The request is not as the description says")
RATE_LIMITED: Final = ProblemType("rate-limited", 429, "The key sends more requests than it may")
UNAVAILABLE: Final = ProblemType("unavailable", 503, "This cannot be done now")
