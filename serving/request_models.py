"""Requests to the service: their bodies and parameters, with their bounds."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.validation import MAX_ID_LENGTH

MAX_ITEMS: Final = 100
MAX_OFFSET: Final = 500
MAX_EXCLUDED: Final = 1000
MAX_EXCLUDE_LENGTH: Final = 4000
MAX_RANKED: Final = 500
MAX_SESSION: Final = 100
MAX_BATCH: Final = 100
MAX_BOOSTS: Final = 100
MAX_FACTOR: Final = 1000.0

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
Name = Annotated[str, StringConstraints(max_length=200)]
Count = Annotated[int, Field(ge=1, le=MAX_ITEMS, description="How many products.")]
Offset = Annotated[int, Field(ge=0, le=MAX_OFFSET, description="How many products to pass over.")]
Category = Annotated[Name, Field(description="Only products of this category or one below it.")]
Scenario = Annotated[Name, Field(description="Where it is shown; the rules file says what that means.")]
Explain = Annotated[bool, Field(description="Tell reasons in words, and the products and events that caused them.")]
Window = Literal["", "1d", "7d", "30d"]


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecommendParameters(_Parameters):
    """Parameters of one recommendation in an address."""

    n: Count = 10
    offset: Offset = 0
    category: Category = ""
    exclude: Annotated[
        str, StringConstraints(max_length=MAX_EXCLUDE_LENGTH), Field(description="Products, separated by commas.")
    ] = ""
    scenario: Scenario = ""
    explain: Explain = False


class HistoryParameters(_Parameters):
    """Parameters of a history."""

    n: Annotated[Count, Field(description="How many events.")] = 100


class ListParameters(_Parameters):
    """Parameters of a list that belongs to no user."""

    n: Count = 10
    offset: Offset = 0
    category: Category = ""


class PopularParameters(ListParameters):
    """The same, of popular products."""

    window: Annotated[Window, Field(description="Only what was bought within it: 1d, 7d or 30d.")] = ""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Boost(_Body):
    """Raises (above 1) or lowers products in their list; what is empty fits every product."""

    factor: Annotated[float, Field(gt=0, le=MAX_FACTOR)]
    items: Annotated[tuple[Id, ...], Field(max_length=MAX_EXCLUDED)] = ()
    category: Name = ""
    brand: Name = ""


class RecommendationOptions(_Body):
    """What the bodies of requests for recommendations have in common."""

    n: Count = 10
    offset: Offset = 0
    category: Category = ""
    exclude: Annotated[tuple[Id, ...], Field(max_length=MAX_EXCLUDED)] = ()
    scenario: Scenario = ""
    explain: Explain = False
    boosts: Annotated[tuple[Boost, ...], Field(max_length=MAX_BOOSTS)] = ()


class UserRequest(RecommendationOptions):
    """Recommendations for one user."""

    user_id: Id


class BatchRequest(_Body):
    """Recommendations for several users."""

    requests: Annotated[tuple[UserRequest, ...], Field(min_length=1, max_length=MAX_BATCH)]


class SessionItem(_Body):
    """What a visitor did with a product."""

    item_id: Id
    event_type: Literal[
        "view_item", "select_item", "add_to_wishlist", "add_to_cart", "remove_from_cart", "purchase"
    ] = "view_item"


class SessionRequest(RecommendationOptions):
    """Recommendations for an anonymous visitor, by the products seen last."""

    items: Annotated[tuple[SessionItem, ...], Field(max_length=MAX_SESSION, description="The newest last.")]
    session_id: Annotated[Name, Field(description="Any name of the visit; decides the arm of an experiment.")] = ""


class RankRequest(_Body):
    """Products to be ranked for a user."""

    user_id: Id
    items: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_RANKED)]
    scenario: Scenario = ""
    explain: Explain = False
