"""The ledger: the expected rows of every table, by plain arithmetic over the simulated events.

``./shop verify`` compares the platform with it. It is independent: it shares no code with the jobs, nor with the
validation rules of the contracts. Both follow ``docs/metrics.md``.

- ``ledger.py``    which records count, and in which books
- ``calendar.py``  days in the shop's time zone, minutes in UTC
- ``books.py``     what a book is: the accounts of one subject
- ``orders.py``    which of the purchases with one order_id counts
- ``sales.py``  ``money.py``  ``customers.py``  ``products.py``  ``identities.py``  ``users.py``  ``sessions.py``
  ``searches.py``  ``payments.py``  ``minutes.py``  ``recommendations.py``
- ``file.py``      the ledger as a file
"""
