"""Whether Kafka has deleted what a job was to read next, which must not pass unnoticed.

A reader of ``events`` stands behind the last record that it saw, and so before the marker that ended the transaction of
that record. When a shop was quiet for longer than Kafka keeps records, the marker is deleted as well: offsets are gone
then, and no event is. The lake, which has every event with its offset, tells one case from the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connections.errors import RecordsDeleted
from connections.kafka import CommittedRecords, group_offsets
from lake.manifest import ends, read_manifest
from schemas.errors import ContractError
from schemas.offsets import Partition
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group

OUT_OF_RANGE: Final = "OffsetOutOfRangeException"
"""What Kafka's client says when it is to read what is not there."""

REMEDIES: Final = {
    True: "Its producers must send those events again: ingest counts each once. Then './shop cancel {job}' and "
    "'SHOP_KAFKA_GAPS=accept ./shop submit {job}'.",
    False: "The lake may have those events: './shop cancel {job}', 'SHOP_KAFKA_GAPS=accept ./shop submit {job}' goes "
    "on without them, and './shop backfill --verify' and '--swap' put the days right that they belong to.",
}
"""Whether the job is ingest -> what to do."""


def only_markers_are_gone(settings: Settings, job: str) -> bool:
    """Whether Kafka has deleted what a job was to read next, and no event was among it.

    Raises:
        RecordsDeleted: It has, and events were among it, or may have been.
        DependencyUnavailable: Kafka or the lake does not answer.
    """
    topics = DOMAIN_TOPICS if job == INGEST else (EVENTS,)
    deleted = _deleted_unread(settings, consumer_group(job), topics)
    for partition, (first, end) in deleted.items():
        if job == INGEST or may_have_held_events(settings, partition, first, end):
            raise RecordsDeleted(job, str(partition), first, end, remedy(job))
    return bool(deleted)


def remedy(job: str) -> str:
    """What to do when Kafka has deleted what a job was to read next."""
    return REMEDIES[job == INGEST].format(job=job)


def _deleted_unread(settings: Settings, group: str, topics: Iterable[str]) -> dict[Partition, tuple[int, int]]:
    """Partition -> where its group goes on, and the first offset that Kafka holds, where that lies behind."""
    committed = group_offsets(settings, group, topics)
    with CommittedRecords(settings) as records:
        held_from = {partition: records.bounds(*partition)[0] for partition in committed}
    return {partition: (at, held_from[partition]) for partition, at in committed.items() if at < held_from[partition]}


def may_have_held_events(settings: Settings, partition: Partition, first: int, end: int) -> bool:
    """Whether events may have lain at these offsets of a partition of ``events``, by what the lake has."""
    from lake.storage import lake_storage  # with pyarrow, which who only asks for a remedy does without

    try:
        entries = read_manifest(lake_storage(settings))
    except ContractError:
        return True
    known = ends(entries).get(partition, 0) >= end
    events = any(entry.offsets.partition == partition and entry.offsets.last >= first for entry in entries)
    return events or not known
