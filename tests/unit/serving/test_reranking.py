from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recommendations import Product, Reason, Source
from serving.candidates import Candidate
from serving.request_models import Boost
from serving.reranking import reranked, similarity, with_pins
from serving.rules import RuleSet

TEA, GREEN, CUPS = "Tea", "Tea > Green", "Cups"


def candidate(item: str, category: str = "", brand: str = "") -> Candidate:
    return Candidate(item, 1.0, Reason.TASTE, (), Source.PERSONAL, Product(category=category, brand=brand))


def ids(candidates: list[Candidate]) -> str:
    return "".join(each.item_id for each in candidates)


ROW = [candidate("a", GREEN), candidate("b", GREEN, "X"), candidate("c", CUPS), candidate("d", CUPS, "X")]


@pytest.mark.parametrize(
    ("rules", "boosts", "expected"),
    [
        (RuleSet(), (), "abcd"),
        (RuleSet(boosts=(Boost(factor=2, category="Cups"),)), (), "acbd"),  # 1, 3/4, 2 * 2/4, 2 * 1/4
        (RuleSet(boosts=(Boost(factor=3, category="Cups"),)), (), "cabd"),
        (RuleSet(), (Boost(factor=5, brand="X"),), "bdac"),
        (RuleSet(), (Boost(factor=0.1, items=("a", "c")),), "bdac"),
        (RuleSet(), (Boost(factor=10, category="Tea", brand="X"),), "bacd"),
        (RuleSet(max_per_category=1), (), "acbd"),
        (RuleSet(diversity=0.5), (), "acbd"),
        (RuleSet(diversity=1), (), "acbd"),
    ],
)
def test_rules_change_the_order(rules: RuleSet, boosts: tuple[Boost, ...], expected: str) -> None:
    assert ids(reranked(ROW, rules, boosts, 4)) == expected


factors = st.floats(1e-6, 1000, exclude_min=True)
rule_sets = st.builds(
    RuleSet,
    boosts=st.lists(st.builds(Boost, factor=factors, category=st.sampled_from(["", TEA, CUPS])), max_size=3).map(tuple),
    max_per_category=st.integers(0, 3),
    diversity=st.floats(0, 1),
)
rows = st.lists(st.tuples(st.sampled_from(["", TEA, GREEN, CUPS]), st.sampled_from(["", "X"])), max_size=12).map(
    lambda kinds: [candidate(str(n), *kind) for n, kind in enumerate(kinds)]
)


@given(rows, rule_sets, st.integers(1, 12))
def test_rules_lose_and_double_nothing(row: list[Candidate], rules: RuleSet, shown: int) -> None:
    ranked = reranked(row, rules, (), shown)
    assert sorted(ranked, key=lambda each: int(each.item_id)) == row
    if rules.max_per_category:
        counts: Counter[str] = Counter()
        for each in ranked:
            counts[each.product.category] += 1
            if each.product.category and counts[each.product.category] > rules.max_per_category:
                break
        within = ranked[: sum(counts.values()) - 1] if counts else []
        assert all(n <= rules.max_per_category for c, n in Counter(e.product.category for e in within).items() if c)


def test_a_pin_stands_at_its_position_and_nowhere_else() -> None:
    pins = [(3, ROW[0]), (1, candidate("z"))]
    assert ids(with_pins(ROW, pins)) == "zbacd"
    assert ids(with_pins([], [(5, ROW[0])])) == "a"


def test_products_are_similar_by_the_levels_and_the_brand_that_they_share() -> None:
    one = Product(category=GREEN, brand="X")
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, Product(category=GREEN)) == pytest.approx(0.8)
    assert similarity(one, Product(category="Tea > Black", brand="X")) == pytest.approx(0.6)
    assert similarity(one, Product(category="Tea")) == pytest.approx(0.4)
    assert similarity(one, Product(brand="X")) == pytest.approx(0.2)
    assert similarity(Product(), Product()) == 0
