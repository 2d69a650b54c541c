"""The recommendation service as one ASGI application."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter as Counts
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from schemas.recommendations import Source, utc_text
from schemas.settings import Settings
from schemas.validation import MAX_ID_LENGTH
from serving import request_models
from serving.access import Access, Principal, Scope
from serving.access_log import AccessLog
from serving.answers import (
    Answer,
    BatchAnswer,
    HistoryAnswer,
    ProblemDetails,
    RankAnswer,
    Status,
    recommendation_ids,
)
from serving.fallback_chain import FallbackChain, RecommendationQuery
from serving.gate import PRINCIPAL, Application, Gate
from serving.memory import Memory
from serving.metrics import Metrics
from serving.problems import FORBIDDEN, INVALID, RATE_LIMITED, UNAVAILABLE
from serving.rate_limit import RateLimit
from serving.redis_client import Redis, RedisUnavailable
from serving.reporting import Reporter
from serving.rules import RulesFile
from serving.scoring import Scoring
from serving.service import Service
from serving.sessions import of_session
from serving.snapshot import Snapshot
from serving.store import Store
from web.access import split_list
from web.background import failing
from web.head import AnswerHead, is_head
from web.problems import (
    INTERNAL,
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TIMED_OUT,
    TOO_LARGE,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA,
    Problem,
    ProblemType,
)
from web.prometheus import CONTENT_TYPE

MAX_LISTS: Final = 5_000
MAX_PRODUCTS: Final = 50_000
PREFLIGHT_SECONDS: Final = 86_400

_Decoded: Final = BeforeValidator(unquote)  # routes see a path as ``serving.gate.path_of_segments`` writes it
_OfId: Final = {"min_length": 1, "max_length": MAX_ID_LENGTH}
UserId = Annotated[str, _Decoded, InPath(description="The user.", **_OfId)]
ItemId = Annotated[str, _Decoded, InPath(description="The product.", **_OfId)]
_JSON: Final = "application/json"
_KINDS: Final = {each.status: each for each in (MALFORMED_BODY, METHOD_NOT_ALLOWED)}


def recommendations(settings: Settings) -> Application:
    """The application.

    Args:
        settings: Where Redis is; limits, keys and rules.

    Raises:
        ConfigurationError: Anybody could send requests, or the rules file is wrong.
    """
    metrics = Metrics()
    memory = Memory(MAX_LISTS, MAX_PRODUCTS, settings.serving_last_good_seconds, time.monotonic)
    redis = Redis(
        settings.redis_url, settings.serving_redis_budget_ms / 1000, metrics.redis_changed, metrics.background_failed
    )
    store = Store(redis, memory)
    rules = RulesFile(Path(settings.serving_rules_file) if settings.serving_rules_file else None)
    snapshot = Snapshot(store, rules, metrics, settings.recommendation_model_max_age_seconds, _now)
    scoring = Scoring(settings.model_store_url, lambda: snapshot.served_versions, metrics)
    chain = FallbackChain(store, snapshot, rules, scoring)
    reporter = Reporter(settings, metrics, _now_ms)
    new_id = recommendation_ids()
    service = Service(chain, metrics, reporter, new_id)
    access_log = AccessLog(sys.stdout.buffer if settings.serving_access_log else None, _now_text)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await redis.start()
        await snapshot.start()
        scoring.start()
        reporter.start()
        gc.collect()
        gc.freeze()  # what is here stays: no collection need look at it for each request's sake
        try:
            yield
        finally:
            await scoring.close()
            await snapshot.close()
            await reporter.close()
            await redis.close()
            access_log.flush()
            metrics.flush()

    app = _pages(service, chain, reporter, metrics, lifespan)
    limit = RateLimit(
        redis,
        settings.serving_rate_per_second,
        settings.serving_burst,
        settings.serving_rate_fails_open,
    )
    gate = Gate(
        AnswerHead(app),
        Access(settings, time.time),
        limit,
        chain,
        service,
        reporter,
        metrics,
        access_log,
        new_id,
        settings.serving_request_bytes,
    )
    return _with_cors(gate, settings)


def _pages(service: Service, chain: FallbackChain, reporter: Reporter, metrics: Metrics, lifespan: Any) -> FastAPI:
    app = FastAPIOffline(  # a page at /docs whose scripts come from here, not from a network that there may not be
        title="shopstream recommendations",
        version="1",
        description="Recommendations for a shop's front end. See docs/serving.md.",
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,  # a path that ends with a slash is another path
    )
    app.include_router(_for_users(service))
    app.include_router(_for_items(service))
    app.include_router(_health(chain, reporter, metrics))
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RedisUnavailable, _unavailable)
    app.add_exception_handler(Exception, _failed)
    _describe_security(app)
    return app


def _principal(request: Request) -> Principal:
    principal: Principal = getattr(request.state, PRINCIPAL)
    return principal


Client = Annotated[Principal, Depends(_principal)]


def _each_parameter_once(request: Request) -> None:
    """Refuse a parameter that is given twice, of which only one value would count."""
    counts = Counts(name for name, _ in request.query_params.multi_items())
    if twice := [name for name, count in counts.items() if count > 1]:
        raise _wrong_parameters(twice, "Given more than once")


def _no_parameters(request: Request) -> None:
    """Refuse parameters in the address of what has none."""
    if request.query_params:
        raise _wrong_parameters(request.query_params.keys(), "This takes no parameter in its address")


def _wrong_parameters(names: Iterable[str], message: str) -> Problem:
    wrong = "; ".join(f"query.{name}: {message}" for name in list(names)[:10])
    return Problem(INVALID, wrong.encode("utf-8", "replace").decode())


_WITHOUT_PARAMETERS: Final = [Depends(_no_parameters)]
_OfUser = Annotated[request_models.RecommendParameters, Query()]
_OfList = Annotated[request_models.ListParameters, Query()]
_OfHistory = Annotated[request_models.HistoryParameters, Query()]
_OfPopular = Annotated[request_models.PopularParameters, Query()]


def _described(*problems: ProblemType) -> dict[int | str, dict[str, Any]]:
    """How the answers that are problems are described."""
    common = (UNAUTHORIZED, FORBIDDEN, INVALID, RATE_LIMITED)
    return {
        each.status: {
            "description": each.title,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for each in (*common, *problems)
    }


_GET: Final = _described(NOT_FOUND)
_POST: Final = _described(MALFORMED_BODY, TIMED_OUT, TOO_LARGE, UNSUPPORTED_MEDIA)
_STORED: Final = _described(NOT_FOUND, UNAVAILABLE)


def _answers(model: Any, problems: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "description": "The answer."}, **problems}


def _for_users(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", dependencies=[Depends(_each_parameter_once)])

    @router.get(
        "/recommend/{user_id}",
        tags=["users"],
        summary="Recommendations for a user",
        responses=_answers(Answer, _GET),
    )
    async def recommend(user_id: UserId, parameters: _OfUser, client: Client, request: Request) -> Response:
        client.require(Scope.RECOMMEND, user_id)
        query = RecommendationQuery(
            parameters.n,
            parameters.offset,
            user_id,
            category=parameters.category,
            exclude=frozenset(split_list(parameters.exclude)),
            scenario=parameters.scenario,
            explain=parameters.explain,
        )
        return _json(await service.answer(query, is_shown=not is_head(request.scope)))

    @router.post(
        "/recommend",
        tags=["users"],
        summary="The same, with long filters",
        responses=_answers(Answer, _POST),
        dependencies=_WITHOUT_PARAMETERS,
    )
    async def recommend_by_body(body: request_models.UserRequest, client: Client) -> Response:
        client.require(Scope.RECOMMEND, body.user_id)
        return _json(await service.answer(_query_of(body)))

    @router.post(
        "/recommend:batch",
        tags=["users"],
        summary="Recommendations for several users",
        responses=_answers(BatchAnswer, _POST),
        dependencies=_WITHOUT_PARAMETERS,
    )
    async def recommend_batch(batch: request_models.BatchRequest, client: Client) -> Response:
        for request in batch.requests:
            client.require(Scope.RECOMMEND, request.user_id)
        answers = await asyncio.gather(*[service.answer(_query_of(request)) for request in batch.requests])
        return _json(b'{"answers":[' + b",".join(answers) + b"]}")

    @router.post(
        "/rank",
        tags=["users"],
        summary="Order these products for a user",
        responses=_answers(RankAnswer, _POST),
        dependencies=_WITHOUT_PARAMETERS,
    )
    async def rank(body: request_models.RankRequest, client: Client) -> Response:
        client.require(Scope.RECOMMEND, body.user_id)
        return _json(await service.rank(body))

    @router.get(
        "/users/{user_id}/history",
        tags=["users"],
        summary="What a user did, the newest first",
        responses=_answers(HistoryAnswer, _STORED),
    )
    async def history(user_id: UserId, parameters: _OfHistory, client: Client) -> Response:
        client.require(Scope.HISTORY, user_id)
        return _json(await service.history(user_id, parameters.n))

    @router.delete(
        "/users/{user_id}",
        tags=["users"],
        summary="Forget a user's history and lists",
        status_code=204,
        responses={204: {"description": "Forgotten."}, **_STORED},
        dependencies=_WITHOUT_PARAMETERS,
    )
    async def forget(user_id: UserId, client: Client) -> Response:
        client.require(Scope.ERASE, user_id)
        await service.forget(user_id)
        return Response(status_code=204)

    @router.api_route("/users/{user_id}/{more:path}", methods=["GET", "DELETE"], include_in_schema=False)
    async def more_than_a_user() -> Response:
        raise Problem(NOT_FOUND, "A user is one segment of the path, and a slash in an id is sent as %2F.")

    return router


def _for_items(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", dependencies=[Depends(_each_parameter_once)])

    @router.post(
        "/session/recommend",
        tags=["sessions"],
        summary="Recommendations for a visitor whom nobody knows",
        responses=_answers(Answer, _POST),
        dependencies=_WITHOUT_PARAMETERS,
    )
    async def recommend_for_session(body: request_models.SessionRequest, client: Client) -> Response:
        client.require(Scope.RECOMMEND)
        now = datetime.now(UTC)
        session = of_session([(item.event_type, item.item_id) for item in body.items], now)
        return _json(await service.answer(_query_of(body, session=session, arm_key=body.session_id)))

    async def of_list(
        source: Source, parameters: request_models.ListParameters, client: Principal, **more: Any
    ) -> Response:
        client.require(Scope.RECOMMEND)
        query = RecommendationQuery(
            parameters.n, parameters.offset, category=parameters.category, seed_source=source, **more
        )
        return _json(await service.answer(query))

    described = _answers(Answer, _GET)

    @router.get("/items/{item_id}/similar", summary="Products like this one", tags=["items"], responses=described)
    async def similar(item_id: ItemId, parameters: _OfList, client: Client) -> Response:
        return await of_list(Source.SIMILAR, parameters, client, seed=item_id)

    @router.get(
        "/items/{item_id}/bought-together",
        summary="Products bought with this one",
        tags=["items"],
        responses=described,
    )
    async def bought_together(item_id: ItemId, parameters: _OfList, client: Client) -> Response:
        return await of_list(Source.BOUGHT_TOGETHER, parameters, client, seed=item_id)

    @router.get("/popular", summary="Most bought products", tags=["items"], responses=described)
    async def popular(parameters: _OfPopular, client: Client) -> Response:
        return await of_list(Source.POPULAR, parameters, client, window=parameters.window)

    @router.get("/trending", summary="Products that rise now", tags=["items"], responses=described)
    async def trending(parameters: _OfList, client: Client) -> Response:
        return await of_list(Source.TRENDING, parameters, client)

    @router.get("/newest", summary="Products that came last", tags=["items"], responses=described)
    async def newest(parameters: _OfList, client: Client) -> Response:
        return await of_list(Source.NEWEST, parameters, client)

    return router


def _health(chain: FallbackChain, reporter: Reporter, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health/live", summary="The process answers", response_model=Status)
    async def live() -> Response:
        return _json(b'{"status":"live"}')

    @router.get(
        "/health/ready",
        summary="Redis answers or lists are in memory, and nothing in the background fails",
        response_model=Status,
        responses={503: _described(UNAVAILABLE)[503]},
    )
    async def ready() -> Response:
        tasks = (chain.store.redis.task, chain.snapshot.task, reporter.task)
        if detail := failing(tasks):
            return _problem_response(Problem(UNAVAILABLE, detail, retry_after_seconds=1))
        if chain.store.redis.is_there or len(chain.store.memory):
            return _json(orjson.dumps(_ready(chain)))
        detail = "Redis does not answer, and nothing is in memory yet."
        return _problem_response(Problem(UNAVAILABLE, detail, retry_after_seconds=1))

    @router.get("/metrics", summary="Counters in Prometheus's format", response_class=PlainTextResponse)
    async def show_metrics() -> Response:
        return PlainTextResponse(metrics.page(), media_type=CONTENT_TYPE)

    return router


def _ready(chain: FallbackChain) -> dict[str, Any]:
    warnings = chain.snapshot.warnings()
    if failure := chain.scoring.task.failure:
        warnings = [*warnings, f"Products are ranked by stored lists alone: a model cannot be read ({failure})."]
    return {"status": "ready"} | ({"warnings": warnings} if warnings else {})


def _query_of(body: request_models.RecommendationOptions, **more: Any) -> RecommendationQuery:
    return RecommendationQuery(
        body.n,
        body.offset,
        body.user_id if isinstance(body, request_models.UserRequest) else "",
        category=body.category,
        exclude=frozenset(body.exclude),
        scenario=body.scenario,
        explain=body.explain,
        boosts=body.boosts,
        **more,
    )


def _with_cors(app: Application, settings: Settings) -> Application:
    origins = split_list(settings.serving_allowed_origins)
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
        expose_headers=["Retry-After", "X-Request-ID"],
        max_age=PREFLIGHT_SECONDS,
    )


def _describe_security(app: FastAPI) -> None:
    generate: Callable[[], dict[str, Any]] = app.openapi

    def document() -> dict[str, Any]:
        description = generate()
        components = description["components"]
        components["schemas"].setdefault("ProblemDetails", ProblemDetails.model_json_schema())
        components["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a user's JSON Web Token."},
        }
        for path, operations in description["paths"].items():
            if path.startswith("/v1/"):
                for operation in operations.values():
                    operation["security"] = [{}, {"key": []}, {"bearer": []}]
        return description

    app.openapi = document  # type: ignore[method-assign]


def _json(body: bytes) -> Response:
    return Response(body, media_type=_JSON)


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _KINDS.get(error.status_code, NOT_FOUND)
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    return _problem_response(Problem(kind, f"{error.detail}. The paths are in /openapi.json.", headers=headers))


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:10])
    return _problem_response(Problem(INVALID, wrong.encode("utf-8", "replace").decode()))


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _problem_response(error)


async def _unavailable(_request: Request, _error: Exception) -> Response:
    detail = "What is kept of users cannot be reached now."
    return _problem_response(Problem(UNAVAILABLE, detail, retry_after_seconds=1))


async def _failed(_request: Request, _error: Exception) -> Response:
    return _problem_response(Problem(INTERNAL, "The log says more of this request id."))


def _problem_response(problem: Problem) -> Response:
    headers = {name.decode(): value.decode() for name, value in problem.answer_headers()}
    return Response(problem.body(), problem.type.status, headers)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _now() -> datetime:
    return datetime.now(UTC)


def _now_text() -> str:
    return utc_text(_now())
