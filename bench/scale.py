"""What an event costs, and what the platform holds, as its history grows: everything on, on the defaults of a user.

    python -m bench.scale [--events 5000000] [--step 500000] [--seed 31] [--idle-seconds 60] [--json FILE] [--svg FILE]

brings up a platform of its own in a temporary directory, with every streaming job and the settings of the environment,
and measures it idle. Then ``./shop simulate --trouble all`` sends the events while they are counted. Each time that
the slowest job has read another step of them, a line is printed: events a second, CPU of an event by part, memory by
part, state and duration of the newest checkpoints, what is still unread. At the end every table is compared with the
ledger.

The cost of an event is taken by slope, from the first line at a fifth of the events on: the start of the JVMs and their
compilers are not in it. The simulator's own CPU is in none of the figures, but it takes its share of the cores.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from bench.charts import Series, line_charts
from flink.cluster import Cluster
from flink.code import streaming_jobs
from local.commands import environment_of, run_shop, shop_command
from local.memory import PYTHON_WORKER, memory_of
from local.platform import Platform
from local.ports import free_base
from local.processes import ProcessId
from operations.lag import PROMPT_SINKS, ends_with_open, pipeline_lag
from operations.migrate import migrate
from schemas.settings import Settings
from schemas.topics import EVENTS

POLL_SECONDS: Final = 2.0
SETTLE_SECONDS: Final = 60.0
"""After the start of the jobs: what compiles at first is not the idle platform's."""
WORKERS: Final = "python workers"


@dataclass(frozen=True, slots=True)
class Usage:
    """What the platform has used at one moment.

    Attributes:
        seconds: Monotonic time.
        cpu: Seconds of CPU by part.
        memory: Bytes by part.
    """

    seconds: float
    cpu: Mapping[str, float]
    memory: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """The platform when another step of events was read by every job.

    Attributes:
        events: Events read by the slowest job.
        seconds: Since the first record was sent.
        cpu: Seconds of CPU since then, by part.
        memory: Bytes by part.
        state_bytes: Of the newest checkpoints of all jobs.
        checkpoint_ms: The longest of them.
        failed_checkpoints: Of all jobs, so far; one that is due before all tasks run is among them.
        restarts: The same.
        lag: Records that some stage has not read yet.
    """

    events: int
    seconds: float
    cpu: Mapping[str, float]
    memory: Mapping[str, int]
    state_bytes: int
    checkpoint_ms: int
    failed_checkpoints: int
    restarts: int
    lag: int


class Processes:
    """The processes of a platform by part; CPU of those that have ended still counts."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._cpu: dict[tuple[str, int, float], float] = {}

    def usage(self) -> Usage:
        """What they have used by now."""
        memory: Counter[str] = Counter()
        for part, process in self._parts():
            size = memory_of(process)
            memory[part] += size.own_bytes
            memory[WORKERS] += size.worker_bytes
            for member in process.session():
                self._look(part, member)
        cpu: Counter[str] = Counter()
        for (part, _, _), seconds in self._cpu.items():
            cpu[part] += seconds
        return Usage(time.monotonic(), dict(cpu), dict(memory))

    def _parts(self) -> Iterator[tuple[str, ProcessId]]:
        state = self._platform.state()
        if state is None:
            raise SystemExit("The platform has ended.")
        yield "supervisor", state.supervisor
        for name, part in state.parts.items():
            if part.process is not None:
                yield name, part.process

    def _look(self, part: str, process: psutil.Process) -> None:
        try:
            times = process.cpu_times()
            name = WORKERS if PYTHON_WORKER in " ".join(process.cmdline()) else part
            self._cpu[name, process.pid, process.create_time()] = times.user + times.system
        except psutil.NoSuchProcess:
            return


@contextmanager
def platform_of(directory: Path) -> Iterator[Platform]:
    """A platform of its own, with every streaming job."""
    settings = Settings(data_dir=directory / "data", port_base=free_base(random.Random()))
    platform = Platform(settings)
    platform.fetch()
    try:
        platform.up()
        migrate(settings)
        platform.jobs.keep_running(*streaming_jobs())
        yield platform
    finally:
        platform.down()


def idle_cores(processes: Processes, seconds: float) -> Mapping[str, float]:
    """The share of a core that each part takes while nothing comes."""
    time.sleep(SETTLE_SECONDS)
    before = processes.usage()
    time.sleep(seconds)
    after = processes.usage()
    passed = after.seconds - before.seconds
    return {part: (cpu - before.cpu.get(part, 0.0)) / passed for part, cpu in after.cpu.items()}


def measured(platform: Platform, processes: Processes, args: argparse.Namespace, ledger: Path) -> Iterator[Line]:
    """Send the events, and yield a line for each step that every job has read."""
    before = processes.usage()
    arguments = (
        "simulate",
        "--events",
        str(args.events),
        "--seed",
        str(args.seed),
        "--trouble",
        "all",
        "--ledger",
        str(ledger),
    )
    with (ledger.with_suffix(".log")).open("w") as log:
        simulator = subprocess.Popen(
            shop_command(*arguments),
            env=environment_of(platform.settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    reached = 0
    while True:
        time.sleep(POLL_SECONDS)
        is_sent = simulator.poll() is not None
        line = line_at(platform, processes.usage(), before)
        is_over = is_sent and line.lag == 0
        if line.events >= reached + args.step or is_over:
            reached = line.events - line.events % args.step
            yield line
        if is_over:
            break
    if simulator.returncode:
        raise SystemExit(ledger.with_suffix(".log").read_text())


def line_at(platform: Platform, usage: Usage, before: Usage) -> Line:
    """What the platform looks like now."""
    settings = platform.settings
    lag = pipeline_lag(settings, PROMPT_SINKS)
    with closing(Cluster(settings)) as cluster:
        running = [job.id for job in cluster.jobs() if not job.has_ended]
        checkpoints = [cluster.checkpoints(job_id) for job_id in running]
        restarts = sum(map(cluster.restarts, running))
    newest = [(each["latest"] or {}).get("completed") or {} for each in checkpoints]
    return Line(
        events=events_read(settings, lag.jobs),
        seconds=usage.seconds - before.seconds,
        cpu={part: cpu - before.cpu.get(part, 0.0) for part, cpu in usage.cpu.items()},
        memory=usage.memory,
        state_bytes=sum(each.get("state_size", 0) for each in newest),
        checkpoint_ms=max((each.get("end_to_end_duration", 0) for each in newest), default=0),
        failed_checkpoints=sum(each["counts"]["failed"] for each in checkpoints),
        restarts=restarts,
        lag=lag.ingest + sum(lag.jobs.values()) + sum(lag.sinks.values()),
    )


def events_read(settings: Settings, behind: Mapping[str, int]) -> int:
    """How many events the slowest job has read: those that the topic has, less what it is behind."""
    return max(0, sum(ends_with_open(settings, (EVENTS,)).values()) - max(behind.values(), default=0))


def microseconds_an_event(first: Line, last: Line) -> dict[str, float]:
    """The slope between two lines, by part."""
    events = last.events - first.events
    return {part: 1e6 * (cpu - first.cpu.get(part, 0.0)) / events for part, cpu in last.cpu.items()}


def show(line: Line, previous: Line | None) -> None:
    """Print a line."""
    since = previous or Line(0, 0.0, {}, {}, 0, 0, 0, 0, 0)
    events, seconds = line.events - since.events, line.seconds - since.seconds
    cost = microseconds_an_event(since, line) if events else {}
    print(
        f"{line.events:>11,} events {line.seconds:7.0f} s {events / seconds:8,.0f}/s {sum(cost.values()):6.0f} us/event"
        f"  memory {sum(line.memory.values()) / 1e9:.2f} GB  state {line.state_bytes / 1e6:6.0f} MB"
        f"  checkpoint {line.checkpoint_ms:5} ms  failed {line.failed_checkpoints}  restarts {line.restarts}"
        f"  lag {line.lag:,}"
    )
    megabytes = {part: size / 1e6 for part, size in line.memory.items()}
    print(f"    CPU, us an event: {listed(cost, '.0f')}")
    print(f"    memory, MB: {listed(megabytes, '.0f')}", flush=True)


def listed(values: Mapping[str, float], form: str) -> str:
    """Names and values, the largest first."""
    return ", ".join(f"{name} {value:{form}}" for name, value in sorted(values.items(), key=lambda item: -item[1]))


def charts(lines: list[Line]) -> str:
    """The curves as an SVG."""
    millions = [line.events / 1e6 for line in lines]
    pairs = list(zip([None, *lines], lines, strict=False))
    rates, costs = [], []
    for previous, line in pairs:
        events = line.events - (previous.events if previous else 0)
        rates.append(events / (line.seconds - (previous.seconds if previous else 0.0)))
        costs.append(1e6 * (sum(line.cpu.values()) - (sum(previous.cpu.values()) if previous else 0.0)) / events)
    return line_charts(
        "million events",
        [
            Series("events a second", millions, rates),
            Series("CPU microseconds an event", millions, costs),
            Series("memory, GB", millions, [sum(line.memory.values()) / 1e9 for line in lines]),
            Series("state in checkpoints, MB", millions, [line.state_bytes / 1e6 for line in lines]),
        ],
    )


def verified(platform: Platform, ledger: Path) -> bool:
    """Whether every table equals the ledger; prints what ``./shop verify`` has to say."""
    done = run_shop(platform.settings, "verify", "--ledger", str(ledger))
    print(done.stdout + done.stderr)
    return done.returncode == 0


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--step", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--svg", type=Path, help="draw the curves into this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shopstream-scale-") as directory, platform_of(Path(directory)) as platform:
        processes = Processes(platform)
        idle = idle_cores(processes, args.idle_seconds)
        print(f"idle: {sum(idle.values()):.2f} of a core: {listed(idle, '.3f')}", flush=True)
        ledger = Path(directory) / "ledger.json"
        lines: list[Line] = []
        for line in measured(platform, processes, args, ledger):
            show(line, lines[-1] if lines else None)
            lines.append(line)
        first = next(line for line in lines if line.events >= args.events / 5)
        slope: dict[str, Any] = microseconds_an_event(first, lines[-1]) if first is not lines[-1] else {}
        print(f"by slope from {first.events:,} events on: {sum(slope.values()):.0f} us/event: {listed(slope, '.0f')}")
        is_equal = verified(platform, ledger)
    if args.json:
        figures = {"idle": idle, "slope": slope, "equal": is_equal, "lines": [asdict(line) for line in lines]}
        args.json.write_text(json.dumps(figures, indent=1))
    if args.svg:
        args.svg.write_text(charts(lines))
    is_steady = (lines[-1].restarts, lines[-1].failed_checkpoints) == (lines[0].restarts, lines[0].failed_checkpoints)
    sys.exit(0 if is_equal and is_steady else 1)


if __name__ == "__main__":
    main()
