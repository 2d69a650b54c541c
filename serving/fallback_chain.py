"""The fallback chain: personal, session, category popular, trending, popular, newest, and the whole catalogue.

Each step brings candidates until there are enough of them. Lists of the stream hold as many products as the last page
shows, the first hundred under a key of their own; what a filter leaves of them may be too little: the last step reads
the catalogue until there is enough, or no more. One answer uses the lists of one model version, whatever becomes active
meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from schemas import redis_keys
from schemas.recommendations import FIRST_ITEMS, Product, Reason, RecommendationList, Source
from serving.answers import MEMORY, NOTHING
from serving.candidates import Candidate, Conditions, Pool, candidates_of
from serving.experiments import arm_of
from serving.memory import KnownList
from serving.redis_client import RedisUnavailable
from serving.request_models import MAX_ITEMS, MAX_OFFSET, Boost
from serving.reranking import reranked, with_pins
from serving.rules import Arm, RuleSet, RulesFile
from serving.scoring import Scoring
from serving.sessions import last_items, merge, taken_already
from serving.snapshot import Snapshot
from serving.store import Interaction, Store

RERANKED: Final = MAX_OFFSET + MAX_ITEMS
"""Candidates among which rules choose: as many as the last page shows, so that no page changes the choice."""

CATEGORIES: Final = 2
"""Categories of the last products whose popular products are offered."""

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecommendationQuery:
    """Which products a request wants.

    Attributes:
        n: How many products.
        offset: How many products to pass over first.
        user_id: For whom; "" for nobody in particular.
        seed: The product that the answer starts from, "" for none.
        seed_source: SIMILAR or BOUGHT_TOGETHER for a seed; TRENDING, POPULAR or NEWEST to start there; None for the
            whole chain.
        window: Of popular products; longer ones fill up.
        session: A visitor's interactions, the newest first; None to read the user's history.
        arm_key: Decides the arm of the experiment: the user, or the visit.
        category, exclude, scenario, explain, boosts: As in ``serving.request_models``.
        only: No products but these; empty for all.
    """

    n: int = 10
    offset: int = 0
    user_id: str = ""
    seed: str = ""
    seed_source: Source | None = None
    window: str = ""
    session: tuple[Interaction, ...] | None = None
    arm_key: str = ""
    category: str = ""
    exclude: frozenset[str] = frozenset()
    scenario: str = ""
    explain: bool = False
    boosts: tuple[Boost, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(slots=True)
class Recommendation:
    """What is recommended, before it becomes an answer.

    Attributes:
        items: The products.
        source: Where the first comes from, or MEMORY, or NOTHING.
        filled_from: The steps that brought the others.
        model_version: The model whose lists were used.
        generated_at: When the first list was made.
        history_until: The newest event behind it.
        experiment_arm: experiment:arm, or "".
        interactions: The user's history.
        products: The products that were looked up, by id.
        in_no_list: What else may be shown of the products that the query is limited to, in the query's order.
    """

    items: list[Candidate]
    source: str
    filled_from: list[Source]
    model_version: str
    generated_at: datetime
    history_until: datetime
    experiment_arm: str
    interactions: list[Interaction] = field(default_factory=list)
    products: dict[str, Product] = field(default_factory=dict)
    in_no_list: list[str] = field(default_factory=list)


class FallbackChain:
    """Goes through the steps until there are enough products.

    Args:
        store: Reads Redis.
        snapshot: The active model, and what is unavailable.
        rules: Business rules and the experiment.
        scoring: Ranks given products.
    """

    def __init__(self, store: Store, snapshot: Snapshot, rules: RulesFile, scoring: Scoring) -> None:
        self.store = store
        self.snapshot = snapshot
        self.rules_file = rules
        self.scoring = scoring

    def arm_of(self, key: str) -> tuple[Arm | None, str]:
        """The arm that a user or a visit is in, and how answers and events name it."""
        experiment = self.rules_file.rules.experiment
        if experiment is None or not key:
            return None, ""
        arm = arm_of(experiment, key)
        return (None, "") if arm is None else (arm, f"{experiment.name}:{arm.name}")

    async def recommend(self, query: RecommendationQuery) -> Recommendation:
        """Products for a query; without Redis they come from memory."""
        arm, arm_name = self.arm_of(query.arm_key or query.user_id)
        return await _Run(self, query, arm, arm_name).recommendation()


_Step = Callable[[], Awaitable[None]]


class _Run:
    """One pass through the chain, for one query."""

    def __init__(self, chain: FallbackChain, query: RecommendationQuery, arm: Arm | None, arm_name: str) -> None:
        rules = chain.rules_file.rules
        self._store = chain.store
        self._scoring = chain.scoring
        self._query = query
        self._arm_name = arm_name
        self._is_holdout = arm is not None and arm.holdout
        self._version = chain.snapshot.version_for(arm)
        self._scenario = rules.scenario(query.scenario)
        self._rules: RuleSet = rules.rule_set(query.scenario, arm)
        self._unavailable = chain.snapshot.unavailable
        self._pool = self._new_pool(frozenset())
        self._interactions: list[Interaction] = list(query.session or ())
        self._products: dict[str, Product] = {}
        self._used_version = ""
        self._generated_at: datetime | None = None
        self._history_until: datetime | None = None
        self._is_from_memory = False

    async def recommendation(self) -> Recommendation:
        """What the chain gives."""
        await self._read_history()
        bought = self._bought() if self._scenario.exclude_bought else frozenset()
        self._pool = self._new_pool(bought if self._query.only else bought | self._taken_already())
        for step in self._steps():
            if len(self._pool) >= self._enough:
                break
            await step()
        ranked = await self._reranked()
        page = ranked[self._query.offset : self._query.offset + self._query.n]
        sources = list(dict.fromkeys(candidate.source for candidate in page))
        return Recommendation(
            page,
            self._source(sources),
            sources[1:],
            self._used_version if any(c.source in _OF_A_MODEL for c in page) else "",
            self._generated_at or BEGINNING,
            self._history_until or BEGINNING,
            self._arm_name,
            self._interactions,
            self._products,
            await self._in_no_list(),
        )

    async def _in_no_list(self) -> list[str]:
        """What of the products that the query is limited to may be shown, but is in no list."""
        admitted = {candidate.item_id for candidate in self._pool.candidates}
        conditions = self._pool.conditions
        rest = [
            item_id for item_id in self._query.only if item_id not in admitted and not conditions.refuse_id(item_id)
        ]
        products = await self._look_up(rest)
        return [item_id for item_id in rest if not conditions.refuse(products[item_id], False)]

    def _source(self, sources: list[Source]) -> str:
        if not sources:
            return NOTHING
        return MEMORY if self._is_from_memory else sources[0]

    def _new_pool(self, bought: frozenset[str]) -> Pool:
        query = self._query
        excluded = query.exclude | bought | ({query.seed} if query.seed else frozenset())
        return Pool(Conditions(self._unavailable, excluded, query.category, self._rules, frozenset(query.only)))

    @property
    def _enough(self) -> int:
        if self._query.only:
            return len(self._query.only)
        keeps_order = self._rules.keeps_order and not self._query.boosts
        return self._query.offset + self._query.n if keeps_order else RERANKED

    @property
    def _passes_as_it_is(self) -> bool:
        return self._rules.changes_nothing and not self._query.boosts

    async def _read_history(self) -> None:
        if not self._query.user_id or self._query.session is not None:
            return
        try:
            self._interactions = await self._store.history(self._query.user_id)
        except RedisUnavailable:
            self._is_from_memory = True

    def _taken_already(self) -> frozenset[str]:
        return taken_already(self._interactions, datetime.now(UTC))

    def _bought(self) -> frozenset[str]:
        return frozenset(each.item_id for each in self._interactions if each.kind == "purchase")

    def _steps(self) -> Iterable[_Step]:
        match self._query.seed_source:
            case Source.SIMILAR | Source.BOUGHT_TOGETHER:
                yield self._neighbours_of_seed
                yield self._category_popular
            case Source.POPULAR:
                for within in _WINDOWS_FROM.get(self._query.window, ()):
                    yield partial(self._popular_within, within)
                yield self._popular
            case Source.NEWEST:
                yield self._newest
            case Source.TRENDING:
                pass
            case _:
                if not self._is_holdout:
                    yield self._scored if self._query.only else self._personal
                    yield self._session
                yield self._category_popular
        yield self._trending
        yield self._popular
        yield self._newest
        if not self._query.only:
            yield self._catalogue

    async def _scored(self) -> None:
        """The products that the query is limited to, by the model; by the user's list where that is not possible."""
        ranked = await self._scoring.ranked(self._version, self._interactions, self._query.only)
        if ranked is None:
            await self._personal()
            return
        scored = candidates_of(ranked.items, Source.PERSONAL)
        await self._admit([each if each.score > 0 else replace(each, reason=None) for each in scored])
        self._record_origin(ranked)

    async def _personal(self) -> None:
        if not self._query.user_id or not self._version:
            return
        try:
            personal = await self._store.personal(self._version, self._query.user_id)
        except RedisUnavailable:
            self._is_from_memory = True
            return
        await self._take(personal, Source.PERSONAL)

    async def _session(self) -> None:
        interactions = last_items(self._interactions)
        if not interactions or not self._version:
            return
        lists = await self._store.lists([redis_keys.similar(self._version, each.item_id) for each in interactions])
        known = {each.item_id: known for each, known in zip(interactions, lists, strict=True) if known is not None}
        self._is_from_memory |= any(each.is_remembered for each in known.values())
        similar = {item_id: each.value for item_id, each in known.items()}
        if similar:
            self._record_origin(max(similar.values(), key=lambda each: each.generated_at))
            await self._admit(candidates_of(merge(interactions, similar), Source.SESSION))

    async def _neighbours_of_seed(self) -> None:
        source = self._query.seed_source
        key_of = redis_keys.similar if source is Source.SIMILAR else redis_keys.bought_together
        if self._version and source is not None:
            (neighbours,) = await self._store.lists([key_of(self._version, self._query.seed)])
            await self._take(neighbours, source)

    async def _category_popular(self) -> None:
        keys = [redis_keys.category_popular(each) for each in await self._categories()]
        for key, popular in zip(keys, await self._store.lists(keys), strict=True):
            await self._take_with_more(key, popular, Source.CATEGORY_POPULAR, is_of_category=bool(self._query.category))

    async def _categories(self) -> list[str]:
        """The category of the query, else those of the seed or of the last products."""
        if self._query.category:
            return [self._query.category]
        items = [self._query.seed] if self._query.seed else [each.item_id for each in last_items(self._interactions)]
        products = await self._look_up(items)
        categories = dict.fromkeys(products[item_id].category for item_id in items)
        return [category for category in categories if category][:CATEGORIES]

    async def _trending(self) -> None:
        await self._shop_or_category(redis_keys.category_trending, redis_keys.TRENDING, Source.CATEGORY_TRENDING)

    async def _popular(self) -> None:
        await self._shop_or_category(redis_keys.category_popular, redis_keys.POPULAR, Source.CATEGORY_POPULAR)

    async def _popular_within(self, window: str) -> None:
        key_of_category = partial(redis_keys.category_popular_within, window=window)
        await self._shop_or_category(key_of_category, redis_keys.popular(window), _POPULAR_WITHIN[window])

    async def _newest(self) -> None:
        await self._shop_or_category(redis_keys.category_newest, redis_keys.NEWEST, Source.CATEGORY_NEWEST)

    async def _catalogue(self) -> None:
        """All other products of the category, or of the shop."""
        async for page in self._store.catalogue(self._query.category):
            await self._take(page, Source.CATALOGUE)
            if len(self._pool) >= self._enough:
                return

    async def _shop_or_category(self, key_of_category: Callable[[str], str], key: str, category_source: Source) -> None:
        """The list of the query's category, if it names one, and what of the whole shop's list belongs to it."""
        if self._query.category:
            category_key = key_of_category(self._query.category)
            (of_category,) = await self._store.lists([category_key])
            await self._take_with_more(category_key, of_category, category_source, is_of_category=True)
            if len(self._pool) >= self._enough:
                return
        (of_shop,) = await self._store.lists([key])
        await self._take_with_more(key, of_shop, _WHOLE_SHOP[category_source])

    async def _take_with_more(
        self, key: str, first: KnownList | None, source: Source, is_of_category: bool = False
    ) -> None:
        """The first products of a list of the stream, and where they do not suffice those behind them."""
        await self._take(first, source, is_of_category)
        is_cut = first is not None and len(first.value.items) >= FIRST_ITEMS
        if is_cut and len(self._pool) < self._enough:
            (more,) = await self._store.lists([redis_keys.continued(key)])
            await self._take(more, source, is_of_category)

    async def _take(self, known: KnownList | None, source: Source, is_of_category: bool = False) -> None:
        if known is None:
            return
        before = len(self._pool)
        await self._admit(candidates_of(known.value.items, source), is_of_category)
        if len(self._pool) > before:
            self._record_origin(known.value)
            self._is_from_memory |= known.is_remembered

    async def _admit(self, candidates: list[Candidate], is_of_category: bool = False) -> None:
        candidates = self._pool.eligible(candidates)
        if self._pool.conditions.need_products or not self._passes_as_it_is:
            products = await self._look_up([candidate.item_id for candidate in candidates])
            self._pool.admit(candidates, products, is_of_category)
        else:
            self._pool.admit(candidates)

    async def _look_up(self, item_ids: Sequence[str]) -> dict[str, Product]:
        missing = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in self._products]
        self._products |= await self._store.products(missing)
        return self._products

    def _record_origin(self, used: RecommendationList) -> None:
        """Keep times and model version of the first list that was used."""
        self._generated_at = self._generated_at or used.generated_at
        self._history_until = self._history_until or used.history_until
        self._used_version = self._used_version or used.model_version

    async def _reranked(self) -> list[Candidate]:
        candidates = self._pool.candidates
        if self._passes_as_it_is:
            return candidates
        pins = await self._pins()
        shown = self._query.offset + self._query.n + len(pins)  # pins leave their own places among the candidates
        return with_pins(reranked(candidates, self._rules, self._query.boosts, shown), pins)

    async def _pins(self) -> list[tuple[int, Candidate]]:
        pins = [pin for pin in self._rules.pins if pin.category in ("", self._query.category)]
        products = await self._look_up([pin.item_id for pin in pins])
        conditions = self._pool.conditions
        known = {candidate.item_id: candidate for candidate in self._pool.candidates}
        return [
            (pin.position, known.get(pin.item_id) or _pinned(pin.item_id))
            for pin in pins
            if not conditions.refuse_id(pin.item_id) and not conditions.refuse(products[pin.item_id], False)
        ]


def _pinned(item_id: str) -> Candidate:
    return Candidate(item_id, 0.0, Reason.PINNED, (), Source.PINNED)


_OF_A_MODEL: Final = frozenset({Source.PERSONAL, Source.SESSION, Source.SIMILAR, Source.BOUGHT_TOGETHER})
_WHOLE_SHOP: Final = {
    Source.CATEGORY_TRENDING: Source.TRENDING,
    Source.CATEGORY_POPULAR: Source.POPULAR,
    Source.CATEGORY_NEWEST: Source.NEWEST,
    Source.CATEGORY_POPULAR_1D: Source.POPULAR_1D,
    Source.CATEGORY_POPULAR_7D: Source.POPULAR_7D,
}
_POPULAR_WITHIN: Final = {"1d": Source.CATEGORY_POPULAR_1D, "7d": Source.CATEGORY_POPULAR_7D}
_WINDOWS_FROM: Final = {"1d": ("1d", "7d"), "7d": ("7d",)}
"""A window and those longer than it, up to that of POPULAR."""
