"""The service as a process: in one or several, what it logs, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local.commands import environment_of
from tests.support.serving import RedisProcess, Shelf, service_of

START_SECONDS = 120.0


@pytest.mark.parametrize("processes", [1, 2])
def test_a_service_answers_logs_and_ends_well(
    redis_process: RedisProcess, stocked: Shelf, tmp_path: Path, processes: int
) -> None:
    settings = service_of(redis_process.url, serving_access_log=True, serving_processes=processes).settings
    environment = environment_of(settings)
    with (tmp_path / "log").open("wb") as log, (tmp_path / "words").open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "serving"], env=environment, stdout=log, stderr=words, cwd=tmp_path
        )
    try:
        url = f"http://127.0.0.1:{settings.port('serving')}"
        deadline = time.monotonic() + START_SECONDS
        while not answers(url):
            assert process.poll() is None, (tmp_path / "words").read_text()
            assert time.monotonic() < deadline
        for number in range(10):
            found = httpx.get(f"{url}/v1/recommend/ann?n=1", headers={"X-Request-ID": f"asked-{number}"}, timeout=30)
            assert found.json()["items"][0]["item_id"] == "p1"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, (tmp_path / "words").read_text()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["request_id"] for line in lines} == {f"asked-{number}" for number in range(10)}
    assert lines[0].keys() == {"time", "request_id", "client", "method", "path", "status", "ms"}
    assert {(line["client"], line["method"], line["path"], line["status"]) for line in lines} == {
        ("anybody", "GET", "/v1/recommend/ann", 200)
    }


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False
