"""Keys of one user, told from those of users whose ids resemble theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas import redis_keys
from schemas.redis_keys import is_personalized, personalized, personalized_in_any_version, version_of


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


@pytest.mark.parametrize("key_of", [redis_keys.similar, redis_keys.bought_together, redis_keys.personalized])
def test_a_key_of_a_model_names_its_version(key_of: Callable[[str, str], str]) -> None:
    assert version_of(key_of("20261127T100000-0a1b2c3d", "a:user:b")) == "20261127T100000-0a1b2c3d"
    assert version_of(redis_keys.published("m1")) == "m1"


@pytest.mark.parametrize(
    "key",
    [
        redis_keys.ACTIVE_MODEL,
        redis_keys.LIVE_MODELS,
        redis_keys.POPULAR,
        redis_keys.popular("7d"),
        redis_keys.category_popular("user:ann:personalized"),
        redis_keys.category_newest("Tea > Green"),
        redis_keys.history("rec:m1:published"),
        redis_keys.product("p1"),
    ],
)
def test_a_key_of_the_stream_belongs_to_no_version(key: str) -> None:
    assert version_of(key) == ""


def test_a_pattern_takes_what_is_in_an_id_as_it_is() -> None:
    assert personalized_in_any_version(r"a*b?[c]\d") == r"rec:*:user:a\*b\?\[c\]\\d:personalized"
