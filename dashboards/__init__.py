"""Dashboards: what a person asks of the running shop.

- ``queries/``    questions as ``.sql`` files
- ``queries.py``  asks them
"""
