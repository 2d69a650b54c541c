"""Runs faults against real parts. Each run ends with a comparison with the ledger."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from local.faults.context import FaultContext, Options
from local.faults.disks import FaultNotSupported, mounted
from local.faults.fault import Fault, FaultResult, Outcome, PlatformSpec
from local.faults.load import LoadGenerator
from local.platform import Platform
from local.ports import free_base
from operations.lag import wait_until_settled
from operations.migrate import migrate
from operations.verification import LedgerFile, TableReport, compare_records, compare_tables, read_ledger
from schemas.errors import ShopError
from schemas.settings import Settings

SETTLE_SECONDS: Final = 600.0
SEED: Final = 11
MAX_RECORDS: Final = 200_000
"""After so many, a new platform is started: what has to be kept, compared and replayed grows with them."""
SHARE_BEFORE_FAULT: Final = 0.25
"""Share of a fault's records that is sent before it is injected."""

COUNTED_IN_LOG: Final = (
    "produced: records of the domain topics",
    "accepted: records of the topic events",
    "duplicates: the rest",
)
"""Counts that are not possible once a fault has deleted records of the log."""

Log = Callable[[str], None]


class Suite:
    """Runs faults one after the other; a context manager that ends with its last platform.

    Faults with equal platform specs share a platform until one does not end equal, or until it has seen MAX_RECORDS.

    Args:
        options: How they are run.
        log: Takes a line of progress.
    """

    def __init__(self, options: Options, log: Log) -> None:
        self._options = options
        self._log = log
        self._open = ExitStack()
        self._spec: PlatformSpec | None = None
        self._platform: Platform | None = None
        self._generator: LoadGenerator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, fault: Fault) -> FaultResult:
        """Run one fault, on a platform that is started for it unless one is there."""
        try:
            platform, generator = self._on(fault.platform)
        except FaultNotSupported as error:
            return FaultResult(fault, Outcome.NOT_RUN, problem=str(error))
        except ShopError as error:
            return FaultResult(fault, Outcome.FAILED, problem=f"no platform could be started for it: {error}")
        result = run_fault(fault, platform, generator, self._options, self._log)
        if result.outcome in (Outcome.DIFFERS, Outcome.FAILED):
            self._log(f"its logs are kept in {keep_logs(platform)}")
        if result.outcome is not Outcome.EQUAL or generator.ledger.produced > MAX_RECORDS:
            self._close()
        return result

    def _on(self, spec: PlatformSpec) -> tuple[Platform, LoadGenerator]:
        """A platform of these specs and the load on it: the one that runs, or a new one."""
        if self._spec != spec or self._platform is None or self._generator is None:
            self._close()
            self._platform = self._open.enter_context(platform_of(spec, self._log))
            self._generator = LoadGenerator(self._platform.settings, self._options.rate, SEED)
            self._spec = spec
        return self._platform, self._generator

    def _close(self) -> None:
        self._spec = self._platform = self._generator = None
        self._open.close()


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults, those with equal platform specs together."""
    return sorted(faults, key=lambda fault: (fault.platform.isolation, fault.platform.jobs))


def run_fault(fault: Fault, platform: Platform, generator: LoadGenerator, options: Options, log: Log) -> FaultResult:
    """Run one fault on a platform that is well."""
    started = time.monotonic()
    try:
        context, recovery_seconds = inject(fault, platform, generator, options, log)
        fault.repair(context)
        result = compare(fault, platform, generator, log)
    except FaultNotSupported as error:
        return FaultResult(fault, Outcome.NOT_RUN, problem=str(error))
    except ShopError as error:
        return FaultResult(fault, Outcome.FAILED, seconds=time.monotonic() - started, problem=str(error))
    seconds = time.monotonic() - started
    return replace(result, records=context.load.records, recovery_seconds=recovery_seconds, seconds=seconds)


def inject(
    fault: Fault, platform: Platform, generator: LoadGenerator, options: Options, log: Log
) -> tuple[FaultContext, float]:
    """Break something under load, and wait until the platform has recovered and all records of the fault are sent.

    Returns:
        The context of the fault, and the seconds of the recovery.

    Raises:
        ShopError: The fault cannot be injected, or the platform does not recover in time.
    """
    log(f"{fault.name}: {fault.description}")
    with generator.running(fault.transform) as load:
        context = FaultContext(platform, generator, load, log, options)
        load.wait_for(int(options.records * SHARE_BEFORE_FAULT))
        fault.inject(context)
        ended = time.monotonic()
        context.recover()
        recovery_seconds = time.monotonic() - ended
        load.wait_for(options.records)
    return context, recovery_seconds


def compare(fault: Fault, platform: Platform, generator: LoadGenerator, log: Log) -> FaultResult:
    """Wait until everything is counted, then compare it with the ledger, as ``./shop verify`` does.

    Raises:
        PlatformError: Not everything is counted in time.
        DependencyUnavailable: A server does not answer.
    """
    log("comparing with the ledger")
    wait_until_settled(platform.settings, lambda _lag: None, SETTLE_SECONDS)
    ledger = ledger_of(generator, platform)
    records = compare_records(ledger, platform.settings)
    tables = dict(compare_tables(ledger, platform.settings))
    uncounted = COUNTED_IN_LOG if generator.is_log_truncated else ()
    counts = {name: count for name, count in records.counts.items() if name not in uncounted}
    differences = [
        f"{name}: {actual:,}, expected {expected:,}"
        for name, (expected, actual) in counts.items()
        if actual != expected
    ]
    differences += [f"{name}: {table.problem or _summary(table)}" for name, table in tables.items() if not table.agrees]
    distinct = records.counts["accepted: distinct event ids"][1]
    rows = records.counts["accepted: rows of the table events"][1]
    trusted = 0 if generator.is_log_truncated else records.counts["accepted: records of the topic events"][1]
    return FaultResult(
        fault,
        Outcome.DIFFERS if differences else Outcome.EQUAL,
        events=ledger.accepted,
        rows=sum(table.actual for table in tables.values()),
        lost=max(0, ledger.accepted - distinct),
        duplicated=max(rows - distinct, trusted - ledger.accepted, 0),
        problem="; ".join(differences),
    )


def ledger_of(generator: LoadGenerator, platform: Platform) -> LedgerFile:
    """The ledger as its file has it, with the records that others sent again."""
    path = platform.data.root / "ledger.json"
    generator.write_ledger(path)
    ledger = read_ledger(path)
    republished = generator.republished
    return replace(ledger, produced=ledger.produced + republished, duplicates=ledger.duplicates + republished)


@contextmanager
def platform_of(spec: PlatformSpec, log: Log) -> Iterator[Platform]:
    """A new platform in a temporary directory and on free ports, migrated, with the jobs of the specs running."""
    home = Path(tempfile.mkdtemp(prefix="shopstream-faults-"))
    settings = Settings(data_dir=home / "data", port_base=free_base(random.Random()), **spec.settings)  # noqa: S311
    platform = Platform(settings)
    try:
        log(f"starting a platform with {', '.join(spec.jobs)}")
        platform.data.create()
        platform.fetch()
        with ExitStack() as resources:
            resources.enter_context(mounted(platform.data.root, spec.disks))
            resources.callback(platform.down)
            platform.up()
            migrate(settings)
            platform.jobs.keep_running(*spec.jobs)
            yield platform
    finally:
        shutil.rmtree(home)


def keep_logs(platform: Platform) -> Path:
    """Copy the logs of a platform to a directory that outlives it."""
    kept = Path(tempfile.mkdtemp(prefix="shopstream-fault-logs-"))
    return Path(shutil.copytree(platform.data.logs, kept, dirs_exist_ok=True))


def _summary(table: TableReport) -> str:
    return ", ".join(f"{count:,} rows {kind}" for kind, count in table.counts.items())
