"""analytics: ``events`` -> the result tables of ``schemas/results.py``, each an upsert topic.

A file of SQL is one table: ``<result>.sql`` computes the result of that name, ``views/`` what several of them share.
Results are plain aggregates by the start of their day or minute, not windows that close: a late event corrects what
is already there. See docs/adr/0002-results-are-aggregates-by-period.md.
"""
