"""Records in random order, without holding all of them in memory.

Each record goes to a random file; then the files are read one after the other, each shuffled. Every order of all
records is equally likely.
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
    """The same records in random order.

    Args:
        records: The records; they are all read before the first comes out.
        expected: About how many there are.
        rng: Makes the order.
        records_a_file: About how many are in memory at a time.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1 + expected // records_a_file)]
        counts = [0] * len(files)
        for record in records:
            index = int(rng.random() * len(files))
            pickle.dump(record, files[index], pickle.HIGHEST_PROTOCOL)
            counts[index] += 1
        for file, count in zip(files, counts, strict=True):
            file.seek(0)
            records_of_file: list[_T] = [pickle.load(file) for _ in range(count)]  # noqa: S301 - written above
            rng.shuffle(records_of_file)
            yield from records_of_file
