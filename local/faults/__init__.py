"""The fault suite: each part is broken under load, and afterwards every table must equal the ledger of that load.

- ``catalogue.py``    all faults
- ``processes.py``  ``stores.py``  ``records.py``  ``log.py``  ``disks.py``    the faults, by what they hit
- ``run.py``          starts platforms, injects faults, compares with the ledger as ``./shop verify`` does
- ``report.py``       results as a table and as JSON
- ``fault.py``        what a fault is, and its result
- ``context.py``      what a fault's functions work with: a platform, the load on it, options
- ``load.py``         a simulated shop that sends records all the while
- ``recovery.py``     when a platform has recovered
- ``targets.py``      finds, kills and stops the processes of a platform
- ``expectation.py``  waits for what a fault expects
"""
