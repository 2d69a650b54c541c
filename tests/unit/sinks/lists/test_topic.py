"""The topic of lists, without a server."""

from __future__ import annotations

from typing import Any, cast

import pytest

from connections.errors import DependencyUnavailable
from connections.registry import SchemaRegistry
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from sinks.lists import topic as topic_module
from sinks.lists.topic import ListsTopic


class NoTopics:
    """Committed records of a Kafka that has no topic."""

    def __init__(self, _settings: Settings) -> None:
        pass

    def __enter__(self) -> NoTopics:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def partitions(self, topic: str) -> list[int]:
        message = f"Kafka has no topic {topic}."
        raise ConfigurationError(message)


def test_a_topic_that_is_not_made_yet_is_waited_for_as_a_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_module, "CommittedRecords", NoTopics)
    lists = ListsTopic(Settings(), cast("SchemaRegistry", None))
    with pytest.raises(DependencyUnavailable, match="has no topic recommendation-lists"):
        lists.read()
