from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.errors import RegistryUnavailable
from jobs.ingest.decoder import EventDecoder
from schemas.codec import Encoder
from schemas.failures import Failure, Reason

Purchase = Callable[..., dict[str, Any]]


def reason(decoded: dict[str, Any] | Failure) -> Reason:
    assert isinstance(decoded, Failure), decoded
    return decoded.reason


def test_a_record_decodes_to_what_was_encoded(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    decoded = EventDecoder(registry).decode(encoder.encode(purchase()))

    assert isinstance(decoded, dict)
    lines = [line | {"category": None} for line in purchase()["items"]]
    assert {name: decoded[name] for name in purchase()} == purchase(items=lines)
    assert decoded["search_query"] is None
    assert decoded["properties"] == {}


def test_a_record_of_an_older_version_gets_the_defaults_of_new_fields(
    registry: Any, old_encoder: Encoder, purchase: Purchase
) -> None:
    decoded = EventDecoder(registry).decode(old_encoder.encode(purchase()))

    assert isinstance(decoded, dict)
    assert decoded["order_id"] == "o-1"
    assert decoded["model_version"] is None


def test_a_rewritten_record_keeps_its_schema_version(registry: Any, old_encoder: Encoder, purchase: Purchase) -> None:
    decoder = EventDecoder(registry)
    value = old_encoder.encode(purchase(event_type="ORDER_PLACED"))
    event = decoder.decode(value)
    assert isinstance(event, dict)

    assert decoder.renamed(value, "purchase") == old_encoder.encode(purchase())


def test_each_kind_of_junk_has_its_reason(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    decoder = EventDecoder(registry)
    good = encoder.encode(purchase())

    assert reason(decoder.decode(None)) is Reason.NULL_VALUE
    assert reason(decoder.decode(b"")) is Reason.EMPTY_VALUE
    assert reason(decoder.decode(b"\x01" + good[1:])) is Reason.WRONG_MAGIC_BYTE
    assert reason(decoder.decode(b"\x00\x00\x00\x00\x63" + good[5:])) is Reason.UNKNOWN_SCHEMA_ID
    assert reason(decoder.decode(b"\x00\x00\x00\x00\x09" + good[5:])) is Reason.WRONG_SCHEMA
    assert reason(decoder.decode(b"\x00\x00")) is Reason.UNDECODABLE
    assert reason(decoder.decode(good + b"\x00")) is Reason.TRAILING_BYTES


def test_a_record_cut_anywhere_is_refused(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    decoder = EventDecoder(registry)
    good = encoder.encode(purchase())

    reasons = {reason(decoder.decode(good[:length])) for length in range(5, len(good))}

    assert reasons == {Reason.UNDECODABLE}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=400), header=st.sampled_from([b"", b"\x00\x00\x00\x00\x07", b"\x00\x00\x00\x00\x03"]))
def test_no_bytes_whatever_raise_anything(registry: Any, payload: bytes, header: bytes) -> None:
    assert isinstance(EventDecoder(registry).decode(header + payload), dict | Failure)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_record_raises_anything(
    registry: Any, encoder: Encoder, purchase: Purchase, data: st.DataObject
) -> None:
    value = bytearray(encoder.encode(purchase()))
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(5, len(value) - 1))] = data.draw(st.integers(0, 255))

    assert isinstance(EventDecoder(registry).decode(bytes(value)), dict | Failure)


def test_a_schema_is_asked_for_once(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    decoder = EventDecoder(registry)
    for _ in range(3):
        decoder.decode(encoder.encode(purchase()))

    assert registry.asked == [7]


def test_an_unknown_schema_is_asked_for_again_after_a_while(registry: Any) -> None:
    now = [0.0]
    decoder = EventDecoder(registry, clock=lambda: now[0])
    unknown = b"\x00\x00\x00\x00\x63" + b"x"

    decoder.decode(unknown)
    decoder.decode(unknown)
    now[0] = 31.0
    decoder.decode(unknown)

    assert registry.asked == [99, 99]


def test_a_registry_that_is_away_is_waited_for(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    registry.away = True
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        registry.away = len(naps) < 3

    decoded = EventDecoder(registry, clock=lambda: 0.0, sleep=sleep).decode(encoder.encode(purchase()))

    assert isinstance(decoded, dict)
    assert naps == [1.0, 1.0, 1.0]


def test_a_registry_that_stays_away_is_an_error_and_no_rejection(
    registry: Any, encoder: Encoder, purchase: Purchase
) -> None:
    registry.away = True
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(RegistryUnavailable):
        EventDecoder(registry, patience_seconds=5, clock=lambda: now[0], sleep=sleep).decode(encoder.encode(purchase()))
    assert now == [5.0]


def test_a_registry_that_forgot_everything_is_not_believed(registry: Any, encoder: Encoder, purchase: Purchase) -> None:
    registry.forgot = True

    with pytest.raises(RegistryUnavailable, match="lost the schema"):
        EventDecoder(registry, patience_seconds=0, clock=lambda: 0.0).decode(encoder.encode(purchase()))
