"""Random requests to the recommendation service: by its own description, and by what a stranger may send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import strategies as st

from recommender.store import ModelStore
from tests.support.fuzzing import NO_ANSWER, REQUESTS, SEED, Outcome, each_of, fuzz, json_values
from tests.support.metrics import samples
from tests.support.models import served_model
from tests.support.serving import RedisProcess, Service, Shelf, service_of

READS = (
    "/v1/recommend/{}",
    "/v1/users/{}/history",
    "/v1/users/{}",
    "/v1/items/{}/similar",
    "/v1/items/{}/bought-together",
    "/v1/popular",
    "/v1/trending",
    "/v1/newest",
    "/v1/{}",
    "/{}",
    "/metrics",
    "/health/ready",
    "/openapi.json",
)
PARAMETERS = ("n", "offset", "category", "exclude", "scenario", "explain", "window")
NAMES = ("user_id", "items", "item_id", "event_type", "boosts", "factor", "requests", *PARAMETERS)
OPTIONS = {
    "n": 3,
    "offset": 0,
    "category": "Cups",
    "exclude": ["p1"],
    "scenario": "discover",
    "explain": True,
    "boosts": [{"factor": 2.5, "items": ["p2"], "category": "Tea > Green", "brand": "B1"}],
}
FOR_A_USER = {"user_id": "ann", **OPTIONS}
FOR_A_SESSION = {"items": [{"item_id": "p9", "event_type": "add_to_cart"}], "session_id": "s-1", **OPTIONS}
VALUES = json_values(NAMES) | st.sampled_from(["p1", "ann", "Cups", "x" * 300, 100, 500])
WRITES = {
    "/v1/recommend": [FOR_A_USER],
    "/v1/recommend:batch": [{"requests": [FOR_A_USER, {"user_id": "ben"}]}],
    "/v1/session/recommend": [FOR_A_SESSION],
    "/v1/rank": [{"user_id": "ann", "items": ["p1", "p9", "gone"], "explain": True}],
}
RULES = """
[scenarios.discover]
exclude_bought = true
rules = "varied"

[rules.varied]
max_per_category = 3
diversity = 0.3
pins = [{ item_id = "p30", position = 2 }]

[experiment]
name = "ranking"
arms = [{ name = "new", share = 0.5, rules = "varied" }, { name = "holdout", share = 0.2, holdout = true }]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with rules, an experiment and a model, in front of a Redis that holds a small shop."""
    home = tmp_path_factory.mktemp("fuzz")
    rules = home / "rules.toml"
    rules.write_text(RULES)
    redis = RedisProcess(home)
    redis.start()
    stock(Shelf(redis.client))
    models = ModelStore((home / "models").as_uri())
    models.write(served_model("m1"))
    try:
        with service_of(redis.url, serving_rules_file=str(rules), model_store_url=models.url).running() as running:
            yield running
    finally:
        redis.close()


def stock(shelf: Shelf) -> None:
    shelf.activate("m1")
    for n in range(40):
        shelf.product(f"p{n}", title=f"Product {n}", category=("Tea > Green", "Cups")[n % 2], brand=f"B{n % 3}")
    for user in ("ann", "ben"):
        shelf.personal(user, [f"p{n}" for n in range(20)], because=["p9"])
        shelf.history(user, ("purchase", "p2", 1_000), ("view_item", "p9", 2_000), ("add_to_cart", "p8", 3_000))
    shelf.similar("p9", ["p10", "gone", "p11"])
    shelf.category_popular("Cups", ["p21", "p23", "gone"])
    shelf.trending(["p5", "gone", "p6"])
    shelf.popular(["p6", "p7", "gone"])
    shelf.newest([f"p{n}" for n in range(40)])
    shelf.unavailable("gone")


def test_nothing_that_a_stranger_sends_is_answered_with_a_5xx(service: Service) -> None:
    outcome = fuzz(lambda source: source.attempt(READS, WRITES, PARAMETERS), VALUES, service.url, REQUESTS)
    outcome.check()
    assert {200, 404, 405, 422} <= outcome.statuses.keys()


def test_nothing_that_its_description_allows_or_forbids_is_answered_with_a_5xx(service: Service) -> None:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    operations = [operation.ok() for operation in schema.get_all_operations()]
    negative = schemathesis.GenerationMode.NEGATIVE
    cases = st.one_of([each.as_strategy() | each.as_strategy(generation_mode=negative) for each in operations])
    outcome = Outcome()
    with requests.Session() as session:

        def call(case: schemathesis.Case) -> None:
            try:
                status = case.call(session=session).status_code
            except requests.ConnectionError:
                status = NO_ANSWER
            outcome.add(case, status, SEED)

        each_of(cases, SEED, REQUESTS // 20, call)
    outcome.check()


def test_what_runs_in_the_background_still_does(service: Service) -> None:
    ready = service.get("/health/ready")
    assert ready["status"] == "ready"
    failures = samples(service.http.get("/metrics").text)
    assert {name: n for name, n in failures.items() if "background_failures" in name and n} == {}
