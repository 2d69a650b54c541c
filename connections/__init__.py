"""Connections: one small module a server, with its time-outs, its authentication and its errors.

- ``kafka.py``         committed records, offsets of consumer groups
- ``registry.py``      the schema registry
- ``clickhouse.py``    ClickHouse, for whoever asks it questions
- ``redis.py``         Redis
- ``erased_users.py``  the topic of erased users, as a set that keeps up with it
- ``errors.py``        what a server may answer, or not answer
"""
