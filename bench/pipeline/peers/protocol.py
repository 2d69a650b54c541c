"""How a peer talks with the benchmark: it prints when it has passed a mark, and writes its tables at the end."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Task:
    """What a peer is to do.

    Attributes:
        servers: Kafka.
        registry: The schema registry's URL.
        topic: What to read, from its beginning.
        partitions: How many partitions it has.
        marks: After how many records to print a line; the last one is the end.
        tables: Where to write the tables.
    """

    servers: str
    registry: str
    topic: str
    partitions: int
    marks: list[int]
    tables: Path


def task() -> Task:
    parser = argparse.ArgumentParser()
    for name in ("--servers", "--registry", "--topic"):
        parser.add_argument(name, required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--marks", type=int, nargs="+", required=True)
    parser.add_argument("--tables", type=Path, required=True)
    return Task(**vars(parser.parse_args()))


class Marks:
    """Counts records; ends the process behind the last mark.

    Args:
        given: What to do.
        tables: Gives the current tables.
    """

    def __init__(self, given: Task, tables: Callable[[], Any]) -> None:
        self._left = list(given.marks)
        self._file = given.tables
        self._tables = tables
        self._count = 0

    def passed(self, records: int) -> None:
        self._count += records
        if self._count >= self._left[0]:
            self._report(self._left.pop(0))

    def _report(self, mark: int) -> None:
        if self._count > mark:
            sys.exit(f"{self._count} records where {mark} were expected")
        print(f"mark {mark} {time.time()}", flush=True)
        if not self._left:
            sys.stdin.readline()
            self._file.write_text(json.dumps(self._tables()), encoding="utf-8")
            os._exit(0)
