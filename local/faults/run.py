"""Runs faults: each against real parts, each ending in the comparison with the ledger."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from local.faults.disks import mounted
from local.faults.fault import CannotBeDone, Fault, Outcome, Stage, Verdict
from local.faults.scene import Options, Scene
from local.faults.shop import TroubledShop
from local.platform import Platform
from local.ports import free_base
from operations.lag import wait_until_settled
from operations.migrate import migrate
from operations.verification import LedgerFile, TableReport, compare_records, compare_tables, read_ledger
from schemas.errors import ShopError
from schemas.settings import Settings

SETTLE_SECONDS: Final = 300.0
SEED: Final = 11
MOST_RECORDS: Final = 200_000
"""After so many a new platform is worth its start: what has to be kept, compared and replayed grows with them."""
IN_FRONT: Final = 4
"""The first of so many parts of the records is sent before the fault."""

COUNTED_IN_LOG: Final = (
    "produced: records of the domain topics",
    "accepted: records of the topic events",
    "duplicates: the rest",
)
"""What cannot be counted any more once records of the log were deleted on purpose."""

Tell = Callable[[str], None]


class Suite:
    """Runs faults one after the other; a context manager that ends with its last platform.

    Faults of one stage share a platform for as long as everything is as it must be, and until it has seen MOST_RECORDS.

    Args:
        options: How they are run.
        tell: Takes a line of what is being done.
    """

    def __init__(self, options: Options, tell: Tell) -> None:
        self._options = options
        self._tell = tell
        self._open = ExitStack()
        self._stage: Stage | None = None
        self._platform: Platform | None = None
        self._shop: TroubledShop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, fault: Fault) -> Outcome:
        """Run one fault, on a platform that is started for it unless one is there."""
        try:
            platform, shop = self._on(fault.stage)
        except CannotBeDone as error:
            return Outcome(fault, Verdict.NOT_RUN, problem=str(error))
        except ShopError as error:
            return Outcome(fault, Verdict.BROKEN, problem=f"no platform could be started for it: {error}")
        outcome = run_fault(fault, platform, shop, self._options, self._tell)
        if outcome.verdict in (Verdict.DIFFERS, Verdict.BROKEN):
            self._tell(f"its logs are kept in {keep_logs(platform)}")
        if outcome.verdict is not Verdict.EQUAL or shop.ledger.produced > MOST_RECORDS:
            self._close()
        return outcome

    def _on(self, stage: Stage) -> tuple[Platform, TroubledShop]:
        """The platform of a stage and the shop in front of it, as it stands or a new one."""
        if self._stage != stage or self._platform is None or self._shop is None:
            self._close()
            self._platform = self._open.enter_context(platform_of(stage, self._tell))
            self._shop = TroubledShop(self._platform.settings, self._options.rate, SEED)
            self._stage = stage
        return self._platform, self._shop

    def _close(self) -> None:
        self._stage = self._platform = self._shop = None
        self._open.close()


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults, those of one stage together."""
    return sorted(faults, key=lambda fault: (fault.stage.own, fault.stage.jobs))


def run_fault(fault: Fault, platform: Platform, shop: TroubledShop, options: Options, tell: Tell) -> Outcome:
    """Run one fault on a platform that is well."""
    started = time.monotonic()
    tell(f"{fault.name}: {fault.words}")
    try:
        with shop.trading(fault.arrivals) as trade:
            scene = Scene(platform, shop, trade, tell, options)
            trade.wait_for(options.records // IN_FRONT)
            fault.strike(scene)
            ended = time.monotonic()
            scene.recover()
            recovery_seconds = time.monotonic() - ended
            trade.wait_for(options.records)
        fault.mend(scene)
        found = compare(fault, platform, shop, tell)
    except CannotBeDone as error:
        return Outcome(fault, Verdict.NOT_RUN, problem=str(error))
    except ShopError as error:
        return Outcome(fault, Verdict.BROKEN, seconds=time.monotonic() - started, problem=str(error))
    return replace(found, records=trade.records, recovery_seconds=recovery_seconds, seconds=time.monotonic() - started)


def compare(fault: Fault, platform: Platform, shop: TroubledShop, tell: Tell) -> Outcome:
    """Wait until everything is counted, then compare it with the ledger, as ``./shop verify`` does.

    Raises:
        PlatformError: Not everything is counted in time.
        DependencyUnavailable: A server does not answer.
    """
    tell("comparing with the ledger")
    wait_until_settled(platform.settings, lambda _lag: None, SETTLE_SECONDS)
    truth = ledger_of(shop, platform)
    records = compare_records(truth, platform.settings)
    tables = dict(compare_tables(truth, platform.settings))
    counts = {name: each for name, each in records.counts.items() if not (shop.log_is_cut and name in COUNTED_IN_LOG)}
    wrong = [f"{name}: {found:,}, must be {must:,}" for name, (must, found) in counts.items() if found != must]
    wrong += [f"{name}: {report.problem or _words(report)}" for name, report in tables.items() if not report.agrees]
    distinct = records.counts["accepted: distinct event ids"][1]
    rows = records.counts["accepted: rows of the table events"][1]
    trusted = 0 if shop.log_is_cut else records.counts["accepted: records of the topic events"][1]
    return Outcome(
        fault,
        Verdict.DIFFERS if wrong else Verdict.EQUAL,
        events=truth.accepted,
        rows=sum(report.found for report in tables.values()),
        lost=max(0, truth.accepted - distinct),
        doubled=max(rows - distinct, trusted - truth.accepted, 0),
        problem="; ".join(wrong),
    )


def ledger_of(shop: TroubledShop, platform: Platform) -> LedgerFile:
    """The ledger as its file says it, with what others sent again."""
    path = platform.data.root / "ledger.json"
    shop.write_ledger(path)
    truth = read_ledger(path)
    return replace(truth, produced=truth.produced + shop.repeated, duplicates=truth.duplicates + shop.repeated)


@contextmanager
def platform_of(stage: Stage, tell: Tell) -> Iterator[Platform]:
    """A migrated platform of its own, in a temporary place and on free ports, that runs the stage's jobs."""
    home = Path(tempfile.mkdtemp(prefix="shopstream-faults-"))
    settings = Settings(data_dir=home / "data", port_base=free_base(random.Random()), **stage.settings)  # noqa: S311
    platform = Platform(settings)
    try:
        tell(f"starting a platform with {', '.join(stage.jobs)}")
        platform.data.create()
        platform.fetch()
        with ExitStack() as ground:
            ground.enter_context(mounted(platform.data.root, stage.disks))
            ground.callback(platform.down)
            platform.up()
            migrate(settings)
            with ThreadPoolExecutor(len(stage.jobs)) as pool:
                list(pool.map(platform.jobs.keep_running, stage.jobs))
            yield platform
    finally:
        shutil.rmtree(home)


def keep_logs(platform: Platform) -> Path:
    """Copy the logs of a platform to where they outlive it."""
    kept = Path(tempfile.mkdtemp(prefix="shopstream-fault-logs-"))
    return Path(shutil.copytree(platform.data.logs, kept, dirs_exist_ok=True))


def _words(report: TableReport) -> str:
    return ", ".join(f"{count:,} rows {kind}" for kind, count in report.counts.items())
