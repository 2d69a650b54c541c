"""Contracts: the shapes and names that every part of shopstream agrees on.

- ``avro/``           the ShopEvent record and the records of the results, each with all that describes the result
- ``clickhouse/``     numbered DDL migrations, and views that are more than the columns of one table
- ``event_types.py``  event types: their topic, their required fields, the names other systems use
- ``validation.py``   what makes a decoded event invalid
- ``failures.py``     why a record lands in failed-events, and how it says so
- ``topics.py``       topics: key, partitions, retention, subject
- ``results.py``      results: what the jobs compute, read from their schemas
- ``result_tables.py``  their tables and views in ClickHouse
- ``redis_keys.py``   Redis keys
- ``codec.py``        Confluent framing and Avro bytes
- ``time_zones.py``   the database of time zones, and how another is compared with it
- ``settings.py``     every setting, with its environment variable
- ``errors.py``       the error tree's root, and the errors of contracts

Nothing here imports another package of the project.
"""
