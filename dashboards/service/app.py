"""The dashboard's service as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from connections.errors import DependencyUnavailable, StatementRefused
from dashboards.queries import query
from dashboards.questions import Query
from dashboards.service.access import Access, ended_session, session_cookie
from dashboards.service.answers import Answers, as_csv
from dashboards.service.assets import Assets
from dashboards.service.clickhouse import MAX_ROWS, TOO_MANY_ROWS, ClickHouse
from dashboards.service.explorer import TITLES, Explorer
from dashboards.service.freshness import SinkFreshness
from dashboards.service.guard import Guard
from dashboards.service.live.hub import Hub
from dashboards.service.live.stream import EventStream, serve_websocket
from dashboards.service.meta import meta
from dashboards.service.metrics import Metrics
from dashboards.service.pipeline import Pipeline
from dashboards.service.problems import INVALID, REFUSED, response_of, unavailable
from dashboards.service.tables import tables_behind
from schemas.errors import ConfigurationError
from schemas.settings import Settings
from schemas.validation import MAX_ID_LENGTH
from web.head import AnswerHead
from web.problems import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, Problem
from web.prometheus import CONTENT_TYPE

PAGE: Final = Path(__file__).resolve().parent.parent / "page"
_CSV: Final = ".csv"


def dashboard(settings: Settings, page: Path = PAGE) -> ASGIApp:
    """The application.

    Args:
        settings: Where the servers are; keys.
        page: The page's files.

    Raises:
        ConfigurationError: Anybody could see the figures.
    """
    access = Access(settings)
    metrics = Metrics()
    assets = Assets(page)
    clickhouse = ClickHouse(settings)
    freshness = SinkFreshness(settings)
    pipeline = Pipeline(settings, freshness)
    answers = Answers(clickhouse, freshness, settings, pipeline.late_jobs)
    hub = Hub(settings, clickhouse, metrics)
    explorer = Explorer(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hub.start()
        await explorer.start()
        try:
            yield
        finally:
            await hub.close()
            await explorer.close()
            pipeline.close()
            await freshness.close()
            await clickhouse.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(_figures(settings, clickhouse, answers, assets, metrics))
    app.include_router(_live(hub))
    app.include_router(_explorer(explorer))
    app.include_router(_pipeline(pipeline, hub))
    app.include_router(_session())
    app.include_router(_health(clickhouse, metrics))
    app.include_router(_files(assets))
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ConfigurationError, _invalid)
    app.add_exception_handler(DependencyUnavailable, _unavailable)
    app.add_exception_handler(StatementRefused, _refused)
    app.add_exception_handler(Exception, _failed)
    return Guard(AnswerHead(app), access, metrics)


def _figures(
    settings: Settings, clickhouse: ClickHouse, answers: Answers, assets: Assets, metrics: Metrics
) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/meta")
    async def what_there_is() -> Response:
        return _json(await meta(settings, clickhouse, assets.version))

    @router.get("/query/{name}")
    async def ask(name: str, request: Request) -> Response:
        question = _question(name.removesuffix(_CSV))
        given = _parameters(request)
        request.state.tables = tables_behind(question)
        with metrics.query_seconds.labels(question.name).time():
            if name.endswith(_CSV):
                return _csv(question, as_csv(await answers.rows(question, given)))
            return _json(await answers.answer(question, given))

    return router


def _live(hub: Hub) -> APIRouter:
    router = APIRouter()

    @router.get("/api/live")
    async def live() -> Response:
        return EventStream(hub)

    @router.websocket("/ws/analytics")
    async def analytics(websocket: WebSocket) -> None:
        await serve_websocket(hub, websocket)

    return router


def _explorer(explorer: Explorer) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/explorer/user/{user_id:path}")
    async def user(user_id: str) -> Response:
        return _json(await explorer.user(_id(user_id)))

    @router.get("/explorer/product/{product_id:path}")
    async def product(product_id: str) -> Response:
        return _json(await explorer.product(_id(product_id)))

    @router.get("/catalogue")
    async def catalogue() -> Response:
        return _json(await explorer.catalogue())

    @router.get("/titles")
    async def titles(request: Request) -> Response:
        product_ids = request.query_params.getlist("id")
        if len(product_ids) > TITLES:
            raise Problem(INVALID, f"At most {TITLES} products are asked for at once.")
        return _json(await explorer.titles([_id(each) for each in product_ids]))

    return router


def _pipeline(pipeline: Pipeline, hub: Hub) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/pipeline")
    async def report() -> Response:
        return _json(await pipeline.report(hub.pages, hub.arrivals.report()))

    @router.get("/lists")
    async def lists() -> Response:
        return _json(await pipeline.lists())

    return router


def _session() -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/session")
    async def begin(request: Request) -> Response:
        cookie = session_cookie(dict(request.headers.raw), request.url.scheme == "https")
        return Response(status_code=204, headers={"Set-Cookie": cookie})

    @router.delete("/session")
    async def end(request: Request) -> Response:
        return Response(status_code=204, headers={"Set-Cookie": ended_session(request.url.scheme == "https")})

    return router


def _health(clickhouse: ClickHouse, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get("/health/live")
    async def live() -> Response:
        return _json({"status": "live"})

    @router.get("/health/ready")
    async def ready() -> Response:
        await clickhouse.ask("SELECT 1 AS one")
        return _json({"status": "ready"})

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return PlainTextResponse(metrics.page(), media_type=CONTENT_TYPE)

    return router


def _files(assets: Assets) -> APIRouter:
    router = APIRouter()

    @router.get("/{path:path}")
    async def file(path: str, request: Request) -> Response:
        answer = assets.answer(path, request)
        if answer is None:
            raise Problem(NOT_FOUND, f"There is no {path[:200]!r}.")
        return answer

    return router


def _id(text: str) -> str:
    """An id of a user or a product.

    Raises:
        Problem: None can be like that.
    """
    if not 0 < len(text) <= MAX_ID_LENGTH:
        raise Problem(INVALID, f"An id has 1 to {MAX_ID_LENGTH} characters.")
    return text


def _question(name: str) -> Query:
    try:
        return query(name)
    except ConfigurationError as error:
        raise Problem(NOT_FOUND, str(error)) from error


def _parameters(request: Request) -> dict[str, str]:
    """The parameters of an address.

    Raises:
        Problem: One is given more than once.
    """
    given = request.query_params.multi_items()
    if len(given) > len(dict(given)):
        raise Problem(INVALID, "Each parameter is given once.")
    return dict(given)


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _csv(question: Query, text: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{question.name}.csv"'}
    return Response(text, headers=headers, media_type="text/csv; charset=utf-8")


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = METHOD_NOT_ALLOWED if error.status_code == METHOD_NOT_ALLOWED.status else NOT_FOUND
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    return response_of(Problem(kind, f"{error.detail}.", headers=headers))


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return response_of(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    return response_of(Problem(INVALID, str(error)))


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, DependencyUnavailable)
    return unavailable(error, getattr(request.state, "tables", ()))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StatementRefused)
    if error.code == TOO_MANY_ROWS:
        return response_of(Problem(INVALID, f"The answer has more than {MAX_ROWS:,} rows. Ask for fewer days."))
    detail = f"ClickHouse refuses the question (code {error.code}). Is everything migrated? See './shop migrate'."
    return response_of(Problem(REFUSED, detail), stale=list(getattr(request.state, "tables", ())))


async def _failed(_request: Request, _error: Exception) -> Response:
    return response_of(Problem(INTERNAL, "The service's log says more."))
