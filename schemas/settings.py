"""Every setting, read once from the environment (``SHOP_...``), frozen, with its unit in its name.

The addresses default to the embedded platform, all of whose ports follow ``port_base``; naming a server's address is
all that production changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.time_zones import zone_of

DAY_SECONDS: Final = 24 * 60 * 60
ALL_JOBS: Final = "all"
"""In place of names: every streaming job."""

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
    "dashboard": 880,
}
"""Port of each embedded part, as an offset from ``port_base``; the last digits are those of its usual port."""


class Settings(BaseSettings):
    """Everything that differs between one installation and another."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path(".shop"), description="Where the embedded platform keeps its state.")
    port_base: int = Field(
        19000,
        ge=1024,
        le=65000,
        description="First port of the embedded platform; the ports of its parts are this plus a fixed number.",
    )

    kafka_bootstrap_servers: str = Field("", description="Kafka's brokers, as host:port, separated by commas.")
    registry_url: str = Field("", description="URL of the schema registry's Confluent-compatible interface.")
    registry_user: str = Field(
        "", description="User of the schema registry (HTTP basic authentication); none if empty."
    )
    registry_password: SecretStr = Field(SecretStr(""), description="Password of that user; never printed.")
    flink_url: str = Field("", description="URL of the REST interface of Flink's JobManager.")
    clickhouse_url: str = Field("", description="URL of ClickHouse's HTTP interface.")
    clickhouse_user: str = Field("default", description="User that connects to ClickHouse.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="Password of that user; never printed.")
    clickhouse_database: str = Field("shop", description="ClickHouse database that holds all tables.")
    redis_url: str = Field("", description="URL of Redis: redis://host:port/database.")
    checkpoint_url: str = Field("", description="Where Flink keeps checkpoints and savepoints: file:///..., s3://...")
    lake_url: str = Field("", description="Where the lake keeps its Parquet files: file:///..., s3://...")

    time_zone: str = Field("UTC", description="The shop's time zone, in which its days begin and end.")
    allowed_lateness_seconds: int = Field(
        7 * DAY_SECONDS,
        ge=0,
        description="Allowed lateness: an event that is received later than this after it happened is refused.",
    )
    clock_skew_seconds: int = Field(
        600, ge=0, description="An event whose time is further ahead of its reception than this is refused."
    )
    deduplication_seconds: int = Field(
        30 * DAY_SECONDS, ge=0, description="How long ingest remembers an event_id, to recognize duplicates."
    )

    fold_orders: bool = Field(
        True, description="Whether purchases with one `order_id` count as one order, under however many event ids."
    )
    order_sources: str = Field(
        "backend",
        description="Sources of purchases, the most trusted first, separated by commas: of an order that several "
        "report the first one's counts; sources that are not listed come last.",
    )
    prices_include_tax: bool = Field(
        True, description="Whether prices and the value of an order contain the tax; otherwise it comes on top of them."
    )

    topic_partitions: int = Field(2, ge=1, description="Partitions of a new topic.")
    topic_result_partitions: int = Field(
        1,
        ge=1,
        description="Partitions of a new topic of results: an insert into ClickHouse is of one partition, so one makes "
        "the fewest and largest. More where one process cannot write a table.",
    )
    topic_replication: int = Field(1, ge=1, description="Replicas of a new topic.")
    kafka_gaps: Literal["stop", "accept"] = Field(
        "stop",
        description="When Kafka has deleted records that a job or a sink has not read: stop, or accept the loss.",
    )
    topic_retention_seconds: int = Field(7 * DAY_SECONDS, ge=60, description="How long topics of events keep records.")

    jobs: str = Field(
        ALL_JOBS,
        description="Jobs that `./shop up` starts, separated by commas; `all` for every streaming job, empty for none.",
    )
    job_parallelism: int = Field(1, ge=1, description="Parallel instances of each operator of a job.")
    state_backend: Literal["rocksdb", "hashmap"] = Field(
        "rocksdb",
        description="Where a new job keeps its state: rocksdb on disk, hashmap in the heap. `upgrade` moves a job's.",
    )
    taskmanager_heap_mb: int = Field(
        1_536, ge=512, description="Heap of the embedded TaskManager; give it more if state is kept in it."
    )
    checkpoint_interval_ms: int = Field(
        2_000,
        ge=100,
        description="Interval between a job's checkpoints; accepted events become visible with the next one.",
    )
    metrics_checkpoint_interval_ms: int = Field(
        10_000,
        ge=100,
        description="Interval between checkpoints of the jobs whose results do not wait for one: all but ingest.",
    )
    transaction_timeout_ms: int = Field(
        600_000,
        ge=10_000,
        description="Kafka aborts a transaction that is open for longer; a checkpoint and a restart must fit into it.",
    )

    sink_batch_rows: int = Field(100_000, ge=1, description="Most rows of one insert into ClickHouse.")
    sink_batch_ms: int = Field(800, ge=1, description="How long an insert into ClickHouse waits for more rows.")

    model_store_url: str = Field("", description="Where models are kept: file:///..., s3://...")
    training_model: str = Field("blend", description="The model that the job training fits.")
    training_holdout_days: int = Field(
        7, ge=1, description="How many of the newest days are held out to judge a model before it is promoted."
    )
    training_sentences: bool = Field(
        False, description="Whether training uses embeddings of the products' texts; needs the extra `sentences`."
    )
    training_sentences_file: str = Field(
        "", description="Zip file of another sentence model (ONNX) than the one that `./shop submit training` fetches."
    )
    recommendation_items: int = Field(20, ge=1, le=500, description="Products in each list that is stored for serving.")
    recommendation_excludes_bought: bool = Field(
        True, description="Whether products that a user has bought are left out of the user's personal list."
    )
    recommendation_ttl_seconds: int = Field(
        3 * DAY_SECONDS,
        ge=60,
        description="How long Redis keeps the lists of a model that was replaced. Those of the active one stay.",
    )
    recommendation_model_max_age_seconds: int = Field(
        7 * DAY_SECONDS,
        ge=60,
        description="Age of the active model from which `status`, `models list` and `/health/ready` warn of it.",
    )
    recommendation_history_items: int = Field(
        200,
        ge=10,
        description="Most entries of a user's history, the newest: a kind of event with a product, or an order's line.",
    )
    recommendation_history_seconds: int = Field(
        90 * DAY_SECONDS, ge=60, description="How long Redis keeps a user's history after the user's last event."
    )

    lake_batch_rows: int = Field(200_000, ge=1, description="Most events of one offset range of the lake.")
    lake_batch_ms: int = Field(60_000, ge=1, description="How long an offset range of the lake waits for more events.")

    http_timeout_seconds: float = Field(10.0, gt=0, description="Time-out of a call to a server over HTTP.")

    collector_host: str = Field("127.0.0.1", description="Network interface that the collector listens on.")
    collector_write_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of clients, separated by commas; without any, the collector listens on loopback only.",
    )
    collector_request_bytes: int = Field(1 << 20, ge=1024, description="Largest body of a request, decompressed.")
    collector_event_bytes: int = Field(256 << 10, ge=256, description="Largest event, as JSON.")
    collector_kept_event_bytes: int = Field(
        64 << 10,
        ge=256,
        description="Most bytes that are kept of a refused event; a longer one is cut, and cannot be repaired.",
    )
    collector_kept_bytes_per_second: int = Field(
        16 << 10,
        ge=0,
        description="Bytes of refused events that a collector keeps per second on average, at most 512 times as many "
        "at once; 0 keeps none.",
    )
    collector_batch_events: int = Field(1000, ge=1, description="Most events of one request.")
    collector_rate_events_per_second: float = Field(
        0, ge=0, description="Events per second that each key may send, on average; 0 for no limit."
    )
    collector_burst_events: int = Field(
        10_000, ge=1, description="Events that a key may send at once before its rate applies."
    )
    collector_allowed_origins: str = Field(
        "", description="Origins whose pages may send events (CORS), separated by commas; * for all."
    )
    collector_country_header: str = Field(
        "", description="Request header in which a trusted proxy names the visitor's country, e.g. CF-IPCountry."
    )
    collector_session_seconds: int = Field(
        30 * 60, ge=1, description="Inactivity that ends a session, where the client sends no session id."
    )
    collector_session_users: int = Field(
        20_000, ge=1, description="Visitors whose current session a collector remembers."
    )
    collector_queue_events: int = Field(
        20_000, ge=1, description="Most events that wait for Kafka at once; a request beyond that is answered with 503."
    )
    collector_queue_bytes: int = Field(
        16 << 20, ge=1 << 20, description="Most bytes of request bodies and waiting records together."
    )
    collector_acknowledge_ms: int = Field(
        5_000, ge=100, description="How long a request waits for Kafka's acknowledgement."
    )
    collector_retry_after_seconds: int = Field(2, ge=1, description="Retry-After of an answer 503.")

    serving_host: str = Field("127.0.0.1", description="Network interface that the recommendation service listens on.")
    serving_processes: int = Field(1, ge=0, description="Processes that answer on its port; 0 for one per core.")
    serving_api_keys: SecretStr = Field(
        SecretStr(""),
        description="API keys, separated by commas: key, or key:scope+scope; scopes are recommend, history, erase.",
    )
    serving_jwt_key: SecretStr = Field(
        SecretStr(""),
        description="Key that checks users' JSON Web Tokens: the secret of HS256, or a public key as PEM.",
    )
    serving_jwt_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = Field(
        "HS256", description="The only algorithm that tokens may be signed with."
    )
    serving_jwt_audience: str = Field("", description="Audience that tokens must name; not checked if empty.")
    serving_jwt_issuer: str = Field("", description="Issuer that tokens must name; not checked if empty.")
    serving_rate_per_second: float = Field(
        0,
        ge=0,
        description="Requests per second that each client may send, on average over all processes; 0 for no limit.",
    )
    serving_burst: int = Field(
        1000, ge=1, description="Requests that a client may send at once before its rate applies."
    )
    serving_rate_fails_open: bool = Field(
        True,
        description="Whether requests pass while Redis does not answer; otherwise they are answered with 429.",
    )
    serving_allowed_origins: str = Field(
        "", description="Origins whose pages may call the service (CORS), separated by commas; * for all."
    )
    serving_request_bytes: int = Field(256 << 10, ge=1024, description="Largest body of a request, decompressed.")
    serving_redis_budget_ms: int = Field(
        50,
        ge=1,
        description="Time-out of a call to Redis; after four times this in silence, the circuit breaker opens.",
    )
    serving_last_good_seconds: int = Field(
        3600, ge=0, description="How long a list may be served from memory after Redis stopped providing it."
    )
    serving_rules_file: str = Field(
        "", description="File of business rules and experiments (TOML); read again when it changes."
    )
    serving_reports_shown: bool = Field(
        False, description="Whether the service itself publishes recommendation_shown events."
    )
    serving_access_log: bool = Field(
        True, description="Whether each request is logged as a line of JSON on standard output."
    )

    dashboard_host: str = Field("127.0.0.1", description="Network interface that the dashboard listens on.")
    dashboard_api_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that may see the dashboard, separated by commas; without any, it listens on loopback only. "
        "Users' tokens (`SHOP_SERVING_JWT_KEY`) may where their scope has `admin`.",
    )
    dashboard_clickhouse_user: str = Field(
        "", description="User that the dashboard asks ClickHouse as; that of SHOP_CLICKHOUSE_USER if empty."
    )
    dashboard_clickhouse_password: SecretStr = Field(SecretStr(""), description="Password of that user; never printed.")
    dashboard_shop_name: str = Field("shop", description="The shop's name, as the dashboard shows it.")
    dashboard_query_seconds: int = Field(
        20, ge=1, description="How long ClickHouse may take for one question of the dashboard."
    )
    dashboard_connections: int = Field(
        2_000, ge=1, description="Most pages that get live changes at once; a further one is answered with 503."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return zone_of(name).key

    @property
    def ranked_order_sources(self) -> tuple[str, ...]:
        """The sources of ``order_sources``, the most trusted first, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.order_sources.split(",") if name.strip()))

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
