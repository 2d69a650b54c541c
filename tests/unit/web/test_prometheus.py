from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from tests.support.metrics import samples
from web.prometheus import BufferedHistogram, page

BOUNDS = (0.5, 1.0, 2.5)


@given(st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 2.5, 3.0, 100.0]))))
def test_a_buffered_histogram_shows_what_the_librarys_own_shows(batches: list[list[float]]) -> None:
    buffered_registry, plain_registry = CollectorRegistry(), CollectorRegistry()
    buffered = BufferedHistogram("seconds", "How long.", buckets=BOUNDS, registry=buffered_registry)
    plain = Histogram("seconds", "How long.", buckets=BOUNDS, registry=plain_registry)
    for batch in batches:
        for seconds in batch:
            buffered.add(seconds)
            plain.observe(seconds)
        buffered.flush()
    assert page(buffered_registry) == page(plain_registry)


def test_a_page_has_no_series_that_tell_when_counting_began() -> None:
    registry = CollectorRegistry()
    BufferedHistogram("seconds", "How long.", buckets=BOUNDS, registry=registry).add(1.0)
    assert samples(page(registry).decode()).keys() == {
        *(f'seconds_bucket{{le="{bound}"}}' for bound in ("0.5", "1.0", "2.5", "+Inf")),
        "seconds_count",
        "seconds_sum",
    }
