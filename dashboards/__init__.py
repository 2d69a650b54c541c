"""Dashboards: what a person asks of the running shop.

- ``failed_events.py``      the records that ingest refused
"""
