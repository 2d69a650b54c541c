"""The class of a device by its User-Agent, by rules that a reader can check; a robot or a library is ``other``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_MAX_LENGTH: Final = 512
_RULES: Final = (
    (re.compile(r"bot\b|crawl|spider|slurp|preview|headless|lighthouse|monitor", re.IGNORECASE), "other"),
    (re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*\bmobile)", re.IGNORECASE), "tablet"),
    (re.compile(r"iphone|ipod|\bmobile\b|windows phone|opera mini", re.IGNORECASE), "mobile"),
    (re.compile(r"^Mozilla/.*(?:Windows NT|Macintosh|X11|CrOS|Linux)"), "desktop"),
)
_NAMES: Final = {
    "desktop": "desktop",
    "mobile": "mobile",
    "tablet": "tablet",
    "ios": "mobile",
    "android": "mobile",
    "phone": "mobile",
    "smartphone": "mobile",
    "web": None,
}


def device_class(user_agent: str) -> str | None:
    """desktop, mobile, tablet or other; None for no User-Agent."""
    return _class_of(user_agent[:_MAX_LENGTH]) if user_agent else None


@lru_cache(2048)
def _class_of(user_agent: str) -> str:
    return next((name for rule, name in _RULES if rule.search(user_agent)), "other")


def device_named(name: str) -> str | None:
    """The class that a client's own word for its device means; None when it says nothing of the device."""
    return _NAMES.get(name.lower(), "other")
