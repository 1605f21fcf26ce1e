"""A case as a frozen value, and what is known from it: which word stands, and where the sides disagree.

Never reads a file, and never concludes why a customer left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeVar

from churn_rules.errors import ValueRefusedError
from churn_rules.figures import Figures
from churn_rules.money import Amount
from churn_rules.vocabulary import DERIVATIONS, SIDES, Derivation, Fact, Side, Span, Value
from churn_rules.wording import Hint

__all__ = [
    "Case",
    "Certificate",
    "Cost",
    "Disagreement",
    "Discrepancy",
    "Expectation",
    "Interviewed",
    "Memory",
    "Observation",
    "Outcome",
    "Requirement",
    "SupplierTerms",
    "Unasked",
    "check_date",
    "latest",
    "remember",
]


@dataclass(frozen=True, slots=True)
class Observation:
    """Fact = value, as one side told it. A value of None says that this side does not know."""

    fact: str
    value: Value | None
    side: Side = "record"
    date: Span | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that the customer says would bring it back; `able` and `willing` are ours, None where not known."""

    requirement: str
    met_by: tuple[str, ...] = ()
    priority: str = "must"
    side: Side = "customer"
    able: bool | None = None
    willing: bool | None = None
    date: Span | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SupplierTerms:
    """What today's supplier gives in place of one of our accommodations: `better`, `equal` or `worse` than ours."""

    accommodation: str
    terms: str
    side: Side = "us"
    date: Span | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an accommodation would cost for this customer, once and per year, in the currency of the case."""

    accommodation: str
    once: Amount | Span
    yearly: Amount | Span
    date: Span | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the author of a case expects of the diagnosis; None: nothing.

    Where readers of an account may differ, `acceptable_roots` and `acceptable_scopes` hold every answer that is right.
    `known_miss` says why the rules do not meet all of it.
    """

    roots: tuple[str, ...] | None = None
    acceptable_roots: tuple[str, ...] | None = None
    acceptable_scopes: tuple[str, ...] | None = None
    chain: tuple[str, ...] | None = None
    scope: str | None = None
    responsible: tuple[str, ...] | None = None
    decision: str | None = None
    fired: tuple[str, ...] = ()
    requirements: str | None = None
    known_miss: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened in the end: reported beside the diagnosis, never read by a rule."""

    result: str
    date: Span | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unasked:
    """A question that was not asked, and why its answer is of no account.

    `because` is `senseless` where it made no sense after the answers given, else `settled`; `rules` names the rules
    that read its answer and may still fire or not.
    """

    question: str
    because: Literal["settled", "senseless"]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Why an interview stopped: whatever is answered to the questions not asked, `concluded` stays as it is.

    `wanted` is what was asked for. `reach` tells for each reason how low and how high its certainty can still come out.
    """

    rulebase: str
    wanted: tuple[str, ...]
    concluded: Mapping[str, tuple[str, ...]]
    reach: Mapping[str, Span]
    unasked: tuple[Unasked, ...]


@dataclass(frozen=True, slots=True)
class Interviewed:
    """The interview in which a case was told, so that it can be gone on with.

    `told_before` counts the observations that were known before it; `answers` holds what was asked, what was answered
    as it stands in a file, and who told it. `rulebase` is the digest of the rules that it was held with.
    """

    rulebase: str
    wanted: tuple[str, ...]
    told_before: int
    answers: tuple[tuple[str, object, Side], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One account. `lost` is the date of the loss, or None for a customer who is only about to leave.

    `interview` is the one that it was told in, if any, and `certificate` says why that asked no more.
    `hinges_on` names the facts whose word alone decides the root, as the author of the case says.
    `hints` are on the wording of the file that it was read from; nothing is ever concluded from them.
    """

    id: str = "case"
    title: str = ""
    source: str = ""
    lost: Span | None = None
    currency: str = ""
    observations: tuple[Observation, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    todays_supplier: tuple[SupplierTerms, ...] = ()
    costs: tuple[Cost, ...] = ()
    economics: Figures | None = None
    hinges_on: tuple[str, ...] = ()
    expect: Expectation | None = None
    outcome: Outcome | None = None
    interview: Interviewed | None = None
    certificate: Certificate | None = None
    hints: tuple[Hint, ...] = ()

    def changed_by(self, other: Case) -> Case:
        """Return the case with another's observations in place of its own about the same fact and side: a what-if."""
        told = {(item.fact, item.side) for item in other.observations}
        kept = tuple(item for item in self.observations if (item.fact, item.side) not in told)
        return replace(self, title=f"{self.title}, with facts changed", observations=kept + other.observations)

    def until(self, day: float) -> Case:
        """Return the case as it was known at the end of a day (an ordinal); what bears no date was always known."""
        return replace(
            self,
            lost=self.lost if self.lost and self.lost.low <= day else None,
            observations=_before(self.observations, day),
            requirements=_before(self.requirements, day),
            todays_supplier=_before(self.todays_supplier, day),
            costs=_before(self.costs, day),
            economics=next(iter(_before((self.economics,), day)), None) if self.economics else None,
        )


_Dated = TypeVar("_Dated", Observation, Requirement, SupplierTerms, Cost, Figures)


def _before(items: tuple[_Dated, ...], day: float) -> tuple[_Dated, ...]:
    return tuple(item for item in items if item.date is None or item.date.high <= day)


_Rated = TypeVar("_Rated", SupplierTerms, Cost)


def latest(items: Iterable[_Rated]) -> dict[str, _Rated]:
    """Return what counts for each accommodation: the latest, of equals the last listed."""
    ordered = sorted(items, key=lambda item: (item.date.high, item.date.low) if item.date else (0.0, 0.0))
    return {item.accommodation: item for item in ordered}


def check_date(fact: Fact, observation_date: Span | None, lost: Span | None) -> None:
    """Refuse an observation of the time of the loss that is dated after the loss.

    Raises:
        ValueRefusedError: What happened afterwards can never explain the loss.
    """
    if fact.at == "loss" and lost and observation_date and observation_date.low > lost.high:
        raise ValueRefusedError(
            "C312",
            f"`{fact.id}` is dated after the loss",
            "it tells how things were when the customer left, and what happened afterwards cannot explain the loss",
            "correct the date, or use a fact that is read `at: now`",
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A fact that the sides tell differently, beyond its tolerance: side and value of each, in order of standing."""

    fact: str
    values: tuple[tuple[Side, Value], ...]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A fact that was observed and also follows from others, with another value; the observed one stands.

    Of an amount in the economics block, `observed` is the block's, which stands, and `derived` the timeline's.
    """

    fact: str
    observed: Value
    derived: Value
    by: Literal["derivation", "timeline"] = "derivation"


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is known of a case before any rule has fired: a value by name, and who told it.

    `values` holds each fact by its id, each side's view as `fact.side`, `fact.disputed` where two sides spoke, and
    `case.stage`: `back` where it is told that the customer came back, else `gone` where it has a date of loss, else
    `leaving`.
    `told` holds the observation whose word stands; a derived fact is absent from it.
    """

    case: Case
    values: Mapping[str, Value]
    told: Mapping[str, Observation]
    disagreements: tuple[Disagreement, ...]
    discrepancies: tuple[Discrepancy, ...]


def remember(case: Case, vocabulary: Mapping[str, Fact]) -> Memory:
    """Work out what is known of a case.

    For one fact the record stands before the customer and the customer before us; within a side the latest date
    counts, what bears no date is oldest, and of equals the last listed; an unknown hides nothing.
    """
    views = _views(case.observations)
    values: dict[str, Value] = {}
    told: dict[str, Observation] = {}
    disagreements = []
    for fact_id, by_side in sorted(views.items()):
        standing = [by_side[side] for side in SIDES if side in by_side]
        told[fact_id] = standing[0]
        for observation in standing:
            values[f"{fact_id}.{observation.side}"] = _value(observation)
            told[f"{fact_id}.{observation.side}"] = observation
        values[fact_id] = _value(standing[0])
        if len(standing) > 1:
            spoken = tuple((observation.side, _value(observation)) for observation in standing)
            disputed = _differ([value for _, value in spoken], vocabulary[fact_id].tolerance)
            values[f"{fact_id}.disputed"] = disputed
            if disputed:
                disagreements.append(Disagreement(fact_id, spoken))
    discrepancies = tuple(_tell_figures(case.economics, vocabulary, values, told)) if case.economics else ()
    discrepancies += _derive(vocabulary, values, told)
    values["case.stage"] = "back" if values.get("came_back") is True else "gone" if case.lost else "leaving"
    return Memory(case, MappingProxyType(values), MappingProxyType(told), tuple(disagreements), discrepancies)


def _tell_figures(
    figures: Figures, vocabulary: Mapping[str, Fact], values: dict[str, Value], told: dict[str, Observation]
) -> Iterator[Discrepancy]:
    """Let the economics block stand before the timeline, and yield where the two differ."""
    for name, amount in figures.facts():
        if fact := vocabulary.get(name):
            span, earlier = amount.span(), values.get(name)
            if isinstance(earlier, Span) and _far_apart(earlier, span, fact.tolerance):
                yield Discrepancy(name, span, earlier, "timeline")
            values[name] = span
            told[name] = Observation(name, span, "record", figures.date, "from the economics of the case")


def _far_apart(one: Span, other: Span, tolerance: float) -> bool:
    """Tell whether two figures for one input differ at either end: a range and a number within it do."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > tolerance


def _value(observation: Observation) -> Value:
    assert observation.value is not None, "an unknown never stands"
    return observation.value


def _views(observations: Iterable[Observation]) -> dict[str, dict[Side, Observation]]:
    """Return for each fact the observation that counts on each side."""
    views: dict[str, dict[Side, Observation]] = {}
    for observation in observations:
        if observation.value is None:
            continue
        by_side = views.setdefault(observation.fact, {})
        earlier = by_side.get(observation.side)
        if earlier is None or _recency(observation) >= _recency(earlier):
            by_side[observation.side] = observation
    return views


def _recency(observation: Observation) -> tuple[float, float]:
    return (observation.date.high, observation.date.low) if observation.date else (0.0, 0.0)


def _differ(values: list[Value], tolerance: float) -> bool:
    """Tell whether any two values lie further apart than the tolerance; spans by the gap between them."""
    spans = [value for value in values if isinstance(value, Span)]
    if len(spans) < len(values):
        return len(set(values)) > 1
    gap = max(span.low for span in spans) - min(span.high for span in spans)
    return gap > tolerance


def _derive(
    vocabulary: Mapping[str, Fact], values: dict[str, Value], told: Mapping[str, Observation]
) -> tuple[Discrepancy, ...]:
    """Add what follows from other facts, in the vocabulary's order of dependence; an observed value stands."""
    discrepancies = []
    for fact in derived_in_order(vocabulary):
        assert fact.derive is not None
        value = _derived(fact.derive, values, told)
        if value is None:
            continue
        observed = values.setdefault(fact.id, value)
        if _differ([observed, value], fact.tolerance):
            discrepancies.append(Discrepancy(fact.id, observed, value))
    return tuple(discrepancies)


def _derived(derive: Derivation, values: Mapping[str, Value], told: Mapping[str, Observation]) -> Span | None:
    if derive.function == "date_of":
        observation = told.get(derive.sources[0])
        return observation.date if observation else None
    first, second = (values.get(source) for source in derive.sources)
    if not isinstance(first, Span) or not isinstance(second, Span):
        return None
    value = DERIVATIONS[derive.function][0](first, second)
    return value if value and all(map(isfinite, value)) else None


def derived_in_order(vocabulary: Mapping[str, Fact]) -> tuple[Fact, ...]:
    """Return the derived facts, each after those that it is derived from."""
    ordered: dict[str, Fact] = {}

    def visit(fact: Fact) -> None:
        if fact.derive and fact.id not in ordered:
            for source in fact.derive.sources:
                visit(vocabulary[source])
            ordered[fact.id] = fact

    for fact in vocabulary.values():
        if fact.derive:
            visit(fact)
    return tuple(ordered.values())
