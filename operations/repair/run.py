"""Reads failed events, decides on each, and publishes what has become valid.

A repaired event has its own id and says when the shop first received it, so it counts as it would have then; sent
again, it counts once. Two memories see to that: ingest knows the ids of ``Settings.deduplication_seconds``, and
ClickHouse those of all events that were accepted before.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits, IngestRules
from operations.failed_events import FailedEvent, failed_events
from operations.repair.arrivals import Place, arrivals, place_of
from operations.repair.conditions import Condition
from operations.repair.decision import Decision, Repair, Repaired, Skipped, StillInvalid, reframed
from operations.repair.rule import AS_IT_IS, Rule
from producers.collector.mapping import Mapper
from producers.publisher import Publisher, routes
from schemas.errors import ConfigurationError
from schemas.failures import Failure, Stage
from schemas.settings import Settings
from schemas.topics import HEADER_RECEIVED_AT

BATCH: Final = 2_000
IDS_A_QUESTION: Final = 200
_KNOWN_IDS: Final = "SELECT event_id FROM events WHERE event_id IN {ids:Array(String)}"
SHOWN: Final = 20
ACCEPTED_BEFORE: Final = "an event of its id was accepted before"
SAME_ID: Final = "a failed event of the same id is repaired"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be repaired, and how.

    Attributes:
        conditions: All must hold.
        rule: Sets events right.
        schema_version: The version of the topic's schema to decode values with; None for the one they name.
        is_rehearsal: Whether nothing is to be sent.
    """

    conditions: Sequence[Condition] = ()
    rule: Rule = AS_IT_IS
    schema_version: int | None = None
    is_rehearsal: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of the failed events that were chosen.

    Attributes:
        repaired: How many were sent on, or would have been.
        skipped: Why nothing was to be done -> how many.
        invalid: Reason -> how many would fail again.
        examples: The first of those, each with its place.
    """

    repaired: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    invalid: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[Place, StillInvalid]] = field(default_factory=list)

    @property
    def chosen(self) -> int:
        """How many there were."""
        return self.repaired + self.skipped.total() + self.invalid.total()

    def add(self, failed: FailedEvent, decision: Decision) -> None:
        """Count what became of one."""
        match decision:
            case Repaired():
                self.repaired += 1
            case Skipped():
                self.skipped[decision.why] += 1
            case StillInvalid():
                self.invalid[decision.reason] += 1
                if len(self.examples) < SHOWN:
                    self.examples.append((place_of(failed), decision))


def repair_failed(settings: Settings, request: Request, progress: Progress) -> Outcome:
    """Repair what is in ``failed-events`` now.

    Raises:
        ConfigurationError: A topic has no such version of its schema.
        DeliveryError: Kafka did not take an event; run it again, what was sent counts once.
        DependencyUnavailable: A server does not answer.
    """
    outcome = Outcome()
    with ExitStack() as stack:
        run = _Run(settings, request, stack)
        looked_at = failed_events(settings)
        while batch := list(islice(looked_at, BATCH)):
            for failed, decision in run.decide(batch):
                outcome.add(failed, decision)
            progress(f"{outcome.chosen:,} chosen, {outcome.repaired:,} repaired ...")
    return outcome


class _Run:
    """The connections of a repair.

    Args:
        settings: Where the servers are.
        request: What is to be repaired, and how.
        stack: Closes them.
    """

    def __init__(self, settings: Settings, request: Request, stack: ExitStack) -> None:
        self._request = request
        self._registry = stack.enter_context(closing(SchemaRegistry.of(settings)))
        self._records = stack.enter_context(CommittedRecords(settings))
        self._clickhouse = stack.enter_context(connected(settings, settings.clickhouse_database))
        self._publisher = None if request.is_rehearsal else stack.enter_context(Publisher(settings))
        limits = AgeLimits(settings.allowed_lateness_seconds * 1000, settings.clock_skew_seconds * 1000)
        mapper = Mapper(limits.lateness_ms, limits.skew_ms, lambda: str(uuid.uuid4()))
        decoder = EventDecoder(self._registry, patience_seconds=0)
        self._repair = Repair(decoder, IngestRules(decoder, limits), routes(settings), mapper, request.rule)
        self._schema_ids: dict[str, int] = {}
        self._sent: set[str] = set()

    def decide(self, batch: Sequence[FailedEvent]) -> Iterator[tuple[FailedEvent, Decision]]:
        """Decide on those that are chosen, and publish what is repaired."""
        values = {place_of(failed): self._value(failed) for failed in batch}
        chosen = [failed for failed in batch if self._is_chosen(failed, values[place_of(failed)])]
        received = arrivals(self._records, chosen)
        decisions = [
            self._repair.decide(failed, values[place_of(failed)], received[place_of(failed)]) for failed in chosen
        ]
        repaired = [each for each in decisions if isinstance(each, Repaired)]
        known = known_ids(self._clickhouse, [record.event_id for each in repaired for record in each.records])
        for failed, decision in zip(chosen, decisions, strict=True):
            yield failed, self._send(decision, received[place_of(failed)], known)

    def _value(self, failed: FailedEvent) -> bytes | None:
        if self._request.schema_version is None or failed.stage is Stage.COLLECTOR:
            return failed.value
        return reframed(failed.value, self._schema_id(f"{failed.topic}-value", self._request.schema_version))

    def _schema_id(self, subject: str, version: int) -> int:
        if subject not in self._schema_ids:
            schema_id = self._registry.id_of_version(subject, version)
            if schema_id is None:
                message = f"The registry has no version {version} of {subject}."
                raise ConfigurationError(message)
            self._schema_ids[subject] = schema_id
        return self._schema_ids[subject]

    def _is_chosen(self, failed: FailedEvent, value: bytes | None) -> bool:
        conditions = self._request.conditions
        if not all(each.holds(failed, None) for each in conditions if not each.is_of_event):
            return False
        of_event = [each for each in conditions if each.is_of_event]
        event = self._repair.decode(value) if of_event else None
        fields = None if isinstance(event, Failure) else event
        return all(each.holds(failed, fields) for each in of_event)

    def _send(self, decision: Decision, received_ms: int, known: set[str]) -> Decision:
        if not isinstance(decision, Repaired):
            return decision
        new = [record for record in decision.records if record.event_id not in known]
        if not new:
            return Skipped(ACCEPTED_BEFORE)
        unsent = [record for record in new if record.event_id not in self._sent]
        if not unsent:
            return Skipped(SAME_ID)
        for record in unsent:
            self._sent.add(record.event_id)
            if self._publisher is not None:
                headers: dict[str, str | bytes | None] = {HEADER_RECEIVED_AT: str(received_ms)}
                self._publisher.send(record.topic, record.key, record.value, record.event_id, headers)
        return decision


def known_ids(clickhouse: Client, event_ids: Sequence[str]) -> set[str]:
    """Those of the ids that events in ClickHouse have."""
    known: set[str] = set()
    for first in range(0, len(event_ids), IDS_A_QUESTION):
        parameters = {"ids": list(event_ids[first : first + IDS_A_QUESTION])}
        answer = clickhouse.query(_KNOWN_IDS, parameters)
        known.update(str(row[0]) for row in answer.result_rows)
    return known
