"""What analytics is compared with: the same daily tables by hand, by bytewax and by quix-streams.

These programs run in an environment of their own (bench/requirements.lock) and import nothing of the product. Each
keeps its aggregates in the dictionaries of one process, which is the cheapest that it can do: no result is written
anywhere before the end, and none survives a crash.
"""
