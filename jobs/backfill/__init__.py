"""Results computed again from history: the same ``.sql`` files over bounded input, into topics of their own.

``plan.py`` says what one run reads and writes, ``program.py`` is the Flink program. ``./shop backfill`` submits it, see
``operations/backfill``.
"""
