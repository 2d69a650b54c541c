"""The tracking API: events from browsers, apps and services by HTTP, acknowledged when Kafka has them.

In the order in which a request passes them:

- ``server.py``      the process
- ``app.py``         the ASGI application: the intake, and health, metrics, tracker around it
- ``intake.py``      one request: read, check, send, answer
- ``reading.py``     the JSON of a body, as clients write it
- ``envelope.py``    what a body says of all its events
- ``access.py``      write keys and rate limits
- ``mapping.py``     what clients send, as ShopEvents; with ``vocabulary.py`` (names), ``values.py`` (values),
  ``clocks.py`` (times), ``devices.py`` and ``sessions.py`` (enrichment)
- ``violations.py``  what can be wrong with an event
- ``problems.py``    what can be wrong with a request, beyond what ``web/problems.py`` knows
- ``delivery.py``    the way to Kafka
- ``refused.py``     copies of the events that are refused
- ``metrics.py``     what is counted
- ``openapi.py``     how it is described
"""
