"""What can be wrong with a request to the dashboard beyond what ``web.problems`` knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi import Response

from connections.errors import DependencyUnavailable
from web.problems import CONTENT_TYPE, Problem, ProblemType

WRONG_HOST: Final = ProblemType("misdirected", 421, "This address does not lead here")
INVALID: Final = ProblemType("invalid-request", 422, "A parameter is wrong")
REFUSED: Final = ProblemType("refused", 502, "A server refuses what was asked")
UNAVAILABLE: Final = ProblemType("unavailable", 503, "A server does not answer")

RETRY_SECONDS: Final = 2


def response_of(problem: Problem, **more: Any) -> Response:
    """The answer that says what is wrong, with further fields."""
    body = {**orjson.loads(problem.body()), **more}
    headers = {name.decode(): value.decode() for name, value in problem.answer_headers()}
    return Response(orjson.dumps(body), problem.type.status, headers, media_type=CONTENT_TYPE.decode())


def unavailable(error: DependencyUnavailable, stale: Sequence[str]) -> Response:
    """The answer while a server is away: which one, and what is out of date for that."""
    detail = f"{error.name} does not answer. What was shown of it stays as it is until it does."
    return response_of(Problem(UNAVAILABLE, detail, RETRY_SECONDS), server=error.name, stale=list(stale))
