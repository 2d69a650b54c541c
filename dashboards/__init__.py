"""Dashboards: questions to the running shop, and their rows.

- ``queries.py``  runs queries: that of each result, which follows from its description, and those of ``queries/``
- ``queries/``    queries as ``.sql`` files that are more than the columns of one result
"""
