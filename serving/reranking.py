"""Reranks candidates by business rules: boosts, diversity, caps, pins. Pure functions.

Scores of different lists cannot be compared, ranks can: a candidate's relevance follows from its rank in the chain's
order, from 1 for the first down to almost 0 for the last.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from typing import Final

from schemas.categories import SEPARATOR, lies_in
from schemas.recommendations import Product
from serving.candidates import Candidate
from serving.request_models import Boost
from serving.rules import RuleSet

BRAND_SHARE: Final = 0.2
"""How much of the similarity of two products their brand makes; their categories make the rest."""

_LEAST: Final = 1e-200
_MOST: Final = 1e200
"""However many boosts there are, relevances stay numbers that can be divided."""


def reranked(candidates: Sequence[Candidate], rules: RuleSet, boosts: Sequence[Boost], shown: int) -> list[Candidate]:
    """The candidates in the order that the rules require.

    Args:
        candidates: The best first.
        rules: The rule set.
        boosts: Those of the request, on top of the rule set's.
        shown: How many must be in their places: the first ``shown`` are the same for every greater number.
    """
    relevance = _boosted(candidates, (*rules.boosts, *boosts))
    order = sorted(range(len(candidates)), key=lambda i: -relevance[i])
    if rules.diversity:
        return [candidates[i] for i in _diversified(candidates, relevance, order, rules, shown)]
    ordered = [candidates[i] for i in order]
    return _capped(ordered, rules.max_per_category) if rules.max_per_category else ordered


def with_pins(candidates: Sequence[Candidate], pins: Sequence[tuple[int, Candidate]]) -> list[Candidate]:
    """The pins at their positions (from 1), all other candidates around them in their order."""
    pinned_ids = {candidate.item_id for _, candidate in pins}
    merged = [candidate for candidate in candidates if candidate.item_id not in pinned_ids]
    for position, candidate in sorted(pins, key=lambda pin: pin[0]):
        merged.insert(position - 1, candidate)
    return merged


def similarity(one: Product, other: Product) -> float:
    """The similarity of two products, from 0 to 1: the levels of their categories that they share, and their brand."""
    brand = BRAND_SHARE if one.brand and one.brand == other.brand else 0.0
    if not one.category or not other.category:
        return brand
    levels, others = one.category.split(SEPARATOR), other.category.split(SEPARATOR)
    shared = 0
    for level, other_level in zip(levels, others, strict=False):
        if level != other_level:
            break
        shared += 1
    return brand + (1 - BRAND_SHARE) * shared / max(len(levels), len(others))


def _boosted(candidates: Sequence[Candidate], boosts: Sequence[Boost]) -> list[float]:
    count = len(candidates)
    relevance = [(count - index) / count for index in range(count)]
    for boost in boosts:
        for i, candidate in enumerate(candidates):
            if _fits(boost, candidate):
                relevance[i] = min(max(relevance[i] * boost.factor, _LEAST), _MOST)
    highest = max(relevance, default=1.0)
    return [each / highest for each in relevance]


def _fits(boost: Boost, candidate: Candidate) -> bool:
    return (
        (not boost.items or candidate.item_id in boost.items)
        and (not boost.category or lies_in(candidate.product.category, boost.category))
        and (not boost.brand or candidate.product.brand == boost.brand)
    )


def _diversified(
    candidates: Sequence[Candidate], relevance: Sequence[float], order: Sequence[int], rules: RuleSet, shown: int
) -> list[int]:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998) for the first ``shown``; the rest as it was.

    Each step takes the candidate with the largest (1 - diversity) * relevance - diversity * similarity, where its
    similarity is that to the nearest one taken before; of a category that is at its cap only where nothing else is
    left. Products of one category and brand are as similar to all others, so only the first of each can be the next.
    """
    place = {i: position for position, i in enumerate(order)}
    groups: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    for i in order:
        groups[candidates[i].product.category, candidates[i].product.brand].append(i)
    nearest = dict.fromkeys(groups, 0.0)
    counts: Counter[str] = Counter()
    taken: list[int] = []

    def worth(group: tuple[str, str]) -> tuple[float, int]:
        first = groups[group][0]
        return (1 - rules.diversity) * relevance[first] - rules.diversity * nearest[group], -place[first]

    while groups and len(taken) < shown:
        within = [group for group in groups if not _is_at_cap(group[0], counts, rules)]
        best = max(within or groups, key=worth)
        taken.append(groups[best].popleft())
        counts[best[0]] += 1
        if not groups[best]:
            del groups[best]
        product = candidates[taken[-1]].product
        for group, members in groups.items():
            nearest[group] = max(nearest[group], similarity(candidates[members[0]].product, product))
    return taken + sorted((i for members in groups.values() for i in members), key=place.__getitem__)


def _is_at_cap(category: str, counts: Counter[str], rules: RuleSet) -> bool:
    """Whether no more products of a category may come; that of products of no known category never is."""
    return bool(rules.max_per_category and category) and counts[category] >= rules.max_per_category


def _capped(candidates: Sequence[Candidate], max_per_category: int) -> list[Candidate]:
    """Those within the cap, then those beyond it; products of no known category are never beyond it."""
    counts: Counter[str] = Counter()
    within: list[Candidate] = []
    beyond: list[Candidate] = []
    for candidate in candidates:
        category = candidate.product.category
        counts[category] += 1
        (beyond if category and counts[category] > max_per_category else within).append(candidate)
    return within + beyond
