"""How soon an order is on the page Live of a real browser: from the collector's answer on, and from ingest's commit on.

    python -m bench.dashboard.orders --orders 100

on a running platform with the jobs ``ingest`` and ``analytics`` (SHOP_PORT_BASE). Each order is a purchase of its own
that is posted to the collector. It is *trusted* once a reader of committed records has it from the topic ``events``,
*on the page* once its id is in the list of the last orders, and *counted* once the figure "Orders today" has it. All
clocks are this machine's.
"""

from __future__ import annotations

import argparse
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx
from confluent_kafka import Consumer, TopicPartition
from playwright.sync_api import Page

from connections.kafka import committed_reader
from connections.registry import SchemaRegistry
from coordination.waiting import wait_until
from schemas.settings import Settings
from schemas.topics import EVENTS
from sinks.core.framing import FramedDecoder
from tests.support.browsers import chromium
from tests.support.dashboard_pages import figure, look_at, viewer

CURRENCY = "EUR"
SECONDS = 60.0
NOTE_ORDERS = """() => {
    window.listed = {};
    window.counted = [];
    const note = () => {
        const now = Date.now();
        const listed = document.querySelectorAll("[data-tile=last] li > .feed-main");
        for (const { textContent: order } of listed) window.listed[order] ??= now;
        const orders = Number(document.querySelector("[data-tile=orders] .figure").dataset.value);
        if (orders !== window.counted.at(-1)?.[0]) window.counted.push([orders, now]);
    };
    const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-value"] };
    new MutationObserver(note).observe(document.querySelector("main"), watched);
    note();
}"""


@contextmanager
def trusted_orders(settings: Settings) -> Iterator[Mapping[str, float]]:
    """Order id -> when a reader of committed records has it (epoch seconds), from now on."""
    seen: dict[str, float] = {}
    ended = threading.Event()
    consumer = Consumer(committed_reader(settings, "shopstream-bench") | {"fetch.wait.max.ms": 100})
    partitions = consumer.list_topics(EVENTS, timeout=SECONDS).topics[EVENTS].partitions
    ends = [TopicPartition(EVENTS, number) for number in partitions]
    for each in ends:
        each.offset = consumer.get_watermark_offsets(each, timeout=SECONDS)[1]
    consumer.assign(ends)
    registry = SchemaRegistry.of(settings)
    decoder = FramedDecoder(registry)

    def read() -> None:
        while not ended.is_set():
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                at = time.time()
                if order := decoder.decode(message.value() or b"")["order_id"]:
                    seen.setdefault(order, at)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        ended.set()
        reader.join()
        consumer.close()
        registry.close()


def order(number: str) -> dict[str, object]:
    """A purchase, as a shop posts it."""
    lines = [{"product_id": "p-1", "quantity": 1, "price": 1}]
    properties = {"order_id": number, "currency": CURRENCY, "revenue": 1, "products": lines}
    return {"messageId": str(uuid.uuid4()), "event": "purchase", "userId": "bench", "properties": properties}


def post_orders(settings: Settings, orders: int, pause: Callable[[], None]) -> dict[str, float]:
    """Order id -> when its request was sent, epoch seconds."""
    key = settings.collector_write_keys.get_secret_value().partition(",")[0]
    posted: dict[str, float] = {}
    url = f"http://127.0.0.1:{settings.port('collector')}"
    with httpx.Client(base_url=url, headers={"X-API-Key": key} if key else {}, timeout=30, trust_env=False) as http:
        for _ in range(orders):
            number = str(uuid.uuid4())
            posted[number] = time.time()
            http.post("/v1/track", json=order(number)).raise_for_status()
            pause()
    return posted


def measure(settings: Settings, orders: int, page: Page, every_ms: float) -> None:
    """Post orders while the page looks, and print how long they took."""
    look_at(page, f"http://127.0.0.1:{settings.port('dashboard')}/?page=live&currency={CURRENCY}")
    page.evaluate(NOTE_ORDERS)
    before = int(figure(page, "orders") or 0)
    with trusted_orders(settings) as trusted:
        posted = post_orders(settings, orders, lambda: page.wait_for_timeout(every_ms))

        def is_done() -> bool:
            page.wait_for_timeout(200)
            listed = page.evaluate("window.listed")
            return posted.keys() <= trusted.keys() & listed.keys() and figure(page, "orders") == before + orders

        wait_until(is_done, SECONDS, lambda: TimeoutError("not every order came to the page"), poll_seconds=0)
    listed = {number: ms / 1000 for number, ms in page.evaluate("window.listed").items()}
    counts = page.evaluate("window.counted")
    counted = {
        number: next(ms / 1000 for count, ms in counts if count >= before + place)
        for place, number in enumerate(sorted(posted, key=posted.__getitem__), 1)
    }
    print(f"{orders} orders, one every {every_ms / 1000:g} s")
    for start, since in (("posted", posted), ("trusted", trusted)):
        for end, until in (("trusted", trusted), ("on the page", listed), ("counted", counted)):
            if start != end:
                show(f"{start} -> {end}", sorted(until[number] - since[number] for number in posted))


def show(what: str, seconds: list[float]) -> None:
    """Print the middle and the slow end."""
    p50, p99 = (seconds[int((len(seconds) - 1) * share)] for share in (0.5, 0.99))
    print(f"  {what:<24} p50 {p50:6.3f} s  p99 {p99:6.3f} s  most {seconds[-1]:6.3f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--every-ms", type=float, default=250)
    arguments = parser.parse_args()
    with chromium() as browser, viewer(browser) as page:
        measure(Settings(), arguments.orders, page, arguments.every_ms)
