"""The service as a process: in one or several, what it logs, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from coordination.waiting import wait_until
from local.commands import environment_of
from tests.support.metrics import samples
from tests.support.serving import RedisProcess, Shelf, eventually, service_of

START_SECONDS = 120.0


@pytest.mark.parametrize(("processes", "killed"), [(1, 0), (2, 1)])
def test_a_service_answers_counts_logs_and_ends_well(
    redis_process: RedisProcess, stocked: Shelf, tmp_path: Path, processes: int, killed: int
) -> None:
    settings = service_of(redis_process.url, serving_access_log=True, serving_processes=processes).settings
    metrics_files = tmp_path / "temporary"
    metrics_files.mkdir()
    environment = {**environment_of(settings), "TMPDIR": str(metrics_files)}
    errors = tmp_path / "errors"
    with (tmp_path / "log").open("wb") as log, errors.open("wb") as error_log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "serving"], env=environment, stdout=log, stderr=error_log, cwd=tmp_path
        )
    try:
        url = f"http://127.0.0.1:{settings.port('serving')}"

        def answers() -> bool:
            assert process.poll() is None, errors.read_text()
            try:
                return httpx.get(f"{url}/health/ready", timeout=10).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, START_SECONDS, lambda: AssertionError(errors.read_text()))
        for number in range(10):
            answer = httpx.get(f"{url}/v1/recommend/ann?n=1", headers={"X-Request-ID": f"request-{number}"}, timeout=30)
            assert answer.json()["items"][0]["item_id"] == "p1"
        eventually(lambda: counted(url) == (10, 10, 10, 1, 1))
        eventually(lambda: len((tmp_path / "log").read_text().splitlines()) == 10)  # who is killed writes no more
        for worker in workers_of(process)[:killed]:
            worker.kill()
            gauges = f"*/gauge_live*_{worker.pid}.db"
            eventually(lambda gauges=gauges: not list(metrics_files.glob(gauges)), START_SECONDS)
        eventually(lambda: counted(url) == (10, 10, 10, 1, 1), START_SECONDS)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, errors.read_text()
    assert list(metrics_files.iterdir()) == []
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["request_id"] for line in lines} == {f"request-{number}" for number in range(10)}
    assert lines[0].keys() == {"time", "request_id", "client", "method", "path", "status", "ms"}
    assert {(line["client"], line["method"], line["path"], line["status"]) for line in lines} == {
        ("anybody", "GET", "/v1/recommend/ann", 200)
    }


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if any("spawn_main" in argument for argument in child.cmdline())]


def counted(url: str) -> tuple[float, ...]:
    """What all processes together have counted, and two gauges."""
    page = samples(httpx.get(f"{url}/metrics", timeout=30).text)
    names = (
        'requests_total{status="200"}',
        'answers_total{source="personal"}',
        "request_seconds_count",
        "redis_is_there",
        "unavailable_products",
    )
    return tuple(page.get(f"shop_serving_{name}", 0) for name in names)
