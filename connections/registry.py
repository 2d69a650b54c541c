"""The schema registry, by Confluent's own client; Apicurio speaks the same REST interface."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from connections.errors import RegistryUnavailable
from schemas.errors import ContractError, IncompatibleSchema

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import RegisteredSchema

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
TIMEOUT_SECONDS: Final = 5.0
logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client's, which has a line for each call

_T = TypeVar("_T")
_COME_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class RegistryAddress(Protocol):
    """What a client must know of the registry; Settings do."""

    @property
    def registry_url(self) -> str:
        """Where it is."""
        ...

    @property
    def registry_user(self) -> str:
        """Who asks; "" where the registry asks nobody for a name."""
        ...

    @property
    def registry_password(self) -> SecretStr:
        """The user's password."""
        ...

    @property
    def http_timeout_seconds(self) -> float:
        """How long it may be silent."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """A RegistryAddress without the rest of the settings."""

    registry_url: str
    registry_user: str = ""
    registry_password: SecretStr = field(default_factory=lambda: SecretStr(""))
    http_timeout_seconds: float = TIMEOUT_SECONDS


def url_with_credentials(address: RegistryAddress) -> str:
    """The URL with user and password in it, for programs that take them nowhere else; not to be printed."""
    if not address.registry_user:
        return address.registry_url
    user, password = address.registry_user, address.registry_password.get_secret_value()
    scheme, _, rest = address.registry_url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


class SchemaRegistry:
    """One registry. Calls are not repeated: whoever can wait repeats them.

    Args:
        url: Root of the interface, for example ``http://127.0.0.1:8081``.
        timeout_seconds: Bound on each call.
        user: Name for HTTP's basic authentication; "" for none.
        password: Its password.
    """

    def __init__(
        self,
        url: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        user: str = "",
        password: SecretStr | None = None,
    ) -> None:
        from confluent_kafka.schema_registry import SchemaRegistryClient  # loads an HTTP client and OAuth

        self.url = url.rstrip("/")
        options: dict[str, Any] = {"url": self.url, "timeout": timeout_seconds, "max.retries": 0}
        if user:
            options["basic.auth.user.info"] = f"{user}:{password.get_secret_value() if password else ''}"
        self._client = SchemaRegistryClient(options)

    @classmethod
    def of(cls, address: RegistryAddress) -> Self:
        """The registry of some settings."""
        return cls(address.registry_url, address.http_timeout_seconds, address.registry_user, address.registry_password)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def register(self, subject: str, schema: str) -> int:
        """Register a schema under ``subject`` and return its id; the same schema keeps its id.

        Raises:
            IncompatibleSchema: Readers of the new schema could not read older records.
            RegistryUnavailable: No answer, or an answer that the registry is not ready.
            ContractError: The registry refuses the call.
        """
        from confluent_kafka.schema_registry import Schema
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        with self._errors():
            try:
                return int(self._client.register_schema(subject, Schema(schema, "AVRO")))
            except SchemaRegistryError as error:
                if error.http_status_code == HTTPStatus.CONFLICT:
                    raise IncompatibleSchema(subject, str(error.error_message)) from error
                raise

    def set_compatibility(self, subject: str, level: str = COMPATIBILITY) -> None:
        """Set the compatibility level of one subject."""
        with self._errors():
            self._client.set_compatibility(subject, level)

    def schema_of(self, schema_id: int) -> str | None:
        """The text of the schema with this id; None when the registry says that there is none."""
        schema = self._unless((HTTPStatus.NOT_FOUND,), lambda: self._client.get_schema(schema_id))
        return None if schema is None else schema.schema_str

    def latest(self, subject: str) -> tuple[int, str] | None:
        """Id and text of the newest schema of ``subject``; None when nothing is registered."""
        self._client.clear_latest_caches()  # the client would give for ever what it was given once
        newest = self._unless((HTTPStatus.NOT_FOUND,), lambda: self._client.get_latest_version(subject))
        return None if newest is None else (_id_of(newest), str(newest.schema.schema_str))

    def id_of_version(self, subject: str, version: int) -> int | None:
        """Id of a version of ``subject``, the first being 1; None when it has no such version."""
        unknown = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
        registered = self._unless(unknown, lambda: self._client.get_version(subject, version))
        return None if registered is None else _id_of(registered)

    def _unless(self, statuses: tuple[HTTPStatus, ...], call: Callable[[], _T]) -> _T | None:
        """What a call returns; None where the registry answers with one of these statuses."""
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        with self._errors():
            try:
                return call()
            except SchemaRegistryError as error:
                if error.http_status_code not in statuses:
                    raise
        return None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What the client raises, as ours."""
        import httpx2
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            yield
        except httpx2.HTTPError as error:
            raise RegistryUnavailable(self.url, repr(error)) from error
        except SchemaRegistryError as error:
            status = error.http_status_code
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _COME_AGAIN:
                raise RegistryUnavailable(self.url, f"HTTP {status}") from error
            message = f"The schema registry at {self.url} refuses a call: {error}"
            raise ContractError(message) from error


def _id_of(registered: RegisteredSchema) -> int:
    assert registered.schema_id is not None
    return registered.schema_id
