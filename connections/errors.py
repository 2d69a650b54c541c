"""What a server may answer, or not answer: the errors of everything that talks to one."""

from __future__ import annotations

from typing import Final

from schemas.errors import ContractError, ShopError

OTHER_ADDRESSES: Final = (
    "SHOP_PORT_BASE, or './shop --port-base N ...', chooses another platform of this machine; SHOP_..._URL and "
    "SHOP_KAFKA_BOOTSTRAP_SERVERS name other servers."
)
"""How to ask another server than the one that was asked."""


class DependencyUnavailable(ShopError):
    """A server did not answer in time."""

    exit_code = 3

    def __init__(self, name: str, address: str, reason: str) -> None:
        super().__init__(
            f"{name} at {address} does not answer ({reason}). Is it up? See './shop status'. {OTHER_ADDRESSES}"
        )
        self.name = name
        self.address = address
        self.reason = reason


class KafkaClientStuck(ShopError):
    """Kafka's client library does not come back from a call that has no time-out of its own.

    It cannot be closed either: the process has to end without it, and to be started again.

    Args:
        servers: Which Kafka.
        call: What it does not come back from.
        seconds: For how long it was waited for.
    """

    exit_code = 3

    def __init__(self, servers: str, call: str, seconds: float) -> None:
        super().__init__(
            f"The Kafka client of {servers} has not come back from a {call} for {seconds:g} s. This process ends, "
            "to be started again: nothing is lost."
        )


class RegistryUnavailable(DependencyUnavailable):
    """The schema registry did not answer: wait and ask again, never reject a record for it."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__("The schema registry", address, reason)


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
    """A store does not take the records of a batch; none is dropped, so someone must look at it.

    Args:
        store: Which store, and which table of it.
        records: Which records they are: topic-partition-first-last.
        answer: What is wrong with them.
    """

    def __init__(self, store: str, records: str, answer: str) -> None:
        super().__init__(
            f"{store} does not take the records {records}: {answer}. Nothing was dropped. "
            "Is everything migrated ('./shop migrate'), and do the records follow schemas/avro?"
        )
        self.store = store
        self.records = records
        self.answer = answer


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
