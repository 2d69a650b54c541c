"""The dashboard's service: the page, and what the page asks.

``GET /`` and what lies beside it is ``dashboards/page/``: static files, compressed, with an ETag; the answer to a file
under ``/assets/`` may be kept for good when its address ends with ``?v=`` and the ``version`` of ``/api/meta``.
The Content-Security-Policy allows scripts, styles, fonts and calls of this origin alone, nothing inline.

All of ``/api`` is JSON. What goes wrong is ``application/problem+json`` (RFC 9457): 401 no valid key, 404 no such
thing, 422 a wrong parameter, 503 a server does not answer, with ``stale``, a list of what is out of date for that.
Amounts are text with all their decimals, counts are numbers, days are ``YYYY-MM-DD``, times RFC 3339 in UTC, shares
numbers from 0 to 1; null is what cannot be known.

``GET /api/meta``::

    {"shop": {"name", "time_zone", "currencies": ["GBP"], "first_day", "last_day", "newest_event": time or null},
     "version": "...", "now": time,
     "tables": [{"name", "doc", "grain", "columns": [...]}],
     "queries": [{"name", "title", "description", "grain", "remarks",
                  "parameters": [{"name", "type", "default", "doc", "choices": [], "least", "most"}],
                  "columns": [{"name", "unit", "doc"}]}]}

``unit`` is day, time, text, count, money (in the ``currency`` of its row), share, seconds or number.

``GET /api/query/{name}?from=2011-12-01&to=2011-12-09&...``, any query of ``dashboards/queries.py``::

    {"name", "columns": [{"name", "type", "unit", "doc"}], "rows": [[...], ...],
     "updated_at": time or null, "offsets": {"metrics-sales-daily-0": 17},
     "doubtful": [{"table", "reason", "since": time or null}], "seconds": 0.012}

``updated_at`` is when the newest change of the tables behind it was published; ``offsets`` where each partition of
their topics ends that ClickHouse has; ``doubtful`` says why the figures may be behind. ``GET /api/query/{name}.csv`` is
the same as CSV.

``GET /api/live``, Server-Sent Events; the data of each is JSON::

    event: seed      {"at": time, "seq": 41, "offsets": {...}, "window": {"minutes": 60, "days": 2},
                      "tables": {"sales_minutely": [row, ...], ...}, "updated_at": {"sales_minutely": time, ...},
                      "stale": []}
    event: change    {"seq": 42, "changes": [{"table", "key": [...], "row": {...} or null, "offset": "topic-0:17",
                      "at": time}]}
    event: reseed    {"reason"}    a seed follows: forget everything
    event: stale     {"stale": [{"server": "Kafka", "since": time}]}    and again, empty, once it is back
    event: beat      {}    after a second without another message, so that a page notices a lost connection

A row replaces the one with the same key; null removes it. A ``change`` follows the one with the number before it: a
page that misses one connects again. ``stale`` in a seed is as in the event. The tables are LIVE_TABLES of
``live/window.py``: results, of which the last hour's minutes and the last two days are in the window, and

- ``visits``  one row: visitors in the 5 and 30 minutes before the newest event, carts open, checkouts under way
- ``orders``  the last purchases: order_id, time, currency, value, items, country, channel, by event_id

``/ws/analytics`` is the same over a WebSocket: ``{"event": "seed", "data": {...}}`` and so on, beats as
``{"event": "beat"}``.

``GET /api/explorer/user/{id}``::

    {"id", "model_version" or null, "history": [{"kind", "product", "at"}],
     "visitors": [{"id", "changes": [{"user" or null, "at"}], "events": 3}], "changes": [{"user" or null, "at"}],
     "lists": [{"key", "source", "model_version", "generated_at", "history_until",
                "items": [{"product", "score", "reason", "words", "because": [product id]}]}],
     "products": {"p1": {"title", "category", "brand", "price", "currency", "available"}}}

``visitors`` are those that the user was, each with its links and sign-outs (user null), the newest first, and how many
of its anonymous events are the user's; ``changes`` are those of the id itself as a visitor.
``GET /api/explorer/product/{id}`` is the same without history and visitors, with ``product`` itself.
``GET /api/titles?id=..&id=..`` gives
``{"products": {id: {...}}}`` of up to 200. ``GET /api/catalogue`` counts the products that the catalogue knows, and
those of them that are out of stock or hidden: ``{"products", "unavailable"}``.

``GET /api/pipeline``::

    {"at": time,
     "lag": {"ingest": 0, "open_transactions": 0, "jobs": {}, "sinks": {}, "settled": true, "words"} or null,
     "jobs": [{"name", "state", "restarts", "checkpoints", "last_checkpoint": time or null, "last_failure"}],
     "failed": {"total": 3, "looked_at": 3, "reasons": {"...": 3}},
     "duplicates": {"since": time, "events": 900, "duplicates": 9} or null,
     "arrivals": {"since": time, "late_seconds": 600, "events": 900, "late": 1} or null,
     "lists": {"minutes": 10, "lists": 40, "older": 0, "p50_seconds": 0.9, "p99_seconds": 2.1},
     "tables": [{"name", "updated_at": time or null, "behind": 0}],
     "doubtful": [{"table", "reason", "since": time}], "memory_bytes": 83000000, "connections": 2,
     "stale": [{"server", "reason"}]}

``failed.total`` is null where there are more than were looked at. ``duplicates`` are records of events that had been
accepted, among the valid records that ingest has checked since its tasks started. ``arrivals`` are events of the last
hour, and those of them that ingest passed on more than ``late_seconds`` after they had happened. ``lists``, which
``GET /api/lists`` gives too, are users' lists, and how long after their newest event they were written. ``doubtful`` is
that of queries, as far as jobs are late: what is read from the topics of results, as ``/api/live`` is, is behind for
nothing else.

``POST /api/session`` with a key or a token as bearer sets a cookie that stands for it, as an EventSource can send no
header; ``DELETE`` ends it. ``/health/live``, ``/health/ready`` and ``/metrics`` are as those of the other services.

- ``server.py``      the process
- ``app.py``         the ASGI application
- ``access.py``      keys, tokens, cookies
- ``assets.py``      the page's files
- ``freshness.py``   how fresh tables are, with ``offsets.py`` (Kafka) and ``tables.py`` (which stand behind a query)
- ``guard.py``       who may pass, and the headers that browsers hold a page to
- ``clickhouse.py``  asks ClickHouse, read-only
- ``answers.py``     a query's answer
- ``meta.py``        what there is to ask
- ``live/``          changes as they come
- ``explorer.py``    users and products
- ``pipeline.py``    how the pipeline fares
- ``metrics.py``     what is counted
"""
