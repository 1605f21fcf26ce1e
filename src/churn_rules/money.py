"""Amounts of money: exact decimals from low through likely to high, in a currency that exists.

Never rounds an amount, and never makes up a likely one where only a range is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from itertools import product
from math import isfinite

from churn_rules.vocabulary import Span

__all__ = ["CURRENCIES", "DECIMALS", "NOTHING", "Amount", "divided", "total"]

DECIMALS = 9
"""Decimals that an amount may have, and to which a quotient is rounded; what premises read is rounded to as many."""

_EXACT = Context(prec=400, traps=[Inexact])  # INVARIANT: sums and products of amounts are exact, or raise
_STEP = Decimal(1).scaleb(-DECIMALS)


def _both(
    first: Decimal | None, second: Decimal | None, combine: Callable[[Decimal, Decimal], Decimal]
) -> Decimal | None:
    return None if first is None or second is None else _canonical(combine(first, second))


def _canonical(number: Decimal) -> Decimal:
    """Return the number without exponent, trailing zeros or negative zero, so that equal amounts print alike."""
    return Decimal(f"{number.normalize(_EXACT):f}") if number else Decimal(0)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number known to lie from `low` to `high`; `likely` lies within, and is None where nobody said what is likely.

    >>> Amount.of(Decimal("0.1")) + Amount.of(Decimal("0.2"))
    Amount(low=Decimal('0.3'), likely=Decimal('0.3'), high=Decimal('0.3'))
    """

    low: Decimal
    likely: Decimal | None
    high: Decimal

    @classmethod
    def of(cls, number: Decimal | int) -> Amount:
        """Return the amount that is exactly one number."""
        exact = _canonical(Decimal(number))
        return cls(exact, exact, exact)

    @classmethod
    def read(cls, value: Span | Amount) -> Amount:
        """Return a span of floats as the decimals that a person would write; an amount as it is."""
        if isinstance(value, Amount):
            return value
        low, high = (_canonical(Decimal(repr(float(end)))) for end in value)
        return cls(low, low if low == high else None, high)

    def __add__(self, other: Amount) -> Amount:
        return self._each(other, _EXACT.add)

    def __sub__(self, other: Amount) -> Amount:
        return self + -other

    def __neg__(self) -> Amount:
        likely = None if self.likely is None else _EXACT.minus(self.likely)
        return Amount(_EXACT.minus(self.high), likely, _EXACT.minus(self.low))

    def __mul__(self, other: Amount) -> Amount:
        corners = [
            _canonical(_EXACT.multiply(*pair)) for pair in product((self.low, self.high), (other.low, other.high))
        ]
        return Amount(min(corners), _both(self.likely, other.likely, _EXACT.multiply), max(corners))

    def _each(self, other: Amount, combine: Callable[[Decimal, Decimal], Decimal]) -> Amount:
        low, high = combine(self.low, other.low), combine(self.high, other.high)
        return Amount(_canonical(low), _both(self.likely, other.likely, combine), _canonical(high))

    def within(self, low: Decimal, high: Decimal) -> Amount:
        """Return the amount cut to what is possible at all."""
        ends = [None if end is None else min(max(end, low), high) for end in (self.low, self.likely, self.high)]
        assert ends[0] is not None, "both ends are known"
        assert ends[2] is not None, "both ends are known"
        return Amount(ends[0], ends[1], ends[2])

    def span(self) -> Span:
        """Return the range as premises read it: floats, rounded to nine decimals."""
        low, high = (round(float(end), DECIMALS) for end in (self.low, self.high))
        assert isfinite(low), "amounts are bounded when they are read"
        return Span(low, high)


NOTHING = Amount.of(0)
"""What nothing adds up to."""


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the exact sum; nothing at all sums to zero."""
    return sum(amounts, start=NOTHING)


def divided(part: Decimal, whole: Decimal) -> Decimal:
    """Return a quotient rounded to nine decimals, half to even.

    Raises:
        ZeroDivisionError: The whole is zero.
    """
    return _canonical((Context(prec=100).divide(part, whole)).quantize(_STEP, context=Context(prec=100)))


_IN_USE = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_REPLACED_BY_THE_EURO = "ATS BEF BGN CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK"

CURRENCIES = frozenset(f"{_IN_USE} {_REPLACED_BY_THE_EURO}".split())
"""ISO 4217 codes of money that is or was in use: list one without funds, metals and test codes, and what the euro
replaced, since cases reach back. Held against pycountry 26.2.16 when it was written."""
