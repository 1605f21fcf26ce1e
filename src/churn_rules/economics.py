"""Cost and benefit of winning a customer back: arithmetic over ranges, and no invented amount.

Never judges whether it is worth it; rules do, from what is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from churn_rules.cases import Cost
from churn_rules.vocabulary import Span, Value, exact

__all__ = ["INPUTS", "Economics", "break_even"]

INPUTS = ("years_expected", "yearly_margin", "idle_capacity_margin", "attempt_cost", "precedent_exposure")
"""The facts that the arithmetic reads; the vocabulary must declare each of them as a number."""


@dataclass(frozen=True, slots=True)
class Economics:
    """What the account is worth once won back, and the chance of return at which the attempt breaks even.

    Amounts are in the currency of the case; None where an input is unknown, and `missing` then names what is.
    `pays` is None too where the ranges do not settle it.
    """

    value: Span | None = None
    attempt: Span | None = None
    chance: Span | None = None
    pays: bool | None = None
    missing: tuple[str, ...] = ()


def break_even(known: Mapping[str, Value], offered: Iterable[str], costs: Iterable[Cost]) -> Economics:
    """Work out V = years x (margin + gain on idle capacity - yearly cost) - one-off cost - exposure, and A / V.

    Args:
        known: Facts by id; those of INPUTS are read.
        offered: The accommodations offered; only their costs count.
        costs: What accommodations would cost for this customer.

    Source:
        The cost-benefit analysis of Cespedes & Poblete 2019, written as a break-even probability: our judgement.
    """
    wanted, by_accommodation = sorted(offered), {cost.accommodation: cost for cost in costs}
    inputs = {name: value for name in INPUTS if isinstance(value := known.get(name), Span)}
    missing = [name for name in INPUTS if name not in inputs]
    missing += [f"cost of {item}" for item in wanted if item not in by_accommodation]
    if missing:
        return Economics(attempt=inputs.get("attempt_cost"), missing=tuple(missing))
    years, margin, idle, attempt, exposure = (inputs[name] for name in INPUTS)
    yearly = _sum(by_accommodation[item].yearly for item in wanted)
    once = _sum(by_accommodation[item].once for item in wanted)
    gain = Span(margin.low + idle.low - yearly.high, margin.high + idle.high - yearly.low)
    earned = [length * rate for length in years for rate in gain]
    value = Span(round(min(earned) - once.high - exposure.high, 9), round(max(earned) - once.low - exposure.low, 9))
    return _judged(value, attempt)


def _judged(value: Span, attempt: Span) -> Economics:
    if value.high <= 0 or attempt.low > value.high:
        return Economics(value, attempt, None, pays=False)
    if value.low <= 0 or attempt.high > value.low:
        return Economics(value, attempt, None, pays=None)
    chance = Span(round(attempt.low / value.high, 9), round(attempt.high / value.low, 9))
    return Economics(value, attempt, chance, pays=True)


def _sum(spans: Iterable[Span]) -> Span:
    total = exact(0.0)
    for span in spans:
        total = Span(total.low + span.low, total.high + span.high)
    return total
