"""Failed events, set right and sent on.

- ``conditions.py``  which of them: ``--where``
- ``rule.py``        the person's own Python that sets them right
- ``decision.py``    what becomes of one of them, as ingest would decide
- ``arrivals.py``    when the shop first received them
- ``run.py``         reads, decides, publishes
"""
