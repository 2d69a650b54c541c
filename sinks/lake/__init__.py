"""``events`` into the lake, each event exactly once; ``python -m sinks.lake`` runs it.

Reading, batching and the ledger of offsets are those of ``sinks.clickhouse``, whose docstring says why a record comes
over exactly once: a range of offsets is written down before it is written, and met exactly when it is written again.
Here the store is ``store.py``: a range becomes Parquet files by day and an entry of the lake's manifest.
"""
