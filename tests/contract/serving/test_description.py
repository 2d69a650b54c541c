"""The OpenAPI document and the service say the same, whatever is sent."""

from __future__ import annotations

import json

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import unsupported_method

from tests.support.serving import Service

TRIES = 40
HOSTILE = 1_000
PATHS = (
    "/v1/recommend/{}",
    "/v1/items/{}/similar",
    "/v1/items/{}/bought-together",
    "/v1/users/{}/history",
    "/v1/popular",
    "/v1/newest",
    "/v1/{}",
)
BODIES = ("/v1/recommend", "/v1/recommend:batch", "/v1/session/recommend", "/v1/rank")

NASTY = st.sampled_from(
    ["", "'", '"', "\\", "\r\n", "\x00", "../..", "%", "*", "{}", "ü", "\u202e", "NaN", "-1", "1e999", "0x10", "[]"]
) | st.text(max_size=30)
NAMES = st.sampled_from(["n", "offset", "category", "exclude", "scenario", "explain", "window", "user_id", "items"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | NASTY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | NASTY, inner, max_size=5),
    max_leaves=15,
)


def test_the_service_does_what_its_description_says(service: Service) -> None:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert len(operations) == 15
    for operation in operations:
        strategy = operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

        @settings(
            max_examples=TRIES,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def conforms(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=[unsupported_method])

        conforms()


OFTEN = settings(max_examples=HOSTILE // 2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.characters(codec="utf-8")


@OFTEN
@given(
    path=st.sampled_from(PATHS),
    name=st.text(TEXT, max_size=300).map(str.encode) | st.binary(),
    query=st.dictionaries(NAMES | st.text(TEXT, max_size=9), NASTY.filter(str.isprintable), max_size=4),
)
def test_a_hostile_address_never_breaks_the_service(
    service: Service, path: str, name: bytes, query: dict[str, str]
) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in name)
    answer = service.http.get(httpx.URL(service.url + path.format(quoted), params=query))
    assert answer.status_code in (200, 404, 405, 422)


@OFTEN
@given(path=st.sampled_from(BODIES), body=JSON | st.binary(max_size=50), is_nearly_right=st.booleans())
def test_a_hostile_body_never_breaks_the_service(
    service: Service, path: str, body: object, is_nearly_right: bool
) -> None:
    if is_nearly_right and isinstance(body, dict):
        body = {"user_id": "ann", "items": ["p1"], **body}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = service.http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 422)
