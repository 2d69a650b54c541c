"""Errors of the embedded ClickHouse; codes, names and HTTP statuses are ClickHouse's own.

ShopError
├── QueryError                an error for the client: a ClickHouse code and a message
└── PlatformError
    ├── DirectoryInUse        another process owns the data directory
    └── EngineFailed          the engine does not start on the data directory
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from local.errors import PlatformError
from schemas.errors import ShopError


class ErrorCode(IntEnum):
    """The codes that this process raises itself, passes over, or answers with a status other than 500."""

    CANNOT_PARSE_TEXT = 6
    THERE_IS_NO_COLUMN = 8
    DUPLICATE_COLUMN = 15
    CANNOT_PARSE_ESCAPE_SEQUENCE = 25
    CANNOT_PARSE_QUOTED_STRING = 26
    CANNOT_PARSE_INPUT_ASSERTION_FAILED = 27
    CANNOT_READ_ALL_DATA = 33
    BAD_ARGUMENTS = 36
    UNKNOWN_ELEMENT_IN_AST = 37
    CANNOT_PARSE_DATE = 38
    CHECKSUM_DOESNT_MATCH = 40
    CANNOT_PARSE_DATETIME = 41
    ILLEGAL_COLUMN = 44
    UNKNOWN_FUNCTION = 46
    UNKNOWN_IDENTIFIER = 47
    NOT_IMPLEMENTED = 48
    UNKNOWN_TYPE = 50
    TYPE_MISMATCH = 53
    UNKNOWN_STORAGE = 56
    UNKNOWN_TABLE = 60
    SYNTAX_ERROR = 62
    UNKNOWN_AGGREGATE_FUNCTION = 63
    CANNOT_PARSE_NUMBER = 72
    UNKNOWN_FORMAT = 73
    CANNOT_OPEN_FILE = 76
    UNKNOWN_TYPE_OF_QUERY = 78
    UNKNOWN_DATABASE = 81
    UNKNOWN_COMPRESSION_METHOD = 89
    UNKNOWN_SETTING = 115
    INCORRECT_DATA = 117
    UNKNOWN_TYPE_OF_AST_NODE = 123
    UNKNOWN_DIRECTION_OF_SORTING = 152
    TIMEOUT_EXCEEDED = 159
    READONLY = 164
    TOO_DEEP_AST = 167
    TOO_BIG_AST = 168
    UNKNOWN_USER = 192
    WRONG_PASSWORD = 193
    REQUIRED_PASSWORD = 194
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    SOCKET_TIMEOUT = 209
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
    UNEXPECTED_AST_STRUCTURE = 223
    QUERY_IS_TOO_LARGE = 229
    ABORTED = 236
    CANNOT_DECOMPRESS = 271
    TOO_MANY_BYTES = 307
    VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE = 321
    UNKNOWN_DATABASE_ENGINE = 336
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    CANNOT_PARSE_UUID = 376
    HTTP_LENGTH_REQUIRED = 381
    QUERY_WAS_CANCELLED = 394
    CANNOT_COMPILE_REGEXP = 427
    CANNOT_SCHEDULE_TASK = 439
    CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING = 441
    ACCESS_DENIED = 497
    UNKNOWN_ROLE = 511
    SET_NON_GRANTED_ROLE = 512
    AUTHENTICATION_FAILED = 516
    CANNOT_PARSE_IPV4 = 675
    CANNOT_PARSE_IPV6 = 676
    UNSUPPORTED_MEDIA_TYPE = 779
    UNKNOWN_EXCEPTION = 1002


_E = ErrorCode
_STATUSES: Final[dict[int, frozenset[ErrorCode]]] = {
    401: frozenset({_E.REQUIRED_PASSWORD}),
    403: frozenset(
        {_E.UNKNOWN_USER, _E.WRONG_PASSWORD, _E.AUTHENTICATION_FAILED, _E.SET_NON_GRANTED_ROLE, _E.ACCESS_DENIED}
    ),
    404: frozenset(code for code in _E if code.name.startswith("UNKNOWN_"))
    - {
        _E.UNKNOWN_USER,
        _E.UNKNOWN_ELEMENT_IN_AST,
        _E.UNKNOWN_TYPE_OF_AST_NODE,
        _E.UNKNOWN_COMPRESSION_METHOD,
        _E.UNKNOWN_EXCEPTION,
    },
    408: frozenset({_E.TIMEOUT_EXCEEDED}),
    411: frozenset({_E.HTTP_LENGTH_REQUIRED}),
    413: frozenset({_E.QUERY_IS_TOO_LARGE, _E.TOO_MANY_BYTES}),
    415: frozenset({_E.UNSUPPORTED_MEDIA_TYPE}),
    501: frozenset({_E.NOT_IMPLEMENTED}),
    503: frozenset({_E.SOCKET_TIMEOUT, _E.CANNOT_OPEN_FILE, _E.CANNOT_SCHEDULE_TASK, _E.ABORTED}),
    400: frozenset(code for code in _E if code.name.startswith("CANNOT_PARSE_"))
    | {
        _E.BAD_ARGUMENTS,
        _E.CANNOT_COMPILE_REGEXP,
        _E.DUPLICATE_COLUMN,
        _E.ILLEGAL_COLUMN,
        _E.UNKNOWN_ELEMENT_IN_AST,
        _E.UNKNOWN_TYPE_OF_AST_NODE,
        _E.THERE_IS_NO_COLUMN,
        _E.TOO_DEEP_AST,
        _E.TOO_BIG_AST,
        _E.UNEXPECTED_AST_STRUCTURE,
        _E.SYNTAX_ERROR,
        _E.INCORRECT_DATA,
        _E.TYPE_MISMATCH,
        _E.VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE,
    },
}
_STATUS_OF: Final = {code.value: status for status, codes in _STATUSES.items() for code in codes}

_ENGINE_CODE = re.compile(r"Code: (\d+)\. DB::Exception: ")
_VERSION_AT_END = re.compile(r"\s*\(version [^)]*(?:\([^)]*\))?\)\.?\s*\Z")
_STACK_TRACE = re.compile(r",?\s*Stack trace \(when copying.*", re.DOTALL)


class QueryError(ShopError):
    """An error for the client.

    Args:
        code: ClickHouse's number for it.
        message: What is wrong, without the code and without the engine's version.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message

    @classmethod
    def named(cls, code: ErrorCode, message: str) -> QueryError:
        """An error of this process, with its name at the end as ClickHouse writes it."""
        return cls(code, f"{message} ({code.name})")

    @classmethod
    def from_engine(cls, text: str) -> QueryError:
        """The error of an engine's message, by the code in it."""
        match = _ENGINE_CODE.search(text)
        if match is None:
            return cls.named(ErrorCode.UNKNOWN_EXCEPTION, text.strip())
        message = _STACK_TRACE.sub("", text[match.end() :])
        return cls(int(match[1]), _VERSION_AT_END.sub("", message).rstrip())

    @property
    def status(self) -> int:
        """The HTTP status that a server answers with."""
        return _STATUS_OF.get(self.code, 500)

    def text(self, version: str) -> str:
        """The reply's body, one line as a server writes it."""
        return f"Code: {self.code}. DB::Exception: {self.message} (version {version} (official build))\n"


class DirectoryInUse(PlatformError):
    """Another process owns the data directory."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Another process has {path} open. One process owns a data directory: "
            "use its HTTP interface, stop it, or name another directory with --path."
        )
        self.path = path


class EngineFailed(PlatformError):
    """The engine does not start on the data directory."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The ClickHouse engine does not start on {path}: {reason}. "
            "Everything in it can be rebuilt from the topics: move the directory away, start again and replay."
        )
        self.path = path
        self.reason = reason
