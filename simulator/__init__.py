"""A shop that behaves, and the trouble that real traffic brings.

- ``plan.py``        what is simulated: how many events, which days, which trouble
- ``rhythm.py``      how busy the shop is, hour by hour
- ``catalogue.py``   products, their prices and stock
- ``people.py``      users, their tastes and where they come from
- ``shopping.py``    what a visitor does, event by event
- ``simulation.py``  the whole shop: records in the order in which they are received
- ``trouble.py``     delays, repetitions, skewed clocks, old versions, foreign names, junk
- ``poison.py``      records that must be refused
- ``events.py``      an event as the simulator holds it
- ``pieces.py``      its bytes
- ``versions.py``    older versions of the event's schema
- ``spool.py``       records in another order
- ``sender.py``      records to Kafka
- ``ledger/``        what every table must hold, by plain arithmetic
- ``run.py``         simulates, counts and sends

The same plan gives the same records, byte for byte. Nothing here checks an event: what becomes of each record is known
from how it was made, and the ledger (``simulator/ledger``) counts by that.
"""
