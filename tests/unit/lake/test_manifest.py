from __future__ import annotations

from datetime import date

from lake.manifest import DataFile, Entry, stored_ranges
from lake.storage import Storage
from schemas.offsets import OffsetRange, Partition

WRITTEN_BY_THE_FIRST_VERSION = b"""{
 "span": ["events", 0, 3, 9],
 "next_offset": 11,
 "files": [
  {"name": "dt=2026-01-05/events-0-3-9.parquet", "day": "2026-01-05", "rows": 7, "size_bytes": 100,
   "sha256": "ab", "first_ms": 1, "last_ms": 2}
 ]
}"""


def test_ranges_are_known_by_the_names_of_their_entries(storage: Storage) -> None:
    for name in ("events-0-0-9", "events-1-0-99"):
        storage.write(f"_manifest/{name}.json", b"")
    assert stored_ranges(storage) == [
        OffsetRange(Partition("events", 0), 0, 9),
        OffsetRange(Partition("events", 1), 0, 99),
    ]


def test_entries_of_the_first_version_are_read_and_written_alike() -> None:
    entry = Entry.from_json("entry", WRITTEN_BY_THE_FIRST_VERSION)
    file = DataFile("dt=2026-01-05/events-0-3-9.parquet", date(2026, 1, 5), 7, 100, "ab", 1, 2)
    assert entry == Entry(OffsetRange(Partition("events", 0), 3, 9), 11, (file,))
    assert entry.name == "_manifest/events-0-3-9.json"
    assert b"".join(entry.to_json().split()) == b"".join(WRITTEN_BY_THE_FIRST_VERSION.split())
