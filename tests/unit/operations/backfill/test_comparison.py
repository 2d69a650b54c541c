from __future__ import annotations

from datetime import UTC, date, datetime

from operations.backfill.comparison import DIFFERENT, EXTRA, MISSING, DayComparison, Difference, add_up, settle
from operations.backfill.cut import comparable
from operations.backfill.swap import _row
from schemas.results import RESULTS

SALES = next(result for result in RESULTS if result.name == "sales_daily")
FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 6)


def difference(day: date, currency: str, kind: str) -> Difference:
    live = None if kind == MISSING else (day, currency, 1)
    shadow = None if kind == EXTRA else (day, currency, 2)
    return Difference((day, currency), day, kind, 17, live, shadow)


def days() -> dict[date, DayComparison]:
    return {
        FIRST: DayComparison(3, 3, "00000000000000ff", "0000000000000001"),
        SECOND: DayComparison(2, 1, "ffffffffffffffff", "0000000000000002"),
    }


def test_rows_that_the_live_job_has_changed_since_are_moving_and_no_difference() -> None:
    differences = [
        difference(FIRST, "EUR", DIFFERENT),
        difference(FIRST, "GBP", MISSING),
        difference(SECOND, "EUR", EXTRA),
    ]
    comparison = settle(SALES, days(), differences, {(FIRST, "EUR")})
    assert [each.key for each in comparison.differences] == [(FIRST, "GBP"), (SECOND, "EUR")]
    assert comparison.moving == 1
    assert comparison.days[FIRST].differences == {MISSING: 1}
    assert comparison.days[SECOND].differences == {EXTRA: 1}


def test_the_hash_of_several_days_is_that_of_all_their_rows() -> None:
    total = add_up(days().values())
    assert (total.live, total.shadow) == (5, 4)
    assert (total.live_hash, total.shadow_hash) == ("00000000000000fe", "0000000000000003")


def test_a_swapped_row_has_the_version_of_the_live_one() -> None:
    assert _row(difference(FIRST, "EUR", DIFFERENT)) == (FIRST, "EUR", 2, 17, 0)
    assert _row(difference(FIRST, "EUR", MISSING)) == (FIRST, "EUR", 2, 17, 0)
    assert _row(difference(FIRST, "EUR", EXTRA)) == (FIRST, "EUR", 1, 17, 1)


def test_instants_of_keys_are_compared_as_milliseconds() -> None:
    assert comparable(datetime(2026, 1, 5, tzinfo=UTC)) == 1767571200000
    assert comparable(FIRST) == FIRST
    assert comparable("EUR") == "EUR"
