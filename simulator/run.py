"""Simulates, counts and sends."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, TypeVar

from connections.registry import SchemaRegistry
from schemas.codec import load_schema
from schemas.errors import ContractError
from schemas.event_types import EVENT_TYPES, USER_EVENTS
from schemas.results import result_named
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, TOPICS
from simulator.encoding import CachingEncoder
from simulator.events import Event
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan, seeded_rng
from simulator.poison import damaged
from simulator.sender import KafkaRecord, Sender
from simulator.simulation import Record, Simulation
from simulator.spool import shuffled
from simulator.trouble import Form, expected_records
from simulator.versions import register_old_versions

_T = TypeVar("_T")
_TOPIC_OF: Final = {kind.name: kind.topic for kind in EVENT_TYPES.values()}
_PROGRESS_EVERY: Final = 2_000


class Encoders:
    """Encodes records in the forms that trouble gives them.

    Args:
        current: The newest version of the schema, and its id.
        old: Older versions, and theirs.
        foreign_schema_id: Id of a schema of something else.
    """

    def __init__(self, current: CachingEncoder, old: Sequence[CachingEncoder] = (), foreign_schema_id: int = 0) -> None:
        self._current = current
        self._old = old
        self._foreign_schema_id = foreign_schema_id

    def value(self, event: Event, form: Form | None) -> bytes | None:
        """The value of a record."""
        if form is None:
            return self._current.encode(event)
        encoder = self._current if form.version is None else self._old[form.version]
        value = encoder.encode(event, form.name)
        return value if form.damage is None else damaged(value, form.damage, form.seed, self._foreign_schema_id)


def registered_encoders(settings: Settings) -> Encoders:
    """Encoders with the schema ids of the registry.

    Raises:
        ContractError: The registry has not been migrated.
        RegistryUnavailable: The registry does not answer.
    """
    with closing(SchemaRegistry.of(settings)) as registry:
        subjects = {topic.name: topic.value_subject for topic in TOPICS}
        current = _known_id(registry, subjects[DOMAIN_TOPICS[0]])
        foreign = _known_id(registry, subjects[result_named("sales_daily").topic])
        old = [CachingEncoder(schema, number, caches=False) for schema, number in register_old_versions(registry)]
    return Encoders(CachingEncoder(load_schema("shop_event"), current), old, foreign)


def _known_id(registry: SchemaRegistry, subject: str) -> int:
    latest = registry.latest(subject)
    if latest is None:
        message = f"The registry has no schema of {subject}. Register the schemas with './shop migrate'."
        raise ContractError(message)
    return latest[0]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many records were sent, and how long it took until Kafka had acknowledged all of them."""

    records: int
    seconds: float


def kafka_records(records: Iterable[Record], encoders: Encoders, ledger: Ledger | None) -> Iterator[KafkaRecord]:
    """The records as they go to Kafka, each entered in the ledger."""
    value_of = encoders.value
    for received_ms, _, event, form in records:
        if ledger is not None:
            if form is None:
                ledger.receive(received_ms, event)
            else:
                ledger.receive(received_ms, event, form.reason, form.kinds)
        received_at = b"%d" % received_ms if form is None or form.received_at is None else form.received_at
        topic = _TOPIC_OF.get(event.event_type, USER_EVENTS)
        yield KafkaRecord(topic, event.key, value_of(event, form), received_at)


def live_kafka_records(
    records: Iterable[Record], encoders: Encoders, ledger: Ledger | None, now_ms: Callable[[], int]
) -> Iterator[KafkaRecord]:
    """The records of a live plan: each is received now, and its event happened as long before as planned."""
    for received_ms, _, event, form in records:
        moment_ms = now_ms()
        if not event.was_sent:
            event.time_ms, event.was_sent = moment_ms - (received_ms - event.time_ms), True
        if ledger is not None:
            ledger.receive(moment_ms, event, *((form.reason, form.kinds) if form else ()))
        topic = _TOPIC_OF.get(event.event_type, USER_EVENTS)
        header = form.received_at if form else None
        yield KafkaRecord(topic, event.key, encoders.value(event, form), header, moment_ms)


def paced(
    records: Iterable[_T], rate: float | None, clock: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[_T]:
    """The same records, at most ``rate`` per second counted from the first."""
    if rate is None:
        yield from records
        return
    started = clock()
    for number, record in enumerate(records):
        early_seconds = started + number / rate - clock()
        if early_seconds > 0:
            sleep(early_seconds)
        yield record


def simulate(
    plan: Plan,
    encoders: Encoders,
    sender: Sender,
    ledger: Ledger | None,
    progress: Callable[[int], None],
    rate: float | None = None,
    shuffle_seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send the records of a plan once, and wait until Kafka has them.

    Args:
        plan: What to simulate.
        encoders: Encode the records.
        sender: Sends them.
        ledger: Counts them; None for no counting.
        progress: Called now and then with the number of records sent so far.
        rate: Records per second, at most.
        shuffle_seed: Of the random order of the records; None for the order of their reception.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
        is_stopped: Called before each record of a live plan; the simulation ends when it gives True.

    Raises:
        DeliveryError: Kafka did not take a record.
        DependencyUnavailable: Kafka did not acknowledge the last records in time.
    """
    started = clock()
    records = Simulation(plan).records()
    if plan.is_live:
        until_stopped = takewhile(lambda _: not is_stopped(), paced(records, rate, clock, sleep))
        outgoing: Iterator[KafkaRecord] = live_kafka_records(until_stopped, encoders, ledger, _now_ms)
    else:
        ready = kafka_records(records, encoders, ledger)
        if shuffle_seed is not None:
            ready = shuffled(ready, expected_records(plan), seeded_rng(shuffle_seed))
        outgoing = paced(ready, rate, clock, sleep)
    with _without_garbage_collection():
        sent = _send_all(outgoing, sender, progress)
    sender.flush()
    progress(sent)
    return Delivered(sent, clock() - started)


def _send_all(records: Iterable[KafkaRecord], sender: Sender, progress: Callable[[int], None]) -> int:
    sent = 0
    for sent, record in enumerate(records, start=1):
        sender.send(record)
        if sent % _PROGRESS_EVERY == 0:
            progress(sent)
    return sent


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """A fifth faster: events and records form no cycles, and there are too many of them to scan again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
