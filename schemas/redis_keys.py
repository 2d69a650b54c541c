"""Redis keys, the only place that spells them.

Keys of a model carry its version, so that a new model is published beside the old one and taken up by one write to
ACTIVE_MODEL: no reader ever meets two versions in one answer. Lists that follow the stream and no model (popular,
trending, newest) have one key each. Values of lists are those of ``schemas.recommendations``.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.categories import levels_of

_PARTS_OF_A_VERSION: Final = 3
_NOT_VERSIONS: Final = frozenset({"popular", "category", "trending", "newest"})
"""What stands in keys of the stream where those of a model have its version."""

_GLOB: Final = re.compile(r"([*?\[\]\\])")

ACTIVE_MODEL: Final = "rec:active"
"""String: the version that is served, but for the arms of experiments."""

LIVE_MODELS: Final = "rec:live"
"""Set: every version whose keys are kept fresh, the active one among them; RETIRED_MODELS says until when."""

RETIRED_MODELS: Final = "rec:retired"
"""Sorted set: versions that were replaced, scored by when, in epoch seconds; their lists expire."""

LIVE_SECONDS: Final = 3600
"""How long the lists of a replaced version are kept fresh, for a rollback."""

TRENDING: Final = "rec:trending"
POPULAR: Final = "rec:popular"
NEWEST: Final = "rec:newest"

UNAVAILABLE: Final = "products:unavailable"
"""Set: ids of products that must not be recommended: out of stock, or hidden."""

UNAVAILABLE_REVISION: Final = "products:unavailable:revision"
"""Counter: raised with each change of UNAVAILABLE, so that a reader's copy knows when it is stale."""

CATALOGUE: Final = "products:catalogue"
"""Sorted set: ids of all products that may be recommended, scored by minus the epoch milliseconds of when the shop got
them: a range begins with the newest, and of equally old ones with the smaller id."""

LIST_FRESHNESS: Final = "lists:freshness"
"""Hash: how long after their events users' lists were written, as ``schemas.list_freshness`` counts it; it expires."""

SINK_OFFSETS: Final = "sink:offsets:3"
"""Hash: topic-partition -> the next offset that the sink has not applied, written with what it applied.

Its name changes when the sink writes what it did not write before (2: the catalogue; 3: what comes behind the first
products of a list): then a Redis that an older sink filled is filled anew from the beginning.
"""


def personalized(version: str, user_id: str) -> str:
    """Recommendations of one user by one model."""
    return f"rec:{version}:user:{user_id}:personalized"


def personalized_in_any_version(user_id: str) -> str:
    """A pattern of Redis that fits the lists of a user, and perhaps those of others: see ``is_personalized``."""
    return personalized("*", _GLOB.sub(r"\\\1", user_id))


def is_personalized(key: str, user_id: str) -> bool:
    """Whether a key is that of this very user's list in some version: no version holds a colon, a user's id may."""
    version = key.removeprefix("rec:").partition(":")[0]
    return key == personalized(version, user_id)


def similar(version: str, product_id: str) -> str:
    """Products like this one, by one model."""
    return f"rec:{version}:product:{product_id}:similar"


def bought_together(version: str, product_id: str) -> str:
    """Products bought with this one, by one model."""
    return f"rec:{version}:product:{product_id}:bought_together"


def published(version: str) -> str:
    """When a model was made, RFC 3339: there while all its lists are, written after them and expiring before them."""
    return f"rec:{version}:published"


def version_of(key: str) -> str:
    """The model version that a key belongs to; "" for a key of the stream, which belongs to none."""
    parts = key.split(":", 2)
    if len(parts) < _PARTS_OF_A_VERSION or parts[0] != "rec" or parts[1] in _NOT_VERSIONS:
        return ""
    return parts[1]


def popular(window: str) -> str:
    """Most bought products of a window that ends now: 1d, 7d or 30d. POPULAR is the default one."""
    return f"rec:popular:{window}"


def category_popular(category: str) -> str:
    """Popular products of one category."""
    return f"rec:category:{category}:popular"


def category_trending(category: str) -> str:
    """Trending products of one category."""
    return f"rec:category:{category}:trending"


def category_newest(category: str) -> str:
    """Products of one category, the newest first."""
    return f"rec:category:{category}:newest"


def category_popular_within(category: str, window: str) -> str:
    """Most bought products of one category in a window shorter than that of ``category_popular``: 1d or 7d."""
    return f"rec:category:{category}:popular:{window}"


def continued(key: str) -> str:
    """What comes behind the first products of the list with that key; no key where it has no more."""
    return f"{key}:more"


def catalogue(category: str) -> str:
    """What of CATALOGUE is of one category or below it, scored in the same way; all of it for no category."""
    return f"{CATALOGUE}:{category}" if category else CATALOGUE


def catalogues(category: str) -> list[str]:
    """The keys of every part of the catalogue that holds a product of a category: one for each of its levels."""
    return [CATALOGUE, *map(catalogue, levels_of(category))]


def history(user_id: str) -> str:
    """Sorted set of what a user did with which product, scored by event time in milliseconds.

    Its members are those of ``schemas.interactions``, which also says which of them count. The score of one is the
    newest such event (``ZADD GT``): the same events give the same set in any order, however often they come.
    Anonymous events are each a member of its own (``schemas.visitors``).
    """
    return f"user:{user_id}:history"


LINKED: Final = "users:linked"
"""Sorted set: whoever is linked to somebody, visitors and users, scored by when that was last needed, in epoch seconds.

It says whose other keys are to be read: for everybody else one look here is all that identity costs.
"""


def visitors(user_id: str) -> str:
    """Sorted set of the visitors that a user was, scored by the newest link of each in epoch milliseconds."""
    return f"user:{user_id}:visitors"


def identity_changes(visitor_id: str) -> str:
    """Sorted set of the links and sign-outs of a visitor (``schemas.visitors.IdentityChange``) by their times."""
    return f"visitor:{visitor_id}:identity"


def list_revision(user_id: str) -> str:
    """Counter of those who read the merged history of a linked user: the last one writes the list.

    Events of such a user come through several workers. Who was given the largest number has read what all others wrote.
    """
    return f"lists:{user_id}:revision"


def kept_of(user_id: str) -> tuple[str, ...]:
    """Every key that is of one user or visitor alone, but for lists."""
    return history(user_id), visitors(user_id), identity_changes(user_id), list_revision(user_id)


def rate_limit(client: str) -> str:
    """Hash: the token bucket of one client of the recommendation service."""
    return f"serving:rate:{client}"


def history_owner(key: str) -> str:
    """The user whose history a key holds: the reverse of ``history``."""
    return key.removeprefix("user:").removesuffix(":history")


def product(product_id: str) -> str:
    """What serving must know of a product, a value of ``schemas.recommendations.Product``."""
    return f"product:{product_id}"
