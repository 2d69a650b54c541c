from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from connections.errors import DependencyUnavailable
from operations.migrate import partitions_of, topic_config, wait_until_served
from schemas.results import RESULTS
from schemas.settings import Settings
from schemas.topics import TOPICS


class Broker:
    """Answers with what it knows of its topics, one answer after the other, the last one for ever."""

    def __init__(self, *answers: dict[str, list[int]]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def list_topics(self, timeout: float) -> Any:
        self.asked += 1
        leaders = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return SimpleNamespace(
            topics={
                name: SimpleNamespace(partitions={n: SimpleNamespace(leader=leader) for n, leader in enumerate(each)})
                for name, each in leaders.items()
            }
        )


def test_topics_are_there_when_the_broker_knows_a_leader_of_every_partition() -> None:
    broker = Broker({}, {"events": []}, {"events": [0, -1]}, {"events": [0, 0]})
    wait_until_served(broker, ["events"], Settings(), 60.0)  # type: ignore[arg-type]
    assert broker.asked == 4


def test_topics_that_the_broker_never_knows_are_an_error() -> None:
    with pytest.raises(DependencyUnavailable, match="does not serve the topics that it has created"):
        wait_until_served(Broker({}), ["events"], Settings(), 0.0)  # type: ignore[arg-type]


def test_results_have_partitions_of_their_own_number() -> None:
    settings = Settings(topic_partitions=12, topic_result_partitions=3)

    partitions = {topic.name: partitions_of(topic, settings) for topic in TOPICS}

    assert partitions == {topic.name: 12 for topic in TOPICS} | {result.topic: 3 for result in RESULTS}


def test_a_compacted_topic_is_copied_when_half_of_it_is_new() -> None:
    settings = Settings()
    ratios = {topic.name: topic_config(topic, settings).get("min.cleanable.dirty.ratio") for topic in TOPICS}

    assert ratios[RESULTS[0].topic] == "0.5"
    assert ratios["events"] is None


def test_configuration_is_plain_text_as_kafka_s_client_refuses_any_other_where_a_topic_is_there_already() -> None:
    admin = AdminClient({"bootstrap.servers": "127.0.0.1:1"})
    for topic in TOPICS:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in topic_config(topic, Settings()).items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic.name, incremental_configs=entries)
        admin.incremental_alter_configs([resource], request_timeout=0.1)
