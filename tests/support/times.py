"""Where the time of a run of pytest went, by folder, and its CPU time, by group: a plugin that prints it at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import pytest

from tests.support.workers import CPU_SECONDS, group_of

DEPTH = 3
"""``tests/integration/kafka`` and ``tests/integration/test_main_job.py`` have a line of their own."""
LEAST_SECONDS = 1.0
LEAST_CPU_SECONDS = 5.0


class Times:
    """Adds up what setting up, calling and tearing down took, as each process that runs tests reports it."""

    def __init__(self) -> None:
        self._seconds: Counter[str] = Counter()
        self._tests: Counter[str] = Counter()
        self._cpu_seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = folder_of(report.nodeid)
        self._seconds[folder] += report.duration
        self._tests[folder] += report.when == "call"
        if report.when == "teardown":
            spent = (value for name, value in report.user_properties if name == CPU_SECONDS)
            self._cpu_seconds[group_of(report.nodeid)] += sum(spent)  # type: ignore[arg-type]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if not self._tests:
            return
        workers = getattr(config.option, "numprocesses", None) or 1
        terminalreporter.section(f"seconds by folder, {workers} at a time")
        for line in table(self._seconds, self._tests):
            terminalreporter.line(line)
        terminalreporter.section("CPU seconds by group")
        for line in cpu_table(self._cpu_seconds):
            terminalreporter.line(line)


def folder_of(nodeid: str) -> str:
    """The folder of a test, or its file where that lies beside folders."""
    path = PurePosixPath(nodeid.partition("::")[0])
    return "/".join(path.parts[:DEPTH]) if "integration" in path.parts else "/".join(path.parts[: DEPTH - 1])


def table(seconds: Counter[str], tests: Counter[str]) -> list[str]:
    """A line for each folder that took a second or more, the longest first, and one for all."""
    lines = [
        f"{spent:8.1f} s {tests[folder]:6} tests  {folder}"
        for folder, spent in seconds.most_common()
        if spent >= LEAST_SECONDS
    ]
    return [*lines, f"{seconds.total():8.1f} s {tests.total():6} tests  in all"]


def cpu_table(seconds: Counter[str]) -> list[str]:
    """A line for each group that cost five seconds or more, the most first, and one for all."""
    lines = [f"{spent:8.1f} s  {group}" for group, spent in seconds.most_common() if spent >= LEAST_CPU_SECONDS]
    return [*lines, f"{seconds.total():8.1f} s  in all"]
