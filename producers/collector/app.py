"""The collector as one ASGI application: the intake of events, and the pages around it."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route as PathRoute

from connections.errors import DependencyUnavailable
from producers.collector.access import WriteKeys, configured_keys
from producers.collector.delivery import Delivery
from producers.collector.intake import CALL_OF_PATH, Intake
from producers.collector.mapping import Mapper
from producers.collector.metrics import Metrics
from producers.collector.openapi import with_intake
from producers.collector.problems import METHOD_NOT_ALLOWED, UNAVAILABLE
from producers.collector.refused import FailedEventsTopic, RefusedEvents
from producers.publisher import routes
from schemas.errors import ContractError, ShopError
from schemas.settings import Settings
from web.access import split_list
from web.background import BackgroundTask, failing
from web.head import AnswerHead
from web.problems import NOT_FOUND, Problem
from web.prometheus import CONTENT_TYPE

log = logging.getLogger(__name__)

TRACKER: Final = Path(__file__).resolve().parent.parent / "tracker.js"
TRACKER_MAX_AGE_SECONDS: Final = 3600
CONNECT_SECONDS: Final = 1.0
PREFLIGHT_SECONDS: Final = 86_400

Answer = Callable[[Request], Awaitable[Response]]


def collector(
    settings: Settings,
    on_fatal: Callable[[str], None] = log.critical,
    overrides: Mapping[str, Any] | None = None,
) -> FastAPI:
    """The application.

    Args:
        settings: Where Kafka and the registry are; limits and keys.
        on_fatal: Called when Kafka's client can never send again; the process should end.
        overrides: Options of librdkafka that win over ours.

    Raises:
        ConfigurationError: Anybody could send events.
    """
    metrics = Metrics()
    delivery = Delivery(settings, metrics, on_fatal, overrides)
    mapper = Mapper(settings.allowed_lateness_seconds * 1000, settings.clock_skew_seconds * 1000, _new_id)
    refused = RefusedEvents(settings, metrics, FailedEventsTopic(settings).send)
    intake = Intake(settings, WriteKeys(configured_keys(settings)), delivery, metrics, mapper, refused, _now_ms)
    tasks = _tasks(settings, intake, refused, metrics)
    app = FastAPI(
        title="shopstream collector",
        description="Takes events from browsers, apps and services. See docs/tracking.md.",
        lifespan=_lifespan(settings, tasks, delivery, refused),
        docs_url=None,
        redoc_url=None,
    )
    app.router.routes += [PathRoute(path, intake, methods=["POST"]) for path in CALL_OF_PATH]
    _add_pages(app, intake, delivery, metrics, tasks)
    _add_openapi(app)
    app.add_exception_handler(HTTPException, _http_problem)
    _add_cors(app, settings)
    app.add_middleware(AnswerHead)
    return app


def _tasks(settings: Settings, intake: Intake, refused: RefusedEvents, metrics: Metrics) -> list[BackgroundTask]:
    def failed(name: str) -> None:
        metrics.background_failures.labels(name).inc()

    return [
        BackgroundTask("schemas", partial(_connect, settings, intake), failed),
        BackgroundTask("refused events", refused.send_next, failed),
    ]


def _lifespan(settings: Settings, tasks: Sequence[BackgroundTask], delivery: Delivery, refused: RefusedEvents) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        delivery.start()
        gc.collect()
        gc.freeze()  # what is here stays: no collection need look at it for each event's sake
        for task in tasks:
            task.start()
        try:
            yield
        finally:
            for task in tasks:
                await task.close()
            await refused.drain()
            await delivery.close(settings.collector_acknowledge_ms / 1000)

    return lifespan


async def _connect(settings: Settings, intake: Intake) -> None:
    """Try to learn the schemas from the registry; once they are known, wait for ever."""
    if intake.routes:
        await asyncio.Event().wait()
    try:
        intake.routes = await asyncio.to_thread(routes, settings)
    except (DependencyUnavailable, ContractError) as error:
        log.info("Waiting for the schemas: %s", error)
        await asyncio.sleep(CONNECT_SECONDS)
        return
    log.info("Taking events for %s", settings.kafka_bootstrap_servers)


def _add_pages(
    app: FastAPI, intake: Intake, delivery: Delivery, metrics: Metrics, tasks: Sequence[BackgroundTask]
) -> None:
    script = TRACKER.read_bytes()
    tag = f'"{hashlib.sha256(script).hexdigest()[:32]}"'
    caching = {"Cache-Control": f"public, max-age={TRACKER_MAX_AGE_SECONDS}", "ETag": tag}

    @app.get("/health/live", tags=["health"], summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", tags=["health"], summary="Events can be taken now", responses={503: {}})
    async def ready() -> Response:
        try:
            if detail := failing(tasks):
                raise _NotReady(detail)
            if not intake.routes:
                raise _NotReady("The collector waits for the schema registry.")
            await asyncio.to_thread(delivery.check)
        except ShopError as error:
            return _problem_response(Problem(UNAVAILABLE, str(error), retry_after_seconds=1))
        return Response(b'{"status":"ready"}', media_type="application/json")

    @app.get("/metrics", tags=["health"], summary="Counters in Prometheus's format")
    async def show_metrics() -> PlainTextResponse:
        return PlainTextResponse(metrics.page(), media_type=CONTENT_TYPE)

    @app.get("/tracker.js", tags=["tracker"], summary="The browser tracker")
    async def tracker(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=caching)
        return Response(script, media_type="text/javascript", headers={**caching, "Access-Control-Allow-Origin": "*"})


class _NotReady(ShopError):
    """The collector cannot take events yet."""


def _add_openapi(app: FastAPI) -> None:
    described = app.openapi

    def document() -> dict[str, Any]:
        return with_intake(described())

    app.openapi = document  # type: ignore[method-assign]


def _add_cors(app: FastAPI, settings: Settings) -> None:
    if origins := split_list(settings.collector_allowed_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["POST", "GET"],
            allow_headers=["Authorization", "Content-Type", "Content-Encoding", "X-API-Key"],
            expose_headers=["Retry-After"],
            max_age=PREFLIGHT_SECONDS,
        )


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = METHOD_NOT_ALLOWED if error.status_code == METHOD_NOT_ALLOWED.status else NOT_FOUND
    return _problem_response(Problem(kind, f"{error.detail}. The paths are in /openapi.json."))


def _problem_response(problem: Problem) -> Response:
    headers = {name.decode(): value.decode() for name, value in problem.answer_headers()}
    return Response(problem.body(), problem.type.status, headers)


def _new_id() -> str:
    return str(uuid.uuid4())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
