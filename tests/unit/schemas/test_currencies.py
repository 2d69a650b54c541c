from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.currencies import decimals_of, in_decimals


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("KWD", 3), ("CLF", 4), ("ZZZ", 2)]
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1234.5000", "JPY", "1,235"),
        ("1200.0000", "JPY", "1,200"),
        ("-0.5000", "JPY", "-1"),
        ("1.2340", "BHD", "1.234"),
        ("12345.6785", "BHD", "12,345.679"),
        ("9.9950", "EUR", "10.00"),
        ("9.9900", "EUR", "9.99"),
        ("99999999999999.9999", "CLF", "99,999,999,999,999.9999"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(amount: str, currency: str, written: str) -> None:
    assert in_decimals(Decimal(amount), currency) == written
