from __future__ import annotations

import asyncio

import pytest

from dashboards.service.live import pages
from dashboards.service.live.pages import BEAT, QUEUE_MESSAGES, Message, Page
from dashboards.service.live.stream import as_event, as_frame

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def change(number: int) -> Message:
    return Message("change", b'{"seq":%d}' % number)


class Seeds:
    """Stands for the hub: its newest seed has the number of the last change."""

    def __init__(self) -> None:
        self.sequence: int | None = 0

    def newest(self) -> Message | None:
        return None if self.sequence is None else Message("seed", b'{"seq":%d}' % self.sequence)


async def test_a_page_begins_with_the_seed_and_takes_the_changes_after_it() -> None:
    seeds = Seeds()
    page = Page(seeds.newest)
    page.put(change(1))  # the seed has it
    seeds.sequence = 1

    assert await page.next() == Message("seed", b'{"seq":1}')
    page.put(change(2))
    assert await page.next() == change(2)


async def test_a_page_that_takes_nothing_keeps_a_bounded_queue_and_begins_anew() -> None:
    seeds = Seeds()
    page = Page(seeds.newest)
    await page.next()

    kept = [page.put(change(number)) for number in range(1, 10_000)]
    seeds.sequence = 9_999

    assert kept.count(False) == 1
    assert kept.index(False) == QUEUE_MESSAGES
    woke = [await page.next(), await page.next()]
    assert [each.event for each in woke if each] == ["reseed", "seed"]
    assert woke[1] == Message("seed", b'{"seq":9999}')
    page.put(change(10_000))
    assert await page.next() == change(10_000)


async def test_after_a_gap_what_waited_is_dropped_for_a_new_seed() -> None:
    seeds = Seeds()
    page = Page(seeds.newest)
    await page.next()
    page.put(change(1))
    page.reseed(b'{"reason":"gap"}')

    assert await page.next() == Message("reseed", b'{"reason":"gap"}')
    assert await page.next() == Message("seed", b'{"seq":0}')


async def test_a_page_without_a_seed_is_told_what_is_stale_and_waits() -> None:
    seeds = Seeds()
    seeds.sequence = None
    page = Page(seeds.newest)
    page.put(Message("stale", b"{}"))

    assert await page.next() == Message("stale", b"{}")
    waiting = asyncio.create_task(page.next())
    await asyncio.sleep(0)
    seeds.sequence = 7
    page.reseed(b"")
    assert await waiting == Message("seed", b'{"seq":7}')


async def test_a_silent_page_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BEAT_SECONDS", 0.01)
    page = Page(Seeds().newest)
    await page.next()

    assert await page.next() is BEAT
    page.end()
    assert await page.next() is None


def test_messages_have_the_forms_of_both_protocols() -> None:
    assert as_event(change(1)) == b'event: change\ndata: {"seq":1}\n\n'
    assert as_event(BEAT) == b"event: beat\ndata: {}\n\n"
    assert as_frame(change(1)) == b'{"event":"change","data":{"seq":1}}'
    assert as_frame(BEAT) == b'{"event":"beat"}'
