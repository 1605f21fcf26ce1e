"""Cost and benefit as a table of at most eighty columns: one line a figure, its low, likely and high amount.

Never works anything out, and tells only what is known; what is unknown is named by the line that lacks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from churn_rules.diagnosis import EconomicsReport
from churn_rules.economics import Chance, Sensitivity, Way
from churn_rules.money import Amount
from churn_rules.worth import Worth

__all__ = ["grouped", "table_of"]

_LABEL, _COLUMN = 31, 13
_WAYS = {"for_this_customer": "An exception for this customer", "for_everybody": "Changing the business model for all"}


def table_of(found: EconomicsReport) -> Iterator[str]:
    """Yield the lines of the table; none where the case tells nothing beyond what the verdict says already."""
    worth = list(_worth(found.worth))
    ways = [line for way in found.ways for line in _way(way)] if len(found.ways) > 1 or worth else []
    if worth or any(way.value for way in found.ways):
        currency = f"In {found.currency}" if found.currency else "Figures"
        yield ""
        yield _row(currency, "low", "likely", "high")
        yield from worth
        yield from ways
    yield from _moves(found)


def grouped(number: Decimal | None) -> str:
    """Return a number with separators between thousands; a dash where it is unknown.

    >>> grouped(Decimal("1234567.5"))
    '1,234,567.50'
    """
    if number is None:
        return "-"
    decimals = len(f"{number:f}".partition(".")[2])
    return f"{number:,.{max(2, decimals) if decimals else 0}f}"


def _row(label: str, *cells: str) -> str:
    return f"{label:<{_LABEL}}" + "".join(f" {cell:>{_COLUMN}}" for cell in cells)


def _amount(label: str, amount: Amount | None) -> Iterator[str]:
    if amount:
        yield _row(label, grouped(amount.low), grouped(amount.likely), grouped(amount.high))


def _worth(worth: Worth) -> Iterator[str]:
    for entry in worth.margins:
        yield from _amount(f"Margin of {entry.year} ({entry.side})", entry.amount)
    concentration = worth.concentration
    beside = " (counted)" if worth.counted else " (beside)"
    told = any((worth.margins, concentration.top_three, worth.replacement, worth.referrals, worth.until_renewal))
    for label, amount in (
        ("Expected yearly margin", worth.expected_margin if told or worth.margin_at_stake else None),
        ("Margin at stake over all years", worth.margin_at_stake),
        ("Share of our turnover, %", concentration.share if concentration.year else None),
        ("Our three largest customers, %", concentration.top_three),
        ("Past investments", worth.past_investments),
        (f"Replacing it{beside}", worth.replacement),
        (f"Customers it brings{beside}", worth.referrals),
        ("The customer's own yearly gain", worth.customer_gain),
        ("Forgone until the next renewal", worth.until_renewal),
    ):
        yield from _amount(label, amount)
    if concentration.one_of_top_three is not None:
        yield f"It {'is' if concentration.one_of_top_three else 'is not'} one of our three largest customers."


def _way(way: Way) -> Iterator[str]:
    yield f"{_WAYS[way.way]}:"
    if way.missing:
        yield f"  not worked out; unknown: {', '.join(name.replace('_', ' ') for name in way.missing)}"
        return
    yield from _amount("  Value won back", way.value)
    yield from _amount("  Cost of the attempt", way.attempt)
    if way.pays is False:
        yield "  It never pays."
    elif way.chance:
        yield _chance(way, way.chance)


def _chance(way: Way, chance: Chance) -> str:
    """Tell the chances; `never` where it would not pay even if the customer were sure to return."""
    unknown = not way.value or way.value.likely is None or not way.attempt or way.attempt.likely is None
    likely = "-" if unknown else _percent(chance.likely)
    return _row("  Break-even chance, %", _percent(chance.low), likely, _percent(chance.high))


def _percent(chance: Decimal | None) -> str:
    return "never" if chance is None else f"{100 * chance:.1f}"


def _moves(found: EconomicsReport) -> Iterator[str]:
    moving = [move for move in found.sensitivity if (move.at_low, move.at_high) != (None, None)]
    if moving:
        yield ""
        yield "What moves the break-even chance most, the rest at its likely figures:"
        yield from map(_moved, moving)


def _moved(move: Sensitivity) -> str:
    ends = ("never pays" if end is None else f"{_percent(end)} %" for end in (move.at_low, move.at_high))
    low, high = ends
    return f"  {move.input}: {low} at its low end, {high} at its high end"
