"""Topics: what their key is, how long they keep records, and which schema their values follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.event_types import EVENT_TYPES
from schemas.results import RANKED, RESULTS, SERVED

INGEST: Final = "ingest"
"""The job that makes EVENTS and FAILED_EVENTS of the DOMAIN_TOPICS."""

EVENTS: Final = "events"
FAILED_EVENTS: Final = "failed-events"
ERASURES: Final = "erasures"
DOMAIN_TOPICS: Final = tuple(dict.fromkeys(kind.topic for kind in EVENT_TYPES.values()))

HEADER_RECEIVED_AT: Final = "shop-received-at"
"""Record header: when the shop first received the event, epoch milliseconds in ASCII digits.

Importers of history and replays set it, so that the age of an event is judged as it was when it first came; without
it the record's own Kafka timestamp tells. See docs/adr/0003-lateness-is-judged-by-reception-time.md.
"""

HEADER_REPLAYED: Final = "shop-replayed"
"""Record header: this is an event of the past that was published again; when that began, as HEADER_RECEIVED_AT is."""


DEMAND_DAYS: Final = 40
"""How long a topic of demand keeps its rows: longer than any list looks back, and as long as the job knows them."""


class Cleanup(StrEnum):
    """What Kafka does with old records."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_AND_DELETE = "compact,delete"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes:
        name: Its name.
        key: What the record key holds, in words.
        schema: Name of the Avro file its values follow; None for bytes that follow none.
        cleanup: Delete after the retention; keep the last record of each key; or keep it for DEMAND_DAYS.
        is_result: Whether it is one of RESULTS, whose table ClickHouse's sink fills.
    """

    name: str
    key: str
    schema: str | None
    cleanup: Cleanup = Cleanup.DELETE
    is_result: bool = False

    @property
    def value_subject(self) -> str:
        """The registry's subject of the values (TopicNameStrategy)."""
        return f"{self.name}-value"


TOPICS: Final = (
    *(Topic(name, "user_id, or product_id where there is no user", "shop_event") for name in DOMAIN_TOPICS),
    Topic(EVENTS, "user_id, or product_id where there is no user", "shop_event"),
    Topic(FAILED_EVENTS, "the failed record's own key", None),
    Topic(ERASURES, "SHA-256 of the id of a user who was erased", None, Cleanup.COMPACT),
    *(Topic(r.topic, ", ".join(r.key), r.name, Cleanup.COMPACT, is_result=True) for r in RESULTS),
    *(Topic(r.topic, ", ".join(r.key), r.name, Cleanup.COMPACT) for r in SERVED),
    *(Topic(r.topic, ", ".join(r.key), r.name, Cleanup.COMPACT_AND_DELETE) for r in RANKED),
)


def consumer_group(reader: str) -> str:
    """The consumer group of a job or a sink, under which it commits how far it has read."""
    return f"shopstream-{reader}"


def run_topic_prefix(kind: str) -> str:
    """How the names begin of the topics that every run of some program makes, and deletes when it ends."""
    return f"shopstream-{kind}-"


def run_topic(kind: str, run: str, name: str) -> str:
    """A topic of one run."""
    return f"{run_topic_prefix(kind)}{run}-{name}"
