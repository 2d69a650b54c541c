"""What the collector costs beside a bare ASGI application: CPU for each request, events per second.

    SHOP_PORT_BASE=19000 python -m bench.collector [--runs 5] [--seconds 2]

needs Kafka and the registry of a running platform. Each application runs under uvicorn as the collector does, in a
process of its own, one at a time, in turns; requests come from one more process, over kept-alive connections, put
together beforehand. CPU is the server process's own, all threads, user and system, from just before the load to just
after it.

- bare       reads the body and answers 202
- json       the same, and parses the body
- kafka      the same, and sends each event to Kafka as its JSON, and answers when Kafka has them
- collector  the product: everything above, and maps, checks and encodes each event

Each figure is the median of the runs; the ratio is that of the CPU of a request to the bare application's.

The aim was three times the bare application at batches of 50. Against a bare request with the same 50 events it is
missed by far, and no server that reads them can reach it: parsing alone costs 3.6 times (100 us), handing 50 records
to Kafka and waiting for them 16 times (440 us, much of it in the client's own threads). The collector takes 43 times:
24 us an event, which is what the bare application takes for a request (23 us). Of the 15 us beyond ``kafka``, encoding
takes 5, names and values 4, the checks 2, the context 2, ids and sessions and answers the rest.

What was tried: the generic writer behind a schema for each shape of event (17 us an event; a plan for each shape takes
5), a call for each record (9.8 us an event, all threads; one for the records of a topic takes 3.3), FastAPI's own
handling of a body (41 us a request; a plain route takes 12).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from coordination.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parent.parent
APPLICATIONS: Final = ("bare", "json", "kafka", "collector")
BATCHES: Final = (50, 1)
CONNECTIONS: Final = 32
VARIANTS: Final = 64
TOPIC: Final = "bench-collector"
START_SECONDS: Final = 60.0
NOT_STARTED: Final = "the server does not start: are Kafka and the registry up, and is SHOP_PORT_BASE theirs?"
WARM_UP_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Run:
    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def cpu_us(self) -> float:
        return 1e6 * self.cpu_seconds / self.requests


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--serve", choices=APPLICATIONS, help=argparse.SUPPRESS)
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.port)
    elif arguments.load:
        print(json.dumps(load(arguments.load, arguments.batch, arguments.seconds)))
    else:
        compare(arguments.runs, arguments.seconds)


def compare(runs: int, seconds: float) -> None:
    measured: dict[tuple[int, str], list[Run]] = defaultdict(list)
    with topic_of_its_own():
        for number in range(runs):
            for batch in BATCHES:
                for name in APPLICATIONS:
                    measured[batch, name].append(measure(name, batch, seconds))
            print(f"run {number + 1} of {runs} done", file=sys.stderr)
    print(
        f"{'events a request':>16} {'application':>12} {'requests/s':>11} {'events/s':>9} {'CPU us/request':>15}",
        end="",
    )
    print(f" {'CPU us/event':>13} {'events/CPU-s':>13} {'x bare':>7}")
    for batch in BATCHES:
        bare = statistics.median(run.cpu_us for run in measured[batch, "bare"])
        for name in APPLICATIONS:
            cpu_us = statistics.median(run.cpu_us for run in measured[batch, name])
            rate = statistics.median(run.requests / run.seconds for run in measured[batch, name])
            print(f"{batch:>16} {name:>12} {rate:>11,.0f} {rate * batch:>9,.0f} {cpu_us:>15.0f}", end="")
            print(f" {cpu_us / batch:>13.1f} {1e6 * batch / cpu_us:>13,.0f} {cpu_us / bare:>7.2f}")


@contextmanager
def topic_of_its_own() -> Iterator[None]:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    from schemas.settings import Settings

    admin = AdminClient({"bootstrap.servers": Settings().kafka_bootstrap_servers})
    for created in admin.create_topics([NewTopic(TOPIC, 2, 1)], operation_timeout=10).values():
        created.result()
    try:
        yield
    finally:
        for deleted in admin.delete_topics([TOPIC], operation_timeout=10).values():
            deleted.result()


def measure(name: str, batch: int, seconds: float) -> Run:
    with served(name) as (process, port):
        run_load(port, batch, WARM_UP_SECONDS)
        before = cpu_seconds(process)
        requests, took = run_load(port, batch, seconds)
        time.sleep(0.05)
        return Run(requests, took, cpu_seconds(process) - before)


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def served(name: str) -> Iterator[tuple[psutil.Process, int]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-m", "bench.collector", "--serve", name, "--port", str(port)]
    child = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_until_taken(child, port)
        yield psutil.Process(child.pid), port
    finally:
        child.terminate()
        child.wait(30)


def wait_until_taken(child: subprocess.Popen[bytes], port: int) -> None:
    request = requests_of(1)[0]

    def is_taken() -> bool:
        if child.poll() is not None:
            raise RuntimeError(NOT_STARTED)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                return connection.recv(64).startswith(b"HTTP/1.1 202")
        except OSError:
            return False

    wait_until(is_taken, START_SECONDS, lambda: RuntimeError(NOT_STARTED), poll_seconds=0.05)


def serve(name: str, port: int) -> None:
    import uvicorn

    app = {"bare": bare, "json": parsing}.get(name) or (sending() if name == "kafka" else product())
    lifespan = "off" if name in ("bare", "json") else "on"
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


ACCEPTED: Final = {"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]}


async def body_of(receive: Any) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def bare(_scope: Any, receive: Any, send: Any) -> None:
    await body_of(receive)
    await send(ACCEPTED)
    await send({"type": "http.response.body", "body": b""})


async def parsing(_scope: Any, receive: Any, send: Any) -> None:
    import orjson

    orjson.loads(await body_of(receive))
    await send(ACCEPTED)
    await send({"type": "http.response.body", "body": b""})


def sending() -> Any:
    import orjson

    from producers.collector.delivery import Delivery
    from producers.collector.metrics import Metrics
    from schemas.settings import Settings

    delivery: list[Delivery] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            delivery.append(Delivery(Settings(), Metrics(), sys.exit))
            delivery[0].start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        events = orjson.loads(await body_of(receive))["batch"]
        records = [{"key": event["anonymousId"], "value": orjson.dumps(event)} for event in events]
        if problem := await delivery[0].send({TOPIC: records}):
            sys.exit(problem)
        await send(ACCEPTED)
        await send({"type": "http.response.body", "body": b""})

    return app


def product() -> Any:
    from producers.collector.app import collector
    from schemas.settings import Settings

    return collector(Settings())


def requests_of(batch: int) -> list[bytes]:
    """Requests as the browser tracker sends them; the same ids each time, as the collector does not look at them."""
    return [request_of(batch, number) for number in range(VARIANTS)]


def request_of(batch: int, number: int) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = json.dumps({"sentAt": now, "batch": [event_of(number * batch + n, now) for n in range(batch)]}).encode()
    head = (
        f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def event_of(number: int, now: str) -> dict[str, Any]:
    name, properties = MIX[number % len(MIX)]
    return {
        "type": "track",
        "event": name,
        "messageId": str(uuid.UUID(int=number)),
        "anonymousId": str(uuid.UUID(int=number % 500)),
        "timestamp": now,
        "context": {
            "library": {"name": "tracker.js", "version": "1"},
            "page": {
                "url": f"https://shop.example/p/{number}",
                "title": "A page",
                "referrer": "https://search.example/",
            },
            "locale": "en-GB",
            "sessionId": str(uuid.UUID(int=number % 500)),
        },
        "properties": properties,
    }


PRODUCT: Final = {"product_id": "p-1234", "name": "A thing", "category": "Things", "brand": "B", "price": 12.99}
MIX: Final[list[tuple[str, dict[str, Any]]]] = [
    ("page_view", {}),
    ("Product Viewed", {**PRODUCT, "currency": "EUR"}),
    ("page_view", {}),
    ("Products Searched", {"query": "a thing", "results": 12}),
    ("Product Clicked", {**PRODUCT, "position": 3, "list_id": "search"}),
    ("Product Viewed", {**PRODUCT, "currency": "EUR"}),
    ("Product Added", {**PRODUCT, "quantity": 2, "currency": "EUR"}),
    ("page_view", {}),
    (
        "Order Completed",
        {"order_id": "o-1", "currency": "EUR", "revenue": 25.98, "products": [{**PRODUCT, "quantity": 2}]},
    ),
    ("Product Viewed", {**PRODUCT, "currency": "EUR"}),
]


def run_load(port: int, batch: int, seconds: float) -> tuple[int, float]:
    arguments = ["--load", str(port), "--batch", str(batch), "--seconds", str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.collector", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=10 * seconds + 30,
    )
    if done.returncode:
        sys.exit(done.stderr)
    requests, took = json.loads(done.stdout)
    return requests, took


def load(port: int, batch: int, seconds: float) -> tuple[int, float]:
    import uvloop

    requests = requests_of(batch)
    return uvloop.run(_load(port, requests, seconds))


async def _load(port: int, requests: list[bytes], seconds: float) -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    clients = [Client(requests[n:] + requests[:n], began + seconds) for n in range(CONNECTIONS)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(client.ended for client in clients))
    return sum(client.answers for client in clients), loop.time() - began


class Client(asyncio.Protocol):
    """One connection that sends the next request when the last is answered."""

    def __init__(self, requests: list[bytes], until: float) -> None:
        self.answers = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._until = until
        self._answer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]):
            return
        if not head.startswith(b"HTTP/1.1 202"):
            self.ended.set_exception(RuntimeError(self._answer.decode()))
            return
        self._answer = b""
        self.answers += 1
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error or ConnectionResetError("the server hung up"))

    def _next(self) -> None:
        if asyncio.get_running_loop().time() < self._until:
            self._transport.write(self._requests[self.answers % len(self._requests)])
        else:
            self.ended.set_result(None)
            self._transport.close()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    main()
