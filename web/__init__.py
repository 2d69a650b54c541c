"""What the HTTP services share: the collector (``producers/collector``) and the recommendations (``serving``).

- ``server.py``      the process: signals, its socket, uvicorn
- ``access.py``      who asks, as headers say it
- ``body.py``        bodies within bounds
- ``problems.py``    what can be wrong with a request (RFC 9457)
- ``prometheus.py``  counters as text
"""
