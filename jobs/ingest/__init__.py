"""ingest: domain topics -> ``events`` (trusted, each event once) and ``failed-events`` (the rest, with why).

``rules.py``       what happens to one record: plain Python, no Flink, no network of its own
``decoder.py``     Avro bytes to a decoded event, by the schema that the record names
``batches.py``     the rules for many records at once
``function.py``    these as a vectorised Flink function
``checked_events.sql``, ``trusted_events.sql``, ``failed_events.sql``   what goes where
``job.py``         wires them
"""
