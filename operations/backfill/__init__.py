"""Results computed again from history, compared with the live ones and put in their place.

1. ``cut.py``         where history ends: which events, and which live rows may have changed since
2. ``run.py``         the same SQL over it, in Flink, into topics of its own
3. ``shadow.py``      from those topics into shadow tables of ClickHouse, as the sink does it
4. ``comparison.py``  live and shadow, row by row and day by day
5. ``swap.py``        the shadow's rows in place of live ones that differ

Live jobs and the sink go on all the while; why that is exact: docs/adr/0015-backfills-are-compared-at-fixed-offsets.md.
"""
