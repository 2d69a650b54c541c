"""Records in another order, without holding all of them in memory.

Each record goes to a file drawn by lot; then the files are read one after the other, each shuffled. Any order of all
records is as likely as any other.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from random import Random
from typing import Final, TypeVar

RECORDS_A_FILE: Final = 50_000

_T = TypeVar("_T")


def shuffled(records: Iterable[_T], expected: int, rng: Random, records_a_file: int = RECORDS_A_FILE) -> Iterator[_T]:
    """The same records in an order drawn by lot.

    Args:
        records: The records; they are all read before the first comes out.
        expected: About how many there are.
        rng: Decides.
        records_a_file: About how many are in memory at a time.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1 + expected // records_a_file)]
        counts = [0] * len(files)
        for record in records:
            chosen = int(rng.random() * len(files))
            pickle.dump(record, files[chosen], pickle.HIGHEST_PROTOCOL)
            counts[chosen] += 1
        for file, count in zip(files, counts, strict=True):
            file.seek(0)
            held: list[_T] = [pickle.load(file) for _ in range(count)]  # noqa: S301 - written above
            rng.shuffle(held)
            yield from held
