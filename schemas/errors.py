"""Every error that shopstream raises on purpose.

ShopError
├── ConfigurationError        a setting, an argument or a file the user gave is wrong
├── ContractError             a record or a schema breaks a contract of ``schemas/``
│   ├── InvalidEvent          an event that no job may count
│   ├── InvalidValue          a value in a store is not what its key promises
│   ├── IncompatibleSchema    the registry refused a new version of a schema
│   ├── StatementRefused      ClickHouse refuses a statement
│   ├── WriteRefused          Redis refuses a write
│   └── BatchRefused          ClickHouse does not take the rows of a batch
├── DependencyUnavailable     a server did not answer in time
│   └── RegistryUnavailable   the schema registry did not
├── DeliveryError             Kafka did not take a record
├── RecordsDeleted            Kafka has deleted records that were still to be read
├── PlatformError             the embedded platform cannot do what was asked
│   ├── PortInUse             another process listens where a part must
│   ├── DownloadError         a part could not be fetched
│   └── DiskFull              no room is left in the data directory
├── JobError                  Flink refused or lost a job
└── ModelError                a model cannot be trained, found or promoted

An error carries its facts as fields; its message says what was wrong, where, and what to do. ``exit_code`` is
what ``./shop`` returns for it.
"""

from __future__ import annotations

from typing import ClassVar


class ShopError(Exception):
    """The root of the tree."""

    exit_code: ClassVar[int] = 1


class ConfigurationError(ShopError):
    """A setting, an argument or a file that the user gave is wrong."""

    exit_code = 2


class ContractError(ShopError):
    """A record or a schema breaks a contract."""


class InvalidEvent(ContractError):
    """An event that no job may count.

    Args:
        field: The field at fault, or "" when the whole record is.
        message: What is wrong with it, in words.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class InvalidValue(ContractError):
    """A value in a store is not what its key promises.

    Args:
        expected: What it should be, in words.
        value: The bytes that were found.
        reason: What is wrong with them.
    """

    def __init__(self, expected: str, value: bytes, reason: str) -> None:
        super().__init__(f"Expected {expected}, found {value[:80]!r}: {reason}.")
        self.expected = expected
        self.value = value
        self.reason = reason


class IncompatibleSchema(ContractError):
    """The registry refused a schema because readers of older records would fail."""

    def __init__(self, subject: str, answer: str) -> None:
        super().__init__(
            f"The registry refuses the new schema of {subject}: {answer}. "
            "Add fields with a default, and neither rename nor retype one."
        )
        self.subject = subject


class StatementRefused(ContractError):
    """ClickHouse refuses a statement, and would refuse it again.

    Args:
        address: Which ClickHouse.
        code: Its code of the error; 0 when it gave none.
        answer: Its words.
    """

    def __init__(self, address: str, code: int, answer: str) -> None:
        super().__init__(f"ClickHouse at {address} refuses a statement: {answer}")
        self.code = code
        self.answer = answer


class WriteRefused(ContractError):
    """Redis refuses a write: it is full, or read-only.

    Args:
        address: Which Redis.
        answer: Its words.
    """

    def __init__(self, address: str, answer: str) -> None:
        super().__init__(f"Redis at {address} refuses a write: {answer}")
        self.answer = answer


class BatchRefused(ContractError):
    """ClickHouse does not take the rows of a batch; no row is dropped, so someone must look at it.

    Args:
        records: Which records they are: topic-partition-first-last.
        table: Where they should go.
        answer: What is wrong with them.
    """

    def __init__(self, records: str, table: str, answer: str) -> None:
        super().__init__(
            f"ClickHouse does not take the records {records} for table {table}: {answer}. "
            "Nothing was dropped. Is the table migrated ('./shop migrate'), and do the records follow schemas/avro?"
        )
        self.records = records
        self.table = table
        self.answer = answer


class DependencyUnavailable(ShopError):
    """A server did not answer in time."""

    exit_code = 3

    def __init__(self, name: str, address: str, reason: str) -> None:
        super().__init__(f"{name} at {address} does not answer ({reason}). Is it up? See './shop status'.")
        self.name = name
        self.address = address
        self.reason = reason


class RegistryUnavailable(DependencyUnavailable):
    """The schema registry did not answer: wait and ask again, never reject a record for it."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__("The schema registry", address, reason)


class DeliveryError(ShopError):
    """Kafka did not take a record."""

    exit_code = 3

    def __init__(self, topic: str, event_id: str, reason: str) -> None:
        super().__init__(f"Kafka did not take event {event_id!r} for {topic}: {reason}.")
        self.topic = topic
        self.event_id = event_id
        self.reason = reason


class RecordsDeleted(ShopError):
    """Kafka has deleted records that were still to be read: whoever was to read them stops.

    Args:
        reader: Who was to read them.
        partition: Where they lay: topic-partition.
        first: The first of them.
        end: The first offset that Kafka still holds.
        remedy: What to do.
    """

    exit_code = 5

    def __init__(self, reader: str, partition: str, first: int, end: int, remedy: str) -> None:
        super().__init__(
            f"Kafka has deleted the {end - first:,} offsets {first} to {end - 1} of {partition}, which {reader} was to "
            f"read next. {reader} stops, and nothing is passed over in silence. {remedy}"
        )
        self.partition = partition
        self.first = first
        self.end = end


class PlatformError(ShopError):
    """The embedded platform cannot do what was asked."""

    exit_code = 4


class PortInUse(PlatformError):
    """Another process listens where a part of the platform must."""

    def __init__(self, part: str, port: int) -> None:
        super().__init__(
            f"Port {port}, which {part} needs, is taken by another process. "
            "Stop that process, or move the whole platform with --port-base."
        )
        self.part = part
        self.port = port


class DownloadError(PlatformError):
    """A part of the platform could not be fetched."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Could not fetch {what}: {reason}. Check that Maven Central and PyPI can be reached, then try again; "
            "what has arrived so far is kept."
        )
        self.what = what


class DiskFull(PlatformError):
    """No room is left where the platform keeps its data."""

    def __init__(self, path: str, free_bytes: int, needed_bytes: int) -> None:
        super().__init__(
            f"Only {free_bytes / 1e9:.2f} GB are free at {path}, and {needed_bytes / 1e9:.2f} GB are needed. "
            "Free some, or choose another place with --data-dir."
        )
        self.path = path


class JobError(ShopError):
    """Flink refused or lost a job."""

    exit_code = 5


class ModelError(ShopError):
    """A model cannot be trained, found or promoted; the message says why."""
