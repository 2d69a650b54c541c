"""Who may see the dashboard: holders of a key, and of a user's token whose scope has ``admin``.

Without keys anybody may, and the service listens on loopback alone. It answers then only by a loopback's name, so that
no page of elsewhere can read the shop's figures by a name of its own that leads here (DNS rebinding).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from dashboards.service.problems import WRONG_HOST
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from serving.access import Tokens
from web.access import credential, is_loopback, split_list
from web.problems import UNAUTHORIZED, Problem

COOKIE: Final = "shop_dashboard"
ADMIN: Final = "admin"


class Access:
    """Knows the keys, and checks tokens.

    Args:
        settings: Keys, and how tokens are signed.

    Raises:
        ConfigurationError: Anybody could see the figures although others than this machine's programs can connect.
    """

    def __init__(self, settings: Settings) -> None:
        keys = split_list(settings.dashboard_api_keys.get_secret_value())
        self._keys = {hashlib.sha256(key.encode()).digest() for key in keys}
        self._tokens = Tokens(settings) if settings.serving_jwt_key.get_secret_value() else None
        self.is_open = not self._keys and is_loopback(settings.dashboard_host)
        if not self._keys and self._tokens is None and not self.is_open:
            message = (
                f"The dashboard would listen on {settings.dashboard_host} and show the shop's figures to anybody: "
                "set SHOP_DASHBOARD_API_KEYS or SHOP_SERVING_JWT_KEY, or SHOP_DASHBOARD_HOST to a loopback address."
            )
            raise ConfigurationError(message)

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Refuse who may not see the dashboard.

        Args:
            headers: The request's, names in lower case.

        Raises:
            Problem: No valid key or token, or a name that does not lead here.
        """
        if self.is_open:
            _check_host(headers)
            return
        secret = headers.get(b"x-api-key") or credential(headers.get(b"authorization", b"")) or _cookie(headers)
        if not secret:
            raise _refused("Send a key as X-API-Key, or a key or a user's token as bearer token.")
        # Looked up by its digest: how long that takes tells nothing of the keys.
        if hashlib.sha256(secret).digest() in self._keys:
            return
        if self._tokens is None:
            raise _refused("The key is not known.")
        if ADMIN not in str(self._tokens.claims_of(secret).get("scope", "")).split():
            raise _refused("The token's scope does not have 'admin'.")

    def check_origin(self, headers: Mapping[bytes, bytes]) -> None:
        """Refuse a page of elsewhere, which browsers let open WebSockets to anywhere.

        Raises:
            Problem: The page is not of this origin.
        """
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1"):
            raise Problem(WRONG_HOST, "The page is not of this origin.")


def session_cookie(headers: Mapping[bytes, bytes], is_encrypted: bool) -> str:
    """The Set-Cookie header that stands for the key or token in these headers.

    Args:
        headers: The request's, names in lower case.
        is_encrypted: Whether it came by HTTPS; then the cookie never goes by anything else.
    """
    secret = headers.get(b"x-api-key") or credential(headers.get(b"authorization", b"")) or b""
    return _set_cookie(secret.hex(), is_encrypted)


def ended_session(is_encrypted: bool) -> str:
    """The Set-Cookie header that ends a session."""
    return _set_cookie("", is_encrypted) + "; Max-Age=0"


def _set_cookie(value: str, is_encrypted: bool) -> str:
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if is_encrypted else "")


def _cookie(headers: Mapping[bytes, bytes]) -> bytes:
    try:
        morsel = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
        return bytes.fromhex(morsel.value) if morsel else b""
    except (CookieError, ValueError):
        return b""


def _check_host(headers: Mapping[bytes, bytes]) -> None:
    host = headers.get(b"host", b"").decode("latin-1")
    name = urlsplit(f"//{host}").hostname or ""
    if not is_loopback(name):
        raise Problem(WRONG_HOST, "Without keys the dashboard answers as localhost or 127.0.0.1 alone.")


def _refused(detail: str) -> Problem:
    return Problem(UNAUTHORIZED, detail, headers=((b"www-authenticate", b'Bearer realm="dashboard"'),))
