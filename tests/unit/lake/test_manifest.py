from __future__ import annotations

import pytest

from lake.manifest import Span, spans
from lake.storage import Storage
from schemas.errors import ContractError


def test_ranges_are_known_by_the_names_of_their_entries(storage: Storage) -> None:
    for name in ("events-0-0-9", "events-1-0-99"):
        storage.write(f"_manifest/{name}.json", b"")
    assert spans(storage) == [Span("events", 0, 0, 9), Span("events", 1, 0, 99)]


def test_a_name_that_is_no_range_is_told() -> None:
    with pytest.raises(ContractError, match="events-0-x-9 is no range"):
        Span.parse("events-0-x-9")


@pytest.mark.parametrize(
    ("other", "covered"),
    [
        (Span("events", 0, 3, 7), True),
        (Span("events", 0, 0, 9), True),
        (Span("events", 0, 3, 10), False),
        (Span("events", 1, 3, 7), False),
    ],
)
def test_a_range_covers_what_lies_within_it(other: Span, covered: bool) -> None:
    assert Span("events", 0, 0, 9).covers(other) is covered
