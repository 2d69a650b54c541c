"""How the paths that bring events are described in ``/openapi.json``."""

from __future__ import annotations

from typing import Any, Final

from producers.collector.intake import CALL_OF_PATH
from producers.collector.problems import RATE_LIMITED, UNAUTHORIZED, UNAVAILABLE
from producers.collector.violations import Kind
from schemas.event_types import EVENT_TYPES
from web.problems import MALFORMED_BODY, TIMED_OUT, TOO_LARGE, UNSUPPORTED_MEDIA, ProblemType

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_PROBLEMS: Final = (MALFORMED_BODY, UNAUTHORIZED, TIMED_OUT, TOO_LARGE, UNSUPPORTED_MEDIA, RATE_LIMITED, UNAVAILABLE)

SCHEMAS: Final[Json] = {
    "Event": {
        "type": "object",
        "description": "One event, as Segment or as Google Analytics 4 describes it; see docs/tracking.md.",
        "properties": {
            "messageId": {**_TEXT, "description": "The event's id; a repetition carries the same one. Made if absent."},
            "type": {**_TEXT, "enum": ["track", "page", "screen", "identify", "alias", "group"]},
            "event": {**_TEXT, "description": "Event type or an alias of one.", "examples": sorted(EVENT_TYPES)},
            "userId": _TEXT,
            "anonymousId": _TEXT,
            "properties": {"type": "object"},
            "traits": {"type": "object"},
            "context": {"type": "object"},
            "timestamp": {
                "type": ["string", "number"],
                "description": "When it happened, by the client's clock: ISO 8601, or an epoch time.",
            },
            "sentAt": {**_TEXT, "format": "date-time", "description": "When it was sent, by the same clock."},
        },
    },
    "Batch": {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
            "context": {"type": "object"},
            "sentAt": {**_TEXT, "format": "date-time"},
        },
    },
    "Answer": {
        "type": "object",
        "required": ["accepted", "violations"],
        "properties": {
            "accepted": {"type": "array", "items": _TEXT, "description": "Ids of the events that Kafka has."},
            "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
            "warnings": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Violation"},
                "description": "What was left out of accepted events; absent where there is nothing.",
            },
        },
    },
    "Violation": {
        "type": "object",
        "required": ["index", "event_id", "field", "kind", "message"],
        "properties": {
            "index": {"type": "integer", "description": "Place of the event in the request, from 0."},
            "event_id": _TEXT,
            "field": {**_TEXT, "description": "Field of the ShopEvent; empty for the event as a whole."},
            "kind": {**_TEXT, "enum": list(Kind)},
            "message": _TEXT,
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
    },
}
SECURITY_SCHEMES: Final[Json] = {
    "basic": {"type": "http", "scheme": "basic", "description": "The write key is the user name."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def with_intake(document: Json) -> Json:
    """The document with the paths that bring events."""
    paths = {path: {"post": _operation(path)} for path in CALL_OF_PATH}
    components = {"schemas": SCHEMAS, "securitySchemes": SECURITY_SCHEMES}
    return {**document, "paths": {**paths, **document["paths"]}, "components": components}


def _operation(path: str) -> Json:
    name = path.removeprefix("/v1/")
    schema = "Batch" if name in ("batch", "b", "import") else "Event"
    answers = {"202": "All events are accepted.", "207": "Some are.", "422": "None is."}
    return {
        "operationId": f"post_{name}",
        "tags": ["events"],
        "security": [{}, *({scheme: []} for scheme in SECURITY_SCHEMES)],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(schema)}}},
        "responses": {
            **{status: _response(words, "application/json", "Answer") for status, words in answers.items()},
            **{str(each.status): _problem_response(each) for each in _PROBLEMS},
        },
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _response(words: str, media: str, schema: str) -> Json:
    return {"description": words, "content": {media: {"schema": _ref(schema)}}}


def _problem_response(problem: ProblemType) -> Json:
    answer = _response(problem.title, "application/problem+json", "Problem")
    if problem.status in (RATE_LIMITED.status, UNAVAILABLE.status):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer
