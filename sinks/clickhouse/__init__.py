"""Topics into ClickHouse, each record exactly once; ``python -m sinks.clickhouse`` runs it.

``sinks/core`` says how a range of offsets is brought over. Here its name is the insert's de-duplication token:
ClickHouse takes the rows if it has not taken them before.

- ``description.py``  what the rest of the system knows of it
- ``store.py``        a batch as inserts: rows as they came, tombstones as deleted rows
- ``client.py``       HTTP to ClickHouse
"""
