"""What the recommendation service reads: lists in Redis, and which model is active.

- ``live.py``          all lists of a model version, and which version is served
- ``active.py``        which version is served, and since when it is there
- ``personaliser.py``  each user's history and own list, kept fresh
- ``people.py``        what users did before they signed in, merged with their histories
- ``batches.py``       events as the personaliser takes them
- ``freshness.py``     how long after their events those lists are written
- ``encoding.py``      lists as bytes
- ``bulk.py``          many writes at once
- ``records.py``       model versions and promotions in ClickHouse
- ``promotion.py``     the one place that makes a version the active one, or rolls back
"""
