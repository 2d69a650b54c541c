"""Every setting, read once from the environment (``SHOP_...``), frozen, with its unit in its name.

The addresses default to the embedded platform, all of whose ports follow ``port_base``; naming a server's address is
all that production changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DAY_SECONDS: Final = 24 * 60 * 60

PORT_OFFSETS: Final = {
    "registry": 81,
    "registry-management": 82,
    "flink": 83,
    "jobmanager-rpc": 84,
    "kafka": 92,
    "kafka-controller": 93,
    "clickhouse": 123,
    "redis": 379,
    "collector": 800,
    "serving": 808,
}
"""Port of each embedded part, as an offset from ``port_base``; the last digits are those of its usual port."""


class Settings(BaseSettings):
    """What differs between one installation and another."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path(".shop"), description="Where the embedded platform keeps its state.")
    port_base: int = Field(19000, ge=1024, le=65000, description="All embedded ports follow this one.")

    kafka_bootstrap_servers: str = Field("", description="host:port of the brokers, separated by commas.")
    registry_url: str = Field("", description="Root of the registry's Confluent-compatible interface.")
    flink_url: str = Field("", description="Root of the JobManager's REST interface.")
    clickhouse_url: str = Field("", description="ClickHouse's HTTP interface.")
    clickhouse_user: str = Field("default", description="User of ClickHouse.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="Its password; never printed.")
    clickhouse_database: str = Field("shop", description="Database of all tables.")
    redis_url: str = Field("", description="redis://host:port/database")
    checkpoint_url: str = Field("", description="Where Flink keeps checkpoints: file:///..., s3://...")
    lake_url: str = Field("", description="Where the lake's Parquet files lie: file:///..., s3://...")

    time_zone: str = Field("UTC", description="The shop's time zone: its days begin and end there.")
    allowed_lateness_seconds: int = Field(
        7 * DAY_SECONDS,
        ge=0,
        description="An event that arrives later than this after it happened is refused.",
    )
    clock_skew_seconds: int = Field(
        600, ge=0, description="An event further ahead of its arrival than this is refused."
    )
    deduplication_seconds: int = Field(30 * DAY_SECONDS, ge=0, description="How long ingest remembers an event_id.")

    topic_partitions: int = Field(2, ge=1, description="Partitions of a topic that is made.")
    topic_replication: int = Field(1, ge=1, description="Replicas of a topic that is made.")
    kafka_gaps: Literal["stop", "accept"] = Field(
        "stop", description="Where Kafka has deleted what a job or a sink has not read: stop, or accept the loss."
    )
    topic_retention_seconds: int = Field(7 * DAY_SECONDS, ge=60, description="How long topics of events keep records.")

    job_parallelism: int = Field(2, ge=1, description="Parallel instances of each operator of a job.")
    taskmanager_heap_mb: int = Field(
        1_536, ge=512, description="Heap of the embedded TaskManager, which holds the state of all jobs."
    )
    checkpoint_interval_ms: int = Field(
        2_000, ge=100, description="Between checkpoints; what ingest accepted is seen after one."
    )
    metrics_checkpoint_interval_ms: int = Field(
        10_000, ge=100, description="The same of jobs that compute metrics; their results do not wait for one."
    )
    transaction_timeout_ms: int = Field(
        600_000, ge=10_000, description="Must exceed a checkpoint and a restart, or data is lost."
    )

    sink_batch_rows: int = Field(100_000, ge=1, description="Rows of one insert at the most.")
    sink_batch_ms: int = Field(500, ge=1, description="How long an insert waits for more rows.")

    model_store_url: str = Field("", description="Where models are kept: file:///..., s3://...")
    training_model: str = Field("blend", description="The model that the training job makes.")
    training_holdout_days: int = Field(
        7, ge=1, description="The newest days of the data, on which a model is judged before it is promoted."
    )
    training_sentences: bool = Field(
        False, description="Whether what texts of products mean counts too; needs the extra `sentences`."
    )
    training_sentences_file: str = Field(
        "", description="Zip file of the sentence model (ONNX); none for the one that `./shop submit training` fetches."
    )
    recommendation_items: int = Field(20, ge=1, le=500, description="Products of a list that is kept for serving.")
    recommendation_excludes_bought: bool = Field(
        True, description="Whether what a user has bought is left out of the user's list."
    )
    recommendation_ttl_seconds: int = Field(
        3 * DAY_SECONDS, ge=60, description="How long a model's lists are kept in Redis after they were written."
    )
    recommendation_history_items: int = Field(
        200, ge=10, description="Products that a user's history keeps, the newest ones of each kind of event."
    )
    recommendation_history_seconds: int = Field(
        90 * DAY_SECONDS, ge=60, description="How long after its last event a user's history is kept in Redis."
    )

    lake_batch_rows: int = Field(200_000, ge=1, description="Events of one partition that the lake takes at once.")
    lake_batch_ms: int = Field(60_000, ge=1, description="How long the lake waits for more events.")

    http_timeout_seconds: float = Field(10.0, gt=0, description="Bound on a call to a server over HTTP.")

    collector_host: str = Field("127.0.0.1", description="Interface on which the collector listens.")
    collector_write_keys: SecretStr = Field(
        SecretStr(""), description="Keys that may send events, separated by commas; none needs a loopback interface."
    )
    collector_request_bytes: int = Field(1 << 20, ge=1024, description="Size of a request's body, inflated.")
    collector_event_bytes: int = Field(32 << 10, ge=256, description="Size of one event as JSON.")
    collector_batch_events: int = Field(1000, ge=1, description="Events of one request.")
    collector_rate_events_per_second: float = Field(
        0, ge=0, description="Events that each key may send, on average; 0 for no limit."
    )
    collector_burst_events: int = Field(10_000, ge=1, description="Events that a key may send at once within its rate.")
    collector_allowed_origins: str = Field(
        "", description="Origins whose pages may send events (CORS), separated by commas; * for all."
    )
    collector_country_header: str = Field(
        "", description="Request header in which a trusted proxy names the visitor's country, e.g. CF-IPCountry."
    )
    collector_session_seconds: int = Field(30 * 60, ge=1, description="Inactivity that ends a visit.")
    collector_session_users: int = Field(20_000, ge=1, description="Visitors whose visit a collector remembers.")
    collector_queue_events: int = Field(20_000, ge=1, description="Events that may wait for Kafka at once.")
    collector_queue_bytes: int = Field(16 << 20, ge=1 << 20, description="Bodies in hand plus records that wait.")
    collector_acknowledge_ms: int = Field(5_000, ge=100, description="How long a request waits for Kafka.")
    collector_retry_after_seconds: int = Field(2, ge=1, description="When a client that met a 503 should come back.")

    serving_host: str = Field("127.0.0.1", description="Interface on which the recommendation service listens.")
    serving_processes: int = Field(1, ge=0, description="Processes that answer on its port; 0 for one a core.")
    serving_api_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of services, separated by commas: key, or key:scope+scope of recommend, history, erase.",
    )
    serving_jwt_key: SecretStr = Field(
        SecretStr(""), description="Checks users' tokens: the secret of HS256, or the public key as PEM."
    )
    serving_jwt_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = Field(
        "HS256", description="The only algorithm by which tokens may be signed."
    )
    serving_jwt_audience: str = Field("", description="Audience that tokens must name; none is asked for if empty.")
    serving_jwt_issuer: str = Field("", description="Issuer that tokens must name; none is asked for if empty.")
    serving_rate_per_second: float = Field(
        0, ge=0, description="Requests that each client may send, on average, over all processes; 0 for no limit."
    )
    serving_burst: int = Field(1000, ge=1, description="Requests that a client may send at once within its rate.")
    serving_rate_fails_open: bool = Field(
        True, description="Whether requests pass while Redis cannot be asked for the limit; else they meet a 429."
    )
    serving_allowed_origins: str = Field(
        "", description="Origins whose pages may ask (CORS), separated by commas; * for all."
    )
    serving_request_bytes: int = Field(256 << 10, ge=1024, description="Size of a request's body, inflated.")
    serving_redis_budget_ms: int = Field(
        50, ge=1, description="How long Redis may take for one call; after four times that it is given up."
    )
    serving_last_good_seconds: int = Field(
        3600, ge=0, description="How long a list that Redis does not give any more may be served from memory."
    )
    serving_rules_file: str = Field("", description="Business rules and experiments (TOML); read again on change.")
    serving_reports_shown: bool = Field(
        False, description="Whether the service itself reports what was shown to recommendation-events."
    )
    serving_access_log: bool = Field(True, description="Whether each request is a line of JSON on standard output.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        ZoneInfo(name)
        return name

    def port(self, part: str) -> int:
        """The embedded port of ``part``, one of PORT_OFFSETS."""
        return self.port_base + PORT_OFFSETS[part]

    def model_post_init(self, _context: object) -> None:
        """Fill in the embedded platform's addresses where none was given."""
        embedded = {
            "data_dir": self.data_dir.resolve(),
            "kafka_bootstrap_servers": self.kafka_bootstrap_servers or f"127.0.0.1:{self.port('kafka')}",
            "registry_url": self.registry_url or f"http://127.0.0.1:{self.port('registry')}/apis/ccompat/v7",
            "flink_url": self.flink_url or f"http://127.0.0.1:{self.port('flink')}",
            "clickhouse_url": self.clickhouse_url or f"http://127.0.0.1:{self.port('clickhouse')}",
            "redis_url": self.redis_url or f"redis://127.0.0.1:{self.port('redis')}/0",
            "model_store_url": self.model_store_url or (self.data_dir.resolve() / "models").as_uri(),
            "lake_url": self.lake_url or f"file://{self.data_dir.resolve() / 'lake'}",
            "checkpoint_url": self.checkpoint_url or f"file://{self.data_dir.resolve() / 'checkpoints'}",
        }
        for name, value in embedded.items():
            object.__setattr__(self, name, value)

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these same settings."""
        values = self.model_dump()
        return {f"SHOP_{name.upper()}": _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
