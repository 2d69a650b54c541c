"""From a query to the bytes of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from schemas.recommendations import Product, Source, utc_text
from serving.candidates import Candidate
from serving.explanations import explanation_of
from serving.fallback_chain import FallbackChain, Recommendation, RecommendationQuery
from serving.metrics import Metrics
from serving.reporting import Reporter
from serving.request_models import MAX_ITEMS, RankRequest
from serving.store import Interaction, Store

Json = dict[str, Any]


class Service:
    """Answers.

    Args:
        chain: Finds the products.
        metrics: What to count.
        reporter: Publishes what was shown.
        new_id: Makes ids of recommendations.
    """

    def __init__(self, chain: FallbackChain, metrics: Metrics, reporter: Reporter, new_id: Callable[[], str]) -> None:
        self._chain = chain
        self._metrics = metrics
        self._reporter = reporter
        self._new_id = new_id

    @property
    def _store(self) -> Store:
        return self._chain.store

    async def answer(self, query: RecommendationQuery, is_shown: bool = True) -> bytes:
        """The answer to a query, counted; reported where somebody will see it."""
        recommendation = await self._chain.recommend(query)
        answer = orjson.dumps(await self._as_json(recommendation, query.explain))
        self._metrics.recommendation_given(recommendation.source)
        if is_shown and self._reporter.is_on and query.user_id and recommendation.items:
            self._reporter.report(query.user_id, query.scenario, answer)
        return answer

    async def rank(self, request: RankRequest) -> bytes:
        """The products of a request in the user's order: those that the model knows by their scores.

        Then come those that are in a list, and then all others as the request has them.
        """
        items = tuple(dict.fromkeys(request.items))
        query = RecommendationQuery(
            len(items), 0, request.user_id, scenario=request.scenario, explain=request.explain, only=items
        )
        recommendation = await self._chain.recommend(query)
        document = await self._as_json(recommendation, request.explain)
        for item, candidate in zip(document["items"], recommendation.items, strict=True):
            item["scored"] = candidate.source is Source.PERSONAL
        rest = recommendation.in_no_list
        document["items"] += [{"item_id": item_id, "score": 0.0, "reason": None, "scored": False} for item_id in rest]
        self._metrics.recommendation_given(recommendation.source)
        return orjson.dumps(document)

    async def history(self, user_id: str, events: int) -> bytes:
        """What a user did.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        interactions = await self._store.history(user_id, events)
        entries = [{"item_id": interaction.item_id, **_event(interaction)} for interaction in interactions]
        return orjson.dumps({"user_id": user_id, "events": entries})

    async def forget(self, user_id: str) -> None:
        """Delete what is kept of a user here.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        await self._store.forget(user_id)

    async def _as_json(self, recommendation: Recommendation, explain: bool) -> Json:
        items = recommendation.items
        optional: Json = {}
        if recommendation.filled_from:
            optional["filled_from"] = recommendation.filled_from
        if recommendation.experiment_arm:
            optional["experiment_arm"] = recommendation.experiment_arm
        return {
            "recommendation_id": self._new_id(),
            "source": recommendation.source,
            "model_version": recommendation.model_version,
            "generated_at": utc_text(recommendation.generated_at),
            "history_until": utc_text(recommendation.history_until),
            **optional,
            "items": await self._explained(recommendation) if explain else [_item(each) for each in items],
        }

    async def _explained(self, recommendation: Recommendation) -> list[Json]:
        items, interactions = recommendation.items, recommendation.interactions
        item_ids = [item_id for each in items for item_id in (each.item_id, *each.because)]
        products: dict[str, Product] = await self._store.products(list(dict.fromkeys(item_ids)))
        return [
            {
                **_item(each),
                "title": products[each.item_id].title,
                "words": each.reason and explanation_of(each.reason, each.because, products),
                "because": [_cause(item_id, products[item_id].title, interactions) for item_id in each.because],
            }
            for each in items
        ]


def _item(candidate: Candidate) -> Json:
    return {"item_id": candidate.item_id, "score": candidate.score, "reason": candidate.reason}


def _cause(item_id: str, title: str, interactions: Sequence[Interaction]) -> Json:
    events = [_event(interaction) for interaction in interactions if interaction.item_id == item_id]
    return {"item_id": item_id, "title": title, "events": events[:MAX_ITEMS]}


def _event(interaction: Interaction) -> Json:
    return {"event_type": interaction.kind, "event_time": utc_text(interaction.at)}
