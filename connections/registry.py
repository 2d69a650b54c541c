"""The schema registry: a client of Confluent's REST interface, which Apicurio speaks as well."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx

from connections.errors import RegistryUnavailable
from schemas.errors import ContractError, IncompatibleSchema

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_CONTENT_TYPE: Final = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


class SchemaRegistry:
    """One registry.

    Args:
        url: Root of the interface, for example ``http://127.0.0.1:8081``.
        timeout_seconds: Bound on each call.
    """

    def __init__(self, url: str, timeout_seconds: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout_seconds, headers=_CONTENT_TYPE)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, subject: str, schema: str) -> int:
        """Register a schema under ``subject`` and return its id; the same schema keeps its id.

        Raises:
            IncompatibleSchema: Readers of the new schema could not read older records.
            RegistryUnavailable: No answer, or an answer that the registry is not ready.
        """
        answer = self._call("POST", f"/subjects/{subject}/versions", {"schema": schema, "schemaType": "AVRO"})
        if answer.status_code == httpx.codes.CONFLICT:
            raise IncompatibleSchema(subject, answer.text.strip())
        return int(self._json(answer)["id"])

    def set_compatibility(self, subject: str, level: str = COMPATIBILITY) -> None:
        """Set the compatibility level of one subject."""
        self._json(self._call("PUT", f"/config/{subject}", {"compatibility": level}))

    def schema_of(self, schema_id: int) -> str | None:
        """The text of the schema with this id; None when the registry says that there is none."""
        answer = self._call("GET", f"/schemas/ids/{schema_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(self._json(answer)["schema"])

    def latest(self, subject: str) -> tuple[int, str] | None:
        """Id and text of the newest schema of ``subject``; None when nothing is registered."""
        answer = self._call("GET", f"/subjects/{subject}/versions/latest")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found = self._json(answer)
        return int(found["id"]), str(found["schema"])

    def id_of_version(self, subject: str, version: int) -> int | None:
        """Id of a version of ``subject``, the first being 1; None when it has no such version."""
        answer = self._call("GET", f"/subjects/{subject}/versions/{version}")
        if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY):
            return None
        return int(self._json(answer)["id"])

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, content=json.dumps(body) if body else None)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, repr(error)) from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise RegistryUnavailable(self.url, f"HTTP {answer.status_code}")
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        if answer.is_error:
            message = f"The schema registry at {self.url} refused {answer.request.url.path}: {answer.text.strip()}"
            raise ContractError(message)
        return answer.json()
