"""trending: ``events`` -> the demand for each product by hour, from which ``sinks/lists`` makes lists.

Sums of counts, so the same events give the same rows in whatever order they come; each event costs the same, however
many products and hours there are. "Now" is the hour of the newest event, never the clock of the machine: the history of
a shop that closed years ago has its lists too. See docs/adr/0029-lists-are-ranked-from-hourly-demand.md.
"""
