"""Errors of a whole request, as problem details (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import orjson

CONTENT_TYPE: Final = b"application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem.

    Attributes:
        name: The last part of its type's URN.
        status: HTTP status.
        title: What it is, the same each time.
    """

    name: str
    status: int
    title: str


MALFORMED_BODY: Final = ProblemType("malformed-body", 400, "The body cannot be read")
UNAUTHORIZED: Final = ProblemType("unauthorized", 401, "No valid key or token")
NOT_FOUND: Final = ProblemType("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED: Final = ProblemType("method-not-allowed", 405, "The path does not have this method")
TIMED_OUT: Final = ProblemType("timed-out", 408, "The body did not come in time")
TOO_LARGE: Final = ProblemType("too-large", 413, "The request is larger than one may be")
UNSUPPORTED_MEDIA: Final = ProblemType("unsupported-media-type", 415, "The body is of a kind that is not read here")
INTERNAL: Final = ProblemType("internal-error", 500, "The service failed")


@dataclass
class Problem(Exception):
    """Why a request as a whole is refused.

    Attributes:
        type: Its kind.
        detail: What is wrong this time, and what to do.
        retry_after_seconds: When to come back; 0 when that would not help.
        headers: Further headers of the answer.
    """

    type: ProblemType
    detail: str
    retry_after_seconds: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())

    def body(self) -> bytes:
        """The JSON of the answer."""
        return orjson.dumps(
            {
                "type": f"urn:shopstream:problem:{self.type.name}",
                "title": self.type.title,
                "status": self.type.status,
                "detail": self.detail,
            }
        )

    def answer_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of the answer beside its length."""
        headers = [(b"content-type", CONTENT_TYPE), *self.headers]
        if self.retry_after_seconds:
            headers.append((b"retry-after", b"%d" % self.retry_after_seconds))
        return headers
