"""The jobs, in the order in which an event meets them.

1. ``ingest``     domain topics -> ``events`` and ``failed-events``: decode safely, validate, de-duplicate
2. ``analytics``  ``events`` -> ``metrics-*``: sales, products, users, carts, searches, payments per day and per minute
3. ``sessions``   ``events`` -> ``metrics-*``: sessions and the funnel of a day
4. ``identity``   ``events`` -> ``metrics-*``: who the visitor of a device became, and when
5. ``catalogue``  ``events`` -> ``products``: what is known of each product, and whether it may be recommended
6. ``trending``   ``events`` -> ``product-demand``: interest and orders by product and hour, which ``sinks/lists`` ranks
7. ``personalise``  ``events`` -> Redis: users' histories and their own lists, within seconds of a click
8. ``feedback``   ``events`` -> ``metrics-recommendation-*``: what recommendations lead to and earn
9. ``training``   all events there are -> model store, Redis, ClickHouse: a model, judged and served; ends by itself

A job is a function from tables to tables. Its rules are plain Python that never imports Flink, its logic is in
``.sql`` files, and ``job.py`` only wires the two. ``environment.py`` is the one place that builds a Flink environment,
once ``java_zone.py`` has compared Java's time zones with Python's, ``sql_job.py`` what the jobs from ``events`` to
results share, ``history/`` how one that ends reads all events, ``interactions/`` what of the events still counts,
``identity/`` also whose an anonymous event is, ``tables.py`` the one place that binds connectors.
"""
