"""The one ClickHouse engine of this process. No other module imports chdb.

A connection has its own settings, database and temporary tables; queries of different connections run in parallel, and
none holds the GIL. One connection runs one statement at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import chdb

from local.clickhouse.errors import EngineFailed, ErrorCode, QueryError
from local.clickhouse.native import BINARY_TYPES
from local.clickhouse.statements import quote_identifier, quote_string
from local.clickhouse.users import User

_COMMENT: Final = "log_comment"
"""The setting in which the client's query id travels; the engine numbers queries itself."""

_ERRORS: Final = "SELECT code, value, replaceAll(toValidUTF8(last_error_message), '\\n', ' ') FROM system.errors"
_ERRORS_OF_STATEMENTS: Final = frozenset(ErrorCode) - {
    ErrorCode.CANNOT_READ_ALL_DATA,
    ErrorCode.CHECKSUM_DOESNT_MATCH,
    ErrorCode.CANNOT_OPEN_FILE,
    ErrorCode.TIMEOUT_EXCEEDED,
    ErrorCode.ABORTED,
    ErrorCode.CANNOT_SCHEDULE_TASK,
    ErrorCode.UNKNOWN_EXCEPTION,
}
"""Errors of the syntax or the rows of one statement, or of its being killed. The engine always reports them, and no
other insert fails by them. The Parquet reader raises QUERY_WAS_CANCELLED when it is closed, which is no error."""


@dataclass(frozen=True)
class Statistics:
    """What a query read, wrote and gave; times in nanoseconds."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__),
        )


@dataclass(frozen=True)
class Result:
    """A whole result, or one block of it, in its format."""

    data: bytes
    statistics: Statistics


@dataclass(frozen=True)
class Kind:
    """What a text would do: how many statements it holds (0 if it cannot be parsed), and whether one changes data."""

    count: int
    changes_data: bool


def _result(answer: Any) -> Result:
    statistics = Statistics(
        read_rows=answer.storage_rows_read(),
        read_bytes=answer.storage_bytes_read(),
        written_rows=answer.rows_written(),
        written_bytes=answer.bytes_written(),
        result_rows=answer.rows_read(),
        result_bytes=answer.bytes_read(),
        elapsed_ns=int(answer.elapsed() * 1e9),
    )
    return Result(answer.bytes(), statistics)


@contextmanager
def _engine_errors() -> Iterator[None]:
    """Engine's exceptions, all of them RuntimeError, as QueryError.

    The text of one quotes the statement, which may be no UTF-8: then Python's bindings fail on it, and carry it along.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise QueryError.from_engine(bytes(error.object).decode(errors="replace")) from None
    except RuntimeError as error:
        raise QueryError.from_engine(str(error)) from None


class Stream:
    """The blocks of a SELECT's result, as the engine makes them. Close it: it holds its connection."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def fetch(self) -> Result | None:
        """The next block; None after the last.

        Raises:
            QueryError: The query failed, maybe after many blocks.
        """
        with _engine_errors():
            block = self._answer.fetch()
        return None if block is None else _result(block)

    def close(self) -> None:
        """Cancel what has not been fetched."""
        with suppress(RuntimeError):
            self._answer.close()


class Connection:
    """One session with the engine. Whoever opened it closes it.

    Args:
        url: Of the engine.
        user: Whose role and settings it begins with.
        comment: Names its statements.
        binary_types: Whether Native has its types in binary, whatever the user may set.
    """

    def __init__(self, url: str, user: User, comment: str, *, binary_types: bool = False) -> None:
        self._url = url
        self._chdb = chdb.connect(url)
        self._user = user
        self.comment = comment
        self.binary_types = binary_types
        if user.role is not None:
            self.run(f"SET ROLE {user.role}")
        # After the user's own settings, readonly among them, nothing may be changeable.
        self.set({_COMMENT: comment, **({BINARY_TYPES: "1"} if binary_types else {}), **user.settings})

    def close(self) -> None:
        """Free it, with its temporary tables."""
        self._chdb.close()

    def run(self, sql: str | bytes, output_format: str = "Null", parameters: Mapping[str, str] | None = None) -> Result:
        """Run a statement to its end.

        Raises:
            QueryError: The engine refused it, or it failed.
        """
        with _engine_errors():
            return _result(self._chdb.query(sql, output_format, params=dict(parameters or {})))

    def stream(self, sql: bytes, output_format: str, parameters: Mapping[str, str]) -> Stream:
        """Begin a SELECT whose blocks are fetched one by one."""
        with _engine_errors():
            return Stream(self._chdb.send_query(sql, output_format, params=dict(parameters)))

    def insert(self, statement: str, input_format: str, rows: Iterable[bytes]) -> Statistics:
        """Insert ``rows`` as they come. If reading them fails, nothing more is written and the error goes on.

        Raises:
            QueryError: The engine refused the statement or the rows.
        """
        began = time.perf_counter_ns()
        with _engine_errors():
            inserter = self._chdb.send_insert(statement, input_format)
            try:
                refused = _append_all(inserter, rows)
            except BaseException:
                inserter.cancel()
                raise
            with self._no_unreported_error():
                answer = inserter.finish()  # raises why an append was refused
                if refused is not None:
                    raise QueryError.from_engine(refused)
        statistics = Statistics(
            read_rows=answer.rows_written,
            read_bytes=answer.bytes_written,
            written_rows=answer.rows_written,
            written_bytes=answer.bytes_written,
        )
        return replace(statistics, elapsed_ns=time.perf_counter_ns() - began)

    @contextmanager
    def _no_unreported_error(self) -> Iterator[None]:
        """Check that nothing was raised within, where an insert is finished.

        The engine does not report an error of this last step, a full disk for example: it answers as if the rows were
        in. So an error that any statement raised meanwhile is taken for that of this insert. Repeating the insert with
        its token does no harm.

        Raises:
            QueryError: Something was; the rows may not be in.
        """
        with closing(chdb.connect(self._url)) as watcher:
            before = _errors(watcher)
            yield
            for code, (count, text) in _errors(watcher).items():
                if count > before.get(code, (0, ""))[0] and code not in _ERRORS_OF_STATEMENTS:
                    raise QueryError(code, f"{text} (while the rows were written: they may not be in)")

    def tag(self, comment: str) -> None:
        """Name the statements that follow, so that they can be killed by that name."""
        if not self._user.is_frozen:
            self.comment = comment

    def set(self, settings: Mapping[str, str | None]) -> None:
        """Change settings of the connection; None is the default value."""
        if settings:
            assignments = (f"{quote_identifier(name)} = {_value(value)}" for name, value in settings.items())
            self.run("SET " + ", ".join(assignments))

    def changed(self, names: Iterable[str]) -> dict[str, str | None]:
        """What ``set`` must be given to restore these settings."""
        listed = ", ".join(map(quote_string, names))
        # A value may hold any byte: hex keeps rows and columns apart.
        rows = self.run(f"SELECT name, hex(value), changed FROM system.settings WHERE name IN ({listed})", "TSV").data  # noqa: S608
        columns = (line.split("\t") for line in rows.decode().splitlines())
        return {
            name: bytes.fromhex(value).decode() if is_changed == "1" else None for name, value, is_changed in columns
        }

    def use(self, database: str) -> None:
        """Change the current database."""
        self.run(f"USE {quote_identifier(database)}")

    def current_database(self) -> str:
        """Where unqualified names are looked up."""
        return self.run("SELECT currentDatabase()", "TSVRaw").data.decode().removesuffix("\n")

    def timezone(self) -> str:
        """Name of the time zone of the connection."""
        return self.run("SELECT timezone()", "TSVRaw").data.decode().removesuffix("\n")

    def classify(self, sql: bytes) -> Kind:
        """What the text would do."""
        facts = self._chdb._conn.classify_query(sql)
        return Kind(count=int(facts["statement_count"]), changes_data=facts["query_class"].name == "MUTATING")


def _errors(watcher: Any) -> dict[int, tuple[int, str]]:
    """Code -> how often it was raised since the engine started, and its last message, which may hold any character."""
    columns = (line.split("\t", 2) for line in watcher.query(_ERRORS, "TSVRaw").data().split("\n") if line)
    return {int(code): (int(count), text) for code, count, text in columns}


def _append_all(inserter: Any, rows: Iterable[bytes]) -> str | None:
    for chunk in rows:
        if not chunk:
            continue
        try:
            inserter.append(chunk)
        except RuntimeError as error:
            return str(error)
    return None


def _value(value: str | None) -> str:
    return "DEFAULT" if value is None else quote_string(value)


_ADMINISTRATOR: Final = User("", b"")


class Engine:
    """The engine on its data directory. The first of its kind in a process must be the only one.

    Raises:
        EngineFailed: The engine does not start.
    """

    def __init__(self, directory: Path, config_file: Path) -> None:
        self._directory = str(directory)
        try:
            self._root = chdb.connect(f"{directory}?config-file={config_file}&log-level=error")
            self._administrator = Connection(self._directory, _ADMINISTRATOR, "gateway")
            self.version, self.timezone = self._identify()
            self._administrator.run("DROP DATABASE IF EXISTS _chdb")
        except (RuntimeError, QueryError) as error:
            raise EngineFailed(self._directory, QueryError.from_engine(str(error)).message) from None

    def _identify(self) -> tuple[str, str]:
        version, timezone = self._administrator.run("SELECT version(), timezone()", "TSV").data.decode().split()
        return version, timezone

    def connect(self, user: User, comment: str, *, binary_types: bool = False) -> Connection:
        """A new connection with what ``user`` begins with.

        Raises:
            QueryError: The engine refused the user's settings.
        """
        with _engine_errors():
            return Connection(self._directory, user, comment, binary_types=binary_types)

    def kill(self, comment: str) -> None:
        """Ask the queries of that name to end; they do so at their next block."""
        with suppress(QueryError), _engine_errors():
            connection = Connection(self._directory, _ADMINISTRATOR, "gateway")
            try:
                connection.run("KILL QUERY WHERE Settings['log_comment'] = {id:String} ASYNC", "Null", {"id": comment})
            finally:
                connection.close()

    def close(self) -> None:
        """Write down what is in memory, and free the directory."""
        self._administrator.close()
        self._root.close()
