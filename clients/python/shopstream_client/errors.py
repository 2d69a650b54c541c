"""What may go wrong."""

from __future__ import annotations


class ClientError(Exception):
    """The root of the tree."""


class Unreachable(ClientError):
    """The service did not answer in time.

    Args:
        url: The address of the request.
        reason: What happened.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} does not answer: {reason}")
        self.url = url
        self.reason = reason


class Refused(ClientError):
    """The service refuses a request, and says why (RFC 9457).

    Args:
        status: HTTP status.
        kind: The last part of the problem's type, for example ``rate-limited``.
        detail: A sentence that says what is wrong.
        request_id: Under which the service's log knows it.
        retry_after_seconds: When to come back; None when that would not help.
    """

    def __init__(
        self, status: int, kind: str, detail: str, request_id: str, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(f"{status} {kind}: {detail} (request {request_id})")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
