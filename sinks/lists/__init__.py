"""Topics ``product-demand`` and ``products`` into the topic ``recommendation-lists``: ``python -m sinks.lists``.

The store that it fills is a topic. It keeps all products and the demand of the last 30 days in arrays, read from the
beginning of both compacted topics at each start, and ranks all products at once. Lists are a function of what the
topics hold, so they are the same in whatever order the rows came and however often; a list that has not changed is
not written again.

- ``description.py``  what the rest of the system knows of it
- ``demand.py``       demand by product and hour, and what each product has of it within a window
- ``catalogue.py``    products, and the tree of their categories
- ``ranking.py``      which lists changed, and the best products of these
- ``topic.py``        the lists that the topic holds, and writing others
- ``ranker.py``       the loop that drives them, and waits where a server is away
"""
