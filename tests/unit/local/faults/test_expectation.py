from __future__ import annotations

import pytest

from local.faults.expectation import ExpectationFailed, expect


def test_an_expectation_that_comes_true_ends_the_waiting() -> None:
    answers = iter([False, True])
    expect("the part is back", lambda: next(answers))
    assert next(answers, None) is None


def test_an_expectation_that_does_not_come_true_is_named_in_the_error() -> None:
    with pytest.raises(ExpectationFailed, match=r"Not so after 0 s: the part is back\."):
        expect("the part is back", lambda: False, 0.0)
