"""Who was erased, published to a real topic and read back while more are."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from connections.erased_users import REFRESH_SECONDS, ErasedUsers, KafkaServers
from connections.kafka import CommittedRecords
from jobs.training.interactions import without_erased
from operations.erasure.topics import publish_erasure
from schemas.settings import Settings
from schemas.topics import ERASURES

pytestmark = pytest.mark.platform

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_reader_learns_of_erasures_as_they_come(kafka: Settings) -> None:
    seconds = 0.0
    erased = ErasedUsers(KafkaServers(kafka.kafka_bootstrap_servers, 10.0), clock=lambda: seconds)
    assert erased.among(["ada", "bob", "", None]) == []
    publish_erasure(kafka, "ada", NOW)
    assert erased.among(["ada"]) == []
    seconds += REFRESH_SECONDS
    assert erased.among(["bob", "ada", None, "", "ada"]) == [1, 4]
    publish_erasure(kafka, "bob", NOW)
    publish_erasure(kafka, "ada", NOW)
    seconds += REFRESH_SECONDS
    assert erased.among(["bob", "ada", "eve"]) == [0, 1]


def test_an_erasure_does_not_name_the_user(kafka: Settings) -> None:
    publish_erasure(kafka, "ada", NOW)
    with CommittedRecords(kafka) as records:
        (record,) = (
            message
            for partition in records.partitions(ERASURES)
            for message in records.read(ERASURES, partition, *records.bounds(ERASURES, partition))
        )
    assert record.key() == b"fdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029"
    assert record.value() == b"1767571200000"


def test_a_training_leaves_out_whoever_was_erased(kafka: Settings) -> None:
    publish_erasure(kafka, "ada", NOW)
    interactions = pa.table({"user_id": ["ada", "bob", "ada", "eve"], "product_id": ["1", "2", "3", "4"]})
    kept = without_erased(interactions, ErasedUsers(kafka))
    assert kept.to_pydict() == {"user_id": ["bob", "eve"], "product_id": ["2", "4"]}
