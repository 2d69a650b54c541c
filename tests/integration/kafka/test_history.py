from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from connections.errors import RecordsDeleted
from connections.kafka import CommittedRecords
from jobs.history.bounded import BoundedEvents
from local.faults.expectation import expect
from operations.history.gather import RunTopics, event_bounds
from schemas.settings import Settings
from schemas.topics import EVENTS

pytestmark = pytest.mark.platform

SECONDS = 60.0


def test_what_kafka_deleted_before_a_job_had_read_it_is_told(kafka: Settings, admin: AdminClient, writer: Any) -> None:
    writer.write(*({"topic": EVENTS} for _ in range(3)))
    with CommittedRecords(kafka) as records:
        bounds = event_bounds(records)
    first = {partition: low for partition, (low, _) in bounds.items()}
    end = {partition: end for partition, (_, end) in bounds.items()}
    read, beyond = BoundedEvents("", first, end), BoundedEvents("lake", end, end)
    read.check_held(kafka, "training")

    admin.delete_records([TopicPartition(EVENTS, 0, end[0])])[TopicPartition(EVENTS, 0)].result()

    with pytest.raises(RecordsDeleted, match=r"deleted the 3 offsets .* of events-0, which training") as told:
        read.check_held(kafka, "training")
    assert (told.value.first, told.value.end) == (first[0], end[0])
    beyond.check_held(kafka, "training")


def test_a_run_has_its_topics_until_it_ends_and_those_of_a_killed_one_go_with_the_next(
    kafka: Settings, admin: AdminClient
) -> None:
    RunTopics(kafka, "killed").create(["lake-events"])
    (elsewhere,) = RunTopics(kafka, "other").create(["lake-events"])
    with RunTopics(kafka, "killed") as topics:
        (made,) = topics.create(["lake-events"])
        expect("there are its own", lambda: of_runs(admin) == {made, elsewhere}, SECONDS)
    expect("there are none", lambda: of_runs(admin) == {elsewhere}, SECONDS)
    with RunTopics(kafka, "other"):
        expect("there are none at all", lambda: not of_runs(admin), SECONDS)


def of_runs(admin: AdminClient) -> set[str]:
    return {name for name in admin.list_topics(timeout=SECONDS).topics if name.startswith("shopstream-")}
