"""ClickHouse's HTTP interface over one embedded engine.

``python -m local.clickhouse --path DIR --port P`` owns a data directory; any client of ClickHouse's HTTP interface
uses it like a server. A request passes these modules, in this order:

    server      accepts connections, stops in good order    gateway       what all requests share
    handler     one HTTP request: routes, headers, the form of every reply
    body        the request's bytes: framing, size bound          compression   codecs, both ways
    request     the request's statement, settings, parameters
    users       who the client is, and what it may do
    sessions    the engine's connection for it, and what must not leak from it
    statements  what the SQL text shows before the engine parses it
    query       runs the statement, gives the reply in chunks
    engine      the only module that imports chdb                 config        the files the engine starts from
    running     ends queries whose client has gone          metrics       what ``/metrics`` shows
"""
