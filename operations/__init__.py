"""Operations: what is done to a running system, whichever it is; all it needs is addresses.

- ``migrate.py``          topics, schemas and tables brought up to date
- ``clickhouse_zone.py``  has ClickHouse the same time zones?
- ``running_jobs.py``     which jobs the cluster runs
- ``lag.py``              has everything been consumed?
- ``deleted_records.py``  records that Kafka deleted before they were read
- ``history/``            all events there ever were: the lake's, then Kafka's
- ``replay.py``           events of the past published again
- ``backfill/``           results computed again, compared and swapped
- ``stores.py``           every store, registered once
- ``rebuild/``            stores made anew
- ``personal/``           what each store holds of a person
- ``erasure/``            a person forgotten
- ``failed_events.py``    the records that ingest refused
- ``repair/``             those records set right and sent on
- ``verification.py``     every table compared with the simulator's ledger
"""
