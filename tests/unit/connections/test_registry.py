"""What a registry may answer, and how the client takes it; the registry is a small HTTP server that a test sets up."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from connections.errors import RegistryUnavailable
from connections.registry import SchemaRegistry, url_with_credentials
from schemas.errors import ContractError, IncompatibleSchema
from schemas.settings import Settings

SCHEMA = '{"type": "string"}'


@dataclass
class Server:
    """A registry: its next answer, and what it was asked."""

    url: str
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    delay_seconds: float = 0.0
    requests: list[tuple[str, str, Any, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            sent = json.loads(self.rfile.read(size)) if size else None
            server.requests.append((self.command, self.path.partition("?")[0], sent, self.headers.get("Authorization")))
            time.sleep(server.delay_seconds)
            body = json.dumps(server.body).encode()
            self.send_response(server.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_port}/apis/ccompat/v7")
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def registry(server: Server) -> Iterator[SchemaRegistry]:
    with closing(SchemaRegistry(server.url, 0.5)) as registry:
        yield registry


def test_a_schema_is_registered_under_its_subject(server: Server, registry: SchemaRegistry) -> None:
    server.body = {"id": 7}
    assert registry.register("events-value", SCHEMA) == 7
    ((method, path, sent, _),) = server.requests
    assert (method, path) == ("POST", "/apis/ccompat/v7/subjects/events-value/versions")
    assert (sent["schema"], sent["schemaType"]) == (SCHEMA, "AVRO")


def test_a_schema_that_readers_of_older_records_could_not_use_is_refused(
    server: Server, registry: SchemaRegistry
) -> None:
    server.status, server.body = 409, {"error_code": 409, "message": "READER_FIELD_MISSING_DEFAULT_VALUE"}
    with pytest.raises(IncompatibleSchema, match="READER_FIELD_MISSING_DEFAULT_VALUE") as refused:
        registry.register("events-value", SCHEMA)
    assert refused.value.subject == "events-value"


def test_what_a_registry_does_not_have_is_none(server: Server, registry: SchemaRegistry) -> None:
    server.status, server.body = 404, {"error_code": 40403, "message": "not found"}
    assert (registry.schema_of(7), registry.latest("events-value"), registry.id_of_version("events-value", 2)) == (
        None,
        None,
        None,
    )
    server.status = 422
    assert registry.id_of_version("events-value", 2) is None


def test_the_newest_schema_is_asked_for_each_time(server: Server, registry: SchemaRegistry) -> None:
    server.body = {"subject": "events-value", "id": 7, "version": 1, "schema": SCHEMA}
    assert registry.latest("events-value") == (7, SCHEMA)
    server.body = {"subject": "events-value", "id": 8, "version": 2, "schema": SCHEMA}
    assert registry.latest("events-value") == (8, SCHEMA)


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_trouble_of_the_registry_is_waited_out_and_asked_once(
    server: Server, registry: SchemaRegistry, status: int
) -> None:
    server.status, server.body = status, {"error_code": 50001, "message": "not now"}
    for call in (
        lambda: registry.schema_of(7),
        lambda: registry.register("events-value", SCHEMA),
        lambda: registry.set_compatibility("events-value"),
    ):
        with pytest.raises(RegistryUnavailable, match=f"HTTP {status}"):
            call()
    assert len(server.requests) == 3


def test_a_registry_that_is_silent_or_away_is_unavailable(server: Server, registry: SchemaRegistry) -> None:
    server.delay_seconds = 1.0
    began = time.monotonic()
    with pytest.raises(RegistryUnavailable, match="ReadTimeout"):
        registry.schema_of(7)
    assert time.monotonic() - began < 0.95
    with (
        closing(SchemaRegistry("http://127.0.0.1:9", 0.5)) as away,
        pytest.raises(RegistryUnavailable, match="ConnectError"),
    ):
        away.schema_of(7)


def test_a_refusal_is_told_with_the_registrys_reason(server: Server, registry: SchemaRegistry) -> None:
    server.status, server.body = 401, {"error_code": 401, "message": "who are you?"}
    with pytest.raises(ContractError, match=r"refuses a call: who are you\? \(HTTP status code 401"):
        registry.schema_of(7)


def test_user_and_password_go_with_each_call_and_are_never_shown(server: Server) -> None:
    settings = Settings(registry_url=server.url, registry_user="ann", registry_password=SecretStr("se:cr@et"))
    server.body = {"schema": SCHEMA}
    with closing(SchemaRegistry.of(settings)) as registry:
        assert registry.schema_of(7) == SCHEMA
        server.status, server.body = 403, {"error_code": 403, "message": "no"}
        with pytest.raises(ContractError) as refused:
            registry.schema_of(8)
    expected = "Basic " + base64.b64encode(b"ann:se:cr@et").decode()
    assert [authorization for *_, authorization in server.requests] == [expected] * 2
    assert "se:cr@et" not in f"{refused.value} {settings!r}"
    assert url_with_credentials(settings) == server.url.replace("://", "://ann:se%3Acr%40et@")
    assert url_with_credentials(Settings(registry_url=server.url)) == server.url
