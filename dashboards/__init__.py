"""Dashboards: what a person asks of the running shop.

- ``committed_records.py``  reads a range of a Kafka partition, as far as it is committed
- ``failed_events.py``      the records that ingest refused
"""
