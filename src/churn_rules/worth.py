"""What the lost customer was and is worth besides V: share, concentration, margin at stake, what others would bring.

Never adds any of it to V; `economics` does that, where the case says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from churn_rules.figures import Each, Figures, Turnover, Yearly, percent_of, standing
from churn_rules.money import Amount, total
from churn_rules.vocabulary import Span, Truth, Value

__all__ = ["Concentration", "Worth", "worth_of"]

_NO_FIGURES = Figures()
_HUNDRED = Amount.of(100)


@dataclass(frozen=True, slots=True)
class Concentration:
    """How much hangs on few customers: shares in percent of our turnover, in the latest year that is told.

    `one_of_top_three` tells whether the lost customer is one of our three largest; None where the amounts do not
    settle it.
    """

    year: int | None = None
    share: Amount | None = None
    top_three: Amount | None = None
    one_of_top_three: Truth = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What is shown beside V, in the currency of the case; None where an input is unknown, and `missing` names it.

    `margins` are those of past years, as told; `expected_margin` is what we expect of a year, never their average.
    `referrals` is the margin over all years of the customers whom this one would bring, `replacement` what finding
    new customers in its place would cost; `counted` tells whether V holds the two. `until_renewal` is the margin that
    we forgo by waiting for the next renewal. `customer_gain` is the customer's own, per year.
    """

    margins: tuple[Yearly, ...] = ()
    expected_margin: Amount | None = None
    margin_at_stake: Amount | None = None
    concentration: Concentration = Concentration()
    past_investments: Amount | None = None
    replacement: Amount | None = None
    referrals: Amount | None = None
    counted: bool = False
    customer_gain: Amount | None = None
    until_renewal: Amount | None = None
    missing: tuple[str, ...] = ()


def worth_of(figures: Figures | None, known: Mapping[str, Value]) -> Worth:
    """Work out what the customer is worth besides V.

    Args:
        figures: The economics block of the case.
        known: Facts by id, for what the timeline tells instead.
    """
    figures = figures or _NO_FIGURES
    told = dict(figures.facts())
    years, margin = _known("years_expected", told, known), _known("yearly_margin", told, known)
    found = Worth(
        margins=tuple(sorted(figures.margin, key=lambda entry: entry.year)),
        expected_margin=margin,
        margin_at_stake=_product(years, margin),
        concentration=_concentration(figures, _known("share_of_turnover", told, known)),
        past_investments=total(entry.amount for entry in _one_a_year(figures.past_investments))
        if figures.past_investments
        else None,
        replacement=_all_of(figures.replacement),
        referrals=_product(years, _all_of(figures.referrals)),
        counted=figures.count_referrals,
        customer_gain=figures.customer_gain,
        until_renewal=_product(figures.years_to_next_renewal, margin),
    )
    return replace(found, missing=_missing(found, figures, years))


def _known(name: str, told: Mapping[str, Amount], known: Mapping[str, Value]) -> Amount | None:
    value = known.get(name)
    return told.get(name) or (Amount.read(value) if isinstance(value, Span) else None)


def _product(first: Amount | None, second: Amount | None) -> Amount | None:
    return first * second if first and second else None


def _all_of(several: Each | None) -> Amount | None:
    return several.customers * several.each if several else None


def _one_a_year(entries: Sequence[Yearly]) -> list[Yearly]:
    """Return the entry that stands for each year, whoever told it."""
    years = sorted({entry.year for entry in entries})
    found = (standing(entry for entry in entries if entry.year == year) for year in years)
    return [entry for entry in found if entry]


def _concentration(figures: Figures, share: Amount | None) -> Concentration:
    turnover = standing(figures.turnover)
    largest = sorted(figures.largest_customers, key=lambda amount: (amount.high, amount.low), reverse=True)
    in_percent = figures.largest_in == "percent"
    own = share if in_percent else turnover.amount if turnover else None
    return Concentration(
        year=turnover.year if turnover else None,
        share=share,
        top_three=_top_three(largest[:3], turnover, in_percent=in_percent) if largest else None,
        one_of_top_three=_among(own, largest) if own and largest else None,
    )


def _top_three(largest: Sequence[Amount], turnover: Turnover | None, *, in_percent: bool) -> Amount | None:
    if in_percent:
        return total(largest).within(_HUNDRED.low - _HUNDRED.low, _HUNDRED.high)
    return percent_of(total(largest), turnover.total if turnover else None)


def _among(own: Amount, largest: Sequence[Amount]) -> Truth:
    """Tell whether an amount is at least the third largest, at every figure that the ranges allow."""
    third_low = sorted((amount.low for amount in largest), reverse=True)[2]
    third_high = sorted((amount.high for amount in largest), reverse=True)[2]
    return True if own.low >= third_high else False if own.high < third_low else None


def _missing(found: Worth, figures: Figures, years: Amount | None) -> tuple[str, ...]:
    lacking = {
        "margin": not found.margins,
        "expected_margin": found.expected_margin is None,
        "years": years is None,
        "turnover": found.concentration.share is None,
        "largest_customers": not figures.largest_customers,
        "past_investments": found.past_investments is None,
        "replacement": found.replacement is None,
        "referrals": figures.referrals is None,
        "customer_gain": found.customer_gain is None,
        "years_to_next_renewal": figures.years_to_next_renewal is None,
    }
    return tuple(name for name, lacks in lacking.items() if lacks)
