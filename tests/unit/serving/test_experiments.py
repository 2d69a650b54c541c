from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.experiments import arm_of, hash_of
from serving.rules import Arm, Experiment

HALVES = Experiment(name="ranking", arms=(Arm(name="control", share=0.5), Arm(name="new", share=0.3)))


def test_arms_have_their_shares_and_the_rest_is_in_none() -> None:
    arms = Counter(arm.name if arm else "none" for arm in (arm_of(HALVES, f"user-{n}") for n in range(20_000)))
    assert {name: count / 20_000 for name, count in arms.items()} == pytest.approx(
        {"control": 0.5, "new": 0.3, "none": 0.2}, abs=0.012
    )


@given(st.text(st.characters(codec="utf-8")))
def test_a_user_stays_in_an_arm(user: str) -> None:
    assert arm_of(HALVES, user) == arm_of(HALVES, user)
    assert 0 <= hash_of("ranking", user) < 1


def test_hashes_never_change() -> None:
    assert [round(hash_of("ranking", user), 6) for user in ("ann", "ben", "ü")] == [0.245066, 0.985769, 0.104691]


def test_another_experiment_divides_anew() -> None:
    other = Experiment(name="another", arms=HALVES.arms)
    both = Counter(
        (arm_of(HALVES, f"u{n}") == HALVES.arms[0], arm_of(other, f"u{n}") == HALVES.arms[0]) for n in range(20_000)
    )
    assert all(count / 20_000 == pytest.approx(0.25, abs=0.012) for count in both.values())


def test_a_larger_share_moves_nobody_who_was_in() -> None:
    larger = Experiment(name="ranking", arms=(Arm(name="control", share=0.7),))
    was_in = [f"u{n}" for n in range(1000) if arm_of(HALVES, f"u{n}") == HALVES.arms[0]]
    assert all(arm_of(larger, user) for user in was_in)
