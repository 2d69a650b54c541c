"""Topics ``products`` and ``recommendation-lists`` into Redis; ``python -m sinks.redis`` runs it.

A batch of one partition and the offset behind it are written by one script, which Redis runs as a whole, and only if
the offset in Redis is still the one that the batch begins at. So each record takes effect once, in its order, whatever
is killed; an older sink that wakes up writes nothing; and a Redis that was emptied is filled again from the beginning,
because the offsets went with the rest.

- ``description.py``  what the rest of the system knows of it
- ``changes.py``      what records mean for the keys
- ``store.py``        the script
- ``sink.py``         the loop that drives them, and waits where a server is away
"""
