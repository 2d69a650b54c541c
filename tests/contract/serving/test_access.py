"""Which requests are allowed to whom: API keys, users' tokens, scopes, origins."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest

from schemas.errors import ConfigurationError
from schemas.settings import Settings
from serving.access import Access
from tests.contract.serving.conftest import Make
from tests.support.serving import Service

SECRET = "a secret that is long enough for any HMAC: more than forty-eight bytes"


@pytest.fixture(scope="module")
def guarded(make: Make) -> Service:
    return make(
        serving_api_keys="everything, reader:recommend, eraser:recommend+erase",
        serving_jwt_key=SECRET,
        serving_jwt_audience="shop",
        serving_allowed_origins="https://shop.example",
    )


def token(key: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    payload = {"sub": "ann", "aud": "shop", "exp": time.time() + 60, **claims}
    return jwt.encode({name: value for name, value in payload.items() if value is not None}, key, algorithm)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def status(answer: httpx.Response) -> int:
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code


def test_a_key_is_asked_for(guarded: Service) -> None:
    for headers in (
        {},
        {"X-API-Key": "wrong"},
        bearer("wrong"),
        {"Authorization": "Bearer"},
        {"Authorization": "Basic ???"},
    ):
        refused = guarded.http.get("/v1/recommend/ann", headers=headers)
        assert status(refused) == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="recommendations"'
    for headers in ({"X-API-Key": "everything"}, bearer("everything"), {"X-API-Key": "reader"}):
        assert status(guarded.http.get("/v1/recommend/ann", headers=headers)) == 200


def test_a_key_allows_what_its_scopes_say(guarded: Service) -> None:
    def may(key: str) -> tuple[int, int, int]:
        headers = {"X-API-Key": key}
        return (
            status(guarded.http.get("/v1/recommend/eve", headers=headers)),
            status(guarded.http.get("/v1/users/eve/history", headers=headers)),
            status(guarded.http.delete("/v1/users/eve", headers=headers)),
        )

    assert (may("everything"), may("reader"), may("eraser")) == ((200, 200, 204), (200, 403, 403), (200, 403, 204))


def test_a_user_reads_what_is_the_users_and_nothing_else(guarded: Service) -> None:
    headers = bearer(token())
    own = [("GET", "/v1/recommend/ann"), ("GET", "/v1/recommend/ann?explain=true"), ("GET", "/v1/users/ann/history")]
    others = [("GET", path.replace("ann", "ben")) for _, path in own]
    for method, path in own:
        assert status(guarded.http.request(method, path, headers=headers)) == 200
    for method, path in [*others, ("DELETE", "/v1/users/ben"), ("DELETE", "/v1/users/ann")]:
        assert status(guarded.http.request(method, path, headers=headers)) == 403
    for path, body in [
        ("recommend", {"user_id": "ben"}),
        ("recommend:batch", {"requests": [{"user_id": "ann"}, {"user_id": "ben"}]}),
        ("rank", {"user_id": "ben", "items": ["p1"]}),
    ]:
        assert status(guarded.http.post(f"/v1/{path}", json=body, headers=headers)) == 403
    assert status(guarded.http.get("/v1/popular", headers=headers)) == 200
    assert status(guarded.http.get("/v1/recommend/an%6E", headers=headers)) == 200
    for path in ("ann%2F..%2Fben", "ann/../ben", "ANN", "ann%00", "ann%20", "%61nn%2f"):
        assert status(guarded.http.get(f"/v1/recommend/{path}", headers=headers)) in (403, 404)


def unsigned(header: dict[str, str]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part({'sub': 'ann', 'aud': 'shop', 'exp': time.time() + 60})}."


@pytest.mark.parametrize(
    "text",
    [
        token(exp=time.time() - 1),
        token(exp=None),
        token(sub=None),
        token(sub=""),
        token(aud=None),
        token(aud="another"),
        token(key="another secret, as long as the one that is ours and more"),
        token(algorithm="HS384"),
        unsigned({"alg": "none", "typ": "JWT"}),
        unsigned({"alg": "HS256", "typ": "JWT"}),
        "a.b.c",
        "ü.ü.ü",
    ],
)
def test_a_token_that_is_not_ours_is_refused(guarded: Service, text: str) -> None:
    assert status(guarded.http.get("/v1/recommend/ann", headers={b"Authorization": b"Bearer " + text.encode()})) == 401


def test_a_token_that_was_good_is_refused_once_it_expires() -> None:
    now = time.time()
    times = iter([now, now + 100])
    access = Access(Settings(serving_jwt_key=SECRET), lambda: next(times))  # type: ignore[arg-type]
    headers = {b"authorization": b"Bearer " + token(aud=None, exp=now + 50).encode()}
    assert access.principal(headers).user_id == "ann"
    with pytest.raises(Exception, match="expired"):
        access.principal(headers)


def test_a_tokens_scopes_are_those_it_names(guarded: Service) -> None:
    assert status(guarded.http.delete("/v1/users/ann2", headers=bearer(token(sub="ann2", scope="erase")))) == 204
    assert status(guarded.http.get("/v1/recommend/ann", headers=bearer(token(scope="erase")))) == 403


def test_pages_of_the_shop_may_ask(guarded: Service) -> None:
    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    allowed = guarded.http.options("/v1/recommend/ann", headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    refused = guarded.http.options("/v1/recommend/ann", headers={**preflight, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers


def test_a_service_for_others_needs_a_key() -> None:
    with pytest.raises(ConfigurationError, match="SHOP_SERVING_API_KEYS"):
        Access(Settings(serving_host="0.0.0.0"), time.time)
    with pytest.raises(ConfigurationError, match="32 bytes"):
        Access(Settings(serving_jwt_key="short"), time.time)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="unknown scope everything"):
        Access(Settings(serving_api_keys="key:everything"), time.time)  # type: ignore[arg-type]
