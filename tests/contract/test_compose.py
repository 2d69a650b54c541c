from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SHOP_SERVICES = sorted(name for name, service in SERVICES.items() if service.get("image") == "shopstream/shop")
ADDRESSES = (
    "kafka_bootstrap_servers",
    "registry_url",
    "flink_url",
    "clickhouse_url",
    "redis_url",
    "checkpoint_url",
    "lake_url",
)
PORT_OF = {
    "kafka-1": 9092,
    "kafka-2": 9092,
    "kafka-3": 9092,
    "registry": 8080,
    "jobmanager": 8081,
    "clickhouse": 8123,
    "redis": 6379,
}


def settings_of(service: str) -> Settings:
    variables = {key: value for key, value in SERVICES[service]["environment"].items() if key.startswith("SHOP_")}
    fields = {key.removeprefix("SHOP_").lower(): value for key, value in variables.items()}
    assert fields.keys() <= Settings.model_fields.keys()
    return Settings.model_validate(fields | {"time_zone": "UTC"})


@pytest.mark.parametrize("service", SHOP_SERVICES)
def test_every_address_is_that_of_a_service(service: str) -> None:
    settings = settings_of(service)
    hosts = [
        *(address.rsplit(":", 1) for address in settings.kafka_bootstrap_servers.split(",")),
        *(urlsplit(getattr(settings, name)).netloc.split(":") for name in ADDRESSES[1:5]),
    ]

    assert {host: int(port) for host, port in hosts} == PORT_OF
    assert PORT_OF.keys() <= SERVICES.keys()


@pytest.mark.parametrize("service", SHOP_SERVICES)
def test_no_address_is_left_to_the_embedded_platform(service: str) -> None:
    embedded = Settings()

    assert [name for name in ADDRESSES if getattr(settings_of(service), name) == getattr(embedded, name)] == []


def test_topics_are_replicated_over_the_brokers() -> None:
    brokers = [name for name in SERVICES if name.startswith("kafka-")]

    assert settings_of("migrate").topic_replication == len(brokers) == 3


def test_kafka_lets_a_transaction_last_as_long_as_the_jobs_ask() -> None:
    allowed_ms = int(SERVICES["kafka-1"]["environment"]["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"])

    assert allowed_ms >= settings_of("jobs").transaction_timeout_ms


def test_published_ports_are_bound_to_loopback() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("service", ["collector", "serving", "dashboard"])
def test_a_published_port_leads_to_where_the_service_listens(service: str) -> None:
    (published,) = SERVICES[service]["ports"]

    assert int(published.rsplit(":", 1)[1]) == settings_of(service).port(service)


def test_every_mounted_file_is_there() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    images = [service["build"]["dockerfile"] for service in SERVICES.values() if "build" in service]

    for path in [*(mount for mount in mounts if mount.startswith("./")), *images]:
        assert (ROOT / path).exists(), path


def test_every_named_volume_is_declared() -> None:
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }

    assert named == COMPOSE["volumes"].keys()


def test_what_a_service_waits_for_exists() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", [])) <= SERVICES.keys()
