"""personalise: ``events`` -> each user's history and lists in Redis, within seconds of a click.

An event changes the user's history, a sorted set that keeps the newest event of each kind with each product, and the
history is ranked anew by every model in ``rec:live``. Both are functions of the set of events: read again, in another
order or from the beginning, the topic leaves the same keys. The events of a user are in one partition, and so with one
worker, which is why of two lists of a user the later one wins. Links and sign-outs say which anonymous events of a
visitor are a user's, too: those come through another worker (``recommender/publishing/people.py``).

- ``interactions.sql``  the interactions among ``events``
- ``function.py``       ``recommender/publishing/personaliser.py`` as a vectorised function
"""
