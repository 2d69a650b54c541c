"""What happens today in the simulated shop: what its jobs have counted already, and what they publish from now on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from confluent_kafka import Producer

from connections.clickhouse import connected
from connections.registry import SchemaRegistry
from schemas.codec import Encoder, load_schema, schema_text
from schemas.results import result_named
from schemas.settings import Settings

CURRENCY = "EUR"
SALES = result_named("sales_daily")
LINES = [("p1", 2, Decimal("1.2500"), None), ("p2", 1, Decimal("7.4950"), None)]
ORDERS: list[tuple[Decimal, str, str, list[Any]]] = [
    (Decimal("9.9950"), "DE", "email", LINES),
    (Decimal("1234.5000"), "", "", LINES[:1]),
    (Decimal("0.0100"), "FR", "", LINES),
]
"""Value, country, channel and lines; the newest first."""

ORDER_COLUMNS = (
    *("event_id", "event_type", "event_time", "user_id", "source", "order_id", "currency", "value"),
    *("country", "channel", "items"),
)
_NOTHING = Decimal("0.0000")


def fill_the_present(settings: Settings, now: datetime, today: date) -> None:
    """Sales of today, its last orders, and four visitors: two are in the shop now, one of them at the checkout."""
    minute = now.replace(second=0, microsecond=0)
    visits = [
        ("bought", "ada", 20, 1, 1, 5),
        ("left a cart", "bo", 10, 2, 0, 2),
        ("at the checkout", "cy", 1, 1, 0, 3),
        ("looks", "di", 0, 0, 0, 1),
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        SALES.name: [sales_row(today, 7, Decimal("123.4500"), refunds=Decimal("3.2100"), units=9, new_buyers=2)],
        "activity_minutely": [{"minute": minute, "events": 12, "page_views": 8, "views": 3, "users": 2}],
        "sessions": [
            {
                "session_id": name,
                "day": today,
                "user_id": user,
                "started_at": now - timedelta(minutes=ago + 5),
                "ended_at": now - timedelta(minutes=ago),
                "events": 6,
                "page_views": 4,
                "cart_additions": additions,
                "purchases": purchases,
                "steps": steps,
            }
            for name, user, ago, additions, purchases, steps in visits
        ],
    }
    orders = [
        (
            f"now-{number}",
            "purchase",
            now - timedelta(minutes=number),
            "ada",
            "test",
            f"A-{number}",
            CURRENCY,
            value,
            *rest,
        )
        for number, (value, *rest) in enumerate(ORDERS)
    ]
    with connected(settings, settings.clickhouse_database) as client:
        client.insert("events", orders, column_names=ORDER_COLUMNS)
        for name, rows in tables.items():
            table = result_named(name).storage_table
            client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


def sales_row(day: date, orders: int, gross: Decimal, **more: Any) -> dict[str, Any]:
    """A row of sales_daily, as analytics writes it."""
    row = {"day": day, "currency": CURRENCY, "orders": orders, "units": orders, "gross": gross}
    return row | {"refunds": _NOTHING, "cancelled": _NOTHING, "buyers": orders, "new_buyers": 0} | more


@dataclass
class Shop:
    """What the jobs would publish."""

    producer: Producer
    registry: SchemaRegistry
    today: date

    @classmethod
    @contextmanager
    def of(cls, settings: Settings, today: date) -> Iterator[Shop]:
        """The jobs of a platform."""
        servers = {"bootstrap.servers": settings.kafka_bootstrap_servers, "linger.ms": 0}
        with closing(SchemaRegistry(settings.registry_url, 30)) as registry:
            yield cls(Producer(servers), registry, today)

    def sells(self, orders: int, gross: Decimal) -> None:
        """The row of today's sales."""
        encoder = self._encoder(f"{SALES.topic}-value", schema_text(SALES.name))
        self._send(SALES.topic, encoder.encode(sales_row(self.today, orders, gross)), self._key())

    def sells_nothing(self) -> None:
        """The row is gone again, for the tests that share the platform."""
        self._send(SALES.topic, None, self._key())

    def _key(self) -> bytes:
        fields = [each for each in load_schema(SALES.name)["fields"] if each["name"] in SALES.key]
        schema = {"type": "record", "name": "record", "namespace": "org.apache.flink.avro.generated", "fields": fields}
        encoder = self._encoder(f"{SALES.topic}-key", json.dumps(schema))
        return encoder.encode({"day": self.today, "currency": CURRENCY})

    def _encoder(self, subject: str, text: str) -> Encoder:
        return Encoder(json.loads(text), self.registry.register(subject, text))

    def _send(self, topic: str, value: bytes | None, key: bytes) -> None:
        self.producer.produce(topic, value, key=key)
        assert self.producer.flush(30) == 0
