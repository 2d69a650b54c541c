"""The refused records, read back from a real topic by the reader and by the command."""

from __future__ import annotations

import csv
import json
import random
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from connections.errors import DependencyUnavailable
from connections.registry import SchemaRegistry
from local.ports import free_base
from operations.failed_events import FailedEvent, failed_event_at, failed_event_of, failed_events
from schemas.codec import Encoder, load_schema
from schemas.errors import ConfigurationError, ContractError
from schemas.failures import (
    HEADER_CLASS,
    HEADER_MESSAGE,
    HEADER_OFFSET,
    HEADER_PARTITION,
    HEADER_STAGE,
    HEADER_TOPIC,
    Reason,
    Stage,
)
from schemas.settings import Settings

pytestmark = pytest.mark.platform


def refused(offset: int, reason: str = "undecodable", **changes: Any) -> dict[str, Any]:
    """A record as ingest writes it."""
    headers = {
        HEADER_TOPIC: changes.pop("origin", "order-events"),
        HEADER_PARTITION: "1",
        HEADER_OFFSET: str(offset),
        HEADER_STAGE: "ingest",
        HEADER_CLASS: reason,
        HEADER_MESSAGE: f"problem [{offset}] ü",
    }
    return {"topic": "failed-events", "headers": headers, "value": b"\x00junk\xff"} | changes


def offsets(records: Any) -> list[int]:
    return [failed.offset for failed in records]


def test_a_refused_record_comes_back_whole(kafka: Settings, writer: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    writer.commit(refused(17, key=b"ada"))
    (failed,) = failed_events(kafka)
    assert failed == FailedEvent(
        failed_at=failed.failed_at,
        stage=Stage.INGEST,
        topic="order-events",
        partition=1,
        offset=17,
        reason=Reason.UNDECODABLE,
        message="problem [17] ü",
        key=b"ada",
        value=b"\x00junk\xff",
        failed_partition=0,
        failed_offset=failed.failed_offset,
        headers=tuple((name, str(value).encode()) for name, value in refused(17)["headers"].items()),
    )
    assert before <= failed.failed_at <= datetime.now(UTC)


def test_no_value_and_an_empty_value_are_told_apart(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1, "null_value", value=None, key=None), refused(2, "empty_value", value=b""))
    assert [(failed.key, failed.value) for failed in failed_events(kafka)] == [(None, None), (b"k", b"")]


def test_only_committed_records_are_read(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1), refused(2))
    writer.abort(refused(3))
    writer.commit(refused(4))
    with writer.open(refused(5)) as transaction:
        assert offsets(failed_events(kafka)) == [1, 2, 4]
        transaction.commit_transaction(20)
    assert offsets(failed_events(kafka)) == [1, 2, 4, 5]


def test_partitions_come_one_after_the_other(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1, partition=1), refused(2), refused(3, partition=1), refused(4))
    assert offsets(failed_events(kafka)) == [2, 4, 1, 3]


def test_records_are_chosen_by_reason_topic_and_number(kafka: Settings, writer: Any) -> None:
    writer.commit(
        refused(1), refused(2, "too_old"), refused(3, origin="user-events"), refused(4, "too_old", origin="user-events")
    )
    assert offsets(failed_events(kafka, reason=Reason.TOO_OLD)) == [2, 4]
    assert offsets(failed_events(kafka, topic="user-events")) == [3, 4]
    assert offsets(failed_events(kafka, reason=Reason.TOO_OLD, topic="user-events")) == [4]
    assert offsets(failed_events(kafka, limit=3)) == [1, 2, 3]
    assert offsets(failed_events(kafka, reason=Reason.TOO_OLD, limit=1)) == [2]


def test_what_is_written_while_one_reads_is_left_for_the_next_time(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1))
    records = failed_events(kafka)
    first = next(records)
    writer.commit(refused(2))
    assert first.offset == 1
    assert offsets(records) == []


def test_an_empty_topic_holds_no_refused_records(kafka: Settings) -> None:
    assert list(failed_events(kafka)) == []


def test_a_record_is_found_by_either_of_its_places(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1, partition=1), refused(2, partition=1))
    _, wanted = failed_events(kafka)
    assert failed_event_at(kafka, 1, wanted.failed_offset) == wanted
    assert failed_event_of(kafka, "order-events", 1, 2) == wanted


def test_a_place_without_a_refused_record_is_named(kafka: Settings, writer: Any) -> None:
    writer.commit(refused(1))
    (failed,) = failed_events(kafka)
    marker = failed.failed_offset + 1
    for partition, offset in ((0, marker), (0, marker + 50), (7, 0)):
        with pytest.raises(ConfigurationError, match=f"no record at partition {partition}, offset {offset}"):
            failed_event_at(kafka, partition, offset)
    with pytest.raises(ConfigurationError, match="no record that came from user-events/1/1"):
        failed_event_of(kafka, "user-events", 1, 1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"headers": None}, f"header {HEADER_STAGE} is missing"),
        ({"reason": "no_idea"}, "'no_idea' is not a valid Reason"),
    ],
)
def test_a_record_that_does_not_say_why_it_is_there_is_named(
    kafka: Settings, writer: Any, changes: dict[str, Any], problem: str
) -> None:
    writer.commit(refused(1, **changes))
    with pytest.raises(ContractError, match=rf"failed-events/0/\d+ does not say .*{problem}"):
        list(failed_events(kafka))


def test_a_broker_that_does_not_answer_is_named(kafka: Settings) -> None:
    port = free_base(random.Random(), (0,))
    away = kafka.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{port}", "http_timeout_seconds": 0.5})
    with pytest.raises(DependencyUnavailable, match=f"127.0.0.1:{port}"):
        list(failed_events(away))


@pytest.fixture
def shop(kafka: Settings) -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, ["failed", *arguments], env=kafka.environment())


def test_the_list_as_csv_holds_the_original_bytes(writer: Any, shop: Callable[..., Result]) -> None:
    writer.commit(refused(1, key=b"ada"), refused(2, "null_value", value=None), refused(3, "empty_value", value=b""))
    first, second, third = csv.DictReader(shop("list", "--format", "csv").stdout.splitlines())
    assert (first["topic"], first["partition"], first["offset"]) == ("order-events", "1", "1")
    assert (first["reason"], first["message"], first["size"]) == ("undecodable", "problem [1] ü", "6")
    assert (b64decode(first["key"]), b64decode(first["value"])) == (b"ada", b"\x00junk\xff")
    assert (second["size"], third["size"]) == ("", "0")


def test_the_list_as_json_holds_the_original_bytes(writer: Any, shop: Callable[..., Result]) -> None:
    writer.commit(refused(1), refused(2, "null_value", value=None, key=None))
    first, second = json.loads(shop("list", "--format", "json").stdout)
    assert b64decode(first["value"]) == b"\x00junk\xff"
    assert (second["key"], second["value"], second["size"]) == (None, None, None)
    assert datetime.fromisoformat(first["failed_at"]).utcoffset() == timedelta(0)


def test_the_list_as_a_table_shows_the_first_bytes(writer: Any, shop: Callable[..., Result]) -> None:
    writer.commit(refused(1), refused(2, "too_old"))
    answer = shop("list", "--reason", "undecodable")
    header, row = answer.stdout.splitlines()
    assert header.split() == ["topic", "partition", "offset", "reason", "message", "size", "first", "bytes"]
    assert row.split() == [
        *("order-events", "1", "1", "undecodable", "problem", "[1]", "ü", "6"),
        *("00", "6a", "75", "6e", "6b", "ff", "|.junk.|"),
    ]


def test_an_empty_list_says_so_beside_the_answer(kafka: Settings, shop: Callable[..., Result]) -> None:
    answer = shop("list")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.stderr == "No such record was refused.\n"
    assert shop("list", "--format", "json").stdout == "[]\n"


def test_an_unknown_topic_is_answered_with_the_known_ones(shop: Callable[..., Result]) -> None:
    answer = shop("list", "--topic", "orders")
    assert isinstance(answer.exception, ConfigurationError)
    assert "'orders' is no domain topic. Those are: user-events, product-events" in str(answer.exception)


def test_a_record_is_shown_with_headers_bytes_and_fields(
    kafka: Settings, writer: Any, shop: Callable[..., Result]
) -> None:
    registry = SchemaRegistry(kafka.registry_url)
    latest = registry.latest("order-events-value")
    registry.close()
    assert latest is not None
    event = {
        "event_id": "e-1",
        "event_type": "refund",
        "event_time": 0,
        "user_id": "ada",
        "source": "test",
        "value": Decimal("0.001"),
    }
    value = Encoder(load_schema("shop_event"), latest[0]).encode(event)
    writer.commit(refused(1, "missing_field", value=value))
    answer = shop("show", "order-events/1/1")
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert "reason     missing_field" in lines
    assert f"  {HEADER_MESSAGE}: problem [1] ü" in lines
    assert f"Value ({len(value)} bytes)" in lines
    assert f"  00000000  {value[:16].hex(' ')}" in answer.stdout
    assert '  event_type: "refund"' in lines
    assert '  value: "0.0010"' in lines


def test_a_record_that_cannot_be_decoded_is_shown_all_the_same(
    kafka: Settings, writer: Any, shop: Callable[..., Result]
) -> None:
    writer.commit(refused(1))
    (failed,) = failed_events(kafka)
    answer = shop("show", "0", str(failed.failed_offset))
    assert "  00000000  00 6a 75 6e 6b ff" in answer.stdout
    assert "Fields: cannot be decoded (unknown_schema_id: the registry has no schema 1786080875)" in answer.stdout


@pytest.mark.parametrize("place", ["order-events", "order-events/1", "order-events/one/1", "orders/1/1"])
def test_a_place_that_is_none_is_refused(place: str, shop: Callable[..., Result]) -> None:
    assert isinstance(shop("show", place).exception, ConfigurationError)
