from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.history.bounded import BoundedEvents

OFFSETS = st.dictionaries(st.integers(0, 50), st.integers(0, 2**62))


@given(st.builds(BoundedEvents, st.text(), OFFSETS, OFFSETS))
def test_they_travel_as_text(events: BoundedEvents) -> None:
    assert BoundedEvents.from_json(events.to_json()) == events
