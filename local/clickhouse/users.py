"""Who may use this ClickHouse, read from a file of JSON.

    {"default":   {"password": ""},
     "sink":      {"password": "...", "databases": ["shop"]},
     "dashboard": {"password_sha256_hex": "...", "settings": {"readonly": "2", "max_threads": "2"}}}

``databases`` bounds what a user sees and changes; without it there is no bound but this process's files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, Final

from local.clickhouse.errors import ErrorCode, QueryError
from schemas.errors import ConfigurationError

_FIELDS: Final = frozenset({"password", "password_sha256_hex", "settings", "databases"})


@dataclass(frozen=True)
class Credentials:
    """A user's name and password, as a client gives them."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class User:
    """One user.

    Attributes:
        name: As clients give it.
        password_digest: SHA-256 of the password.
        settings: What every connection of the user begins with; ``readonly`` among them.
        databases: What the user is bound to; None is no bound.
    """

    name: str
    password_digest: bytes = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] | None = None

    @property
    def role(self) -> str | None:
        """Name of the engine's role that binds the user to its databases."""
        if self.databases is None:
            return None
        return "bound_" + hashlib.sha256(self.name.encode()).hexdigest()[:16]

    @property
    def is_frozen(self) -> bool:
        """Whether the user may not even change a setting (``readonly=1``)."""
        return self.settings.get("readonly") == "1"

    @property
    def has_no_password(self) -> bool:
        """Whether any client can be this user."""
        return hmac.compare_digest(self.password_digest, _digest(""))


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode(errors="surrogateescape")).digest()


class Users:
    """All users, by name."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = dict(users)

    @classmethod
    def only_default(cls) -> Users:
        """The one user of a fresh server: ``default``, without a password."""
        return cls({"default": User("default", _digest(""))})

    @classmethod
    def read(cls, path: Path) -> Users:
        """The users of a file.

        Raises:
            ConfigurationError: The file cannot be read, is not JSON, or has invalid values.
        """
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            message = f"The file of users {path} cannot be read: {error}"
            raise ConfigurationError(message) from None
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            message = f"The file of users {path} must hold an object: name -> {{password, settings, databases}}"
            raise ConfigurationError(message)
        return cls({name: _read_user(path, name, entry) for name, entry in entries.items()})

    def __iter__(self) -> Iterator[User]:
        """The users, in the order of the file."""
        return iter(self._users.values())

    def authenticate(self, credentials: Credentials) -> User:
        """The user that the credentials prove; takes the same time whatever is wrong.

        Raises:
            QueryError: There is no such user, or the password is wrong.
        """
        user = self._users.get(credentials.name)
        expected = user.password_digest if user else bytes(32)
        right = hmac.compare_digest(expected, _digest(credentials.password))
        if user is None or not right:
            raise _failed(credentials.name)
        return user


def _failed(name: str) -> QueryError:
    return QueryError.named(
        ErrorCode.AUTHENTICATION_FAILED,
        f"{name}: Authentication failed: password is incorrect, or there is no user with such name.",
    )


def _read_user(path: Path, name: str, entry: Mapping[str, Any]) -> User:
    if unknown := entry.keys() - _FIELDS:
        message = f"{path}: user {name!r} has unknown fields {sorted(unknown)}; known are {sorted(_FIELDS)}"
        raise ConfigurationError(message)
    databases = entry.get("databases")
    return User(
        name,
        _read_password(path, name, entry),
        {key: _as_setting(value) for key, value in entry.get("settings", {}).items()},
        None if databases is None else tuple(databases),
    )


def _read_password(path: Path, name: str, entry: Mapping[str, Any]) -> bytes:
    if "password" in entry:
        return _digest(str(entry["password"]))
    try:
        digest = bytes.fromhex(entry["password_sha256_hex"])
    except (KeyError, TypeError, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        message = f"{path}: user {name!r} needs a password, or a password_sha256_hex of 64 hexadecimal digits"
        raise ConfigurationError(message)
    return digest


def _as_setting(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def read_credentials(headers: Message, parameters: Mapping[str, str]) -> Credentials:
    """The credentials of a request: from ClickHouse's headers, HTTP Basic, or the URL; in this order.

    Raises:
        QueryError: There is an Authorization header that is not HTTP Basic.
    """
    if (name := headers.get("X-ClickHouse-User")) is not None:
        return Credentials(name or "default", headers.get("X-ClickHouse-Key", ""))
    if authorization := headers.get("Authorization"):
        return _read_basic(authorization)
    return Credentials(parameters.get("user") or "default", parameters.get("password", ""))


def _read_basic(authorization: str) -> Credentials:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise QueryError.named(
            ErrorCode.AUTHENTICATION_FAILED, f"Authorization by {scheme} is not supported: use Basic"
        )
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise QueryError.named(ErrorCode.AUTHENTICATION_FAILED, "The Basic credentials are not base64") from None
    return Credentials(name or "default", password)
