"""Connections of named sessions: what one request sets for itself must not reach the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from local.clickhouse.engine import Connection, Engine
from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.native import BINARY_TYPES
from local.clickhouse.request import QueryRequest
from local.clickhouse.statements import first_word
from local.clickhouse.users import User

_MAX_SECONDS: Final = 3600.0


class _Session:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self.expires = 0.0
        self.database = connection.current_database()


class Sessions:
    """Every connection a request may run on: its own, or its session's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], _Session] = {}

    @contextmanager
    def lease(self, user: User, request: QueryRequest) -> Iterator[Connection]:
        """The connection for one request, with the request's database and settings.

        Raises:
            QueryError: The session is busy or unknown, or the engine refused a setting.
        """
        if request.session_id is None:
            with self._lease_new(user, request) as connection:
                yield connection
            return
        session = self._find(user, request.session_id, request)
        try:
            session.connection.tag(request.query_id)
            with _borrowed(session, user, request):
                yield session.connection
        finally:
            session.expires = time.monotonic() + min(request.session_timeout_seconds, _MAX_SECONDS)
            if request.closes_session:
                self._close(user, request.session_id)
            session.lock.release()

    def _close(self, user: User, session_id: str) -> None:
        with self._lock:
            self._sessions.pop((user.name, session_id)).connection.close()

    @contextmanager
    def _lease_new(self, user: User, request: QueryRequest) -> Iterator[Connection]:
        binary_types = user.is_frozen and request.native_version > 0
        connection = self._engine.connect(user, request.query_id, binary_types=binary_types)
        try:
            if request.database:
                connection.use(request.database)
            connection.set(_settings(user, request))
            yield connection
        finally:
            connection.close()

    def _find(self, user: User, session_id: str, request: QueryRequest) -> _Session:
        """The session, locked."""
        key = (user.name, session_id)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                if request.must_find_session:
                    raise QueryError.named(ErrorCode.SESSION_NOT_FOUND, f"Session {session_id} not found")
                # A later request in it may need types in binary, and a frozen user could not ask for them then.
                connection = self._engine.connect(user, request.query_id, binary_types=user.is_frozen)
                session = _Session(connection)
                self._sessions[key] = session
            if not session.lock.acquire(blocking=False):
                message = f"Session {session_id} is locked by a concurrent client"
                raise QueryError.named(ErrorCode.SESSION_IS_LOCKED, message)
        return session

    def close_expired(self) -> None:
        """Close the sessions that were not used within their time-out."""
        now = time.monotonic()
        with self._lock:
            expired = [key for key, session in self._sessions.items() if _is_over(session, now)]
            for key in expired:
                self._sessions.pop(key).connection.close()

    def close(self) -> None:
        """Close all sessions."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()


def _is_over(session: _Session, now: float) -> bool:
    return session.expires < now and not session.lock.locked()


def _settings(user: User, request: QueryRequest) -> dict[str, str]:
    """The request's settings, and what the form of its reply needs."""
    needed = {BINARY_TYPES: "1"} if request.native_version and not user.is_frozen else {}
    return {**request.settings, **needed}


@contextmanager
def _borrowed(session: _Session, user: User, request: QueryRequest) -> Iterator[None]:
    """Give the request's database and settings to the session, and take them away again."""
    connection = session.connection
    settings: dict[str, str | None] = dict(_settings(user, request))
    before: Mapping[str, str | None] = connection.changed(settings) if settings else {}
    if not user.is_frozen:
        settings["log_comment"] = request.settings.get("log_comment", request.query_id)
    moved = bool(request.database) and request.database != session.database
    try:
        if moved:
            connection.use(request.database)
        connection.set(settings)
        yield
        if first_word(request.sql) == b"USE":
            session.database = connection.current_database()
    finally:
        connection.set(before)
        if moved:
            connection.use(session.database)
