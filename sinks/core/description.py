"""What there is to know of a sink without running it: each store's is in ``sinks/<store>/description.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.offsets import Partition
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class SinkDescription:
    """One sink and the store that it fills.

    Attributes:
        name: Name of the store: that of its package in ``sinks``, and what ``./shop rebuild`` calls it.
        title: What messages call the store.
        part: Its part of the embedded platform, as ``./shop status`` shows it.
        group: The consumer group under which it commits how far it is.
        topics: What it reads.
        settings: The settings that only this store has.
        is_prompt: Whether records are in the store moments after they are in Kafka; else they wait for others first.
        if_deleted: What to do when Kafka has deleted what was to be read next.
        applied: Asks the store itself for the next offset of each partition; None where the consumer group alone
            keeps it.
    """

    name: str
    title: str
    part: str
    group: str
    topics: tuple[str, ...]
    settings: tuple[str, ...]
    is_prompt: bool = True
    if_deleted: str = ""
    applied: Callable[[Settings], Mapping[Partition, int]] | None = None

    @property
    def program(self) -> str:
        """The package that runs it: ``python -m`` of this."""
        return f"sinks.{self.name}"
