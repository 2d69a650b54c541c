"""What ``./shop demo`` prints of a customer's recommendations."""

from __future__ import annotations

import pytest

from cli.recommendations_view import show_recommendations
from tests.contract.serving.conftest import Make


def test_products_come_with_titles_reasons_in_words_and_the_way_to_ask(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    service = make(serving_api_keys="a-key:recommend, another")
    show_recommendations(service.settings, "ann", 2)
    printed = capsys.readouterr().out
    assert [" ".join(line.split()) for line in printed.splitlines()] == [
        "",
        "Recommended to customer ann by the model m1",
        "product why",
        "1 p1 Product 1 Similar to Product 9, which you bought",
        "2 p2 Product 2 Similar to Product 9, which you bought",
        "",
        f"curl '{service.url}/v1/recommend/ann?n=2&explain=true'",
    ]
