"""Keys of one user, told from those of users whose ids resemble theirs."""

from __future__ import annotations

import pytest

from schemas.redis_keys import is_personalized, personalized, personalized_in_any_version


@pytest.mark.parametrize(
    ("owner", "user", "expected"),
    [
        ("ann", "ann", True),
        ("a:b", "a:b", True),
        ("x:user:ann", "ann", False),
        ("ann:personalized", "ann", False),
        ("ann", "ANN", False),
    ],
)
def test_a_list_belongs_to_the_user_whose_whole_id_is_in_its_key(owner: str, user: str, expected: bool) -> None:
    assert is_personalized(personalized("20261127T100000-0a1b2c3d", owner), user) is expected


def test_a_pattern_takes_what_is_in_an_id_as_it_is() -> None:
    assert personalized_in_any_version(r"a*b?[c]\d") == r"rec:*:user:a\*b\?\[c\]\\d:personalized"
