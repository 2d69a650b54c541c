from __future__ import annotations

import time

import jwt
import pytest

from dashboards.service.access import Access, ended_session, session_cookie
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from web.problems import Problem

SECRET = "0123456789abcdef0123456789abcdef"
HOST = {b"host": b"127.0.0.1:19880"}


def access(**values: str) -> Access:
    return Access(Settings.model_validate(values))


def refusal(checked: Access, headers: dict[bytes, bytes]) -> int:
    with pytest.raises(Problem) as problem:
        checked.check(headers)
    return problem.value.type.status


def token(**claims: object) -> bytes:
    return jwt.encode({"sub": "ada", "exp": time.time() + 60, **claims}, SECRET, "HS256").encode()


@pytest.mark.parametrize("host", [b"127.0.0.1:19880", b"localhost:19880", b"localhost", b"[::1]:19880"])
def test_without_keys_anybody_of_this_machine_may_look(host: bytes) -> None:
    access().check({b"host": host})


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"localhost.evil.example:80", b""])
def test_without_keys_no_other_name_leads_here(host: bytes) -> None:
    assert refusal(access(), {b"host": host}) == 421


def test_without_keys_it_listens_on_loopback_alone() -> None:
    with pytest.raises(ConfigurationError, match="SHOP_DASHBOARD_API_KEYS"):
        access(dashboard_host="0.0.0.0")


def test_a_key_is_taken_from_each_place_and_no_other_is() -> None:
    keyed = access(dashboard_host="0.0.0.0", dashboard_api_keys="k1, k2")

    keyed.check({b"x-api-key": b"k1"})
    keyed.check({b"authorization": b"Bearer k2"})
    keyed.check({b"cookie": session_cookie({b"x-api-key": b"k2"}, False).split(";")[0].encode()})
    assert refusal(keyed, {}) == 401
    assert refusal(keyed, {b"x-api-key": b"k3"}) == 401
    assert refusal(keyed, {b"cookie": b"shop_dashboard=zz"}) == 401


def test_keys_are_asked_for_on_loopback_too_once_there_are_any() -> None:
    assert refusal(access(dashboard_api_keys="k1"), HOST) == 401


def test_a_user_s_token_needs_the_scope_admin() -> None:
    keyed = access(serving_jwt_key=SECRET, dashboard_host="0.0.0.0")

    keyed.check({b"authorization": b"Bearer " + token(scope="recommend admin")})
    assert refusal(keyed, {b"authorization": b"Bearer " + token(scope="administrator")}) == 401
    assert refusal(keyed, {b"authorization": b"Bearer " + token()}) == 401
    assert refusal(keyed, {b"authorization": b"Bearer " + token(scope="admin", exp=time.time() - 1)}) == 401


def test_a_session_s_cookie_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    cookie = session_cookie({b"authorization": b"Bearer k1"}, True)

    assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]
    assert "Secure" not in session_cookie({b"authorization": b"Bearer k1"}, False)
    assert ended_session(False).endswith("Max-Age=0")


def test_a_page_of_elsewhere_opens_no_websocket() -> None:
    access().check_origin(HOST | {b"origin": b"http://127.0.0.1:19880"})
    access().check_origin(HOST)  # no browser
    with pytest.raises(Problem):
        access().check_origin(HOST | {b"origin": b"https://evil.example"})
