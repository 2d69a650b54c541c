"""Pages that get live changes: what so many cost the service, and how late the slowest of them is.

    python -m bench.dashboard.live --pages 500 --changes 100

asks the dashboard of a running platform (SHOP_PORT_BASE); it publishes rows of one day of search_daily, which it
removes at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import date

from bench.dashboard.processes import listener_of
from schemas.settings import Settings
from tests.support.search_changes import Changes

DAY = date(2026, 6, 9)


class Page:
    """One page: the last number that it saw, and how late each was."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.seen = 0
        self.is_seeded = asyncio.Event()

    async def read(self, port: int, published: dict[int, float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        writer.write(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while line := await reader.readline():
            if line.startswith(b'data: {"at"'):
                self.is_seeded.set()
            if line.startswith(b'data: {"seq"'):
                self._take(json.loads(line[6:]), published)

    def _take(self, data: dict[str, list[dict[str, dict[str, int] | str | None]]], published: dict[int, float]) -> None:
        for change in data["changes"]:
            row = change["row"]
            if change["table"] == "search_daily" and isinstance(row, dict):
                self.seen = int(row["searches"])
                self.seconds.append(time.monotonic() - published[self.seen])


async def run(pages: int, changes: int, per_second: float) -> None:
    """Open the pages, publish the changes, print what it took."""
    settings = Settings()
    port = settings.port("dashboard")
    service = listener_of(port)
    before_memory = service.memory_info().rss
    published: dict[int, float] = {}
    open_pages = [Page() for _ in range(pages)]
    tasks = [asyncio.create_task(page.read(port, published)) for page in open_pages]
    for page in open_pages:
        await page.is_seeded.wait()
    memory, cpu = service.memory_info().rss, sum(service.cpu_times()[:2])
    publisher = Changes(settings, DAY)
    for number in range(1, changes + 1):
        published[number] = time.monotonic()
        publisher.publish(number)
        await asyncio.sleep(1 / per_second)
    await asyncio.sleep(3)
    used = sum(service.cpu_times()[:2]) - cpu
    after = service.memory_info().rss
    publisher.publish(None)
    seconds = sorted(each for page in open_pages for each in page.seconds)
    late = sum(page.seen != changes for page in open_pages)
    print(f"{pages} pages, {changes} changes, {per_second:g}/s")
    p50, p99 = (seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
    print(f"  change to page: p50 {p50:.3f} s, p99 {p99:.3f} s, most {seconds[-1]:.3f} s")
    print(f"  pages without the last change: {late}")
    print(f"  service: {used:.2f} CPU seconds, {used / changes / pages * 1e6:.0f} us a message")
    megabytes = ", ".join(f"{each / 1e6:.0f} MB" for each in (before_memory, memory, after))
    print(f"  memory before, with the pages, at the end: {megabytes}")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--per-second", type=float, default=10)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.pages, arguments.changes, arguments.per_second))
