"""The browser tracker in a real browser."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from coordination.waiting import wait_until
from tests.support.browsers import chromium

SECONDS = 60.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """A shop's pages, on another origin than the collector."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(directory)))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def add(self, name: str, collector: Any, attributes: str = "") -> str:
        tag = f'<script src="{collector.url}/tracker.js" data-write-key="web" {attributes}></script>'
        page = f"<!doctype html><title>{name}</title>{tag}<p>{name}"
        (self._directory / f"{name}.html").write_text(page, encoding="utf-8")
        return f"{self.url}/{name}.html"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def open_collector(make: Any) -> Any:
    """One that takes events from the pages of every origin that have the key."""
    return make(collector_write_keys="web", collector_allowed_origins="*")


def wait_for(arrivals: Any, ids: set[str]) -> dict[str, dict[str, Any]]:
    wait_until(
        lambda: ids <= set(arrivals.ids()),
        SECONDS,
        lambda: AssertionError(f"missing: {ids - set(arrivals.ids())}"),
        poll_seconds=0.1,
    )
    return {record.event["event_id"]: record.event for record in arrivals.records}


def track(page: Page, count: int, start: int = 0) -> set[str]:
    script = """([start, count]) => Array.from({length: count}, (_, n) =>
        shop.track("Product Viewed", {product_id: "p-" + (start + n), price: 1.5}))"""
    return set(page.evaluate(script, [start, count]))


def test_events_arrive_with_what_the_browser_knows(open_collector: Any, arrivals: Any, site: Site, page: Page) -> None:
    page.goto(site.add("home", open_collector) + "?utm_medium=email")
    anonymous_view = page.evaluate("shop.page()")
    identified = page.evaluate("shop.identify('ada', {email: 'ada@example.com'})")
    (viewed,) = track(page, 1)
    events = wait_for(arrivals, {anonymous_view, identified, viewed})
    view, identity, product = events[anonymous_view], events[identified], events[viewed]
    assert (view["event_type"], view["user_id"]) == ("page_view", view["anonymous_id"])
    assert (view["page_url"], view["page_title"]) == (page.url, "home")
    assert (view["language"], view["source"], view["channel"]) == ("en-GB", "tracker.js", "email")
    assert view["device"] in ("desktop", "other")  # a headless browser says that it is one
    assert (identity["event_type"], identity["user_id"]) == ("user_identified", "ada")
    assert identity["properties"] == {"email": "ada@example.com"}
    assert (product["event_type"], product["product_id"], product["user_id"]) == ("view_item", "p-0", "ada")
    assert {view["anonymous_id"]} == {identity["anonymous_id"], product["anonymous_id"]}
    assert {view["session_id"]} == {identity["session_id"], product["session_id"]}


def test_events_of_a_page_that_goes_away_at_once_arrive(
    open_collector: Any, arrivals: Any, site: Site, page: Page
) -> None:
    never = 'data-flush-ms="3600000" data-batch-size="1000"'
    page.goto(site.add("leaving", open_collector, never))
    ids = track(page, 30)
    page.goto("about:blank")
    wait_for(arrivals, ids)


def test_the_queue_survives_a_reload(open_collector: Any, arrivals: Any, site: Site, page: Page) -> None:
    never = 'data-flush-ms="3600000" data-batch-size="1000"'
    address = site.add("reloaded", open_collector, never)
    page.add_init_script("navigator.sendBeacon = () => false")
    page.goto(address)
    ids = track(page, 5)
    page.reload()
    assert len(wait_for(arrivals, ids).keys() & ids) == 5
    page.wait_for_function(
        "Object.entries(localStorage).filter(([k, v]) => k.startsWith('shop.queue.') && v != '[]').length == 0"
    )


class Relay:
    """A port that leads to Kafka once it is opened."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._run(self._accept)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._run(self._copy, client, server)
            self._run(self._copy, server, client)

    def _run(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()


def test_events_that_meet_a_503_are_sent_again_until_they_are_taken(
    make: Any, arrivals: Any, site: Site, page: Page, platform: Any
) -> None:
    relay = Relay(platform.settings.kafka_bootstrap_servers)
    away = make(
        kafka_bootstrap_servers=f"127.0.0.1:{relay.port}",
        collector_acknowledge_ms=300,
        collector_retry_after_seconds=1,
        collector_write_keys="web",
        collector_allowed_origins="*",
    )
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("/v1/batch") else None)
    page.goto(site.add("retrying", away, 'data-flush-ms="50" data-batch-size="10" data-backoff-ms="100"'))
    ids = track(page, 15)
    while answers.count(503) < 2:
        page.wait_for_timeout(100)
    ids |= track(page, 15, start=15)
    with closing(relay):
        relay.open()
        while answers.count(202) < 3:
            page.wait_for_timeout(100)
        events = wait_for(arrivals, ids)
    assert sorted(event["product_id"] for event_id, event in events.items() if event_id in ids) == sorted(
        f"p-{n}" for n in range(30)
    )


def test_do_not_track_is_respected_when_the_page_asks_for_it(
    open_collector: Any, arrivals: Any, site: Site, page: Page
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'doNotTrack', {value: '1'})")
    page.goto(site.add("muted", open_collector, "data-respect-dnt"))
    assert page.evaluate("shop.track('page_view') === undefined")
    assert page.evaluate("Object.keys(localStorage).length") == 0
    page.goto(site.add("heard", open_collector))
    wait_for(arrivals, {page.evaluate("shop.page()")})


def test_a_page_without_local_storage_tracks_as_well(
    open_collector: Any, arrivals: Any, site: Site, page: Page
) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    page.goto(site.add("private", open_collector))
    first, second = page.evaluate("[shop.page(), shop.page()]")
    events = wait_for(arrivals, {first, second})
    assert events[first]["anonymous_id"] == events[second]["anonymous_id"]
    assert events[first]["session_id"] == events[second]["session_id"]


def test_the_queue_is_bounded(open_collector: Any, site: Site, page: Page) -> None:
    page.route("**/v1/batch", lambda route: route.abort())
    page.goto(site.add("bounded", open_collector))
    track(page, 600)
    kept = page.evaluate("Object.entries(localStorage).find(([k]) => k.startsWith('shop.queue.'))[1]")
    assert kept.count('"messageId"') == 500
