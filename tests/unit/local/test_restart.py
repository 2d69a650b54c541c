from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local.restart import RestartPolicy


def test_the_wait_doubles_with_each_death_up_to_the_longest() -> None:
    policy = RestartPolicy(first_delay_seconds=0.5, longest_delay_seconds=3.0)
    assert [policy.delay_after(1.0) for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_part_that_ran_well_for_a_while_is_forgiven() -> None:
    policy = RestartPolicy(first_delay_seconds=0.5, forgiven_after_seconds=60.0)
    assert [policy.delay_after(lived) for lived in (1.0, 1.0, 60.0, 1.0)] == [0.5, 1.0, 0.5, 1.0]


@given(st.lists(st.floats(min_value=0.0, max_value=1e6), max_size=200))
def test_every_wait_lies_between_the_first_and_the_longest(lives: list[float]) -> None:
    policy = RestartPolicy(first_delay_seconds=0.5, longest_delay_seconds=30.0)
    assert all(0.5 <= policy.delay_after(lived) <= 30.0 for lived in lives)
