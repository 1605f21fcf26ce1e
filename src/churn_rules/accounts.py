"""A table of accounts: which of its columns tells what, and one of its rows as a case.

A column is called as what it tells: `price_increase` (on record), `price_increase.customer`, `price_increase.to` (the
upper end of a range), `price_increase.on` (when it was told), `lost`, `cost.price_correction.yearly`.
Never reads a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from churn_rules.cases import Case, Cost, Observation, check_date
from churn_rules.errors import TableError, UnknownNameError
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Fact, Side, Span, Term, accept

__all__ = ["CostTold", "Ends", "FactTold", "Layout", "case_of"]

_MONEY = Term(id="cost", title="the cost", type="number", low=0.0)
_LOST = Term(id="lost", title="the date of the loss", type="date")


@dataclass(frozen=True, slots=True)
class Ends:
    """The columns of a number or a date: its lower end, and its upper one where it may be a range."""

    low: str
    high: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in order."""
        return (self.low, self.high) if self.high else (self.low,)


@dataclass(frozen=True, slots=True)
class FactTold:
    """The columns in which one side tells a fact, and those of the date on which it was told."""

    fact: str
    side: Side
    value: Ends
    on: Ends | None = None


@dataclass(frozen=True, slots=True)
class CostTold:
    """The columns that tell what an accommodation would cost; what has no column costs nothing."""

    accommodation: str
    once: Ends | None = None
    yearly: Ends | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a table tells what; `kept` are carried over to the result as they are."""

    facts: tuple[FactTold, ...]
    costs: tuple[CostTold, ...] = ()
    lost: Ends | None = None
    kept: tuple[str, ...] = ()
    by_fact: Mapping[str, tuple[FactTold, ...]] = field(init=False)

    def __post_init__(self) -> None:
        by_fact: dict[str, tuple[FactTold, ...]] = {}
        for told in sorted(self.facts, key=lambda told: SIDES.index(told.side)):
            by_fact[told.fact] = (*by_fact.get(told.fact, ()), told)
        object.__setattr__(self, "by_fact", by_fact)

    @classmethod
    def of(cls, columns: Iterable[str], rulebase: Rulebase, keep: Iterable[str] = ()) -> Layout:
        """Work out what each column tells, from its name.

        Args:
            columns: The names of all columns.
            rulebase: Its vocabulary says which facts there are.
            keep: The columns that tell nothing and are carried over.

        Raises:
            UnknownNameError: A column tells no fact and is not kept, or what is to be kept is not there.
            TableError: A column says when or up to what something was told that no column tells.
        """
        names, kept = tuple(columns), tuple(dict.fromkeys(keep))
        for column in kept:
            if column not in names:
                raise UnknownNameError("column", column, names)
        told = dict.fromkeys(name for name in names if name not in kept)
        layout = cls(
            tuple(_facts(told, rulebase)),
            tuple(_costs(told, rulebase)),
            _ends("lost", told),
            kept,
        )
        _refuse_the_rest(told, layout, rulebase)
        return layout

    def called(self, names: Mapping[str, str]) -> Layout:
        """Return the same layout of a table whose columns are called otherwise."""

        def ends(one: Ends | None) -> Ends | None:
            return Ends(names[one.low], names[one.high] if one.high else None) if one else None

        return Layout(
            tuple(replace(one, value=ends(one.value) or one.value, on=ends(one.on)) for one in self.facts),
            tuple(replace(one, once=ends(one.once), yearly=ends(one.yearly)) for one in self.costs),
            ends(self.lost),
            tuple(names[column] for column in self.kept),
        )


def _ends(name: str, told: Mapping[str, None]) -> Ends | None:
    if name not in told:
        return None
    return Ends(name, f"{name}.to" if f"{name}.to" in told else None)


def _facts(told: Mapping[str, None], rulebase: Rulebase) -> Iterator[FactTold]:
    for fact in rulebase.vocabulary.values():
        for side in SIDES:
            name = fact.id if side == "record" else f"{fact.id}.{side}"
            if value := _ends(name, told):
                yield FactTold(fact.id, side, value, _ends(f"{name}.on", told))


def _costs(told: Mapping[str, None], rulebase: Rulebase) -> Iterator[CostTold]:
    for item in rulebase.accommodations:
        once, yearly = (_ends(f"cost.{item}.{when}", told) for when in ("once", "yearly"))
        if once or yearly:
            yield CostTold(item, once, yearly)


def _refuse_the_rest(told: Mapping[str, None], layout: Layout, rulebase: Rulebase) -> None:
    ends = [layout.lost, *(end for cost in layout.costs for end in (cost.once, cost.yearly))]
    ends += [end for fact in layout.facts for end in (fact.value, fact.on)]
    understood = {column for end in ends if end for column in end.columns}
    for column in told:
        if column in understood:
            stem = column.removesuffix(".to").removesuffix(".on")
            fact = rulebase.vocabulary.get(stem.partition(".")[0])
            if (
                column.endswith(".to")
                and not column.endswith(".on.to")
                and fact
                and fact.type not in ("number", "date")
            ):
                raise TableError(f"column `{column}` ends a range, and `{fact.id}` is no number and no date")
            continue
        for ending, what in ((".to", "ends a range"), (".on", "dates a word")):
            if column.endswith(ending):
                stem = column.removesuffix(ending)
                raise TableError(f"column `{column}` {what} that no column `{stem}` begins or tells")
        raise UnknownNameError("fact (a column that tells none must be kept)", column, _tellable(rulebase))


def _tellable(rulebase: Rulebase) -> list[str]:
    facts = [name for fact in rulebase.vocabulary for name in (fact, f"{fact}.customer", f"{fact}.us")]
    costs = [f"cost.{item}.{when}" for item in rulebase.accommodations for when in ("once", "yearly")]
    return [*facts, "lost", *costs]


# --- one row ----------------------------------------------------------------------------------------------------------


def case_of(row: Mapping[str, object], layout: Layout, rulebase: Rulebase, name: str = "case") -> Case:
    """Return one row of a table as a case.

    Args:
        row: A cell by column; None is unknown.
        layout: Of the table.
        rulebase: Its vocabulary says what a cell may hold.
        name: What to call the case.

    Raises:
        ValueRefusedError: A cell is no value of its fact.
    """
    lost = _span(row, layout.lost, _LOST)
    observations = tuple(_observations(row, layout, rulebase, lost))
    return Case(id=name, lost=lost, observations=observations, costs=tuple(_costs_of(row, layout)))


def _observations(
    row: Mapping[str, object], layout: Layout, rulebase: Rulebase, lost: Span | None
) -> Iterator[Observation]:
    for told in layout.facts:
        fact = rulebase.vocabulary[told.fact]
        value = _span(row, told.value, fact) if fact.type in ("number", "date") else accept(fact, row[told.value.low])
        if value is not None:
            day = _span(row, told.on, _LOST)
            check_date(fact, day, lost)
            yield Observation(fact.id, value, told.side, day)


def _span(row: Mapping[str, object], ends: Ends | None, term: Term | Fact) -> Span | None:
    if ends is None:
        return None
    low, high = _plain(row[ends.low]), _plain(row[ends.high]) if ends.high else None
    if low is None:
        return None
    value = accept(term, low if high is None else {"from": low, "to": high})
    return value if isinstance(value, Span) else None


def _plain(cell: object) -> object:
    """Return a day as a day, whatever hour it has, and a number as a number, whatever its type."""
    if isinstance(cell, datetime):
        return cell.date()
    return float(cell) if isinstance(cell, float | int) and not isinstance(cell, bool) else cell


def _costs_of(row: Mapping[str, object], layout: Layout) -> Iterator[Cost]:
    for told in layout.costs:
        amounts: dict[Literal["once", "yearly"], Span | None] = {
            "once": _span(row, told.once, _MONEY) if told.once else Span(0.0, 0.0),
            "yearly": _span(row, told.yearly, _MONEY) if told.yearly else Span(0.0, 0.0),
        }
        if amounts["once"] is not None and amounts["yearly"] is not None:
            yield Cost(told.accommodation, amounts["once"], amounts["yearly"])
