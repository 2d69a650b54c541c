"""What the HTTP services share: the collector (``producers/collector``) and the recommendation service (``serving``).

- ``server.py``      the process: signals, its socket, uvicorn
- ``access.py``      a client's key or token, and whether an address is loopback
- ``background.py``  work beside the requests: watched, counted, tried again
- ``body.py``        bodies within bounds
- ``head.py``        HEAD wherever GET is answered
- ``problems.py``    what can be wrong with a request (RFC 9457)
- ``prometheus.py``  metrics pages
"""
