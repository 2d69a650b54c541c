"""The same tests for the embedded ClickHouse and for a real server.

Without more said, they start ``python -m local.clickhouse``. With ``SHOP_TEST_CLICKHOUSE_URL`` (and ``..._USER``,
``..._PASSWORD``) they run against that server, and skip what is about our process.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fastavro
import httpx
import pytest

from coordination.waiting import wait_until
from tests.support.workers import GroupResources

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60
TIMEOUT = httpx.Timeout(60)


@dataclass
class Gateway:
    """A process of ours, with its data directory."""

    path: Path
    process: subprocess.Popen[bytes]
    url: str

    def client(self, user: str = "default", password: str = "") -> httpx.Client:
        return httpx.Client(base_url=self.url, auth=(user, password), timeout=TIMEOUT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def start(path: Path, *arguments: str) -> Gateway:
    log = path.with_suffix(".log")
    command = [sys.executable, "-m", "local.clickhouse", "--path", str(path), "--port", "0", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)

    def failure() -> AssertionError:
        return AssertionError(f"the gateway did not start: {log.read_text(errors='replace')}")

    def address() -> str | None:
        if process.poll() is not None:
            raise failure()
        match = re.search(r"listens on (\S+:\d+)", log.read_text(errors="replace"))
        return match and match[1]

    try:
        return Gateway(path, process, f"http://{wait_until(address, START_SECONDS, failure, poll_seconds=0.05)}")
    except AssertionError:
        process.kill()
        process.wait(30)
        raise


@pytest.fixture(scope="session")
def start_at() -> Callable[..., Gateway]:
    """Start a process of ours on a directory; whoever calls this ends it."""
    return start


@dataclass(frozen=True)
class Server:
    """What is under test, ours or not."""

    url: str
    user: str
    password: str
    embedded: bool


@pytest.fixture(scope="session")
def server(group_resources: GroupResources, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return group_resources.hold(running_server(tmp_path_factory.mktemp("clickhouse") / "data"))


@contextmanager
def running_server(path: Path) -> Iterator[Server]:
    """A server that runs as long as the block, unless it is not ours."""
    if url := os.environ.get("SHOP_TEST_CLICKHOUSE_URL"):
        user = os.environ.get("SHOP_TEST_CLICKHOUSE_USER", "default")
        yield Server(url, user, os.environ.get("SHOP_TEST_CLICKHOUSE_PASSWORD", ""), embedded=False)
        return
    gateway = start(path)
    yield Server(gateway.url, "default", "", embedded=True)
    assert gateway.terminate() == 0


@pytest.fixture(scope="session")
def embedded() -> None:
    if os.environ.get("SHOP_TEST_CLICKHOUSE_URL"):
        pytest.skip("about our own process; SHOP_TEST_CLICKHOUSE_URL names another server")


@pytest.fixture
def start_gateway(tmp_path: Path, embedded: None) -> Iterator[Callable[..., Gateway]]:
    """Start a process of ours on a directory of this test; it does not outlive the test."""
    started: list[Gateway] = []

    def start_one(*arguments: str, directory: str = "data") -> Gateway:
        started.append(start(tmp_path / directory, *arguments))
        return started[-1]

    yield start_one
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.kill()


@pytest.fixture(scope="session")
def session_http(group_resources: GroupResources, server: Server) -> httpx.Client:
    auth = (server.user, server.password)
    return group_resources.hold(httpx.Client(base_url=server.url, auth=auth, timeout=TIMEOUT))


@pytest.fixture
def database(session_http: httpx.Client) -> Iterator[str]:
    """A database of this test only."""
    name = f"contract_{uuid.uuid4().hex[:12]}"
    session_http.post("/", content=f"CREATE DATABASE {name}").raise_for_status()
    yield name
    session_http.post("/", content=f"DROP DATABASE {name} SYNC").raise_for_status()


@pytest.fixture
def http(server: Server, database: str) -> Iterator[httpx.Client]:
    """A client whose statements run in the test's database."""
    credentials = (server.user, server.password)
    with httpx.Client(base_url=server.url, auth=credentials, timeout=TIMEOUT, params={"database": database}) as client:
        yield client


Ask = Callable[..., str]


@pytest.fixture
def ask(http: httpx.Client) -> Ask:
    """Run a statement that must succeed; give its text."""

    def run(sql: str | bytes, **parameters: str | int) -> str:
        answer = http.post("/", params=parameters, content=sql)
        assert answer.status_code == 200, answer.text
        return answer.text

    return run


@dataclass
class Registry:
    """The part of a schema registry's HTTP contract that ClickHouse uses: ``GET /schemas/ids/N``."""

    url: str
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)

    def register(self, schema: dict[str, Any]) -> int:
        number = len(self.schemas) + 1
        self.schemas[number] = schema
        return number

    def encode(self, number: int, row: dict[str, Any]) -> bytes:
        """A row as producers write it: magic byte, schema id, Avro."""
        buffer = io.BytesIO(struct.pack(">bI", 0, number))
        buffer.seek(0, io.SEEK_END)
        fastavro.schemaless_writer(buffer, fastavro.parse_schema(self.schemas[number]), row)
        return buffer.getvalue()


@pytest.fixture
def registry() -> Iterator[Registry]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            schema = stub.schemas.get(int(self.path.rsplit("/", 1)[-1]))
            body = json.dumps({"schema": json.dumps(schema)}).encode()
            self.send_response(200 if schema else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        stub = Registry(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield stub
        listener.shutdown()
        thread.join()
