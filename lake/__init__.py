"""The lake: every accepted event in Parquet files by the day it happened, beyond Kafka's retention.

::

    <lake_url>/dt=2026-01-05/events-0-1200-2399.parquet    events of that UTC day among offsets 1200 to 2399 of events-0
    <lake_url>/_manifest/events-0-1200-2399.json           the files of that range of offsets: what counts

A range of offsets of one partition is written as a whole: its files, one for each day it has events of, then its entry
in the manifest. An entry is one object that appears at once, on a disk as in an object store; a file that no entry
names is not in the lake. Names follow from the range alone, so writing a range again changes nothing.

- ``columns.py``       events as Arrow columns, and back
- ``arrays.py``        the same of events that were read by column
- ``storage.py``       a directory or an S3-compatible store
- ``manifest.py``      entries: ranges, their files, counts and checksums
- ``writer.py``        a range of records into files and an entry
- ``reader.py``        a file's events, cut by time or offset
- ``compaction.py``    small files of neighbouring ranges into larger ones
- ``erasure.py``       a person's events taken out
- ``verification.py``  are the files what the manifest says?
"""
