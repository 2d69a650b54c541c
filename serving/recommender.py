"""The fallback chain: personal, session, category popular, trending, popular, newest.

Each step brings candidates until there are enough of them. One answer uses the lists of one model version, whatever
becomes active meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from schemas import redis_keys
from schemas.recommendations import Product, Reason, RecommendationList, Source
from serving.answers import MEMORY, NOTHING
from serving.asks import Boost
from serving.candidates import Candidate, Conditions, Pool, candidates_of
from serving.experiments import arm_of
from serving.memory import KnownList
from serving.ranking import arranged, pinned
from serving.redis_client import RedisUnavailable
from serving.rules import Arm, RuleSet, RulesFile
from serving.sessions import last_items, merge
from serving.snapshot import Snapshot
from serving.store import Deed, Store

HISTORY_DEEDS: Final = 500
"""How many of a user's deeds are looked at."""

RERANKED: Final = 100
"""Candidates among which rules choose."""

CATEGORIES: Final = 2
"""Categories of the last products whose popular products are offered."""

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        n: Products.
        offset: Products to pass over.
        user_id: For whom; "" for nobody in particular.
        seed: The product that the answer starts from, "" for none.
        seed_source: SIMILAR or BOUGHT_TOGETHER for a seed; TRENDING, POPULAR or NEWEST to start there; None for the
            whole chain.
        window: Of popular products.
        session: What a visitor did, the newest first; None where the user's history tells.
        arm_key: Decides the arm: the user, or the visit.
        category, exclude, scenario, explain, boosts: As in ``serving.asks``.
        only: Nothing but these; none for every product.
    """

    n: int = 10
    offset: int = 0
    user_id: str = ""
    seed: str = ""
    seed_source: Source | None = None
    window: str = ""
    session: tuple[Deed, ...] | None = None
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
        generated_at: The newest event behind the first list.
        experiment_arm: experiment:arm, or "".
        deeds: The user's history as far as it was read.
        products: What is known of products that were looked at.
    """

    items: list[Candidate]
    source: str
    filled_from: list[Source]
    model_version: str
    generated_at: datetime
    experiment_arm: str
    deeds: list[Deed] = field(default_factory=list)
    products: dict[str, Product] = field(default_factory=dict)


class Recommender:
    """Recommends.

    Args:
        store: Reads Redis.
        snapshot: The active model, and what is unavailable.
        rules: Business rules and the experiment.
    """

    def __init__(self, store: Store, snapshot: Snapshot, rules: RulesFile) -> None:
        self.store = store
        self.snapshot = snapshot
        self.rules_file = rules

    def arm_of(self, key: str) -> tuple[Arm | None, str]:
        """The arm that a user or a visit is in, and how answers and events name it."""
        experiment = self.rules_file.rules.experiment
        if experiment is None or not key:
            return None, ""
        arm = arm_of(experiment, key)
        return (None, "") if arm is None else (arm, f"{experiment.name}:{arm.name}")

    async def recommend(self, wanted: Wanted) -> Recommendation:
        """Products for what is wanted; never fails for Redis."""
        arm, arm_name = self.arm_of(wanted.arm_key or wanted.user_id)
        return await _Search(self, wanted, arm, arm_name).run()


_Step = Callable[[], Awaitable[None]]


class _Search:
    """One way down the chain."""

    def __init__(self, recommender: Recommender, wanted: Wanted, arm: Arm | None, arm_name: str) -> None:
        rules = recommender.rules_file.rules
        self._store = recommender.store
        self._wanted = wanted
        self._arm_name = arm_name
        self._is_holdout = arm is not None and arm.holdout
        self._version = (arm.model_version if arm is not None else "") or recommender.snapshot.active_version
        self._scenario = rules.scenario(wanted.scenario)
        self._rules: RuleSet = rules.rule_set(wanted.scenario, arm)
        self._unavailable = recommender.snapshot.unavailable
        self._pool = self._new_pool(frozenset())
        self._deeds: list[Deed] = list(wanted.session or ())
        self._products: dict[str, Product] = {}
        self._used_version = ""
        self._generated_at: datetime | None = None
        self._is_from_memory = False

    async def run(self) -> Recommendation:
        await self._read_history()
        self._pool = self._new_pool(self._bought() if self._scenario.exclude_bought else frozenset())
        for step in self._steps():
            if len(self._pool) >= self._enough:
                break
            await step()
        found = await self._arranged()
        page = found[self._wanted.offset : self._wanted.offset + self._wanted.n]
        sources = list(dict.fromkeys(candidate.source for candidate in page))
        return Recommendation(
            page,
            self._source(sources),
            sources[1:],
            self._used_version if any(c.source in _OF_A_MODEL for c in page) else "",
            self._generated_at or BEGINNING,
            self._arm_name,
            self._deeds,
            self._products,
        )

    def _source(self, sources: list[Source]) -> str:
        if not sources:
            return NOTHING
        return MEMORY if self._is_from_memory else sources[0]

    def _new_pool(self, bought: frozenset[str]) -> Pool:
        wanted = self._wanted
        excluded = wanted.exclude | bought | ({wanted.seed} if wanted.seed else frozenset())
        return Pool(Conditions(self._unavailable, excluded, wanted.category, self._rules, frozenset(wanted.only)))

    @property
    def _enough(self) -> int:
        if self._wanted.only:
            return len(self._wanted.only)
        shown = self._wanted.offset + self._wanted.n
        return shown if self._passes_as_it_is else max(shown, RERANKED)

    @property
    def _passes_as_it_is(self) -> bool:
        return self._rules.changes_nothing and not self._wanted.boosts

    async def _read_history(self) -> None:
        if not self._wanted.user_id or self._wanted.session is not None:
            return
        try:
            self._deeds = await self._store.history(self._wanted.user_id, HISTORY_DEEDS)
        except RedisUnavailable:
            self._is_from_memory = True

    def _bought(self) -> frozenset[str]:
        return frozenset(deed.item_id for deed in self._deeds if deed.kind == "purchase")

    def _steps(self) -> Iterable[_Step]:
        match self._wanted.seed_source:
            case Source.SIMILAR | Source.BOUGHT_TOGETHER:
                yield self._of_the_seed
                yield self._category_popular
            case Source.POPULAR:
                yield self._popular_of_the_window
            case Source.NEWEST:
                yield self._newest
            case Source.TRENDING:
                pass
            case _:
                if not self._is_holdout:
                    yield self._personal
                    yield self._session
                yield self._category_popular
        yield self._trending
        yield self._popular
        yield self._newest

    async def _personal(self) -> None:
        if not self._wanted.user_id or not self._version:
            return
        try:
            found = await self._store.personal(self._version, self._wanted.user_id)
        except RedisUnavailable:
            self._is_from_memory = True
            return
        await self._take(found, Source.PERSONAL)

    async def _session(self) -> None:
        deeds = last_items(self._deeds)
        if not deeds or not self._version:
            return
        found = await self._store.lists([redis_keys.similar(self._version, deed.item_id) for deed in deeds])
        known = {deed.item_id: each for deed, each in zip(deeds, found, strict=True) if each is not None}
        self._is_from_memory |= any(each.is_remembered for each in known.values())
        similar = {item_id: each.value for item_id, each in known.items()}
        if similar:
            self._note(max(similar.values(), key=lambda each: each.generated_at))
            await self._admit(candidates_of(merge(deeds, similar), Source.SESSION))

    async def _of_the_seed(self) -> None:
        source = self._wanted.seed_source
        key_of = redis_keys.similar if source is Source.SIMILAR else redis_keys.bought_together
        if self._version and source is not None:
            (found,) = await self._store.lists([key_of(self._version, self._wanted.seed)])
            await self._take(found, source)

    async def _category_popular(self) -> None:
        categories = await self._categories()
        for found in await self._store.lists([redis_keys.category_popular(each) for each in categories]):
            await self._take(found, Source.CATEGORY_POPULAR, is_of_category=bool(self._wanted.category))

    async def _categories(self) -> list[str]:
        """The category asked for, else those of the seed or of the last products."""
        if self._wanted.category:
            return [self._wanted.category]
        items = [self._wanted.seed] if self._wanted.seed else [deed.item_id for deed in last_items(self._deeds)]
        products = await self._look_up(items)
        found = dict.fromkeys(products[item_id].category for item_id in items)
        return [category for category in found if category][:CATEGORIES]

    async def _trending(self) -> None:
        await self._of_the_stream(redis_keys.category_trending, redis_keys.TRENDING, Source.CATEGORY_TRENDING)

    async def _popular(self) -> None:
        await self._of_the_stream(redis_keys.category_popular, redis_keys.POPULAR, Source.CATEGORY_POPULAR)

    async def _popular_of_the_window(self) -> None:
        if self._wanted.window and not self._wanted.category:
            (found,) = await self._store.lists([redis_keys.popular(self._wanted.window)])
            await self._take(found, Source.POPULAR)
        await self._popular()

    async def _newest(self) -> None:
        await self._of_the_stream(redis_keys.category_newest, redis_keys.NEWEST, Source.CATEGORY_NEWEST)

    async def _of_the_stream(self, key_of_category: Callable[[str], str], key: str, category_source: Source) -> None:
        """The category's list where one is asked for, and what of the whole shop's list belongs to it."""
        if self._wanted.category:
            (found,) = await self._store.lists([key_of_category(self._wanted.category)])
            await self._take(found, category_source, is_of_category=True)
            if len(self._pool) >= self._enough:
                return
        (found,) = await self._store.lists([key])
        await self._take(found, _WHOLE_SHOP[category_source])

    async def _take(self, found: KnownList | None, source: Source, is_of_category: bool = False) -> None:
        if found is None:
            return
        before = len(self._pool)
        await self._admit(candidates_of(found.value.items, source), is_of_category)
        if len(self._pool) > before:
            self._note(found.value)
            self._is_from_memory |= found.is_remembered

    async def _admit(self, found: list[Candidate], is_of_category: bool = False) -> None:
        found = self._pool.eligible(found)
        if self._pool.conditions.need_products or not self._passes_as_it_is:
            products = await self._look_up([candidate.item_id for candidate in found])
            self._pool.admit(found, products, is_of_category)
        else:
            self._pool.admit(found)

    async def _look_up(self, item_ids: Sequence[str]) -> dict[str, Product]:
        missing = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in self._products]
        self._products |= await self._store.products(missing)
        return self._products

    def _note(self, found: RecommendationList) -> None:
        self._generated_at = self._generated_at or found.generated_at
        self._used_version = self._used_version or found.model_version

    async def _arranged(self) -> list[Candidate]:
        found = self._pool.candidates
        if self._passes_as_it_is:
            return found
        shown = self._wanted.offset + self._wanted.n
        return pinned(arranged(found, self._rules, self._wanted.boosts, shown), await self._pins())

    async def _pins(self) -> list[tuple[int, Candidate]]:
        pins = [pin for pin in self._rules.pins if pin.category in ("", self._wanted.category)]
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
}
