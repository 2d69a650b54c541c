"""What every request passes first: id, client, limit, body; and the hot path, which goes no further.

An ASGI application in front of FastAPI's. The hot path is ``GET /v1/recommend/{user_id}``, with ``n`` at the most,
for a user with a personal list that no rule changes: stored bytes go out unparsed. All other requests go on to FastAPI.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from schemas import redis_keys
from schemas.validation import MAX_ID_LENGTH
from serving.access import ANYBODY, Access, Principal, Scope
from serving.access_log import AccessLog
from serving.fallback_chain import FallbackChain, RecommendationQuery
from serving.metrics import Metrics
from serving.problems import INVALID
from serving.rate_limit import RateLimit
from serving.redis_client import RedisUnavailable
from serving.reporting import Reporter
from serving.request_models import MAX_ITEMS
from serving.service import Service
from serving.unparsed_lists import answer_of, first_available
from web.body import ClientGone, check_headers, inflated, read_body
from web.problems import INTERNAL, TIMED_OUT, Problem

log = logging.getLogger(__name__)

HOT_PREFIX: Final = "/v1/recommend/"
_RAW_HOT_PREFIX: Final = HOT_PREFIX.encode()
_PLAIN_IN_PATHS: Final = ":@!$&'()*+,;="
"""What a segment of a path holds as it is, beside letters, digits and -._~ (RFC 3986)."""

DEFAULT_N: Final = 10
READ_SECONDS: Final = 10.0
PRINCIPAL: Final = "principal"
"""Where the client stands in a request's state."""

_CLIENTS_ID: Final = re.compile(rb"[\w.:-]{1,100}\Z", re.ASCII)
_PLAIN_QUERIES: Final = {b"": DEFAULT_N, **{b"n=%d" % n: n for n in range(1, MAX_ITEMS + 1)}}
_JSON: Final = (b"content-type", b"application/json")

AsgiScope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[AsgiScope, Receive, Send], Awaitable[None]]


class Gate:
    """Stands in front of the application.

    Args:
        inner: Everything but the hot path.
        access: Who may send requests.
        limit: How many.
        chain: Holds the state that the hot path needs.
        service: Answers what the hot path cannot.
        reporter: Publishes what was shown.
        metrics: What to count.
        access_log: Where requests are noted.
        new_id: Makes ids of requests and recommendations.
        max_body_bytes: Of a request.
    """

    def __init__(
        self,
        inner: Application,
        access: Access,
        limit: RateLimit,
        chain: FallbackChain,
        service: Service,
        reporter: Reporter,
        metrics: Metrics,
        access_log: AccessLog,
        new_id: Callable[[], str],
        max_body_bytes: int,
    ) -> None:
        self._inner = inner
        self._access = access
        self._limit = limit
        self._chain = chain
        self._snapshot = chain.snapshot
        self._rules = chain.rules_file
        self._redis = chain.store.redis
        self._service = service
        self._reporter = reporter
        self._metrics = metrics
        self._log = access_log
        self._new_id = new_id
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._inner(scope, receive, send)
            return
        began = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = self._new_id().encode()
        clients_id = headers.get(b"x-request-id")
        shown_id = clients_id if clients_id is not None and _CLIENTS_ID.match(clients_id) else request_id
        principal = ANYBODY
        try:
            principal = self._access.principal(headers)
            if not self._limit.take_held(principal):
                await self._limit.take(principal)
            answer = await self._answer(scope, principal, request_id)
            if answer is not None:
                status = 200
                await _send_json(send, answer, shown_id)
            else:
                status = await self._pass_on(scope, headers, receive, send, principal, shown_id)
        except ClientGone:
            return
        except Problem as problem:
            status = problem.type.status
            await _send_problem(send, problem, shown_id)
        except Exception:
            log.exception("Request %s failed", shown_id.decode())
            status = INTERNAL.status
            await _send_problem(send, Problem(INTERNAL, f"Its request id is {shown_id.decode()}."), shown_id)
        seconds = time.perf_counter() - began
        self._metrics.request_answered(status, seconds)
        self._log.note(shown_id.decode(), principal.name, scope["method"], scope["path"], status, seconds)

    async def _answer(self, scope: AsgiScope, principal: Principal, request_id: bytes) -> bytes | None:
        """The answer to what the hot path may take; None for anything else."""
        if scope["method"] != "GET" or not scope["path"].startswith(HOT_PREFIX):
            return None
        n = _PLAIN_QUERIES.get(scope["query_string"])
        user_id = _user_id(scope)
        if n is None or user_id is None:
            return None
        principal.require(Scope.RECOMMEND, user_id)
        stored = await self._stored(user_id, n, request_id)
        return stored or await self._service.answer(RecommendationQuery(n, 0, user_id))

    async def _stored(self, user_id: str, n: int, request_id: bytes) -> bytes | None:
        arm, arm_name = self._chain.arm_of(user_id)
        version = self._snapshot.version_for(arm)
        if not version or not self._rules.passes_lists_as_they_are(arm):
            return None
        try:
            value = await self._redis.get(redis_keys.personalized(version, user_id).encode())
        except RedisUnavailable:
            return None
        first = first_available(value, n, self._snapshot.unavailable_json) if value else None
        if first is None:
            return None
        head, items = first
        arm_json = b'"experiment_arm":"%b",' % arm_name.encode() if arm_name else b""
        answer = answer_of(request_id, arm_json, head, items)
        self._metrics.recommendation_given("personal")
        if self._reporter.is_on:
            self._reporter.report(user_id, "", answer)
        return answer

    async def _pass_on(
        self,
        scope: AsgiScope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        principal: Principal,
        shown_id: bytes,
    ) -> int:
        """Let FastAPI answer, with the body read within bounds; returns the status."""
        statuses: list[int] = []
        body = await self._body(headers, receive) if scope["method"] == "POST" else b""

        async def receive_body() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                message = {**message, "headers": [*message["headers"], (b"x-request-id", shown_id)]}
            await send(message)

        path = path_of_segments(scope["raw_path"])
        inner_scope = {**scope, "path": path, "state": {**scope.get("state", {}), PRINCIPAL: principal}}
        try:
            await self._inner(inner_scope, receive_body, send_with_id)
        except Exception:
            if not statuses:
                raise
            log.exception("Request %s failed after its answer had begun", shown_id.decode())
        return statuses[0]

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        is_compressed = check_headers(headers, self._max_body_bytes)
        try:
            async with asyncio.timeout(READ_SECONDS):
                raw = await read_body(receive, self._max_body_bytes)
        except TimeoutError as error:
            raise Problem(TIMED_OUT, f"The body was not here within {READ_SECONDS:g} seconds.") from error
        return inflated(raw, self._max_body_bytes) if is_compressed else raw


def path_of_segments(raw_path: bytes) -> str:
    """A path in which an id is one segment, whatever the id holds: each segment decoded and encoded again.

    So a route sees the slash of ``a%2Fb`` as a part of an id and the one of ``a/b`` as the end of it, and one path is
    written in one way.

    Args:
        raw_path: As the client sent it.

    Raises:
        Problem: A segment is no UTF-8: it names nobody.
    """
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw_path.split(b"/")]
    except UnicodeDecodeError as error:
        raise Problem(INVALID, "The path is not UTF-8 where it is percent-encoded.") from error
    return "/".join(quote(segment, safe=_PLAIN_IN_PATHS) for segment in segments)


def _user_id(scope: AsgiScope) -> str | None:
    """The user of the hot path; None where another part of the service should look at it."""
    raw_path: bytes = scope["raw_path"]
    user_id: str = scope["path"][len(HOT_PREFIX) :]
    if b"/" in raw_path[len(HOT_PREFIX) :] or not raw_path.startswith(_RAW_HOT_PREFIX):
        return None
    if b"%" in raw_path:
        try:
            user_id = unquote_to_bytes(raw_path[len(HOT_PREFIX) :]).decode()
        except UnicodeDecodeError:
            return None
    return user_id if 0 < len(user_id) <= MAX_ID_LENGTH else None


async def _send_json(send: Send, body: bytes, shown_id: bytes) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", shown_id)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_problem(send: Send, problem: Problem, shown_id: bytes) -> None:
    body = problem.body()
    headers = [*problem.answer_headers(), (b"content-length", b"%d" % len(body)), (b"x-request-id", shown_id)]
    await send({"type": "http.response.start", "status": problem.type.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
