"""Records in random order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.plan import seeded_rng
from simulator.spool import shuffled


@settings(deadline=None)  # each file takes the disk its time
@given(st.lists(st.integers()), st.integers(), st.integers(0, 300), st.integers(1, 50))
def test_every_record_comes_once_however_few_are_in_memory(
    records: list[int], seed: int, expected: int, records_a_file: int
) -> None:
    assert sorted(shuffled(records, expected, seeded_rng(seed), records_a_file)) == sorted(records)


def test_the_order_is_the_seeds_and_mixes_all_records() -> None:
    once = list(shuffled(range(1_000), 1_000, seeded_rng(1), 100))
    assert once == list(shuffled(range(1_000), 1_000, seeded_rng(1), 100))
    assert once != list(shuffled(range(1_000), 1_000, seeded_rng(2), 100))
    assert max(abs(at - record) for at, record in enumerate(once)) > 700
