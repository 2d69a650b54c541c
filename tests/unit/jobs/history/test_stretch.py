from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.history.stretch import Stretch

OFFSETS = st.dictionaries(st.integers(0, 50), st.integers(0, 2**62))


@given(st.builds(Stretch, st.text(), OFFSETS, OFFSETS))
def test_a_stretch_travels_as_text(stretch: Stretch) -> None:
    assert Stretch.from_json(stretch.to_json()) == stretch
