"""Runs the benchmark; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import os
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

from bench.environments import peers_python
from bench.pipeline import tables
from bench.pipeline.machine import machine
from bench.pipeline.records import Broker, Record
from bench.pipeline.systems import Bench, Input, Sample, log
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS
from simulator.ledger.file import write_ledger
from simulator.ledger.ledger import ledger_of
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
    """A target for events per CPU-second: as a ratio to a peer, or as a rate where there is no peer."""

    system: str
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
    """Medians over the rounds of one system.

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
    parser.add_argument("--only", nargs="+", default=[""], help="systems whose names contain one of these words")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    os.environ["SHOP_FOLD_ORDERS"] = "false"  # the peers count each purchase; the plan is the same
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # nothing is left running then
    figures = run(
        arguments.rounds, arguments.events, arguments.warm_up, arguments.seed, arguments.trouble, arguments.only
    )
    print(as_json(figures) if arguments.json else as_text(figures))


def run(
    rounds: int, events: int, warm_up: int, seed: int, trouble: str, only: Sequence[str] = ("",)
) -> dict[str, Figures]:
    python = peers_python()
    with (
        tempfile.TemporaryDirectory(prefix="shopstream-bench-") as directory,
        machine(Path(directory) / "data") as parts,
        closing(Broker(parts.settings)) as broker,
    ):
        ledger = Path(directory) / "ledger.json"
        share = warm_up / (warm_up + events)
        send_simulation(parts.settings, Plan(warm_up + events, seed, trouble=troubles(trouble)), ledger)
        produced = split(broker.read(dict.fromkeys(broker.ends(DOMAIN_TOPICS), 0)), share)
        bench = Bench(parts, broker, python)
        log("Making the trusted events ...")
        accepted = split(bench.trusted(produced), share)
        systems: dict[str, Callable[[], Sample]] = {
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
        selected = {name: measure for name, measure in systems.items() if any(word in name for word in only)}
        return in_turns(selected, rounds, tables.of_ledger(ledger))


def send_simulation(settings: Settings, plan: Plan, file: Path) -> None:
    """Send a simulated shop's records, and write its ledger."""
    ledger = ledger_of(settings, plan)
    with Sender(settings) as sender:
        delivered = simulate(plan, registered_encoders(settings), sender, ledger, lambda _sent: None)
    write_ledger(file, ledger, plan.arguments())
    log(f"Simulated {delivered.records:,} records, {ledger.accepted:,} of them to be accepted")


def split(records: Sequence[Record], share: float) -> Input:
    index = round(len(records) * share)
    return Input(records[:index], records[index:])


def in_turns(systems: dict[str, Callable[[], Sample]], rounds: int, expected: tables.Tables) -> dict[str, Figures]:
    """Each system once in each round; every table that it makes must equal the ledger's."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for number in range(rounds):
        for name, measure in systems.items():
            sample = measure()
            samples[name].append(sample)
            rate = sample.events / sample.cpu_seconds
            log(f"round {number + 1}: {name}: {rate:,.0f} per CPU-s, {sample.events / sample.seconds:,.0f} per s")
            if sample.tables is not None and (differing := tables.differing(sample.tables, expected)):
                sys.exit(f"{name}: tables differ from the ledger: {', '.join(differing)}")
    return {name: figures_of(samples_of_system) for name, samples_of_system in samples.items()}


def figures_of(samples: Sequence[Sample]) -> Figures:
    return Figures(
        wall=statistics.median(each.events / each.seconds for each in samples),
        cpu=statistics.median(each.events / each.cpu_seconds for each in samples),
        servers_us=statistics.median(1e6 * each.servers_cpu_seconds / each.events for each in samples),
    )


def values_of_aims(figures: dict[str, Figures]) -> dict[Aim, float]:
    """The value for each aim whose system and peer were measured."""
    return {
        aim: figures[aim.system].cpu / (figures[aim.peer].cpu if aim.peer else 1)
        for aim in AIMS
        if aim.system in figures and (aim.peer is None or aim.peer in figures)
    }


def ratio(figures: dict[str, Figures], name: str, other: str) -> str:
    return f"{figures[name].cpu / figures[other].cpu:.2f}" if other in figures else "-"


def as_text(figures: dict[str, Figures]) -> str:
    lines = [f"{'':55} {'events/s':>9} {'per CPU-s':>10} {'x (a)':>6} {'x (b)':>6} {'servers us':>10}"]
    for name, each in figures.items():
        ratios = f"{ratio(figures, name, FLOOR):>6} {ratio(figures, name, BY_HAND):>6}"
        lines.append(f"{name:55} {each.wall:>9,.0f} {each.cpu:>10,.0f} {ratios} {each.servers_us:>10.1f}")
    lines += ["", f"{'aims, by CPU-second':90} {'is':>9} {'aim':>9}"]
    for aim, value in values_of_aims(figures).items():
        digits = ",.0f" if aim.peer is None else ".2f"
        compared = f"{aim.system} / {aim.peer}" if aim.peer else aim.system
        outcome = "reached" if value >= aim.least else "missed"
        lines.append(f"{compared:90} {value:>9{digits}} {aim.least:>9{digits}} {outcome}")
    return "\n".join(lines)


def as_json(figures: dict[str, Figures]) -> str:
    systems = {
        name: {
            "events_per_second": each.wall,
            "events_per_cpu_second": each.cpu,
            "servers_us_per_event": each.servers_us,
        }
        for name, each in figures.items()
    }
    aims = [
        {"system": aim.system, "peer": aim.peer, "aim": aim.least, "is": value}
        for aim, value in values_of_aims(figures).items()
    ]
    return json.dumps({"systems": systems, "aims": aims}, indent=2)


if __name__ == "__main__":
    main()
