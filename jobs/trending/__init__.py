"""trending: ``events`` and ``products`` -> lists of what is popular, trending and new, overall and by category.

"Now" is the hour of the newest event, never the clock of the machine: the history of a shop that closed years ago has
its lists too, and the same events give the same lists in whatever order they come. See
docs/adr/0010-popular-lists-are-sums-of-hours-and-days.md.
"""
