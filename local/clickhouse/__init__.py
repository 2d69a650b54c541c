"""ClickHouse's HTTP interface over one embedded engine.

``python -m local.clickhouse --path DIR --port P`` owns a data directory; any client of ClickHouse's HTTP interface
uses it as it would a server. A request passes these modules, in this order:

    server      accepts connections, stops in good order    gateway       what all requests share
    handler     one HTTP request: routes, headers, the form of every reply
    body        the request's bytes: framing, size bound          compression   codecs, both ways
    request     what was asked: settings, parameters, credentials
    users       who asks, and what they may do
    sessions    which connection runs it, and what must not leak from it
    statements  what the SQL text tells before the engine sees it
    query       runs the statement, gives the reply's pieces
    engine      the only module that imports chdb                 config        the files the engine starts from
    running     ends queries that nobody waits for any more       metrics       what ``/metrics`` shows
"""
