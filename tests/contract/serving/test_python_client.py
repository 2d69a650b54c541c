"""The Python client against the service and its description."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from shopstream_client import (
    Answer,
    AsyncClient,
    Boost,
    Cause,
    Client,
    HistoryEntry,
    Item,
    Refused,
    SessionItem,
    Unreachable,
)

from tests.contract.serving.conftest import Make
from tests.support.serving import Service

QUESTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("recommend", ("ann", 3), {}),
    ("recommend", ("ann", 3), {"explain": True, "exclude": ["p1"], "category": "Tea"}),
    ("recommend", ("ann", 3), {"boosts": [Boost(5, category="Cups")], "exclude": ["a,b"]}),
    ("recommend_batch", (["ann", "ben"], 2), {}),
    ("recommend_for_session", ([SessionItem("p9"), SessionItem("p8", "add_to_cart")],), {}),
    ("similar", ("p9",), {}),
    ("bought_together", ("p9",), {}),
    ("popular", (), {"window": "7d"}),
    ("trending", (), {"category": "Cups"}),
    ("newest", (5,), {}),
    ("rank", ("ann", ["p3", "nobody-knows", "p1"]), {}),
    ("history", ("ann",), {}),
    ("forget", ("nobody/at all",), {}),
]


def without_id(answer: Any) -> Any:
    if isinstance(answer, list):
        return [without_id(each) for each in answer]
    return [getattr(answer, name) for name in answer.__slots__ if name != "recommendation_id"] if answer else answer


@pytest.mark.parametrize(("question", "arguments", "options"), QUESTIONS)
def test_both_clients_get_the_same_answers(
    service: Service, question: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    async def send() -> Any:
        async with AsyncClient(service.url, timeout_seconds=30) as client:
            return await getattr(client, question)(*arguments, **options)

    with Client(service.url, timeout_seconds=30) as client:
        blocking = getattr(client, question)(*arguments, **options)
    assert without_id(blocking) == without_id(asyncio.run(send()))
    if isinstance(blocking, Answer):
        assert blocking.items


def test_the_clients_have_the_same_methods() -> None:
    def signatures(kind: type) -> dict[str, inspect.Signature]:
        return {name: inspect.signature(value) for name, value in vars(kind).items() if not name.startswith("_")}

    assert signatures(Client) == signatures(AsyncClient)
    assert {question for question, _, _ in QUESTIONS} | {"close"} == signatures(Client).keys()


def test_the_clients_know_every_field_of_the_description(service: Service) -> None:
    described = service.get("/openapi.json")["components"]["schemas"]
    for kind, schema in ((Answer, "Answer"), (Item, "RankedItem"), (Cause, "Cause"), (HistoryEntry, "HistoryEntry")):
        assert set(kind.__slots__) == described[schema]["properties"].keys()


def test_a_refusal_says_what_the_service_said(make: Make) -> None:
    guarded = make(serving_api_keys="right")
    with Client(guarded.url, api_key="wrong", timeout_seconds=30) as client, pytest.raises(Refused) as refused:
        client.recommend("ann")
    assert (refused.value.status, refused.value.kind) == (401, "unauthorized")
    assert refused.value.request_id
    with Client(guarded.url, api_key="right", timeout_seconds=30) as client, pytest.raises(Refused) as refused:
        client.recommend("ann", 1000)
    assert (refused.value.status, refused.value.kind) == (422, "invalid-request")


def test_a_service_that_is_away_is_unreachable() -> None:
    with Client("http://127.0.0.1:9", timeout_seconds=1) as client, pytest.raises(Unreachable, match="does not answer"):
        client.popular()
