"""``events`` into the lake, each event exactly once; ``python -m sinks.lake`` runs it.

``sinks/core`` says how a range of offsets is brought over. Here it becomes Parquet files by day and an entry of the
lake's manifest, all of them named by the range.

- ``description.py``  what the rest of the system knows of it
- ``records.py``      framed events as a table, by column
- ``store.py``        a batch as files of the lake
"""
