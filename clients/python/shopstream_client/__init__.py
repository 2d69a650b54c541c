"""Client of shopstream's recommendation service: ``Client`` blocks, ``AsyncClient`` does not.

Both have the same methods.

ClientError
├── Unreachable   the service did not answer in time
└── Refused       the service says what is wrong with the request
"""

from shopstream_client.answers import Answer, Cause, CausingEvent, HistoryEntry, Item
from shopstream_client.calls import Boost, SessionItem
from shopstream_client.clients import AsyncClient, Client
from shopstream_client.errors import ClientError, Refused, Unreachable

__all__ = [
    "Answer",
    "AsyncClient",
    "Boost",
    "Cause",
    "CausingEvent",
    "Client",
    "ClientError",
    "HistoryEntry",
    "Item",
    "Refused",
    "SessionItem",
    "Unreachable",
]
