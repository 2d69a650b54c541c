"""Random requests over real HTTP, the same for the same seed. No answer to any of them may be a 5xx.

Hypothesis makes the values; a random generator puts them into requests, a few hundred times faster than hypothesis
would.
"""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

log = logging.getLogger(__name__)

REQUESTS: Final = int(os.environ.get("SHOP_TEST_FUZZ_REQUESTS", "1000"))
"""Requests to each service; the full size is 100000."""

SEED: Final = int(os.environ.get("SHOP_TEST_FUZZ_SEED", "7"))
ROUND: Final = 1_000
"""Requests of one seed: what fails can be repeated by its round alone, and hypothesis forgets those before."""

OF_A_POOL: Final = 100
"""Requests that are made of the same values."""

CONNECTIONS: Final = 8
SECONDS: Final = 60
NO_ANSWER: Final = 599
"""Stands for the status of a connection that ended without an answer."""

UNEXPECTED: Final = 598
HIGHEST_EXPECTED: Final = 499
"""Stand for the status of an answer with the text that is a failure, and of one with a 5xx that is none."""

_SHOWN: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request.

    Attributes:
        method: Of HTTP.
        target: Path and query, as they are sent.
        headers: By their names.
        body: As it is sent.
    """

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Client:
    """Sends requests as they are, over one connection as long as it lasts.

    Args:
        url: Where to.
        unexpected: What of an answer's text is a failure whatever the status; where it is given, a status is none.
    """

    def __init__(self, url: str, unexpected: bytes = b"") -> None:
        self._address = urlsplit(url).netloc
        self._unexpected = unexpected
        self._connection = self._connected()

    def status_of(self, attempt: Attempt) -> int:
        """The status of the answer."""
        try:
            return self._answered(attempt)
        except (http.client.BadStatusLine, ConnectionError):  # closed after the answer before this one
            self._reconnect()
        try:
            return self._answered(attempt)
        except (http.client.HTTPException, OSError):
            self._reconnect()
            return NO_ANSWER

    def close(self) -> None:
        self._connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=SECONDS)

    def _reconnect(self) -> None:
        self.close()
        self._connection = self._connected()

    def _answered(self, attempt: Attempt) -> int:
        self._connection.request(attempt.method, attempt.target, attempt.body or None, attempt.headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if self._unexpected:
            return UNEXPECTED if self._unexpected in content else min(answer.status, HIGHEST_EXPECTED)
        return answer.status


@dataclass
class Outcome:
    """What was answered.

    Attributes:
        statuses: How often each status was.
        failures: What was answered with a 5xx, and in which round.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, case: object, status: int, seed_of_round: int) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        if status >= 500:
            self.failures.append(f"{status} (SHOP_TEST_FUZZ_SEED={seed_of_round}): {case!r}")

    def check(self) -> None:
        """Fail where any answer was a 5xx, with the first of them."""
        shown = "\n".join(self.failures[:_SHOWN])
        assert not self.failures, f"{len(self.failures)} of {self.statuses.total()} requests failed:\n{shown}"


def each_of(cases: st.SearchStrategy[T], seed_of_round: int, count: int, use: Callable[[T], None]) -> None:
    """Let hypothesis make so many cases, the same ones for the same seed."""

    @seed(seed_of_round)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def run(case: T) -> None:
        use(case)

    run()


def fuzz(
    make: Callable[[Source], Attempt],
    values: st.SearchStrategy[Any],
    url: str,
    requests: int,
    unexpected: bytes = b"",
) -> Outcome:
    """Send random requests.

    Args:
        make: Makes one.
        values: What may stand in place of any value of JSON.
        url: Where to.
        requests: How many.
        unexpected: As a ``Client`` takes it.
    """
    outcome = Outcome()
    clients = [Client(url, unexpected) for _ in range(CONNECTIONS)]
    for first in range(0, requests, ROUND):
        seed_of_round = SEED + first
        rng = random.Random(seed_of_round)
        pools: list[list[Any]] = []
        each_of(
            st.lists(values, min_size=10, max_size=25), seed_of_round, min(ROUND, requests) // OF_A_POOL, pools.append
        )
        for pool in pools:
            source = Source(rng, pool)
            made = [make(source) for _ in range(OF_A_POOL)]
            for attempt, status in zip(made, _statuses(clients, made), strict=True):
                outcome.add(attempt, status, seed_of_round)
        statuses = dict(sorted(outcome.statuses.items()))
        log.info("%d of %d requests, answers by status: %s", outcome.statuses.total(), requests, statuses)
    for client in clients:
        client.close()
    return outcome


def _statuses(clients: Sequence[Client], made: Sequence[Attempt]) -> list[int]:
    """The status of each answer; the clients send at the same time."""
    statuses = [0] * len(made)

    def send(number: int) -> None:
        for place in range(number, len(made), len(clients)):
            statuses[place] = clients[number].status_of(made[place])

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(send, range(len(clients))))
    return statuses


NASTY: Final = (
    *("", " ", "'", '"', "\\", "\r\n", "\x00", "../..", "%", "*", "{}", "ü", "\u202e", "\ud83c", "NaN", "-1", "1e999"),
    *("0x10", "[]", "null", "x" * 300, "\U0001f389", "a:b", "1,2,3", "\t"),
)
NUMBERS: Final = (0, -1, 1, 2**31, 2**63, 10**30, 0.1, 1e308, float("nan"), float("inf"), -0.0)


def json_values(names: Sequence[str]) -> st.SearchStrategy[Any]:
    """Any JSON, with such names in its objects, and with what only Python's JSON has."""
    texts = st.sampled_from(NASTY) | st.text(max_size=20)
    return st.recursive(
        st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names) | texts, inner, max_size=3),
        max_leaves=6,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Makes parts of requests.

    Attributes:
        rng: Decides.
        pool: Values of JSON.
    """

    rng: random.Random
    pool: Sequence[Any]

    def is_one_in(self, n: int) -> bool:
        """True once in n times."""
        return self.rng.randrange(n) == 0

    def text(self) -> str:
        """Text, mostly of the kind that breaks programs."""
        value = self.rng.choice(self.pool)
        return value if isinstance(value, str) else self.rng.choice(NASTY)

    def changed(self, valid: Sequence[Any]) -> Any:
        """One of some valid values of JSON, with up to three of its parts replaced, taken away or doubled."""
        value = json.loads(json.dumps(self.rng.choice(valid)))
        for _ in range(self.rng.randrange(4)):
            places: list[tuple[Any, Any]] = []
            _collect(value, places)
            if not places:
                return deepcopy(self.rng.choice(self.pool))
            self._change(*self.rng.choice(places))
        return value

    def _change(self, holder: Any, key: Any) -> None:
        kind = self.rng.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder.append(deepcopy(holder[key]))
        elif kind == 1:
            holder[self.text()] = deepcopy(holder[key])
        else:
            holder[key] = deepcopy(self.rng.choice(self.pool))

    def address(self, paths: Sequence[str], names: Sequence[str]) -> str:
        """One of some paths, {} in it filled with anything, and parameters with any values."""
        filling = self.rng.choice(("ann", "p9", "a%2Fb", "%ff", _quoted(self.text())))
        path = self.rng.choice(paths).replace("{}", filling)
        pairs = [f"{self._name(names)}={self._value()}" for _ in range(self.rng.randrange(4))]
        return path + ("?" + "&".join(pairs) if pairs else "")

    def headers(self) -> dict[str, str]:
        """A few headers, mostly none."""
        if not self.is_one_in(4):
            return {}
        return {self.rng.choice(_HEADERS): self.rng.choice(_HEADER_VALUES) for _ in range(2)}

    def body(self, value: Any) -> tuple[bytes, dict[str, str]]:
        """A value as a body, and its headers: JSON most of the time, compressed or not, broken in some way at times."""
        content = json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        match self.rng.randrange(20):
            case 0:
                content = self.rng.randbytes(40)
            case 1:
                content = content[: self.rng.randrange(len(content))]
            case 2:
                content = b"[" * 50_000
            case 3:
                content = content.replace(b"e", b"\xff")
            case 4:
                headers["Content-Type"] = self.rng.choice(
                    ("text/plain", "text/html", "application/json; charset=x", "/")
                )
        match self.rng.randrange(10):
            case 0 | 1:
                content = gzip.compress(content, 1, mtime=0)
                headers["Content-Encoding"] = "gzip"
            case 2:
                content = gzip.compress(content, 1, mtime=0)[: self.rng.randrange(40)]
                headers["Content-Encoding"] = self.rng.choice(("gzip", "br", "deflate", "identity"))
        return content, headers

    def attempt(self, reads: Sequence[str], writes: dict[str, Sequence[Any]], names: Sequence[str]) -> Attempt:
        """A request.

        Args:
            reads: Paths that are read, {} standing for an id.
            writes: Paths that take a body -> valid ones.
            names: Parameters that some of them know.
        """
        if self.is_one_in(2):
            return Attempt(self.rng.choice(_METHODS), self.address(reads, names), self.headers())
        path = self.rng.choice(sorted(writes))
        body, of_body = self.body(self.changed(writes[path]))
        return Attempt("POST", path, self.headers() | of_body, body)

    def _name(self, names: Sequence[str]) -> str:
        return self.rng.choice(names) if not self.is_one_in(5) else _quoted(self.text())

    def _value(self) -> str:
        return self.rng.choice(("1", "3", "true", "Cups", "7d")) if self.is_one_in(2) else _quoted(self.text())


_HEADERS: Final = ("Authorization", "X-API-Key", "X-Request-ID", "Origin", "User-Agent", "Accept", "If-None-Match")
_HEADER_VALUES: Final = ("", "Bearer x.y.z", "Basic !!", "Basic YTpi", "é" * 10, "x" * 3000, "gzip", "*")
_METHODS: Final = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    """Every place in a value: what holds it, and its key or index there."""
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        places.append((value, key))
        _collect(value[key], places)
