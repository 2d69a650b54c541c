"""What can be wrong with a request for recommendations beyond what ``web.problems`` knows."""

from __future__ import annotations

from typing import Final

from web.problems import ProblemType

UNAUTHORIZED: Final = ProblemType("unauthorized", 401, "No valid key or token")
FORBIDDEN: Final = ProblemType("forbidden", 403, "The key or token does not allow this")
METHOD_NOT_ALLOWED: Final = ProblemType("method-not-allowed", 405, "The path does not have this method")
INVALID: Final = ProblemType("invalid-request", 422, "The request is not as the description says")
RATE_LIMITED: Final = ProblemType("rate-limited", 429, "The key sends more requests than it may")
INTERNAL: Final = ProblemType("internal-error", 500, "The service failed")
UNAVAILABLE: Final = ProblemType("unavailable", 503, "This cannot be done now")
