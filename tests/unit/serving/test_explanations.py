from __future__ import annotations

from schemas.recommendations import Product, Reason
from serving.explanations import explanation_of

PRODUCTS = {"a": Product(title="Green tea"), "b": Product(title="A cup"), "c": Product()}


def test_causes_are_named_by_their_titles() -> None:
    assert explanation_of(Reason.SIMILAR_TO_VIEWED, ["a"], PRODUCTS) == "Similar to Green tea, which you looked at"
    assert explanation_of(Reason.OFTEN_NEXT, ["a", "b", "c"], PRODUCTS) == "Often chosen after Green tea, A cup and c"


def test_every_reason_has_an_explanation_with_and_without_causes() -> None:
    for reason in Reason:
        for because in ([], ["a", "unheard-of"]):
            explanation = explanation_of(reason, because, PRODUCTS)
            assert explanation[0].isupper()
            assert "{" not in explanation
