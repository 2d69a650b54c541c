"""The life of our process: what it has acknowledged is there after any death, and one process owns a directory."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.faults.disks import FaultNotSupported, fill_up, mounted

ROOT = Path(__file__).resolve().parents[3]
BATCH_ROWS = 500


def _insert_until_it_dies(url: str, acknowledged: list[int], enough: threading.Event) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        for batch in range(10_000):
            body = "".join(f"{batch}\t{row}\n" for row in range(BATCH_ROWS))
            try:
                client.post("/", params={"query": "INSERT INTO t FORMAT TSV"}, content=body).raise_for_status()
            except httpx.TransportError:
                return
            acknowledged.append(batch)
            if len(acknowledged) == 20:
                enough.set()


def _ask(url: str, sql: str, **parameters: str) -> str:
    answer = httpx.post(url, params=parameters, content=sql, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_kill_9_loses_no_acknowledged_insert(start_gateway):
    gateway = start_gateway()
    _ask(gateway.url, "CREATE TABLE t (batch UInt32, row UInt32) ENGINE = MergeTree ORDER BY (batch, row)")
    for _ in range(2):
        acknowledged: list[int] = []
        enough = threading.Event()
        writer = threading.Thread(target=_insert_until_it_dies, args=(gateway.url, acknowledged, enough))
        writer.start()
        assert enough.wait(60)
        gateway.kill()
        writer.join()
        gateway = start_gateway()
        complete = _ask(gateway.url, f"SELECT batch FROM t GROUP BY batch HAVING count() = {BATCH_ROWS} ORDER BY batch")
        batches = _ask(gateway.url, "SELECT uniqExact(batch) FROM t")
        assert set(acknowledged) <= {int(line) for line in complete.splitlines()}
        assert int(batches) == len(complete.splitlines())
        _ask(gateway.url, "TRUNCATE TABLE t")


def test_everything_is_there_after_a_restart(start_gateway):
    gateway = start_gateway()
    _ask(gateway.url, "CREATE DATABASE shop")
    _ask(gateway.url, "CREATE TABLE shop.t (a UInt8) ENGINE = MergeTree ORDER BY a")
    _ask(gateway.url, "CREATE TABLE in_default (a UInt8) ENGINE = MergeTree ORDER BY a")
    _ask(gateway.url, "CREATE VIEW v AS SELECT sum(a) AS s FROM shop.t")
    _ask(gateway.url, "INSERT INTO shop.t VALUES (1), (2)")
    _ask(gateway.url, "INSERT INTO in_default VALUES (3)")
    for end in ("terminate", "kill"):
        getattr(gateway, end)()
        gateway = start_gateway()
        assert _ask(gateway.url, "SELECT s FROM v") == "3\n"
        assert _ask(gateway.url, "SELECT a FROM in_default") == "3\n"
        assert _ask(gateway.url, "SELECT engine FROM system.databases WHERE name = 'default'") == "Atomic\n"


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_token_is_known_after_a_restart(start_gateway, end):
    gateway = start_gateway()
    settings = "SETTINGS non_replicated_deduplication_window = 100"
    _ask(gateway.url, f"CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a {settings}")
    _ask(gateway.url, "INSERT INTO t VALUES (1)", insert_deduplication_token="orders-0-0-9")
    getattr(gateway, end)()
    gateway = start_gateway()
    _ask(gateway.url, "INSERT INTO t VALUES (1)", insert_deduplication_token="orders-0-0-9")
    assert _ask(gateway.url, "SELECT count() FROM t") == "1\n"
    _ask(gateway.url, "INSERT INTO t VALUES (1)", insert_deduplication_token="orders-0-10-19")
    assert _ask(gateway.url, "SELECT count() FROM t") == "2\n"


def test_a_second_process_on_the_directory_is_refused(start_gateway):
    gateway = start_gateway()
    outcome = _run(gateway.path)
    assert outcome.returncode == 4
    assert outcome.stderr.startswith(f"Another process has {gateway.path} open.")
    assert "Traceback" not in outcome.stderr
    assert _ask(gateway.url, "SELECT 1") == "1\n"


def test_a_taken_port_is_told(start_gateway, tmp_path):
    port = start_gateway().url.rpartition(":")[2]
    outcome = _run(tmp_path / "other", "--port", port)
    assert outcome.returncode == 4
    assert f"Port {port}" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_directory_that_cannot_be_is_told(tmp_path, embedded):
    (tmp_path / "file").write_text("in the way")
    outcome = _run(tmp_path / "file" / "data")
    assert outcome.returncode == 4
    assert outcome.stderr.startswith("The ClickHouse engine does not start on")
    assert "Traceback" not in outcome.stderr


def test_a_damaged_directory_is_told(tmp_path, embedded):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "shop.sql").write_text("this is no SQL")
    outcome = _run(tmp_path)
    assert outcome.returncode == 4
    assert "The ClickHouse engine does not start on" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_foreign_configuration_in_the_working_directory_is_ignored(tmp_path, start_gateway, monkeypatch):
    (tmp_path / "config.xml").write_text("<clickhouse><users_config>nowhere.xml</users_config></clickhouse>")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "local.clickhouse", "--path", "data", "--port", "0"]
    log = tmp_path / "log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output) as process:
        try:
            while "listens on" not in log.read_text():
                assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_sigterm_lets_a_running_query_end(start_gateway):
    gateway = start_gateway()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(_ask(gateway.url, "SELECT sleep(2) FORMAT TSV")))
    asking.start()
    while _ask(gateway.url, "SELECT count() FROM system.processes WHERE query LIKE '%sleep(2)%'") != "2\n":
        assert asking.is_alive()
    assert gateway.terminate() == 0
    asking.join()
    assert answers == ["0\n"]


def test_sigterm_does_not_wait_for_idle_connections(start_gateway):
    gateway = start_gateway()
    with gateway.client() as client:
        assert client.post("/", content="SELECT 1").text == "1\n"
        assert gateway.terminate() == 0


def test_a_new_process_is_small(start_gateway):
    gateway = start_gateway()
    _ask(gateway.url, "SELECT 1")
    status = Path(f"/proc/{gateway.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    resident_kb = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    assert resident_kb < 500_000


def _run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.clickhouse", "--path", str(path), "--port", "0", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with mounted(tmp_path, {"disk": 256 << 20}):
            yield tmp_path / "disk"
    except FaultNotSupported as error:
        pytest.skip(str(error))


def test_an_insert_that_does_not_fit_on_the_disk_is_refused_and_is_taken_once_there_is_room(small_disk, start_gateway):
    gateway = start_gateway(directory="disk/data")
    rows = "".join(f"{number}\n" for number in range(1_000))
    insert = {"query": "INSERT INTO t FORMAT CSV", "insert_deduplication_token": "rows"}
    options = "ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100"
    _ask(gateway.url, f"CREATE TABLE t (x UInt64) {options}")
    fill_up(small_disk / "filler")
    refused = httpx.post(gateway.url, params=insert, content=rows, timeout=30)
    assert refused.status_code == 500
    assert "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space" in refused.text
    assert _ask(gateway.url, "SELECT count() FROM t") == "0\n"
    (small_disk / "filler").unlink()
    for _ in range(2):
        _ask(gateway.url, rows, **insert)
    assert _ask(gateway.url, "SELECT count() FROM t") == "1000\n"
    gateway.kill()
