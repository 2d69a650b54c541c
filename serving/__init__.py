"""The recommendation service: thin over Redis, fast, never empty-handed.

In the order in which a request passes them:

- ``server.py``        the process
- ``app.py``           the ASGI application: how the parts fit together, and FastAPI's pages
- ``gate.py``          id, client, limit, body of each request; the hot path, with ``cutting.py``
- ``access.py``        API keys, tokens, scopes
- ``rate_limit.py``    how much a client may ask
- ``asks.py``          what may be asked, with its bounds
- ``service.py``       from what is wanted to an answer, with ``answers.py`` (shapes) and ``words.py`` (reasons)
- ``recommender.py``   the fallback chain
- ``sessions.py``      from the last products to similar ones
- ``candidates.py``    what may be recommended
- ``ranking.py``       boosts, diversity, caps, pins
- ``rules.py``         the rules file
- ``experiments.py``   who is in which arm
- ``snapshot.py``      the active model and what is unavailable, kept fresh
- ``memory.py``        the last good lists
- ``store.py``         what Redis holds
- ``redis_client.py``  how it is asked
- ``reporting.py``     what was shown, to Kafka
- ``access_log.py``    a line for each request
- ``metrics.py``       what is counted
- ``problems.py``      what can be wrong with a request
"""
