"""Bodies of Segment's calls and of Google Analytics 4 as ShopEvents: no HTTP, no clock, no Kafka.

An event comes as Segment describes it (https://segment.com/docs/connections/spec/common/) or as Google does
(https://developers.google.com/analytics/devguides/collection/protocol/ga4), and the two may be mixed: each
name is recognized wherever it stands. What has no field of its own is kept, as text, in ``properties``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from producers.collector.clocks import event_time_ms
from producers.collector.devices import device_class, device_named
from producers.collector.envelope import merged_context
from producers.collector.values import Unfit, kept, mapping, text
from producers.collector.violations import Kind, Rejected, Violation, violation_of
from producers.collector.vocabulary import CALLS, EVENT_ALIASES, ITEM, MEDIA, PAGE_PROPERTIES, PROPERTIES, Names
from producers.publisher import ABSENT
from schemas.event_types import EVENT_TYPES, ORDER_EVENTS, EventType, canonical_type
from schemas.failures import Failure, Reason
from schemas.validation import MAX_ID_LENGTH, check_age, check_event

Event = dict[str, Any]
Problems = list[Violation]

EVENT_IDS: Final = ("messageId", "message_id", "event_id")
USER_IDS: Final = ("userId", "user_id")
ANONYMOUS_IDS: Final = ("anonymousId", "anonymous_id", "client_id")
DEFAULT_SOURCE: Final = "api"
_ZERO: Final = Decimal(0)
_REMEMBERED: Final = ("anonymous_id", "session_id")
"""Ids that are optional, but what is remembered here goes by them: one that is too long costs the event."""
_CATEGORY_LEVELS: Final = ("item_category", "item_category2", "item_category3", "item_category4", "item_category5")
_PRICED: Final = frozenset({"purchase"})
"""Types whose lines make revenue: there a line without a price is an error, elsewhere it is not known."""
_GIVEN_BACK: Final = frozenset({"refund", "order_cancelled"})
"""Types whose lines take revenue back: there a unit without a price has an equal share of the event's value."""
_TEN_THOUSANDTH: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a request says of every event in it.

    Attributes:
        received_ms: When it came.
        sent_at_ms: When it was sent by the client's clock; None when it does not say.
        device: Class of the device by the request's User-Agent.
        country: Where the visitor is, by a trusted proxy.
        forwarded_ms: When another pipeline received what it forwards; None when it does not say.
        context: What the request's own context says of each event that does not say otherwise.
    """

    received_ms: int
    sent_at_ms: int | None = None
    device: str | None = None
    country: str | None = None
    forwarded_ms: int | None = None
    context: Event = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapper:
    """Turns what clients send into ShopEvents.

    Attributes:
        lateness_ms: How long after it happened an event may come.
        skew_ms: How far it may lie ahead of its reception.
        new_id: Makes an id for an event that has none.
    """

    lateness_ms: int
    skew_ms: int
    new_id: Callable[[], str]

    def event_id_of(self, body: Any) -> str:
        """The event's id, a new one if it has none that can be used."""
        names = EVENT_IDS if type(body) is dict else ()
        event_id = next((body[name] for name in names if body.get(name) and not _is_blank(body[name])), None)
        return str(event_id) if type(event_id) in (str, int) else self.new_id()

    def map(
        self, body: Any, event_id: str, call: str, arrival: Arrival, warnings: Problems | None = None
    ) -> list[Event]:
        """The event as ShopEvents: one, or one of each product for an event about several products.

        Args:
            body: What the client sent, as JSON.
            event_id: Its id.
            call: The kind of Segment's call where the body does not say.
            arrival: How it came.
            warnings: Takes what was wrong with optional fields, which are left out.

        Raises:
            Rejected: It breaks the contract.
        """
        if type(body) is not dict:
            raise Rejected(Violation(Kind.TYPE_MISMATCH, "", "an event is a JSON object"))
        problems: Problems = []
        call = body.get("type") or call
        event = _start(body, event_id, call, problems)
        event["event_time"] = _event_time(body, arrival, problems)
        extra: dict[str, str] = {}
        items = _read_properties(body, event, extra, problems)
        if call != "track":
            _read_call(body, call, event, extra, problems)
        context = merged_context(arrival.context, _object(body, "context", problems))
        _read_context(context, event, arrival, problems)
        if extra:
            event["properties"] = extra
        events = _with_products(event, items, problems)
        problems += [
            Violation(Kind.INVALID_VALUE, field, f"longer than {MAX_ID_LENGTH} characters", costs_event=True)
            for field in _REMEMBERED
            if field in event and len(event[field]) > MAX_ID_LENGTH
        ]
        kind = EVENT_TYPES[event["event_type"]]
        if any(each.costs_event or not _is_optional(each.field, kind) for each in problems):
            raise Rejected(*problems)
        self._check(events, arrival.received_ms, problems)
        if warnings is not None:
            warnings += problems
        return events

    def _check(self, events: list[Event], received_ms: int, problems: Problems) -> None:
        for event in events:
            failure = _first_failure(event, problems) or check_age(
                event["event_time"], received_ms, self.lateness_ms, self.skew_ms
            )
            if failure is not None:
                missing = _missing(event) if failure.reason is Reason.MISSING_FIELD else []
                raise Rejected(*problems, *(missing or (violation_of(failure),)))


def _first_failure(event: Event, problems: Problems) -> Failure | None:
    """The first thing that is wrong with an event; what is wrong with optional fields is left out of it, and noted."""
    kind = EVENT_TYPES[event["event_type"]]
    while failure := check_event({**ABSENT, **event}):
        violation = violation_of(failure)
        if not _is_optional(violation.field, kind):
            return failure
        if violation not in problems:  # of an event about several products, each has it
            problems.append(violation)
        if line := _LINE_FIELD.match(violation.field):
            del event["items"][int(line[1])]
        else:
            del event[violation.field]
    return None


def _is_optional(field: str, kind: EventType) -> bool:
    """Whether an event of this type is good without a field, so that a mistake in it costs the field alone."""
    if field in _HEADER or field in kind.required:
        return False
    if field == "properties":
        return not kind.required
    counts_lines = kind.topic == ORDER_EVENTS
    if line := _LINE_FIELD.match(field):
        return line[2] not in kind.required and not (counts_lines and line[2] in _COUNTED)
    return field != "items" or not counts_lines


_HEADER: Final = frozenset({"", "event_id", "event_type", "event_time", "user_id"})
_LINE_FIELD: Final = re.compile(r"items\[([0-9]+)\]\.?(.*)\Z", re.DOTALL)
_COUNTED: Final = frozenset({"", "product_id", "quantity", "price"})
"""What sales and refunds count of a line; "" is the line as a whole."""


def user_ids_of(body: Any) -> list[str]:
    """Every id of a user that an event names, the one it would be counted under first."""
    if type(body) is not dict:
        return []
    return [user_id for names in (USER_IDS, ANONYMOUS_IDS) for name in names if (user_id := _usable_id(body.get(name)))]


def _usable_id(value: Any) -> str:
    try:
        user_id = "" if value is None else text(value)
    except Unfit:
        return ""
    return user_id if len(user_id) <= MAX_ID_LENGTH else ""


def _start(body: Event, event_id: str, call: Any, problems: Problems) -> Event:
    """The header: id, type, user and source; the time is put in by the caller.

    Raises:
        Rejected: Nobody knows the type, so nothing else can be judged.
    """
    event: Event = {"event_id": event_id, "event_type": _event_type(body, call), "event_time": 0}
    anonymous_ids = ("previousId", *ANONYMOUS_IDS) if call == "alias" else ANONYMOUS_IDS
    anonymous = _identifier(body, anonymous_ids, "anonymous_id", problems)
    event["user_id"] = _identifier(body, USER_IDS, "user_id", problems) or anonymous
    event["source"] = DEFAULT_SOURCE
    if anonymous:
        event["anonymous_id"] = anonymous
    message_id = body.get("messageId")
    if message_id is not None and type(message_id) is not str and type(message_id) is not int:
        problems.append(Violation(Kind.TYPE_MISMATCH, "event_id", "messageId is not text"))
    return event


def _event_type(body: Event, call: Any) -> str:
    if type(call) is not str or call not in CALLS:
        raise Rejected(Violation(Kind.UNKNOWN_EVENT, "type", f"is none of {', '.join(CALLS)}"))
    if call != "track":
        return str(CALLS[call])
    name = body.get("event") or body.get("event_name") or body.get("name")
    if not name:
        raise Rejected(Violation(Kind.REQUIRED_MISSING, "event_type", "the event has no name"))
    if type(name) is not str:
        raise Rejected(Violation(Kind.TYPE_MISMATCH, "event_type", "the event's name is not text"))
    known = canonical_type(name) or EVENT_ALIASES.get(name)
    if known is None:
        raise Rejected(
            Violation(Kind.UNKNOWN_EVENT, "event_type", f"{name[:100]!r} is neither a type nor an alias of one")
        )
    return known


def _identifier(body: Event, names: tuple[str, ...], field: str, problems: Problems) -> str:
    for name in names:
        value = body.get(name)
        if value is None or _is_blank(value):
            continue
        try:
            return text(value)
        except Unfit as unfit:
            problems.append(unfit.of(field))
    return ""


def _is_blank(value: Any) -> bool:
    return type(value) is str and not value.strip()


def _event_time(body: Event, arrival: Arrival, problems: Problems) -> int:
    try:
        return event_time_ms(body, arrival.received_ms, arrival.sent_at_ms, arrival.forwarded_ms)
    except Unfit as unfit:
        problems.append(unfit.of("event_time"))
    return arrival.received_ms


def _object(body: Event, name: str, problems: Problems) -> Event:
    try:
        return mapping(body.get(name))
    except Unfit as unfit:
        problems.append(unfit.of(name))
        return {}


def _read_properties(body: Event, event: Event, extra: dict[str, str], problems: Problems) -> Any:
    """Read properties or params; what they hold as products or items is returned."""
    values = _object(body, "properties", problems) or _object(body, "params", problems)
    names = PAGE_PROPERTIES if event["event_type"] == "page_view" else PROPERTIES
    _read(values, names, event, extra, problems, "")
    return values.get("items") or values.get("products")


def _read(values: Event, names: Names, record: Event, extra: dict[str, str], problems: Problems, where: str) -> None:
    """Read known names into ``record`` and the others, as text, into ``extra``; null and "" are as good as absent."""
    field_of = names.field_of
    for name, value in values.items():
        if value is None or value == "":
            continue
        known = field_of.get(name)
        try:
            if known is None:
                if name != "items" and name != "products":
                    extra[name] = value if type(value) is str else kept(value)
                continue
            field, convert = known
            converted = value if convert is text and type(value) is str else convert(value)
            if field in record:
                best, *others = names.in_use(field, values)
                extra.update({each: kept(values[each]) for each in others})
                if name != best:
                    continue
            record[field] = converted
        except Unfit as unfit:
            problems.append(unfit.of(where + (known[0] if known else name)))


def _read_call(body: Event, call: str, event: Event, extra: dict[str, str], problems: Problems) -> None:
    """Read what pages, identifications and groups carry beside the properties."""
    if CALLS[call] == "page_view":
        name = _text(body.get("name"), "page_title", problems)
        category = _text(body.get("category"), "category", problems)
        if name and event.setdefault("page_title", name) != name:
            extra.setdefault("name", name)
        if category:
            extra.setdefault("category", category)
    else:
        traits = _object(body, "traits", problems)
        values = {**traits, "groupId": body.get("groupId"), "previousId": body.get("previousId")}
        _read(values, _NO_NAMES, event, extra, problems, "traits.")


_NO_NAMES: Final = Names({})


def _read_context(context: Event, event: Event, arrival: Arrival, problems: Problems) -> None:
    """Fill in from the context what the properties did not say."""
    if context:
        page = _part(context, "page", problems)
        _fill(event, "page_url", page.get("url"), problems)
        _fill(event, "page_title", page.get("title"), problems)
        _fill(event, "referrer", page.get("referrer"), problems)
        _fill(event, "language", context.get("locale"), problems)
        _fill(event, "session_id", context.get("sessionId"), problems)
        _fill(event, "country", _part(context, "location", problems).get("country"), problems)
        if library := _text(_part(context, "library", problems).get("name"), "source", problems):
            event["source"] = library
        if medium := _text(_part(context, "campaign", problems).get("medium"), "channel", problems).lower():
            event.setdefault("channel", MEDIA.get(medium, medium))
        if device := _text(_part(context, "device", problems).get("type"), "device", problems):
            _fill(event, "device", device_named(device), problems)
        if agent := _text(context.get("userAgent"), "device", problems):
            _fill(event, "device", device_class(agent), problems)
    if arrival.device:
        event.setdefault("device", arrival.device)
    if arrival.country:
        event.setdefault("country", arrival.country)


def _part(context: Event, name: str, problems: Problems) -> Event:
    part = context.get(name)
    try:
        return {} if part == "" else mapping(part)
    except Unfit as unfit:
        problems.append(unfit.of(f"context.{name}"))
        return {}


def _fill(event: Event, field: str, value: Any, problems: Problems) -> None:
    if field not in event and (filled := _text(value, field, problems)):
        event[field] = filled


def _text(value: Any, field: str, problems: Problems) -> str:
    """Text; "" for none, and for what is no text, which is a problem."""
    try:
        return "" if value is None else text(value)
    except Unfit as unfit:
        problems.append(unfit.of(field))
        return ""


def _with_products(event: Event, items: Any, problems: Problems) -> list[Event]:
    if not items:
        return [event]
    if type(items) is not list:
        problems.append(Violation(Kind.TYPE_MISMATCH, "items", "is not a list"))
        return [event]
    products = [_product(item, f"items[{index}]", problems) for index, item in enumerate(items)]
    if "product_id" in EVENT_TYPES[event["event_type"]].required and "product_id" not in event:
        return [_about(event, product, n, len(products)) for n, product in enumerate(products, start=1)]
    if event["event_type"] in _GIVEN_BACK:
        products = _with_shares(products, event.get("value"), problems)
    event["items"] = _lines(event, products, problems)
    if event["event_type"] in _PRICED:
        problems += [
            Violation(Kind.REQUIRED_MISSING, f"items[{index}].price", f"{event['event_type']} requires it")
            for index, product in enumerate(products)
            if "price" not in product
        ]
    return [event]


def _lines(event: Event, products: list[Event], problems: Problems) -> list[Event]:
    """The lines of an event; without those that name no product, where lines are not counted."""
    if EVENT_TYPES[event["event_type"]].topic == ORDER_EVENTS:
        return [_line(product) for product in products]
    problems += [
        Violation(Kind.REQUIRED_MISSING, f"items[{index}].product_id", "is empty")
        for index, product in enumerate(products)
        if not product.get("product_id")
    ]
    return [_line(product) for product in products if product.get("product_id")]


def _with_shares(products: list[Event], value: Decimal | None, problems: Problems) -> list[Event]:
    """What is given back: each unit without a price has an equal share of what the other lines leave of ``value``.

    Only the purchase knows what a unit cost, and it may have come anywhere else. The shares add up to the last
    ten-thousandth, so a line whose units do not all have the same share becomes two.
    """
    unpriced = [product for product in products if "price" not in product]
    quantities = [product.get("quantity", 1) for product in unpriced]
    if not unpriced or value is None or min(quantities) <= 0:
        return products  # nothing is to be shared, or the event is refused for what it lacks
    left = value - sum((each["price"] * each.get("quantity", 1) for each in products if "price" in each), _ZERO)
    if left < 0:
        where = next(index for index, product in enumerate(products) if "price" not in product)
        message = f"is missing, and the lines with a price leave {left} of the value"
        problems.append(Violation(Kind.INVALID_VALUE, f"items[{where}].price", message))
        return products
    share, rest = divmod(int(left / _TEN_THOUSANDTH), sum(quantities))
    shared: list[Event] = []
    for product in products:
        if "price" in product:
            shared.append(product)
            continue
        quantity = product.get("quantity", 1)
        with_more = min(rest, quantity)
        rest -= with_more
        parts = ((quantity - with_more, share), (with_more, share + 1))
        shared += [{**product, "quantity": n, "price": each * _TEN_THOUSANDTH} for n, each in parts if n]
    return shared


def _product(item: Any, where: str, problems: Problems) -> Event:
    """An entry of products or items, by the names of a ShopEvent's fields."""
    product: Event = {}
    if type(item) is not dict:
        problems.append(Violation(Kind.TYPE_MISMATCH, where, "is not an object"))
        return product
    _read(item, ITEM, product, {}, problems, where + ".")
    if "item_category2" in item:
        levels = [item.get(name) for name in _CATEGORY_LEVELS]
        product["category"] = " > ".join(level for level in levels if type(level) is str and level)
    return product


def _line(product: Event) -> Event:
    line = {
        "product_id": product.get("product_id", ""),
        "quantity": product.get("quantity", 1),  # as Google documents it
        "price": product.get("price", _ZERO),
    }
    if product.get("category"):
        line["category"] = product["category"]
    return line


def _about(event: Event, product: Event, number: int, count: int) -> Event:
    """The event about one of its products; the first keeps the id, the others have ids that follow from it."""
    one = {**product, **event}
    one.setdefault("quantity", 1)
    if count > 1:
        one.pop("value", None)
        if "price" in product:
            one["value"] = product["price"] * one["quantity"]
        if number > 1:
            one["event_id"] = _id_of_part(event["event_id"], number)
    return one


def _id_of_part(event_id: str, number: int) -> str:
    """The id of an event's second, third, ... product: always the same, and one that no client gives another event.

    It begins as the event's own, to be found, and ends in a digest of the whole of it: ``<id>.2`` alone may be the id
    of another event, and long ids may begin with the same characters.
    """
    digest = hashlib.blake2b(f"{number}\n{event_id}".encode(), digest_size=12).hexdigest()
    return f"{event_id[:_KEPT_OF_ID]}.{number}.{digest}"


_KEPT_OF_ID: Final = 128


def _missing(event: Event) -> list[Violation]:
    kind = EVENT_TYPES[event["event_type"]]
    required = (*(("user_id",) if kind.has_user else ()), *kind.required)
    return [
        Violation(Kind.REQUIRED_MISSING, field, f"{kind.name} requires it" + _HINTS.get(field, ""))
        for field in required
        if event.get(field) in (None, "", [])
    ]


_HINTS: Final = {"user_id": ": userId or anonymousId", "search_query": ": query or search_term"}
