"""What each place holds of a person, and how it is taken out.

- ``data.py``        what a place offers
- ``clickhouse.py``  rows
- ``redis.py``       keys
- ``lake.py``        events
- ``models.py``      histories that models were trained with
"""
