"""What waits for each page: a bounded queue of encoded messages; one that is full is dropped for a new seed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

QUEUE_MESSAGES: Final = 200
BEAT_SECONDS: Final = 1.0
"""A page takes silence of 2.5 seconds for a lost connection, and says within 3 what is out of date."""


class Message(NamedTuple):
    """One message to a page: the name of the event, and its data as JSON."""

    event: str
    data: bytes


BEAT: Final = Message("beat", b"")


class Page:
    """One connection; used from the event loop alone.

    Args:
        seed: Gives the newest seed; None while there is none.
    """

    def __init__(self, seed: Callable[[], Message | None]) -> None:
        self._seed = seed
        self._queue: deque[Message] = deque()
        self._wants_seed = True
        self._news = asyncio.Event()
        self._has_ended = False

    def put(self, message: Message) -> bool:
        """Queue a message; False where the page is too slow, and what waited for it is dropped."""
        if self._wants_seed and message.event != "stale":
            return True  # the seed will have it
        self._news.set()
        if len(self._queue) < QUEUE_MESSAGES:
            self._queue.append(message)
            return True
        self.reseed(b'{"reason":"The page took messages too slowly."}')
        return False

    def reseed(self, reason: bytes) -> None:
        """Drop what waits: the page begins anew with a seed; one that still waits for its first needs no reason."""
        if not self._wants_seed:
            self._queue.clear()
            self._queue.append(Message("reseed", reason))
            self._wants_seed = True
        self._news.set()

    def end(self) -> None:
        """End the connection once it has sent what it is sending."""
        self._has_ended = True
        self._news.set()

    async def next(self) -> Message | None:
        """The next message, a beat where there is none for a while; None at the end."""
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                while True:
                    if self._has_ended:
                        return None
                    if (message := self._at_once()) is not None:
                        return message
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return BEAT

    def _at_once(self) -> Message | None:
        if self._queue:
            return self._queue.popleft()
        if self._wants_seed and (seed := self._seed()) is not None:
            self._wants_seed = False
            return seed
        return None
