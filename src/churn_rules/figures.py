"""What a case says about money, by side and year, as a frozen value; an input is unknown until somebody tells it.

Never works anything out beyond what one input is; `economics` and `worth` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from churn_rules.money import Amount, divided
from churn_rules.vocabulary import SIDES, Side, Span

__all__ = ["Change", "Each", "Figures", "Turnover", "Yearly", "percent_of", "standing"]

_MONTHS = Amount.of(12)


@dataclass(frozen=True, slots=True)
class Yearly:
    """An amount of one past year, as one side told it."""

    year: int
    amount: Amount
    side: Side = "us"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Turnover:
    """What the customer bought of us in a year, and all that we sold in it (None: unknown)."""

    year: int
    amount: Amount
    total: Amount | None = None
    side: Side = "us"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Each:
    """So many customers, at so much each."""

    customers: Amount
    each: Amount


@dataclass(frozen=True, slots=True)
class Change:
    """What changing the business model for everybody costs once and per year; below zero where it brings more."""

    once: Amount
    yearly: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The `economics` block of a case; None or empty where nothing is said. Amounts are in the case's currency.

    `largest_customers` are what our largest customers bring in a year, in `largest_in`: `amount` or `percent` of our
    turnover; the lost one is among them where it belongs there. `expected_margin` is never an average of `margin`.
    """

    date: Span | None = None
    margin: tuple[Yearly, ...] = ()
    turnover: tuple[Turnover, ...] = ()
    past_investments: tuple[Yearly, ...] = ()
    largest_customers: tuple[Amount, ...] = ()
    largest_in: str = "amount"
    expected_margin: Amount | None = None
    idle_capacity: Amount | None = None
    years: Amount | None = None
    attempt: Amount | None = None
    exposure: Amount | None = None
    replacement: Each | None = None
    referrals: Each | None = None
    count_referrals: bool = False
    customer_gain: Amount | None = None
    model_change: Change | None = None
    years_to_next_renewal: Amount | None = None

    def facts(self) -> Iterator[tuple[str, Amount]]:
        """Yield the facts that the block tells, by their ids in the vocabulary."""
        renewal = self.years_to_next_renewal
        turnover = standing(self.turnover)
        told = {
            "years_expected": self.years,
            "yearly_margin": self.expected_margin,
            "idle_capacity_margin": self.idle_capacity,
            "attempt_cost": self.attempt,
            "precedent_exposure": self.exposure,
            "share_of_turnover": percent_of(turnover.amount, turnover.total) if turnover else None,
            "months_to_next_renewal": renewal * _MONTHS if renewal else None,
        }
        yield from ((name, amount) for name, amount in told.items() if amount)


_Told = TypeVar("_Told", Yearly, Turnover)


def standing(entries: Iterable[_Told]) -> _Told | None:
    """Return the entry of the latest year; in it the record stands before the customer, and the customer before us."""
    return min(entries, key=lambda entry: (-entry.year, SIDES.index(entry.side)), default=None)


def percent_of(part: Amount, whole: Amount | None) -> Amount | None:
    """Return a part in percent of a whole, rounded to nine decimals; None where the whole is unknown or may be zero."""
    if whole is None or whole.low <= 0:
        return None
    part = part * Amount.of(100)
    likely = None if part.likely is None or whole.likely is None else divided(part.likely, whole.likely)
    return Amount(divided(part.low, whole.high), likely, divided(part.high, whole.low)).within(Decimal(0), Decimal(100))
