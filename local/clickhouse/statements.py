"""What the text of a statement shows before the engine parses it.

Pure functions of bytes: rows may follow an INSERT in the same body, and they need not be text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from local.clickhouse.errors import ErrorCode, QueryError

MAX_HEAD_BYTES: Final = 1 << 20
"""An INSERT must show where its rows begin within so many bytes."""

_STRING = rb"'(?:\\.|''|[^'\\])*+(?:'|\\?\Z)"
_IDENTIFIER = rb"`(?:\\.|``|[^`\\])*+(?:`|\\?\Z)|\"(?:\\.|\"\"|[^\"\\])*+(?:\"|\\?\Z)"
_HEREDOC = rb"(?P<fence>\$\w*\$).*?(?:(?P=fence)|\Z)"
_COMMENT = rb"--[^\n]*|\#[ !][^\n]*|/\*.*?(?:\*/|\Z)"
_LITERAL = rb"(?:%s|%s)" % (_STRING, _HEREDOC)

_FLAGS = re.IGNORECASE | re.DOTALL
_LEADING = re.compile(rb"(?:\s++|%s)*" % _COMMENT, _FLAGS)
_FIRST_WORD = re.compile(rb"[(\s]*([A-Za-z]+)")
_QUOTED = re.compile(rb"%s|%s|%s" % (_LITERAL, _IDENTIFIER, _COMMENT), _FLAGS)
_INSERT_TOKEN = re.compile(
    rb"%s|(?P<bracket>[()])|\bFORMAT\s+(?P<format>\w+)|\b(?P<input>input)\s*\(|\b(?P<word>SELECT|VALUES|INFILE|WATCH)\b"
    % _QUOTED.pattern,
    _FLAGS,
)
_SETTING = rb"\w+\s*=\s*(?:'(?:\\.|[^'\\])*+'|[\w.+-]+)"
_SETTINGS_AFTER_FORMAT = re.compile(rb"\s+(SETTINGS\s+%s(?:\s*,\s*%s)*+)" % (_SETTING, _SETTING), _FLAGS)
_TIME_ZONE_TOKEN = re.compile(
    rb"%s|(?P<bracket>[()])|\b(?P<settings>SETTINGS)\b|\bsession_timezone\s*=\s*'(?P<zone>[\w/+-]+)'" % _QUOTED.pattern,
    _FLAGS,
)
_END_OF_HEAD = re.compile(rb"[ \t\f]*\r?\n?")
_TRAILING_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*(?:SETTINGS\b[^;]*)?;?\s*\Z", _FLAGS)
_LOCAL_FILE = re.compile(rb"\b(?:FROM\s+INFILE|INTO\s+OUTFILE)\b", _FLAGS)
_LOCAL_SOURCE = re.compile(rb"(?<!INTO )(?<!TABLE )(?<!EXISTS )(?<![\w.])(file|python) ?\(", _FLAGS)
_CHANGES_IDENTITY = re.compile(rb"\s*(?:SET\s+(?:DEFAULT\s+)?ROLE|EXECUTE\s+AS)\b", _FLAGS)
_KILL = re.compile(rb"KILL\s+QUERY\b", _FLAGS)
_QUERY_ID = re.compile(rb"(?P<quoted>%s)|\bquery_id\b" % _QUOTED.pattern, _FLAGS)
_STRUCTURE = re.compile(rb"\s*'((?:\\.|''|[^'\\])*+)'\s*\)", _FLAGS)

_ANSWERING: Final = frozenset(
    b"SELECT WITH FROM SHOW DESC DESCRIBE EXISTS EXPLAIN CHECK KILL BACKUP RESTORE VALUES WATCH".split()
)
_STREAMING: Final = frozenset(b"SELECT WITH FROM".split())


@dataclass(frozen=True)
class Input:
    """A call of ``input('structure')`` in ``INSERT ... SELECT ... FROM input(...) FORMAT f``."""

    start: int
    end: int
    structure: str


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows follow it.

    Attributes:
        statement: The INSERT without FORMAT, with the settings that stood behind it.
        format: Name of the format of the rows.
        data_offset: Where in the text the rows begin.
        input: Its call of ``input()``, if it selects from one; the offsets are those of ``statement``.
    """

    statement: bytes
    format: str
    data_offset: int
    input: Input | None = None


def quote_string(value: str) -> str:
    """``value`` as a string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_identifier(name: str) -> str:
    """``name`` as the name of a table, a database or a setting."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def without_leading_comments(sql: bytes) -> bytes:
    """``sql`` from its first word on."""
    match = _LEADING.match(sql)
    return sql[match.end() :] if match else sql


def first_word(sql: bytes) -> bytes:
    """The word that says what kind of statement this is, in capitals; opening brackets are passed over."""
    match = _FIRST_WORD.match(without_leading_comments(sql))
    return match[1].upper() if match else b""


def is_insert(sql: bytes) -> bool:
    """Whether rows may follow."""
    return first_word(sql) == b"INSERT"


def answers_with_rows(sql: bytes) -> bool:
    """Whether the reply has a format: a SELECT's has, a CREATE's has not."""
    return first_word(sql) in _ANSWERING


def can_stream(sql: bytes) -> bool:
    """Whether the engine can give the result block by block."""
    return first_word(sql) in _STREAMING


def output_format(sql: bytes) -> str | None:
    """The format at the end of the statement."""
    match = _TRAILING_FORMAT.search(_QUOTED.sub(_outline, sql))
    return match[1].decode() if match else None


def names(sql: bytes, setting: str) -> bool:
    """Whether the name of a setting stands in the statement, outside of its literals."""
    return re.search(rb"\b%s\b" % setting.encode(), _QUOTED.sub(_outline, sql), re.IGNORECASE) is not None


def session_timezone(sql: bytes) -> str | None:
    """The time zone that the settings at the statement's end choose."""
    zone: bytes | None = None
    depth = 0
    in_settings = False
    for token in _TIME_ZONE_TOKEN.finditer(sql):
        if token["bracket"]:
            depth += 1 if token["bracket"] == b"(" else -1
        elif depth == 0 and token["settings"]:
            in_settings = True
        elif depth == 0 and in_settings and token["zone"]:
            zone = token["zone"]
    return zone.decode() if zone else None


def _outline(quoted: re.Match[bytes]) -> bytes:
    """What stands for a quoted thing where only its kind matters; a name stays if it may be a function's."""
    text = quoted[0]
    if text[:1] in (b"'", b"$"):
        return b"''"
    if text[:1] not in (b"`", b'"'):
        return b" "
    name = text[1:-1]
    if b"\\" in name:  # it may spell anything
        return b"file"
    return name if name.lower() in (b"file", b"python") else b"name"


def find_insert(sql: bytes, *, complete: bool = True) -> Insert | None:
    """The INSERT at the beginning of ``sql``, if its rows follow it.

    Args:
        sql: The statement, and as much of its rows as has arrived.
        complete: Whether nothing more will arrive. While something may, a clause that touches the end is not used yet.

    Returns:
        None for an ``INSERT ... SELECT``, and when the beginning of the rows is not (yet) in sight.
    """
    depth = 0
    selects = False
    source: Input | None = None
    for token in _INSERT_TOKEN.finditer(sql):
        if token["bracket"]:
            depth += 1 if token["bracket"] == b"(" else -1
        elif token["input"]:
            source = source or _read_input(sql, token)
            depth += 1
        elif depth == 0 and token["format"]:
            return _insert_at(sql, token, source, complete=complete) if source or not selects else None
        elif depth == 0 and (token["word"] or b"").upper() == b"VALUES" and not selects:
            return Insert(sql[: token.start()], "Values", token.end())
        elif depth == 0 and token["word"]:
            selects = True
    if source is not None and complete:
        raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, "input() needs a FORMAT, and its rows, behind it")
    return None


def _read_input(sql: bytes, token: re.Match[bytes]) -> Input:
    match = _STRUCTURE.match(sql, token.end())
    if match is None:
        raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, "input() needs its structure as one string literal")
    structure = re.sub(rb"\\(.)|''", lambda escape: escape[1] or b"'", match[1])
    return Input(token.start(), match.end(), structure.decode(errors="replace"))


def _insert_at(sql: bytes, token: re.Match[bytes], source: Input | None, *, complete: bool) -> Insert | None:
    end = token.end()
    statement = sql[: token.start()]
    if settings := _SETTINGS_AFTER_FORMAT.match(sql, end):
        statement += settings[1]
        end = settings.end()
    match = _END_OF_HEAD.match(sql, end)
    data_offset = match.end() if match else end
    if not complete and data_offset >= len(sql):
        return None
    return Insert(statement, token["format"].decode(), data_offset, source)


def refuse_local_access(sql: bytes) -> None:
    """Refuse what would read or write files of this process, or become somebody else.

    The engine is a client as well: whatever a user's grants, it would open the files of ``INTO OUTFILE`` and
    ``FROM INFILE``, read any file with the function ``file()``, and Python objects with ``Python()``.
    (The table function ``file()`` is refused by grants.)

    Raises:
        QueryError: The statement has such a clause or call outside of its literals.
    """
    text = re.sub(rb"\s+", b" ", _QUOTED.sub(_outline, sql))
    if _LOCAL_FILE.search(text):
        raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, "INFILE and OUTFILE are not available over HTTP")
    if match := _LOCAL_SOURCE.search(text):
        raise QueryError.named(
            ErrorCode.ACCESS_DENIED, f"{match[1].decode()}() is not available: send the rows instead"
        )
    if _CHANGES_IDENTITY.match(text):
        raise QueryError.named(ErrorCode.ACCESS_DENIED, "A user's role is set in the file of users")


def address_by_comment(sql: bytes) -> bytes:
    """Let ``KILL QUERY WHERE query_id = ...`` mean the id that the client gave.

    The engine numbers queries itself; the client's id travels in the setting ``log_comment``.
    """
    if not _KILL.match(without_leading_comments(sql)):
        return sql
    return _QUERY_ID.sub(lambda match: match["quoted"] or b"Settings['log_comment']", sql)
