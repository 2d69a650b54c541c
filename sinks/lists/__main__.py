"""``python -m sinks.lists``: make lists of products until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from threading import Event

from connections.registry import SchemaRegistry
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder, with_plain_times
from sinks.core.process import run_until_signal
from sinks.core.reader import TopicReader
from sinks.lists.description import RANKED_LISTS
from sinks.lists.ranker import Ranker
from sinks.lists.topic import ListsTopic

logger = logging.getLogger("sinks.lists")


def run(settings: Settings, stopping: Event) -> None:
    """Make lists until ``stopping`` is set."""
    with (
        closing(SchemaRegistry.of(settings)) as registry,
        closing(TopicReader(settings, RANKED_LISTS.topics, RANKED_LISTS.group)) as source,
    ):
        Ranker(source, ListsTopic(settings, registry), FramedDecoder(registry, with_plain_times), stopping).run()


if __name__ == "__main__":
    sys.exit(run_until_signal(run, logger))
