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
from schemas.results import RESULTS
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, TOPICS
from simulator.events import Event
from simulator.ledger.ledger import Ledger
from simulator.pieces import PieceEncoder
from simulator.plan import Plan, dice
from simulator.poison import damaged
from simulator.sender import Sender, Wire
from simulator.simulation import Record, Simulation
from simulator.spool import shuffled
from simulator.trouble import Form, expected_records
from simulator.versions import register_old_versions

_T = TypeVar("_T")
_TOPIC_OF: Final = {kind.name: kind.topic for kind in EVENT_TYPES.values()}
_PROGRESS_EVERY: Final = 2_000


class Encoders:
    """Writes records in the forms that trouble gives them.

    Args:
        current: The newest version of the schema, and its id.
        old: Older versions, and theirs.
        foreign_schema_id: Id of a schema of something else.
    """

    def __init__(self, current: PieceEncoder, old: Sequence[PieceEncoder] = (), foreign_schema_id: int = 0) -> None:
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
    """Encoders for what the registry knows.

    Raises:
        ContractError: The registry has not been migrated.
        RegistryUnavailable: The registry does not answer.
    """
    with closing(SchemaRegistry(settings.registry_url, settings.http_timeout_seconds)) as registry:
        subjects = {topic.name: topic.value_subject for topic in TOPICS}
        current = _known_id(registry, subjects[DOMAIN_TOPICS[0]])
        foreign = _known_id(registry, subjects[RESULTS[0].topic])
        old = [PieceEncoder(schema, number, keeps_pieces=False) for schema, number in register_old_versions(registry)]
    return Encoders(PieceEncoder(load_schema("shop_event"), current), old, foreign)


def _known_id(registry: SchemaRegistry, subject: str) -> int:
    found = registry.latest(subject)
    if found is None:
        message = f"The registry has no schema of {subject}. Register the schemas with './shop migrate'."
        raise ContractError(message)
    return found[0]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How much was sent, and how long it took until Kafka had all of it."""

    records: int
    seconds: float


def wires(records: Iterable[Record], encoders: Encoders, ledger: Ledger | None) -> Iterator[Wire]:
    """The records as they go to Kafka, each noted in the ledger on its way."""
    value_of = encoders.value
    for received_ms, _, event, form in records:
        if ledger is not None:
            if form is None:
                ledger.receive(received_ms, event)
            else:
                ledger.receive(received_ms, event, form.reason, form.kinds)
        received_at = b"%d" % received_ms if form is None or form.received_at is None else form.received_at
        topic = _TOPIC_OF.get(event.event_type, USER_EVENTS)
        yield Wire(topic, event.key, value_of(event, form), received_at)


def live_wires(
    records: Iterable[Record], encoders: Encoders, ledger: Ledger | None, now_ms: Callable[[], int]
) -> Iterator[Wire]:
    """The records as they happen: each is received now, and happened as long before as it was planned."""
    for received_ms, _, event, form in records:
        moment_ms = now_ms()
        if not event.was_sent:
            event.time_ms, event.was_sent = moment_ms - (received_ms - event.time_ms), True
        if ledger is not None:
            ledger.receive(moment_ms, event, *((form.reason, form.kinds) if form else ()))
        topic = _TOPIC_OF.get(event.event_type, USER_EVENTS)
        header = form.received_at if form else None
        yield Wire(topic, event.key, encoders.value(event, form), header, moment_ms)


def paced(
    records: Iterable[_T], rate: float | None, clock: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[_T]:
    """The same records, no sooner than ``rate`` per second allows, counted from the first."""
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
        encoders: Write the records.
        sender: Where they go.
        ledger: What notes them; None where nobody does.
        progress: Told now and then how many records have been sent.
        rate: Records per second at the most.
        shuffle_seed: Decides in which order the records go; None for the order in which they are received.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
        is_stopped: Asked before each record of a live plan whether to end here.

    Raises:
        DeliveryError: Kafka did not take a record.
        DependencyUnavailable: Kafka did not acknowledge the last records in time.
    """
    started = clock()
    records = Simulation(plan).records()
    if plan.is_live:
        now = takewhile(lambda _: not is_stopped(), paced(records, rate, clock, sleep))
        waited: Iterator[Wire] = live_wires(now, encoders, ledger, _now_ms)
    else:
        ready = wires(records, encoders, ledger)
        if shuffle_seed is not None:
            ready = shuffled(ready, expected_records(plan), dice(shuffle_seed))
        waited = paced(ready, rate, clock, sleep)
    with _without_collector():
        sent = _send_all(waited, sender, progress)
    sender.flush()
    progress(sent)
    return Delivered(sent, clock() - started)


def _send_all(records: Iterable[Wire], sender: Sender, progress: Callable[[int], None]) -> int:
    sent = 0
    for sent, wire in enumerate(records, start=1):
        sender.send(wire)
        if sent % _PROGRESS_EVERY == 0:
            progress(sent)
    return sent


@contextmanager
def _without_collector() -> Iterator[None]:
    """A fifth faster: events and records make no cycles, and there are too many of them to be looked through."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
