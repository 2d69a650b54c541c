"""Stores made anew from the lake and the topics.

- ``request.py``     options of a rebuild, and what it reports
- ``clickhouse.py``  the table ``events`` and the result tables
- ``redis.py``       what Redis holds of people and products
"""
