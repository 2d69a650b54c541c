"""A commit that Kafka's client does not come back from ends the process, which is started again."""

from __future__ import annotations

import subprocess
import sys
from threading import Event
from typing import Any

import pytest

from connections.errors import KafkaClientStuck
from schemas.offsets import Partition
from schemas.settings import Settings
from sinks.clickhouse.description import CLICKHOUSE
from sinks.core import source
from sinks.core.source import KafkaSource


class StuckConsumer:
    """A consumer whose commit waits for ever, as one whose group was lost did."""

    def __init__(self, _configuration: dict[str, Any], **_: Any) -> None:
        self.back = Event()
        self.is_closed = False

    def subscribe(self, *_: Any, **__: Any) -> None:
        """Nothing is assigned."""

    def commit(self, **_: Any) -> None:
        self.back.wait()

    def close(self) -> None:
        self.is_closed = True


class Nobody:
    def assigned(self, starts: Any) -> None:
        """Not called."""

    def revoked(self, partitions: Any) -> None:
        """Not called."""


def test_a_commit_that_never_comes_back_is_told_and_the_client_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[StuckConsumer] = []

    def consumer(*arguments: Any, **named: Any) -> StuckConsumer:
        made.append(StuckConsumer(*arguments, **named))
        return made[0]

    monkeypatch.setattr(source, "Consumer", consumer)
    monkeypatch.setattr(source, "COMMIT_SECONDS", 0.01)
    reader = KafkaSource(Settings(), CLICKHOUSE, Nobody(), lambda _partition: None)
    with pytest.raises(KafkaClientStuck, match=r"not come back from a commit for 0\.01 s"):
        reader.commit(Partition("events", 0), 7)
    reader.close()
    made[0].back.set()
    assert not made[0].is_closed


def test_the_process_ends_though_the_client_would_not_let_it() -> None:
    program = """
import logging, threading
from connections.errors import KafkaClientStuck
from sinks.core.process import run_until_signal

def run(_settings, _stopping):
    threading.Thread(target=threading.Event().wait).start()
    raise KafkaClientStuck("k:9092", "commit", 60)

run_until_signal(run, logging.getLogger("sink"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == KafkaClientStuck.exit_code
    assert "The Kafka client of k:9092 has not come back from a commit for 60 s" in done.stderr
