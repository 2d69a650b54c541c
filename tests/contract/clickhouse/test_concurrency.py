"""Many clients at once, and queries that end before their time."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from coordination.waiting import wait_until
from tests.support.metrics import samples

ENDLESS = "SELECT count() FROM numbers(100000000000000) WHERE NOT ignore(sipHash64(number))"
PATIENCE_SECONDS = 60


def _wait_until(condition) -> None:
    wait_until(condition, PATIENCE_SECONDS, lambda: AssertionError("it did not happen in time"), poll_seconds=0.05)


def test_concurrent_clients_each_get_their_own_answer(http):
    def ask(number: int) -> str:
        return http.post("/", content=f"SELECT {number} + sum(number) FROM numbers(10000)").text

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(200))) == [f"{number + 49_995_000}\n" for number in range(200)]


def test_concurrent_inserts_all_arrive(http, ask):
    ask("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")

    def insert(number: int) -> int:
        body = "".join(f"{number * 100 + row}\n" for row in range(100))
        return http.post("/", params={"query": "INSERT INTO t FORMAT TSV"}, content=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(insert, range(40))) == {200}
    assert ask("SELECT count(), uniqExact(a), sum(a) FROM t") == "4000\t4000\t7998000\n"


def test_readers_see_whole_inserts_only(http, ask):
    ask("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")
    stop = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(int(http.post("/", content="SELECT count() FROM t").text))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        ask("INSERT INTO t FORMAT TSV\n" + "1\n" * 1000)
    stop.set()
    reader.join()
    assert {count % 1000 for count in seen} == {0}
    assert seen == sorted(seen)


def test_kill_query_ends_the_query_of_that_id(http):
    query_id = f"endless-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(http.post, "/", params={"query_id": query_id}, content=ENDLESS)
        # Killing what has not begun is no error and does nothing: ask until it is done.
        _wait_until(lambda: _kill(http, query_id) or pending.done())
        answer = pending.result(PATIENCE_SECONDS)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "394"


def _kill(http: httpx.Client, query_id: str) -> bool:
    answer = http.post("/", content=f"KILL QUERY WHERE query_id = '{query_id}' ASYNC")
    assert answer.status_code == 200, answer.text
    return answer.text != ""


def test_a_killed_session_query_leaves_its_session_alive(http):
    query_id, session = f"endless-{uuid.uuid4().hex}", {"session_id": uuid.uuid4().hex}
    assert http.post("/", params=session, content="SET max_block_size = 1000").status_code == 200
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(http.post, "/", params={"query_id": query_id, **session}, content=ENDLESS)
        _wait_until(lambda: _kill(http, query_id) or pending.done())
        assert pending.result(PATIENCE_SECONDS).headers["X-ClickHouse-Exception-Code"] == "394"
    assert http.post("/", params=session, content="SELECT getSetting('max_block_size')").text == "1000\n"


def _is_running(http: httpx.Client, marker: str) -> bool:
    sql = "SELECT count() FROM system.processes WHERE query LIKE {like:String} AND query NOT LIKE '%system.processes%'"
    return http.post("/", params={"param_like": f"%{marker}%"}, content=sql).text != "0\n"


@pytest.mark.parametrize("form", ["FORMAT JSON", "FORMAT TSV"], ids=["whole", "streamed"])
def test_a_query_ends_when_its_client_leaves(server, http, form):
    marker = uuid.uuid4().hex
    with httpx.Client(base_url=server.url, auth=(server.user, server.password)) as leaving:
        parameters = {"cancel_http_readonly_queries_on_client_close": 1, "readonly": 2}
        with pytest.raises(httpx.ReadTimeout):
            leaving.post("/", params=parameters, content=f"{ENDLESS} AND '{marker}' != '' {form}", timeout=1)
    _wait_until(lambda: not _is_running(http, marker))


def test_a_stream_that_nobody_reads_to_its_end_ends(server, http):
    marker = uuid.uuid4().hex
    sql = f"SELECT number, '{marker}' FROM numbers(100000000000) FORMAT TSV"
    with (
        httpx.Client(base_url=server.url, auth=(server.user, server.password), timeout=30) as leaving,
        leaving.stream("POST", "/", content=sql) as answer,
    ):
        pieces = answer.iter_bytes()  # kept: httpx closes the connection with its iterator
        assert next(pieces).startswith(b"0\t")
        assert _is_running(http, marker)
    _wait_until(lambda: not _is_running(http, marker))


def test_one_query_id_runs_once_at_a_time(http):
    query_id = f"endless-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(1) as pool:
        sql = f"{ENDLESS} AND '{query_id}' != ''"
        pending = pool.submit(http.post, "/", params={"query_id": query_id}, content=sql)
        _wait_until(lambda: _is_running(http, query_id))
        answer = http.post("/", params={"query_id": query_id}, content="SELECT 1")
        _wait_until(lambda: _kill(http, query_id) or pending.done())
        pending.result(PATIENCE_SECONDS)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "216"


def test_more_queries_than_may_run_wait_their_turn(start_gateway):
    gateway = start_gateway("--max-concurrent", "2")
    with gateway.client() as client, ThreadPoolExecutor(12) as pool:
        answers = pool.map(lambda n: client.post("/", content=f"SELECT {n}, sleep(0.05)").text, range(24))
        assert list(answers) == [f"{n}\t0\n" for n in range(24)]


def test_the_metrics_count(start_gateway):
    with start_gateway().client() as client:
        client.post("/", content="CREATE TABLE t (a UInt8) ENGINE = Memory")
        client.post("/", content="INSERT INTO t VALUES (1), (2)")
        client.post("/", content="SELECT nothing")
        page = client.get("/metrics").text
    assert samples(page) == {
        "shop_clickhouse_queries_total": 3,
        "shop_clickhouse_errors_total": 1,
        "shop_clickhouse_cancelled_total": 0,
        "shop_clickhouse_inserted_rows_total": 2,
        "shop_clickhouse_received_bytes_total": 40 + 29 + 14,
        "shop_clickhouse_active_queries": 0,
    }
