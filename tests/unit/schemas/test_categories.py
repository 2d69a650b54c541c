from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.categories import levels_of, lies_in
from schemas.redis_keys import catalogue, catalogues


@pytest.mark.parametrize(
    ("category", "levels"),
    [("", []), ("Tea", ["Tea"]), ("Home > Tea > Green", ["Home", "Home > Tea", "Home > Tea > Green"])],
)
def test_a_category_belongs_to_those_above_it(category: str, levels: list[str]) -> None:
    assert levels_of(category) == levels


@given(st.text("> a", max_size=12), st.text("> a", min_size=1, max_size=12))
def test_what_lies_in_a_category_is_what_has_it_as_a_level(category: str, other: str) -> None:
    assert lies_in(category, other) == (other in levels_of(category))


def test_the_catalogue_has_a_part_for_each_level() -> None:
    assert catalogues("") == [catalogue("")]
    assert catalogues("Home > Tea") == [catalogue(""), catalogue("Home"), catalogue("Home > Tea")]
