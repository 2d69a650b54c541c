from __future__ import annotations

import base64

import pytest

from producers.collector.access import ANYBODY, RateLimit, WriteKeys, configured_keys
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from web.problems import Problem

KEYS = WriteKeys(("first", "second"))


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": basic("second:")},
        {b"authorization": b"Bearer second"},
        {b"x-api-key": b"second"},
    ],
)
def test_a_key_is_taken_from_each_header(headers: dict[bytes, bytes]) -> None:
    assert KEYS.key_in_headers(headers) == "second"


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": basic("third:")},
        {b"authorization": b"Basic ???"},
        {b"authorization": b"Bearer firstsecond"},
        {b"authorization": b"Digest first"},
        {b"x-api-key": b"f\xc3\xbcrst"},
    ],
)
def test_a_wrong_key_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Problem) as refused:
        KEYS.key_in_headers(headers)
    assert refused.value.type.status == 401


def test_without_a_header_the_body_must_have_the_key() -> None:
    assert KEYS.key_in_headers({}) is None
    assert KEYS.key_in_body({"writeKey": "first"}) == "first"
    for body in ({}, {"writeKey": 5}, {"writeKey": "fir"}, [], "first"):
        with pytest.raises(Problem):
            KEYS.key_in_body(body)


def test_without_keys_everybody_may_send() -> None:
    assert WriteKeys(()).key_in_headers({b"x-api-key": b"whatever"}) == ANYBODY


def test_a_collector_for_others_needs_a_key() -> None:
    assert configured_keys(Settings(collector_host="127.0.0.1")) == ()
    assert configured_keys(Settings(collector_host="0.0.0.0", collector_write_keys=" a, b ,")) == ("a", "b")
    with pytest.raises(ConfigurationError, match="SHOP_COLLECTOR_WRITE_KEYS"):
        configured_keys(Settings(collector_host="0.0.0.0"))


def test_keys_do_not_show_in_what_settings_print() -> None:
    assert "sesame" not in repr(Settings(collector_write_keys="sesame"))


def test_a_key_sends_its_burst_then_its_rate() -> None:
    now = [0.0]
    limit = RateLimit(10, 100, lambda: now[0])
    limit.take("k", 60)
    limit.take("k", 60)  # overdraws by 20
    with pytest.raises(Problem) as refused:
        limit.take("k", 1)
    assert refused.value.retry_after_seconds == 3
    limit.take("another", 1)
    now[0] = 3.0
    limit.take("k", 1)
    now[0] = 1000.0
    limit.take("k", 100)
    with pytest.raises(Problem):
        limit.take("k", 1)


def test_a_rate_of_nothing_is_no_limit() -> None:
    limit = RateLimit(0, 1, lambda: 0.0)
    for _ in range(3):
        limit.take("k", 10**9)
