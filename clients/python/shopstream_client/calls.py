"""What each call sends, and how its answer is read; both clients send these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from shopstream_client.answers import Answer, HistoryEntry, answer_of, answers_of, history_of, nothing_of

Result = TypeVar("Result")

LONGEST_EXCLUDE = 2000
"""Characters of excluded products that still travel in an address."""


@dataclass(frozen=True, slots=True)
class Boost:
    """Raises (above 1) or lowers products in their list; what is empty fits every product."""

    factor: float
    items: Sequence[str] = ()
    category: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class SessionItem:
    """What a visitor did with a product."""

    item_id: str
    event_type: str = "view_item"


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """One request.

    Attributes:
        method: Of HTTP.
        path: Below the service's root.
        read: Reads the answer's JSON.
        query: Parameters of the address.
        body: JSON to send; None for no body.
    """

    method: str
    path: str
    read: Callable[[Mapping[str, Any]], Result]
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


def recommend(
    user_id: str,
    n: int,
    offset: int,
    category: str,
    exclude: Iterable[str],
    scenario: str,
    explain: bool,
    boosts: Sequence[Boost],
) -> Call[Answer]:
    """Recommendations for a user: by the address where that is long enough, by a body where not."""
    excluded = list(exclude)
    parameters = {"n": n, "offset": offset, "category": category, "scenario": scenario, "explain": explain}
    text = ",".join(excluded)
    if boosts or len(text) > LONGEST_EXCLUDE or any("," in item for item in excluded):
        body = {**parameters, "user_id": user_id, "exclude": excluded, "boosts": [asdict(boost) for boost in boosts]}
        return Call("POST", "/v1/recommend", answer_of, body=body)
    return Call("GET", f"/v1/recommend/{_part(user_id)}", answer_of, _set_only({**parameters, "exclude": text}))


def recommend_batch(user_ids: Iterable[str], n: int, scenario: str) -> Call[list[Answer]]:
    """Recommendations for several users."""
    requests = [{"user_id": user_id, "n": n, "scenario": scenario} for user_id in user_ids]
    return Call("POST", "/v1/recommend:batch", answers_of, body={"requests": requests})


def recommend_for_session(
    items: Iterable[SessionItem], n: int, category: str, exclude: Iterable[str], explain: bool, session_id: str
) -> Call[Answer]:
    """Recommendations for an anonymous visitor."""
    body = {
        "items": [asdict(item) for item in items],
        "n": n,
        "category": category,
        "exclude": list(exclude),
        "explain": explain,
        "session_id": session_id,
    }
    return Call("POST", "/v1/session/recommend", answer_of, body=body)


def of_item(item_id: str, kind: str, n: int, category: str) -> Call[Answer]:
    """Products like this one, or bought with it."""
    return Call("GET", f"/v1/items/{_part(item_id)}/{kind}", answer_of, _set_only({"n": n, "category": category}))


def of_shop(kind: str, n: int, category: str, window: str = "") -> Call[Answer]:
    """What is popular, trending or new."""
    return Call("GET", f"/v1/{kind}", answer_of, _set_only({"n": n, "category": category, "window": window}))


def rank(user_id: str, items: Iterable[str], scenario: str, explain: bool) -> Call[Answer]:
    """Given products in a user's order."""
    body = {"user_id": user_id, "items": list(items), "scenario": scenario, "explain": explain}
    return Call("POST", "/v1/rank", answer_of, body=body)


def history(user_id: str, n: int) -> Call[list[HistoryEntry]]:
    """The interactions of a user."""
    return Call("GET", f"/v1/users/{_part(user_id)}/history", history_of, {"n": n})


def forget(user_id: str) -> Call[None]:
    """Forget a user's history and lists."""
    return Call("DELETE", f"/v1/users/{_part(user_id)}", nothing_of)


def _part(text: str) -> str:
    return quote(text, safe="")


def _set_only(parameters: dict[str, Any]) -> dict[str, Any]:
    """Only the parameters that are set: a request without any is answered fastest."""
    return {name: value for name, value in parameters.items() if value}
