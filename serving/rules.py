"""Business rules and experiments: a TOML file, read again when it changes.

[scenarios.basket]
exclude_bought = true
rules = "calm"

[rules.default]
blocked_categories = ["Gift cards"]
max_per_category = 3
diversity = 0.3
pins = [{ item_id = "85123A", position = 1 }]
boosts = [{ category = "Tea", factor = 1.5 }]

[experiment]
name = "ranking"
arms = [
{ name = "control", share = 0.45 },
{ name = "fresh", share = 0.45, model_version = "20111209T125000-3fa9c1d2", rules = "calm" },
{ name = "holdout", share = 0.10, holdout = true },
]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import ConfigurationError
from serving.request_models import MAX_ITEMS, Boost, Id, Name

DEFAULT: Final = "default"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pin(_Table):
    """A product that has a fixed position as long as it may be recommended.

    Attributes:
        item_id: The product.
        position: Its position, from 1.
        category: Only in answers for this category; "" for all.
    """

    item_id: Id
    position: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    category: Name = ""


class RuleSet(_Table):
    """What is done to the candidates.

    Attributes:
        pins: Products with a fixed position.
        boosts: Factors on how high a product stands.
        blocked_items: Never recommended.
        blocked_categories: Nor what lies in or below these.
        blocked_brands: Nor these.
        max_per_category: Products of one category in an answer, unless nothing else is left; 0 for any number.
        diversity: Of maximal marginal relevance, from 0 (order by relevance alone) to 1 (by difference alone).
    """

    pins: tuple[Pin, ...] = ()
    boosts: tuple[Boost, ...] = ()
    blocked_items: frozenset[Id] = frozenset()
    blocked_categories: tuple[Name, ...] = ()
    blocked_brands: frozenset[Name] = frozenset()
    max_per_category: Annotated[int, Field(ge=0)] = 0
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0

    @property
    def changes_nothing(self) -> bool:
        """Whether candidates pass as they are."""
        return self == _NO_RULES

    @property
    def keeps_order(self) -> bool:
        """Whether the candidates that are not blocked keep their order."""
        return not (self.pins or self.boosts or self.max_per_category or self.diversity)


_NO_RULES: Final = RuleSet()


class ScenarioRules(_Table):
    """Rules of a scenario, such as a page of the shop.

    Attributes:
        exclude_bought: Whether what the user has bought is left out.
        rules: The rule set that applies there.
    """

    exclude_bought: bool = False
    rules: Name = DEFAULT


class Arm(_Table):
    """One arm of an experiment.

    Attributes:
        name: Its name.
        share: Of the users, from 0 to 1.
        model_version: The model whose lists it shows; "" for the active one, which it shows also where those are gone.
        rules: The rule set that applies; "" for that of the scenario.
        holdout: Whether its users see nothing that was made for them.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100)]
    share: Annotated[float, Field(ge=0, le=1)]
    model_version: Name = ""
    rules: Name = ""
    holdout: bool = False


class Experiment(_Table):
    """Divides users into arms; who is in none gets what there is without the experiment.

    Attributes:
        name: Its name; another name divides the users anew.
        arms: The arms, in their order.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _arms_fit(self) -> Self:
        if sum(arm.share for arm in self.arms) > 1 + 1e-9:
            raise ValueError("the shares of the arms add up to more than 1")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise ValueError("two arms have the same name")
        return self


class Rules(_Table):
    """The whole file.

    Attributes:
        scenarios: By name; one that a request names and the file does not is as the default one.
        rules: Rule sets by name.
        experiment: The running one.
    """

    scenarios: dict[str, ScenarioRules] = {}
    rules: dict[str, RuleSet] = {}
    experiment: Experiment | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        arms = self.experiment.arms if self.experiment else ()
        named = {scenario.rules for scenario in self.scenarios.values()} | {arm.rules for arm in arms}
        if unknown := named - self.rules.keys() - {"", DEFAULT}:
            message = f"there is no rule set {', '.join(sorted(unknown))}"
            raise ValueError(message)
        return self

    @property
    def model_versions(self) -> frozenset[str]:
        """The models that arms of the experiment show."""
        arms = self.experiment.arms if self.experiment else ()
        return frozenset(arm.model_version for arm in arms) - {""}

    def scenario(self, name: str) -> ScenarioRules:
        """The rules of a scenario."""
        return self.scenarios.get(name) or self.scenarios.get(DEFAULT) or _NO_SCENARIO

    def changes_nothing(self, arm: Arm | None) -> bool:
        """Whether personal lists of users of an arm pass unchanged where the request names no scenario."""
        is_holdout = arm is not None and arm.holdout
        return not is_holdout and not self.scenario("").exclude_bought and self.rule_set("", arm).changes_nothing

    def rule_set(self, scenario: str, arm: Arm | None) -> RuleSet:
        """What is done to the candidates there."""
        name = arm.rules if arm is not None and arm.rules else self.scenario(scenario).rules
        return self.rules.get(name, _NO_RULES)


_NO_SCENARIO: Final = ScenarioRules()


def read_rules(path: Path) -> Rules:
    """The rules of a file.

    Raises:
        ConfigurationError: It cannot be read, or says what cannot be.
    """
    try:
        return Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"The rules file {path} cannot be read: {error}. See docs/serving.md."
        raise ConfigurationError(message) from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        message = f"The rules file {path} is wrong: {wrong}. See docs/serving.md."
        raise ConfigurationError(message) from error


class RulesFile:
    """The rules in force: those of the file as it was when it last made sense.

    Args:
        path: The file; None for no rules.

    Raises:
        ConfigurationError: The file makes no sense to begin with.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = self._stamp()
        self.take(Rules() if path is None else read_rules(path))

    def changed(self) -> Rules | None:
        """The rules of the file if it has changed since it was last looked at, each change once; None if not.

        Raises:
            ConfigurationError: It makes no sense any more.
        """
        stamp = self._stamp()
        if self._path is None or stamp == self._seen:
            return None
        self._seen = stamp
        return read_rules(self._path)

    def take(self, rules: Rules) -> None:
        """Put rules into force."""
        arms = (None, *(rules.experiment.arms if rules.experiment else ()))
        self.rules = rules
        self._plain_arms = {None if arm is None else arm.name for arm in arms if rules.changes_nothing(arm)}

    def passes_lists_as_they_are(self, arm: Arm | None) -> bool:
        """Whether a list goes out as it is stored to users of an arm, where the request names no scenario."""
        return (None if arm is None else arm.name) in self._plain_arms

    def _stamp(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:  # reading it says why
            return None
        return status.st_mtime_ns, status.st_size
