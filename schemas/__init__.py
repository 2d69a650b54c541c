"""Contracts: the shapes and names that every part of shopstream agrees on.

- ``avro/``           the ShopEvent record and the records of the results
- ``clickhouse/``     numbered DDL migrations
- ``event_types.py``  event types: their topic, their required fields, the names other systems use
- ``validation.py``   what makes a decoded event invalid
- ``failures.py``     why a record lands in failed-events, and how it says so
- ``topics.py``       topics: key, partitions, retention, subject
- ``results.py``      result tables: their key and their topic
- ``redis_keys.py``   Redis keys
- ``codec.py``        Confluent framing and Avro bytes
- ``settings.py``     every setting, with its environment variable
- ``errors.py``       the error tree's root, and the errors of contracts

Nothing here imports another package of the project.
"""
