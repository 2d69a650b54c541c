"""What a model costs from its interactions to lists in Redis, beside ``implicit``'s bare ``fit`` and ``recommend``.

    python -m bench.training [--runs 5] [--users 100000] [--items 20000] [--interactions 2000000] [--only TABLE ...]

starts a Redis of its own, as the platform has it. Interactions are drawn at random, items by a Zipf law. Three tables:

- train + top-N + publish, in turns, each in a process of its own:
  ``implicit``  AlternatingLeastSquares.fit on the matrix, and recommend of 20 items for every user
  ``shop``      iALS of as many factors and iterations on the same matrix, what is similar to each item, 20 items for
                every user with the reason of each, encoded, and written to Redis with a time to live
- publishing, in turns: the commands that ``shop`` sends, by its writer and by ``redis-cli --pipe``
- end to end, once at this size and once at four times as many users and interactions: rows as the SQL leaves them,
  indexed, evaluated on the newest days, fitted again on everything, stored, published; seconds of each stage and the
  peak memory of the process

Each figure is the median of the runs; a ratio is that of medians. ``OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1`` before
the command gives each side one thread, so that CPU seconds do not depend on how threads wait for each other.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import redis
from scipy import sparse

from local.parts.redis import redis_server
from recommender.catalogue import Catalogue
from recommender.interactions import PURCHASE, KnownUsers, in_order
from recommender.models.base import Training
from recommender.models.ials import Ials
from recommender.neighbours import no_neighbours
from recommender.publishing.bulk import send_all, set_if_absent
from recommender.publishing.live import LiveModels
from recommender.ranking import Rules
from recommender.store import Manifest, ModelStore, ServedModel
from recommender.training.dataset import dataset_of
from recommender.training.trainer import Trainer, similar_items

LENGTH: Final = 20
FACTORS: Final = 64
ITERATIONS: Final = 15
TTL_SECONDS: Final = 3_600
SEED: Final = 1
NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
DAYS: Final = 60
VALUE_BYTES: Final = 811


def main() -> None:
    arguments = parsed()
    if arguments.child:
        print(json.dumps(CHILDREN[arguments.child](arguments)))
        return
    with redis_on_a_free_port() as port:
        arguments.port = port
        print(f"{arguments.users:,} users x {arguments.items:,} items, {arguments.interactions:,} interactions")
        for table in arguments.only:
            TABLES[table](arguments)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--model", default="ials", help="Of the end-to-end table.")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="Tables; all by default.")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def compare_with_implicit(arguments: argparse.Namespace) -> None:
    results: dict[str, list[dict[str, float]]] = {"implicit": [], "shop": []}
    for _ in range(arguments.runs):
        for name, runs in results.items():
            runs.append(run_child(name, arguments))
    print(f"\ntrain + top-{LENGTH} + publish, {FACTORS} factors, {ITERATIONS} iterations, median of {arguments.runs}")
    for name, runs in results.items():
        print(f"  {name:10}" + "  ".join(f"{stage} {median(runs, stage):.1f}" for stage in runs[0]))
    for unit in ("seconds", "cpu_seconds"):
        print(f"  ratio of {unit}: {median(results['shop'], unit) / median(results['implicit'], unit):.2f}")


def compare_publishing(arguments: argparse.Namespace) -> None:
    value = b"x" * VALUE_BYTES
    pairs = [(b"rec:m1:user:%d:personalized" % user, value) for user in range(arguments.users)]
    commands = list(set_if_absent(pairs))
    client = redis.Redis(port=arguments.port)
    writers: dict[str, Callable[[], object]] = {
        "redis-cli --pipe": lambda: piped(commands, arguments.port),
        "shop": lambda: send_all(client, set_if_absent(pairs)),
        "redis-py": lambda: by_redis_py(client, pairs),
    }
    rates: dict[str, list[float]] = {name: [] for name in writers}
    for _ in range(arguments.runs):
        for name, write in writers.items():
            client.flushall()
            started = time.perf_counter()
            write()
            rates[name].append(len(pairs) / (time.perf_counter() - started))
            assert client.dbsize() == len(pairs)
    print(f"\npublishing {VALUE_BYTES} bytes a key with a time to live, keys per second, median of {arguments.runs}")
    floor = statistics.median(rates["redis-cli --pipe"])
    for name, of_writer in rates.items():
        print(f"  {name:18}{statistics.median(of_writer):>10,.0f}  {statistics.median(of_writer) / floor:.2f}")


def end_to_end(arguments: argparse.Namespace) -> None:
    print(f"\nend to end, model {arguments.model}")
    for times in (1, 4):
        size = argparse.Namespace(**vars(arguments))
        size.users, size.interactions = arguments.users * times, arguments.interactions * times
        seconds = run_child("end-to-end", size)
        stages = "  ".join(f"{stage} {value:,.1f}" for stage, value in seconds.items())
        print(f"  {size.interactions:>10,}  {stages}", flush=True)


def implicit_alone(arguments: argparse.Namespace) -> dict[str, float]:
    from implicit.als import AlternatingLeastSquares

    users, items, _ = drawn(arguments)
    matrix = sparse.csr_matrix(
        (np.ones(len(users), np.float32), (users, items)), shape=(arguments.users, arguments.items)
    )
    watch = Watch()
    model = AlternatingLeastSquares(factors=FACTORS, iterations=ITERATIONS, random_state=SEED)
    model.fit(matrix, show_progress=False)
    watch.lap("fit")
    model.recommend(np.arange(arguments.users), matrix, N=LENGTH, filter_already_liked_items=True)
    watch.lap("top-N")
    return watch.ended()


def shop_alone(arguments: argparse.Namespace) -> dict[str, float]:
    users, items, times = drawn(arguments)
    histories = in_order(arguments.users, users, items, np.full(len(users), PURCHASE, np.int8), times)
    ids = [f"user-{user}" for user in range(arguments.users)]
    client = redis.Redis(port=arguments.port)
    client.flushall()
    watch = Watch()
    training = Training(histories.histories, arguments.items)
    model = Ials(factors=FACTORS, iterations=ITERATIONS).fit(training)
    watch.lap("fit")
    similar = similar_items(model, training)
    watch.lap("similar")
    catalogue = Catalogue([f"item-{item}" for item in range(arguments.items)], {})
    made = ServedModel(
        manifest("m1"), model, catalogue, similar, no_neighbours(arguments.items), KnownUsers(ids, interactions)
    )
    LiveModels(client, Rules(LENGTH, True), TTL_SECONDS).publish(made, NOW)
    watch.lap("top-N and publish")
    return watch.ended()


def whole_job(arguments: argparse.Namespace) -> dict[str, float]:
    rows = interactions(arguments)
    attributes = pa.table({name: pa.array([], pa.string()) for name in ("product_id", "attribute", "value")})
    client = redis.Redis(port=arguments.port)
    client.flushall()
    watch = Watch()
    dataset = dataset_of(rows, attributes)
    watch.lap("index")
    trainer = Trainer(dataset, Rules(LENGTH, True), holdout_days=7)
    recipe = trainer.recipe(arguments.model)
    watch.lap("choose")
    decision = trainer.decide(recipe, None)
    watch.lap("evaluate")
    made = trainer.served(recipe, decision, "bench", NOW)
    watch.lap("fit")
    with tempfile.TemporaryDirectory() as folder:
        ModelStore(Path(folder).as_uri()).write(made)
        watch.lap("store")
    LiveModels(client, Rules(LENGTH, True), TTL_SECONDS).publish(made, NOW)
    watch.lap("publish")
    return watch.ended()


TABLES: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "implicit": compare_with_implicit,
    "publishing": compare_publishing,
    "end-to-end": end_to_end,
}

CHILDREN: Final[dict[str, Callable[[argparse.Namespace], dict[str, float]]]] = {
    "implicit": implicit_alone,
    "shop": shop_alone,
    "end-to-end": whole_job,
}


class Watch:
    """Seconds of stages, one after the other."""

    def __init__(self) -> None:
        self._laps: dict[str, float] = {}
        self._started = self._last = time.perf_counter()
        self._cpu = time.process_time()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name], self._last = now - self._last, now

    def ended(self) -> dict[str, float]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        whole = {"seconds": self._last - self._started, "cpu_seconds": time.process_time() - self._cpu}
        return self._laps | whole | {"peak MB": peak}


def drawn(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users (n,) int64, items (n,) int32 and times (n,) float64 of interactions, no pair twice."""
    rng = np.random.default_rng(SEED)
    activity = rng.lognormal(0, 1, arguments.users)
    n_drawn = int(arguments.interactions * 1.3)
    users = rng.choice(arguments.users, n_drawn, p=activity / activity.sum())
    popularity = 1 / (np.arange(arguments.items) + 50.0)
    items = rng.choice(arguments.items, n_drawn, p=popularity / popularity.sum())
    pairs = np.unique(users * arguments.items + items)
    pairs = np.sort(rng.permutation(pairs)[: arguments.interactions])
    times = NOW.timestamp() - rng.random(len(pairs)) * DAYS * 86_400
    return pairs // arguments.items, (pairs % arguments.items).astype(np.int32), times


def interactions(arguments: argparse.Namespace) -> pa.Table:
    users, items, times = drawn(arguments)
    return pa.table(
        {
            "user_id": pa.array([f"user-{user}" for user in users.tolist()]),
            "is_visitor": np.zeros(len(users), bool),
            "product_id": pa.array([f"item-{item}" for item in items.tolist()]),
            "kind": pa.array(["purchase"] * len(users)),
            "event_time": (times * 1000).astype(np.int64),
            "basket": pa.array([f"order-{user}-{int(at) // 86_400}" for user, at in zip(users, times, strict=True)]),
        }
    )


def manifest(version: str) -> Manifest:
    return Manifest(version, "ials", {}, "bench", NOW, NOW, NOW, {}, {}, {})


def piped(commands: list[bytes], port: int) -> None:
    subprocess.run(
        [str(Path(redis_server()).with_name("redis-cli")), "-p", str(port), "--pipe"],
        input=b"".join(commands),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def by_redis_py(client: redis.Redis, pairs: list[tuple[bytes, bytes]]) -> None:
    for first in range(0, len(pairs), 1_000):
        with client.pipeline(transaction=False) as pipeline:
            for key, value in pairs[first : first + 1_000]:
                pipeline.set(key, value, nx=True)
            pipeline.execute()


def run_child(name: str, arguments: argparse.Namespace) -> dict[str, float]:
    sizes = ["users", "items", "interactions", "model", "port"]
    options = [word for size in sizes for word in (f"--{size}", str(getattr(arguments, size)))]
    command = [sys.executable, "-m", "bench.training", "--child", name, *options]
    seconds: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return seconds


def median(results: list[dict[str, float]], name: str) -> float:
    return statistics.median(result[name] for result in results)


@contextmanager
def redis_on_a_free_port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""]
        server = subprocess.Popen([redis_server(), *options], stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    client = redis.Redis(port=port)
    while time.monotonic() < deadline:
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("Redis does not start.")


if __name__ == "__main__":
    main()
