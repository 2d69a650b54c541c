"""A person's own Python that sets failed events right; docs/failed-events.md has the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from schemas.errors import ConfigurationError, ContractError

Event = dict[str, Any]


class RuleFailed(ContractError):
    """A rule raised, or answered with what is neither an event, nor bytes, nor None."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The functions of a rule file; None for one that it does not have.

    Attributes:
        repair: Event -> the event set right, or None to leave it where it is.
        repair_bytes: Bytes that cannot be decoded -> an event, or bytes that can be, or None to leave them.
        repair_body: The JSON of an event that the collector refused -> the JSON set right, or None to leave it.
    """

    repair: Callable[[Event], Event | None] | None
    repair_bytes: Callable[[bytes | None], Event | bytes | None] | None
    repair_body: Callable[[Any], dict[str, Any] | None] | None = None

    def of_event(self, event: Event) -> Event | None:
        """What it makes of an event; as it is when the rule has nothing for events.

        Raises:
            RuleFailed: It raised, or answered with something else.
        """
        if self.repair is None:
            return event
        answer = _answer(self.repair, event)
        if answer is not None and not isinstance(answer, dict):
            message = f"repair() must answer with a dict or None, not {type(answer).__name__}"
            raise RuleFailed(message)
        return answer

    def of_bytes(self, value: bytes | None) -> Event | bytes | None:
        """What it makes of bytes that cannot be decoded; the same bytes when the rule has nothing for them.

        Raises:
            RuleFailed: It raised, or answered with something else.
        """
        if self.repair_bytes is None:
            return value
        answer = _answer(self.repair_bytes, value)
        if answer is not None and not isinstance(answer, dict | bytes):
            message = f"repair_bytes() must answer with a dict, bytes or None, not {type(answer).__name__}"
            raise RuleFailed(message)
        return answer

    def of_body(self, body: Any) -> Any:
        """What it makes of the JSON of an event that the collector refused; the same when the rule has nothing for it.

        Raises:
            RuleFailed: It raised, or answered with something else.
        """
        if self.repair_body is None:
            return body
        answer = _answer(self.repair_body, body)
        if answer is not None and not isinstance(answer, dict):
            message = f"repair_body() must answer with a dict or None, not {type(answer).__name__}"
            raise RuleFailed(message)
        return answer


AS_IT_IS = Rule(None, None)
"""No rule: what has become valid meanwhile is sent on."""


def load_rule(path: Path) -> Rule:
    """The rule of a Python file.

    Raises:
        ConfigurationError: It cannot be read or run, or has none of the functions.
    """
    try:
        module = _module(path)
    except Exception as error:
        message = f"The rule {path} cannot be used: {type(error).__name__}: {error}"
        raise ConfigurationError(message) from error
    rule = Rule(*(_function(module, name) for name in ("repair", "repair_bytes", "repair_body")))
    if rule == AS_IT_IS:
        message = f"The rule {path} has neither a function repair(event) nor repair_bytes(value) nor repair_body(body)."
        raise ConfigurationError(message)
    return rule


def _module(path: Path) -> ModuleType:
    spec = spec_from_file_location("shopstream_repair_rule", path)
    if spec is None or spec.loader is None:
        message = "it is no Python file"
        raise ImportError(message)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str) -> Callable[[Any], Any] | None:
    function = getattr(module, name, None)
    return function if callable(function) else None


def _answer(function: Callable[[Any], Any], given: Any) -> Any:
    try:
        return function(given)
    except Exception as error:  # whatever a person's rule raises concerns this record alone
        message = f"{type(error).__name__}: {error}"
        raise RuleFailed(message) from error
