"""From what is wanted to the bytes of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from schemas.recommendations import Product, utc_text
from serving.asks import MAX_ITEMS, RankAsk
from serving.candidates import Candidate
from serving.metrics import Metrics
from serving.recommender import Recommendation, Recommender, Wanted
from serving.reporting import Reporter
from serving.store import Deed, Store
from serving.words import in_words

Json = dict[str, Any]


class Service:
    """Answers.

    Args:
        recommender: Finds the products.
        metrics: What to count.
        reporter: Is told what was shown.
        new_id: Makes ids of recommendations.
    """

    def __init__(
        self, recommender: Recommender, metrics: Metrics, reporter: Reporter, new_id: Callable[[], str]
    ) -> None:
        self._recommender = recommender
        self._metrics = metrics
        self._reporter = reporter
        self._new_id = new_id

    @property
    def _store(self) -> Store:
        return self._recommender.store

    async def answer(self, wanted: Wanted) -> bytes:
        """The answer, counted and reported."""
        found = await self._recommender.recommend(wanted)
        answer = orjson.dumps(await self._as_json(found, wanted.explain))
        self._metrics.recommendation_given(found.source)
        if self._reporter.is_on and wanted.user_id and found.items:
            self._reporter.report(wanted.user_id, wanted.scenario, answer)
        return answer

    async def rank(self, ask: RankAsk) -> bytes:
        """The given products in the user's order, those of which nothing tells last and as they were given."""
        items = tuple(dict.fromkeys(ask.items))
        wanted = Wanted(len(items), 0, ask.user_id, scenario=ask.scenario, explain=ask.explain, only=items)
        found = await self._recommender.recommend(wanted)
        document = await self._as_json(found, ask.explain)
        ranked = {item["item_id"] for item in document["items"]}
        unavailable = self._recommender.snapshot.unavailable
        rest = [item_id for item_id in items if item_id not in ranked and item_id not in unavailable]
        document["items"] += [{"item_id": item_id, "score": 0.0, "reason": None} for item_id in rest]
        self._metrics.recommendation_given(found.source)
        return orjson.dumps(document)

    async def history(self, user_id: str, events: int) -> bytes:
        """What a user did.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        deeds = await self._store.history(user_id, events)
        told = [{"item_id": deed.item_id, **_event(deed)} for deed in deeds]
        return orjson.dumps({"user_id": user_id, "events": told})

    async def forget(self, user_id: str) -> None:
        """Delete what is kept of a user here.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        await self._store.forget(user_id)

    async def _as_json(self, found: Recommendation, explain: bool) -> Json:
        optional: Json = {}
        if found.filled_from:
            optional["filled_from"] = found.filled_from
        if found.experiment_arm:
            optional["experiment_arm"] = found.experiment_arm
        return {
            "recommendation_id": self._new_id(),
            "source": found.source,
            "model_version": found.model_version,
            "generated_at": utc_text(found.generated_at),
            **optional,
            "items": await self._explained(found) if explain else [_item(each) for each in found.items],
        }

    async def _explained(self, found: Recommendation) -> list[Json]:
        named = [item_id for each in found.items for item_id in (each.item_id, *each.because)]
        products: dict[str, Product] = await self._store.products(list(dict.fromkeys(named)))
        return [
            {
                **_item(each),
                "title": products[each.item_id].title,
                "words": in_words(each.reason, each.because, products),
                "because": [_cause(item_id, products[item_id].title, found.deeds) for item_id in each.because],
            }
            for each in found.items
        ]


def _item(candidate: Candidate) -> Json:
    return {"item_id": candidate.item_id, "score": candidate.score, "reason": candidate.reason}


def _cause(item_id: str, title: str, deeds: Sequence[Deed]) -> Json:
    events = [_event(deed) for deed in deeds if deed.item_id == item_id]
    return {"item_id": item_id, "title": title, "events": events[:MAX_ITEMS]}


def _event(deed: Deed) -> Json:
    return {"event_type": deed.kind, "event_time": utc_text(deed.at)}
