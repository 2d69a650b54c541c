"""Who sends a request, and what that allows: API keys of services, JSON Web Tokens of users.

A service with a key may send requests for any user. A user with a token may do so for nobody else (OWASP API1:2023).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jwt

from schemas.errors import ConfigurationError
from schemas.settings import Settings
from serving.problems import FORBIDDEN
from web.access import credential, is_loopback, split_list
from web.problems import UNAUTHORIZED, Problem

MIN_SECRET_BYTES: Final = 32
MAX_TOKENS: Final = 4096
"""Tokens whose signature is remembered as checked."""


class Scope(StrEnum):
    """What a key or a token may allow."""

    RECOMMEND = "recommend"
    HISTORY = "history"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Principal:
    """The client that sends a request.

    Attributes:
        name: For the log and the rate limit; tells nothing of the key.
        scopes: What is allowed.
        user_id: The only user whom its requests may be about; None for any.
    """

    name: str
    scopes: frozenset[Scope]
    user_id: str | None = None

    def require(self, scope: Scope, user_id: str | None = None) -> None:
        """Refuse what is not allowed.

        Raises:
            Problem: It is not.
        """
        if scope not in self.scopes:
            raise Problem(FORBIDDEN, f"This needs the scope {scope}.")
        if self.user_id is not None and user_id is not None and user_id != self.user_id:
            raise Problem(FORBIDDEN, "A user's token allows nothing of another user.")


ANYBODY: Final = Principal("anybody", frozenset(Scope))


class Access:
    """Knows the keys, and checks tokens.

    Args:
        settings: Keys, and how tokens are signed.
        clock: Seconds since the epoch.

    Raises:
        ConfigurationError: Anybody could send requests although others than this machine's programs can connect, or
            the tokens' secret is too short, or a scope is unknown.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._keys = dict(map(_key_entry, split_list(settings.serving_api_keys.get_secret_value())))
        self._tokens = Tokens(settings) if settings.serving_jwt_key.get_secret_value() else None
        self._bearers: dict[bytes, tuple[Principal, float]] = {}
        self.is_open = not self._keys and self._tokens is None
        if self.is_open and not is_loopback(settings.serving_host):
            message = (
                f"The recommendations would listen on {settings.serving_host} and answer anybody: "
                "set SHOP_SERVING_API_KEYS or SHOP_SERVING_JWT_KEY, or SHOP_SERVING_HOST to a loopback address."
            )
            raise ConfigurationError(message)

    def principal(self, headers: dict[bytes, bytes]) -> Principal:
        """Who sends these headers: ``X-API-Key``, or a key or token as bearer.

        Raises:
            Problem: Nobody who may send requests.
        """
        if self.is_open:
            return ANYBODY
        secret = headers.get(b"x-api-key") or credential(headers.get(b"authorization", b""))
        if not secret:
            raise _refused("Send an API key as X-API-Key, or a key or a user's token as bearer token.")
        # Looked up by its digest: how long that takes tells nothing of the keys.
        known = self._keys.get(hashlib.sha256(secret).digest())
        if known is not None:
            return known
        if self._tokens is None:
            raise _refused("The key is not known.")
        return self._bearer_of(self._tokens, secret)

    def _bearer_of(self, tokens: Tokens, token: bytes) -> Principal:
        bearer = self._bearers.get(token)
        if bearer is None:
            claims = tokens.claims_of(token)
            bearer = Principal(f"user:{claims['sub']}", _scopes_of(claims), claims["sub"]), float(claims["exp"])
            if len(self._bearers) >= MAX_TOKENS:
                self._bearers.clear()
            self._bearers[token] = bearer
        principal, expires = bearer
        if expires <= self._clock():
            raise _refused("The token has expired.")
        return principal


class Tokens:
    """Checks users' JSON Web Tokens.

    Args:
        settings: How tokens are signed.

    Raises:
        ConfigurationError: The tokens' secret is too short.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = settings.serving_jwt_key.get_secret_value()
        self._algorithm: str = settings.serving_jwt_algorithm
        self._audience = settings.serving_jwt_audience or None
        self._issuer = settings.serving_jwt_issuer or None
        if self._algorithm.startswith("HS") and len(self._key.encode()) < MIN_SECRET_BYTES:
            message = f"SHOP_SERVING_JWT_KEY has fewer than the {MIN_SECRET_BYTES} bytes that HS256 needs."
            raise ConfigurationError(message)

    def claims_of(self, token: bytes) -> dict[str, Any]:
        """What a valid token says; its user among it.

        Raises:
            Problem: It is not valid.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],  # never what the token says of itself
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except (jwt.InvalidTokenError, UnicodeError, ValueError) as error:
            raise _refused("The token is not valid: " + _plain(error)) from error
        if not claims["sub"]:
            raise _refused("The token names no user.")
        return claims


def _scopes_of(claims: dict[str, Any]) -> frozenset[Scope]:
    """The scopes of a token's ``scope`` claim (RFC 8693); without one a user may see what is the user's."""
    if "scope" not in claims:
        return frozenset({Scope.RECOMMEND, Scope.HISTORY})
    named = str(claims["scope"]).split()
    return frozenset(scope for scope in Scope if scope in named)


def _key_entry(text: str) -> tuple[bytes, Principal]:
    """``key`` or ``key:scope+scope``; without scopes everything is allowed."""
    key, _, scopes = text.partition(":")
    named = scopes.split("+") if scopes else list(Scope)
    if unknown := set(named) - set(Scope):
        message = f"SHOP_SERVING_API_KEYS names the unknown scope {', '.join(sorted(unknown))}: use {', '.join(Scope)}."
        raise ConfigurationError(message)
    digest = hashlib.sha256(key.encode()).digest()
    return digest, Principal(f"key:{digest.hex()[:8]}", frozenset(map(Scope, named)))


def _refused(detail: str) -> Problem:
    return Problem(UNAUTHORIZED, detail, headers=((b"www-authenticate", b'Bearer realm="recommendations"'),))


def _plain(error: Exception) -> str:
    return str(error).rstrip(".").encode("ascii", "replace").decode()[:200]
