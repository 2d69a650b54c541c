"""A simulated shop: its events, and the trouble that real traffic brings.

- ``plan.py``        what is simulated: how many events, which days, which trouble
- ``rhythm.py``      how busy the shop is, hour by hour
- ``catalogue.py``   products, their prices and stock
- ``people.py``      users, their tastes and where they come from
- ``recommending.py``  what is recommended to whom
- ``shopping.py``    what a visitor does, event by event
- ``simulation.py``  the whole shop: records in the order in which they are received
- ``trouble.py``     delays, repetitions, skewed clocks, old versions, foreign names, junk
- ``poison.py``      invalid records
- ``events.py``      an event as the simulator holds it
- ``encoding.py``    its Avro bytes
- ``versions.py``    older versions of the event's schema
- ``spool.py``       records in random order
- ``sender.py``      records to Kafka
- ``ledger/``        the expected rows of every table, by plain arithmetic
- ``run.py``         simulates, counts and sends

The same plan gives the same records, byte for byte. Nothing here validates an event: how a record is made decides
whether it must be accepted, and the ledger (``simulator/ledger``) counts by that.
"""
