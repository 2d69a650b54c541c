"""Runs the benchmark; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.pipeline import tables
from bench.pipeline.contestants import Bench, Input, Sample, say
from bench.pipeline.environment import peers_python
from bench.pipeline.machine import machine
from bench.pipeline.records import Broker, Record
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS
from simulator.ledger.file import write_ledger
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan, troubles
from simulator.run import registered_encoders, simulate
from simulator.sender import Sender

BY_HAND: Final = "(b) by hand: confluent-kafka + fastavro, 11 daily tables"
ANALYTICS: Final = "analytics, all its 13 results"
DAILY: Final = "analytics, the 11 daily results of the peers"
FLOOR: Final = "(a) Flink: the same Kafka read into nothing"
BYTEWAX: Final = "(c) bytewax, 11 daily tables"
QUIX: Final = "(d) quix-streams, 11 daily tables"
INGEST: Final = "ingest, exactly once"
SINK: Final = "sink into ClickHouse"
ALL: Final = "ingest + analytics + sink together, exactly once"


@dataclass(frozen=True)
class Aim:
    """A ratio, or a rate where there is no peer, of events per CPU-second that is to be reached."""

    contestant: str
    peer: str | None
    least: float


AIMS: Final = (
    Aim(DAILY, BY_HAND, 3),
    Aim(DAILY, BYTEWAX, 4),
    Aim(DAILY, QUIX, 10),
    Aim(ANALYTICS, BY_HAND, 3),
    Aim(ANALYTICS, BYTEWAX, 4),
    Aim(ANALYTICS, QUIX, 10),
    Aim(ALL, BY_HAND, 0.5),
    Aim(INGEST, None, 100_000),
)


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds of one contestant.

    Attributes:
        wall: Events per second.
        cpu: Events per CPU-second.
        servers_us: CPU of Kafka and ClickHouse for each event, in microseconds.
    """

    wall: float
    cpu: float
    servers_us: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pipeline", description="What the pipeline costs, beside its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=200_000, help="measured in each round")
    parser.add_argument("--warm-up", type=int, default=100_000, help="events in front of them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--trouble", default="all", help="as of './shop simulate'")
    parser.add_argument("--only", nargs="+", default=[""], help="contestants whose names have one of these words")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # nothing is left running then
    figures = run(given.rounds, given.events, given.warm_up, given.seed, given.trouble, given.only)
    print(as_json(figures) if given.json else as_text(figures))


def run(
    rounds: int, events: int, warm_up: int, seed: int, trouble: str, only: Sequence[str] = ("",)
) -> dict[str, Figures]:
    python = peers_python()
    with (
        tempfile.TemporaryDirectory(prefix="shopstream-bench-") as directory,
        machine(Path(directory) / "data") as made,
        closing(Broker(made.settings)) as broker,
    ):
        ledger = Path(directory) / "ledger.json"
        share = warm_up / (warm_up + events)
        simulated(made.settings, Plan(warm_up + events, seed, trouble=troubles(trouble)), ledger)
        produced = split(broker.read(dict.fromkeys(broker.ends(DOMAIN_TOPICS), 0)), share)
        bench = Bench(made, broker, python)
        say("Making the trusted events ...")
        accepted = split(bench.trusted(produced), share)
        contestants: dict[str, Callable[[], Sample]] = {
            INGEST: partial(bench.ingest, produced),
            FLOOR: partial(bench.floor, accepted),
            ANALYTICS: partial(bench.analytics, accepted),
            DAILY: partial(bench.daily, accepted),
            BY_HAND: partial(bench.peer, "by_hand", accepted),
            BYTEWAX: partial(bench.peer, "by_bytewax", accepted),
            QUIX: partial(bench.peer, "by_quix", accepted),
            SINK: partial(bench.sink, accepted),
            ALL: partial(bench.all_together, produced),
        }
        wanted = {name: each for name, each in contestants.items() if any(word in name for word in only)}
        return in_turns(wanted, rounds, tables.of_ledger(ledger))


def simulated(settings: Settings, plan: Plan, file: Path) -> None:
    """Send a simulated shop's records, and write its ledger."""
    ledger = Ledger(plan.time_zone, plan.lateness_ms, plan.skew_ms)
    with Sender(settings) as sender:
        sent = simulate(plan, registered_encoders(settings), sender, ledger, lambda _sent: None)
    write_ledger(file, ledger, plan.arguments())
    say(f"Simulated {sent.records:,} records, {ledger.accepted:,} of them to be accepted")


def split(records: Sequence[Record], share: float) -> Input:
    place = round(len(records) * share)
    return Input(records[:place], records[place:])


def in_turns(contestants: dict[str, Callable[[], Sample]], rounds: int, truth: tables.Tables) -> dict[str, Figures]:
    """Each contestant once in each round; every table that comes out must be the ledger's."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for number in range(rounds):
        for name, measure in contestants.items():
            sample = measure()
            samples[name].append(sample)
            rate = sample.events / sample.cpu_seconds
            say(f"round {number + 1}: {name}: {rate:,.0f} per CPU-s, {sample.events / sample.seconds:,.0f} per s")
            if sample.tables is not None and (wrong := tables.differing(sample.tables, truth)):
                sys.exit(f"{name}: not the ledger's tables: {', '.join(wrong)}")
    return {name: figures_of(found) for name, found in samples.items()}


def figures_of(samples: Sequence[Sample]) -> Figures:
    return Figures(
        wall=statistics.median(each.events / each.seconds for each in samples),
        cpu=statistics.median(each.events / each.cpu_seconds for each in samples),
        servers_us=statistics.median(1e6 * each.servers_cpu_seconds / each.events for each in samples),
    )


def reached(figures: dict[str, Figures]) -> dict[Aim, float]:
    """How far each aim is reached whose contestants were measured."""
    return {
        aim: figures[aim.contestant].cpu / (figures[aim.peer].cpu if aim.peer else 1)
        for aim in AIMS
        if aim.contestant in figures and (aim.peer is None or aim.peer in figures)
    }


def ratio(figures: dict[str, Figures], name: str, other: str) -> str:
    return f"{figures[name].cpu / figures[other].cpu:.2f}" if other in figures else "-"


def as_text(figures: dict[str, Figures]) -> str:
    lines = [f"{'':55} {'events/s':>9} {'per CPU-s':>10} {'x (a)':>6} {'x (b)':>6} {'servers us':>10}"]
    for name, each in figures.items():
        ratios = f"{ratio(figures, name, FLOOR):>6} {ratio(figures, name, BY_HAND):>6}"
        lines.append(f"{name:55} {each.wall:>9,.0f} {each.cpu:>10,.0f} {ratios} {each.servers_us:>10.1f}")
    lines += ["", f"{'aims, by CPU-second':90} {'is':>9} {'aim':>9}"]
    for aim, found in reached(figures).items():
        digits = ",.0f" if aim.peer is None else ".2f"
        what = f"{aim.contestant} / {aim.peer}" if aim.peer else aim.contestant
        verdict = "reached" if found >= aim.least else "missed"
        lines.append(f"{what:90} {found:>9{digits}} {aim.least:>9{digits}} {verdict}")
    return "\n".join(lines)


def as_json(figures: dict[str, Figures]) -> str:
    contestants = {
        name: {
            "events_per_second": each.wall,
            "events_per_cpu_second": each.cpu,
            "servers_us_per_event": each.servers_us,
        }
        for name, each in figures.items()
    }
    aims = [
        {"contestant": aim.contestant, "peer": aim.peer, "aim": aim.least, "is": found}
        for aim, found in reached(figures).items()
    ]
    return json.dumps({"contestants": contestants, "aims": aims}, indent=2)


if __name__ == "__main__":
    main()
