"""The two clients: the same calls, over a connection that blocks or one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx

from shopstream_client import calls
from shopstream_client.answers import Answer, HistoryEntry
from shopstream_client.calls import Boost, Call, SessionItem
from shopstream_client.errors import Refused, Unreachable

Result = TypeVar("Result")

TIMEOUT_SECONDS = 2.0
"""How long a page may wait for recommendations."""


class Client:
    """Sends requests and waits for the answers.

    Args:
        base_url: Root of the service.
        api_key: Key of a service.
        token: A user's JSON Web Token.
        timeout_seconds: For one call.

    Every method raises ``Refused`` or ``Unreachable``.
    """

    def __init__(
        self, base_url: str, *, api_key: str = "", token: str = "", timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._http = httpx.Client(base_url=base_url, headers=_headers(api_key, token), timeout=timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def recommend(
        self,
        user_id: str,
        n: int = 10,
        *,
        offset: int = 0,
        category: str = "",
        exclude: Iterable[str] = (),
        scenario: str = "",
        explain: bool = False,
        boosts: Sequence[Boost] = (),
    ) -> Answer:
        """Recommendations for a user."""
        return self._send(calls.recommend(user_id, n, offset, category, exclude, scenario, explain, boosts))

    def recommend_batch(self, user_ids: Iterable[str], n: int = 10, *, scenario: str = "") -> list[Answer]:
        """Recommendations for several users, in their order."""
        return self._send(calls.recommend_batch(user_ids, n, scenario))

    def recommend_for_session(
        self,
        items: Iterable[SessionItem],
        n: int = 10,
        *,
        category: str = "",
        exclude: Iterable[str] = (),
        explain: bool = False,
        session_id: str = "",
    ) -> Answer:
        """Recommendations for a visitor whom nobody knows, by what was seen last (the newest last)."""
        return self._send(calls.recommend_for_session(items, n, category, exclude, explain, session_id))

    def similar(self, item_id: str, n: int = 10, *, category: str = "") -> Answer:
        """Products like this one."""
        return self._send(calls.of_item(item_id, "similar", n, category))

    def bought_together(self, item_id: str, n: int = 10, *, category: str = "") -> Answer:
        """Products bought with this one."""
        return self._send(calls.of_item(item_id, "bought-together", n, category))

    def popular(self, n: int = 10, *, category: str = "", window: str = "") -> Answer:
        """Most bought products, of a window (1d, 7d, 30d) if one is given."""
        return self._send(calls.of_shop("popular", n, category, window))

    def trending(self, n: int = 10, *, category: str = "") -> Answer:
        """Products that rise now."""
        return self._send(calls.of_shop("trending", n, category))

    def newest(self, n: int = 10, *, category: str = "") -> Answer:
        """Products that came last."""
        return self._send(calls.of_shop("newest", n, category))

    def rank(self, user_id: str, items: Iterable[str], *, scenario: str = "", explain: bool = False) -> Answer:
        """These products in the user's order; unavailable ones are left out."""
        return self._send(calls.rank(user_id, items, scenario, explain))

    def history(self, user_id: str, n: int = 100) -> list[HistoryEntry]:
        """What a user did, the newest first."""
        return self._send(calls.history(user_id, n))

    def forget(self, user_id: str) -> None:
        """Forget a user's history and lists."""
        self._send(calls.forget(user_id))

    def _send(self, call: Call[Result]) -> Result:
        request = self._http.build_request(call.method, call.path, params=call.query, json=call.body)
        try:
            answer = self._http.send(request)
        except httpx.HTTPError as error:
            raise Unreachable(str(request.url), repr(error)) from error
        return _read(call, answer)


class AsyncClient:
    """Sends requests without blocking; arguments and methods are those of ``Client``."""

    def __init__(
        self, base_url: str, *, api_key: str = "", token: str = "", timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, headers=_headers(api_key, token), timeout=timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def recommend(
        self,
        user_id: str,
        n: int = 10,
        *,
        offset: int = 0,
        category: str = "",
        exclude: Iterable[str] = (),
        scenario: str = "",
        explain: bool = False,
        boosts: Sequence[Boost] = (),
    ) -> Answer:
        """Recommendations for a user."""
        return await self._send(calls.recommend(user_id, n, offset, category, exclude, scenario, explain, boosts))

    async def recommend_batch(self, user_ids: Iterable[str], n: int = 10, *, scenario: str = "") -> list[Answer]:
        """Recommendations for several users, in their order."""
        return await self._send(calls.recommend_batch(user_ids, n, scenario))

    async def recommend_for_session(
        self,
        items: Iterable[SessionItem],
        n: int = 10,
        *,
        category: str = "",
        exclude: Iterable[str] = (),
        explain: bool = False,
        session_id: str = "",
    ) -> Answer:
        """Recommendations for a visitor whom nobody knows, by what was seen last (the newest last)."""
        return await self._send(calls.recommend_for_session(items, n, category, exclude, explain, session_id))

    async def similar(self, item_id: str, n: int = 10, *, category: str = "") -> Answer:
        """Products like this one."""
        return await self._send(calls.of_item(item_id, "similar", n, category))

    async def bought_together(self, item_id: str, n: int = 10, *, category: str = "") -> Answer:
        """Products bought with this one."""
        return await self._send(calls.of_item(item_id, "bought-together", n, category))

    async def popular(self, n: int = 10, *, category: str = "", window: str = "") -> Answer:
        """Most bought products, of a window (1d, 7d, 30d) if one is given."""
        return await self._send(calls.of_shop("popular", n, category, window))

    async def trending(self, n: int = 10, *, category: str = "") -> Answer:
        """Products that rise now."""
        return await self._send(calls.of_shop("trending", n, category))

    async def newest(self, n: int = 10, *, category: str = "") -> Answer:
        """Products that came last."""
        return await self._send(calls.of_shop("newest", n, category))

    async def rank(self, user_id: str, items: Iterable[str], *, scenario: str = "", explain: bool = False) -> Answer:
        """These products in the user's order; unavailable ones are left out."""
        return await self._send(calls.rank(user_id, items, scenario, explain))

    async def history(self, user_id: str, n: int = 100) -> list[HistoryEntry]:
        """What a user did, the newest first."""
        return await self._send(calls.history(user_id, n))

    async def forget(self, user_id: str) -> None:
        """Forget a user's history and lists."""
        await self._send(calls.forget(user_id))

    async def _send(self, call: Call[Result]) -> Result:
        request = self._http.build_request(call.method, call.path, params=call.query, json=call.body)
        try:
            answer = await self._http.send(request)
        except httpx.HTTPError as error:
            raise Unreachable(str(request.url), repr(error)) from error
        return _read(call, answer)


def _headers(api_key: str, token: str) -> dict[str, str]:
    headers = {"X-API-Key": api_key, "Authorization": f"Bearer {token}" if token else ""}
    return {name: value for name, value in headers.items() if value}


def _read(call: Call[Result], answer: httpx.Response) -> Result:
    if answer.is_success:
        return call.read(answer.json() if answer.content else {})
    request_id = answer.headers.get("x-request-id", "")
    retry_after = answer.headers.get("retry-after")
    if answer.headers.get("content-type") != "application/problem+json":
        raise Refused(answer.status_code, "unknown", answer.reason_phrase, request_id)
    problem = answer.json()
    raise Refused(
        answer.status_code,
        problem["type"].rpartition(":")[2],
        problem["detail"],
        request_id,
        int(retry_after) if retry_after else None,
    )
