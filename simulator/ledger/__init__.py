"""The ledger: what every table must hold, by plain arithmetic over what the simulator did.

It is the other opinion that ``./shop verify`` compares the platform with, so it shares no code with the jobs, nor with
the contracts where those decide whether an event counts. ``docs/metrics.md`` is all that both follow.

- ``ledger.py``    which records count, and the books they are entered in
- ``calendar.py``  days of the shop, minutes of the world
- ``books.py``     what a book is
- ``sales.py``  ``products.py``  ``users.py``  ``sessions.py``  ``searches.py``  ``payments.py``  ``minutes.py``
- ``file.py``      the ledger as a file
"""
