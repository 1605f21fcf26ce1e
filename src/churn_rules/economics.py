"""Cost and benefit of winning a customer back: exact arithmetic over ranges, and no invented amount.

Never judges whether it is worth it; rules do, from what is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from churn_rules.cases import Cost
from churn_rules.figures import Figures
from churn_rules.money import Amount, divided, total
from churn_rules.vocabulary import Span, Value

__all__ = ["INPUTS", "Chance", "Economics", "Sensitivity", "Way", "break_even", "for_everybody", "sensitivity"]

INPUTS = ("years_expected", "yearly_margin", "idle_capacity_margin", "attempt_cost", "precedent_exposure")
"""The facts that the arithmetic reads; the vocabulary must declare each of them as a number."""

_NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class Chance:
    """A chance of return from 0 to 1; `likely` and `high` are None where the likely or the worst figures never pay."""

    low: Decimal
    likely: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to win the customer back: `for_this_customer` (a carve-out) or `for_everybody` (the business model).

    `value` is V, `attempt` A and `chance` A / V; None where an input is unknown, and `missing` then names it.
    `pays` is None too where the ranges do not settle it.
    """

    way: str
    value: Amount | None = None
    attempt: Amount | None = None
    chance: Chance | None = None
    pays: bool | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The break-even chance with one input at either end and the others at their likely figures.

    None at an end: there it never pays. `swing` is how far the chance moves; None where one end never pays.
    """

    input: str
    at_low: Decimal | None
    at_high: Decimal | None
    swing: Decimal | None


@dataclass(frozen=True, slots=True)
class Economics:
    """What premises read: V, A and the chance at which the attempt breaks even, as floats rounded to nine decimals.

    None where an input is unknown, and `missing` then names what is; `pays` is None too where the ranges do not
    settle it. `exactly` holds the same as exact amounts.
    """

    value: Span | None = None
    attempt: Span | None = None
    chance: Span | None = None
    pays: bool | None = None
    missing: tuple[str, ...] = ()
    exactly: Way = Way("for_this_customer")


@dataclass(frozen=True, slots=True)
class _Item:
    """One input that V adds, or takes away, each year or once."""

    name: str
    amount: Amount
    yearly: bool
    cost: bool = False

    @property
    def adds(self) -> Amount:
        """What V gains by it."""
        return -self.amount if self.cost else self.amount


@dataclass(frozen=True, slots=True)
class _Sum:
    """V = years x yearly items + items that come once, and A."""

    years: Amount
    attempt: Amount
    items: tuple[_Item, ...]

    def value(self) -> Amount:
        yearly, once = (total(item.adds for item in self.items if item.yearly is when) for when in (True, False))
        return self.years * yearly + once


def break_even(
    known: Mapping[str, Value], offered: Iterable[str], costs: Iterable[Cost], figures: Figures | None = None
) -> Economics:
    """Work out V = years x (margin + gain on idle capacity - yearly cost) - one-off cost - exposure, and A / V.

    Args:
        known: Facts by id; those of INPUTS are read where `figures` does not tell them.
        offered: The accommodations offered; only their costs count.
        costs: What accommodations would cost for this customer.
        figures: The economics block of the case. Where it says so, referrals and what replacing the customer would
            cost are added to V.

    Returns:
        Spans rounded to nine decimals, and the exact amounts; in the currency of the case.

    Source:
        The cost-benefit analysis of Cespedes & Poblete 2019, written as a break-even probability: our judgement.
    """
    inputs = tuple((name, known[name]) for name in INPUTS if name in known)
    return _break_even(inputs, tuple(offered), tuple(costs), figures or _NO_FIGURES)


@lru_cache(maxsize=256)  # one diagnosis asks for the same several times: in premises, in the report and for each way
def _break_even(
    known: tuple[tuple[str, Value], ...], offered: tuple[str, ...], costs: tuple[Cost, ...], figures: Figures
) -> Economics:
    way = _way("for_this_customer", dict(known), _carve_out(offered, costs), figures)
    chance = way.chance
    return Economics(
        value=way.value.span() if way.value else None,
        attempt=way.attempt.span() if way.attempt else None,
        chance=Span(float(chance.low), float(chance.high)) if way.pays and chance and chance.high is not None else None,
        pays=way.pays,
        missing=way.missing,
        exactly=way,
    )


def for_everybody(
    known: Mapping[str, Value], still_offered: Iterable[str], costs: Iterable[Cost], figures: Figures | None
) -> Way:
    """Work out the same for a change of the business model, which leaves nobody to ask for an exception.

    V = years x (margin + gain on idle capacity - yearly cost of the change and of what is offered besides) - their
    one-off costs; no exposure.

    Args:
        known: As in `break_even`.
        still_offered: The accommodations that the change does not make superfluous.
        costs: As in `break_even`.
        figures: Its `model_change` says what the change costs and brings.
    """
    figures = figures or _NO_FIGURES
    change = figures.model_change
    items: list[_Item | str] = ["model_change"]
    if change:
        items = [
            _Item("model_change once", change.once, yearly=False, cost=True),
            _Item("model_change yearly", change.yearly, yearly=True, cost=True),
        ]
    return _way("for_everybody", known, [*items, *_costs(still_offered, costs)], figures)


def sensitivity(
    known: Mapping[str, Value], offered: Iterable[str], costs: Iterable[Cost], figures: Figures | None
) -> tuple[tuple[Sensitivity, ...], tuple[str, ...]]:
    """Tell which input moves the break-even chance of the carve-out most, one at a time from its low to its high end.

    Returns:
        The inputs that are ranges, what moves the chance most first; and the names of inputs whose likely figure is
        unknown. Where there are such, or an input is unknown, the first is empty: nothing is made up.
    """
    added = _added_up(known, _carve_out(offered, costs), figures or _NO_FIGURES)
    if not isinstance(added, _Sum):
        return (), ()
    unlikely = tuple(name for name, amount in _ranges(added) if amount.likely is None)
    if unlikely:
        return (), unlikely
    found = [_moved(added, name) for name, _ in _ranges(added)]
    return tuple(sorted(found, key=_by_swing)), ()


# --- the sum ----------------------------------------------------------------------------------------------------------


def _carve_out(offered: Iterable[str], costs: Iterable[Cost]) -> list[_Item | str]:
    return ["precedent_exposure", *_costs(offered, costs)]


def _costs(offered: Iterable[str], costs: Iterable[Cost]) -> Iterator[_Item | str]:
    """Yield what each accommodation takes from V, or its name as an input that is missing."""
    by_accommodation = {cost.accommodation: cost for cost in costs}
    for name in sorted(offered):
        cost = by_accommodation.get(name)
        if cost is None:
            yield f"cost of {name}"
        else:
            yield _Item(f"cost of {name} once", Amount.read(cost.once), yearly=False, cost=True)
            yield _Item(f"cost of {name} yearly", Amount.read(cost.yearly), yearly=True, cost=True)


def _way(name: str, known: Mapping[str, Value], items: Sequence[_Item | str], figures: Figures) -> Way:
    added = _added_up(known, items, figures)
    if not isinstance(added, _Sum):
        return Way(name, attempt=_input("attempt_cost", known, figures), missing=added)
    value = added.value()
    return _judged(Way(name, value, added.attempt))


def _added_up(known: Mapping[str, Value], items: Sequence[_Item | str], figures: Figures) -> _Sum | tuple[str, ...]:
    """Return the sum, or the names of the inputs that it lacks, in the order of INPUTS and then of the items."""
    inputs = {name: amount for name in INPUTS if (amount := _input(name, known, figures))}
    needed = [name for name in INPUTS if name != "precedent_exposure" or name in items]
    missing = [name for name in needed if name not in inputs]
    missing += [item for item in items if isinstance(item, str) and item not in INPUTS]
    if figures.count_referrals and not figures.referrals:
        missing.append("referrals")
    if missing:
        return tuple(missing)
    yearly = [_Item(name, inputs[name], yearly=True) for name in ("yearly_margin", "idle_capacity_margin")]
    once = [_Item(name, inputs[name], yearly=False, cost=True) for name in ("precedent_exposure",) if name in needed]
    told = [item for item in items if isinstance(item, _Item)]
    return _Sum(inputs["years_expected"], inputs["attempt_cost"], (*yearly, *once, *told, *_second_hand(figures)))


def _second_hand(figures: Figures) -> Iterator[_Item]:
    """Yield what V holds only where the case says so: customers whom this one brings, and those we need not find."""
    if figures.count_referrals and figures.referrals:
        yield _Item("referrals", figures.referrals.customers * figures.referrals.each, yearly=True)
    if figures.count_referrals and figures.replacement:
        yield _Item("replacement", figures.replacement.customers * figures.replacement.each, yearly=False)


def _input(name: str, known: Mapping[str, Value], figures: Figures) -> Amount | None:
    told = None if figures is _NO_FIGURES else dict(figures.facts()).get(name)
    value = known.get(name)
    return told or (Amount.read(value) if isinstance(value, Span) else None)


def _judged(way: Way) -> Way:
    value, attempt = way.value, way.attempt
    assert value is not None, "what is judged is worked out"
    assert attempt is not None, "what is judged is worked out"
    if value.high <= 0 or attempt.low > value.high:
        return replace(way, pays=False)
    likely = None
    if value.likely is not None and attempt.likely is not None:
        likely = _chance(attempt.likely, value.likely)
    chance = Chance(divided(attempt.low, value.high), likely, _chance(attempt.high, value.low))
    return replace(way, chance=chance, pays=True if chance.high is not None else None)


def _chance(attempt: Decimal, value: Decimal) -> Decimal | None:
    return divided(attempt, value) if value > 0 and attempt <= value else None


# --- what moves it most -----------------------------------------------------------------------------------------------


def _ranges(added: _Sum) -> list[tuple[str, Amount]]:
    """Return the inputs that are ranges."""
    named = [("years_expected", added.years), ("attempt_cost", added.attempt)]
    named += [(item.name, item.amount) for item in added.items]
    return [(name, amount) for name, amount in named if amount.low < amount.high]


def _moved(added: _Sum, name: str) -> Sensitivity:
    ends = [_likely_chance(_pinned(added, name, high=high)) for high in (False, True)]
    swing = None if None in ends else abs((ends[1] or Decimal(0)) - (ends[0] or Decimal(0)))
    return Sensitivity(name, ends[0], ends[1], swing)


def _pinned(added: _Sum, name: str, *, high: bool) -> _Sum:
    def pin(amount: Amount) -> Amount:
        return Amount.of(amount.high if high else amount.low)

    if name == "years_expected":
        return replace(added, years=pin(added.years))
    if name == "attempt_cost":
        return replace(added, attempt=pin(added.attempt))
    items = (replace(item, amount=pin(item.amount)) if item.name == name else item for item in added.items)
    return replace(added, items=tuple(items))


def _likely_chance(added: _Sum) -> Decimal | None:
    value, attempt = added.value().likely, added.attempt.likely
    assert value is not None, "every likely figure is known"
    assert attempt is not None, "every likely figure is known"
    return _chance(attempt, value)


def _by_swing(found: Sensitivity) -> tuple[int, Decimal, str]:
    """Sort what may turn paying into never paying first, then by swing; what never pays at either end stands last."""
    never = (found.at_low is None) + (found.at_high is None)
    return {1: 0, 0: 1, 2: 2}[never], -(found.swing or Decimal(0)), found.input
