"""The recommendation service: thin over Redis, fast, never empty-handed.

In the order in which a request passes them:

- ``server.py``        the process
- ``app.py``           the ASGI application: how the parts fit together, and FastAPI's pages
- ``gate.py``          id, client, limit, body of each request; the hot path, with ``unparsed_lists.py``
- ``access.py``        API keys, tokens, scopes
- ``rate_limit.py``    how many requests a client may send
- ``request_models.py``  bodies and parameters, with their bounds
- ``service.py``       from a query to an answer, with ``answers.py`` (shapes) and ``explanations.py`` (reasons)
- ``fallback_chain.py``  personal, session, category, trending, popular, newest, the catalogue
- ``scoring.py``       given products by the model itself
- ``sessions.py``      from the last products to similar ones
- ``candidates.py``    what may be recommended
- ``reranking.py``     boosts, diversity, caps, pins
- ``rules.py``         the rules file
- ``experiments.py``   which arm a user is in
- ``snapshot.py``      the active model and unavailable products, refreshed in the background
- ``memory.py``        the last good lists
- ``store.py``         what Redis holds
- ``redis_client.py``  the connection to it
- ``reporting.py``     what was shown, to Kafka
- ``access_log.py``    a line for each request
- ``metrics.py``       what is counted
- ``problems.py``      what can be wrong with a request
"""
