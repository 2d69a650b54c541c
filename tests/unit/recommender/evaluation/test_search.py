"""Parameters drawn at random."""

from __future__ import annotations

import numpy as np

from recommender.evaluation.search import choice, log_uniform, uniform, variants

SPACE = {"a": choice("x", "y"), "b": uniform(0, 1), "c": log_uniform(0.01, 10)}


def test_the_defaults_come_first_and_all_have_what_is_fixed() -> None:
    made = variants("m", SPACE, 3, np.random.default_rng(1), size=8)
    assert made[0] == ("m", {"size": 8})
    assert [sorted(parameters) for _, parameters in made[1:]] == [["a", "b", "c", "size"]] * 3


def test_the_same_seed_draws_the_same() -> None:
    assert variants("m", SPACE, 5, np.random.default_rng(4)) == variants("m", SPACE, 5, np.random.default_rng(4))


def test_values_stay_within_their_bounds() -> None:
    drawn = [parameters for _, parameters in variants("m", SPACE, 200, np.random.default_rng(2))[1:]]
    assert {values["a"] for values in drawn} == {"x", "y"}
    assert all(0 <= values["b"] <= 1 and 0.01 <= values["c"] <= 10 for values in drawn)
    assert 0.3 < np.mean([values["c"] < 0.316 for values in drawn]) < 0.7, "each order of magnitude as likely"
