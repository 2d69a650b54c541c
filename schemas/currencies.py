"""How many decimals a currency has, by ISO 4217; amounts are stored with four whatever it has."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

USUAL_DECIMALS: Final = 2
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_DECIMALS: Final = {
    code: decimals for decimals, codes in ((0, _NONE), (3, _THREE), (4, _FOUR)) for code in codes.split()
}


def decimals_of(currency: str) -> int:
    """How many decimals a currency has; two for a code that ISO 4217 does not list."""
    return _DECIMALS.get(currency, USUAL_DECIMALS)


def in_decimals(amount: Decimal, currency: str) -> str:
    """An amount with the decimals of its currency, rounded half up, its thousands separated: ``1,234.500``."""
    decimals = decimals_of(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded:,.{decimals}f}"
