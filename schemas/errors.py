"""The root of every error that shopstream raises on purpose, and the errors of its contracts.

ShopError
├── ConfigurationError        a setting, an argument or a file the user gave is wrong
├── ContractError             a record or a schema breaks a contract of ``schemas/``
│   ├── InvalidEvent          an event that no job may count
│   ├── InvalidValue          a value in a store is not what its key promises
│   ├── IncompatibleSchema    the registry refused a new version of a schema
│   ├── TimeZonesDiffer       a server's time zones are not those of the package tzdata
│   │                                                                            connections/errors.py:
│   ├── StatementRefused      ClickHouse refuses a statement
│   ├── WriteRefused          Redis refuses a write
│   └── BatchRefused          a store does not take the records of a batch
├── DependencyUnavailable     a server did not answer in time
│   └── RegistryUnavailable   the schema registry did not
├── KafkaClientStuck          Kafka's client does not come back from a call
├── DeliveryError             Kafka did not take a record
├── RecordsDeleted            Kafka has deleted records that were still to be read
│                                                                                local/errors.py:
├── PlatformError             the embedded platform cannot do what was asked
│   ├── DownloadError         a part could not be fetched
│   └── DiskFull              no room is left in the data directory
├── PortInUse                 another process listens where a server must        web/errors.py
├── StillBehind               a stage has not consumed everything in time        operations/errors.py
├── JobError                  Flink refused or lost a job                        flink/errors.py
├── ModelError                a model cannot be trained, found or promoted       recommender/errors.py
└── NotFitted                 a model of customers fits none of them             customers/likelihood.py

An error carries its facts as fields; its message says what was wrong, where, and what to do. ``exit_code`` is
what ``./shop`` returns for it.
"""

from __future__ import annotations

from datetime import datetime
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
        value: The bytes that the store has.
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


class TimeZonesDiffer(ContractError):
    """A server has another database of time zones, so that a day of the shop would begin at two instants.

    Args:
        zone: The shop's zone.
        at: The first instant at which they differ.
        whose: Whose database it is, to begin a sentence with.
        theirs: The offset there and then, in words.
        version: The release of the package ``tzdata``.
        ours: The offset by that.
        remedy: What to do, in a sentence.
    """

    def __init__(self, zone: str, at: datetime, whose: str, theirs: str, version: str, ours: str, remedy: str) -> None:
        super().__init__(
            f"{whose} has another time zone {zone} than the package tzdata ({version}): at {at:%Y-%m-%dT%H:%M:%SZ} it "
            f"is at {theirs}, and by the package at {ours}. Events near midnight would lie in two days. {remedy}"
        )
        self.zone = zone
        self.at = at
        self.theirs = theirs
        self.ours = ours
