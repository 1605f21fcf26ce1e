"""Premises over columns: what each name stands for in a table, and whether a condition holds in each row.

Never concludes anything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from churn_rules.conditions import All, Condition, Limit, Test, tests
from churn_rules.engines.columnar.algebra import Expr, Flag, Flow, Kleene, all_of, any_of, either, negated, xp

__all__ = ["Cells", "Known", "OneOf", "Premises", "Range", "apart", "stored"]

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Cells:
    """A boolean, a choice or an exact number in a column; null is unknown."""

    column: Expr


@dataclass(frozen=True, slots=True)
class Range:
    """A number or a date known to lie from one column to another; null in both is unknown."""

    low: Expr
    high: Expr


def apart(span: Range) -> tuple[Expr, ...]:
    """Return the ends of a range, one where both are the same."""
    return (span.low,) if span.low is span.high else (span.low, span.high)


def stored(flow: Flow, spans: Mapping[_Key, Range]) -> dict[_Key, Range]:
    """Store the ends of several ranges in one step."""
    columns = flow.store({(key, place): end for key, span in spans.items() for place, end in enumerate(apart(span))})
    return {key: Range(columns[key, 0], columns.get((key, 1), columns[key, 0])) for key in spans}


@dataclass(frozen=True, slots=True)
class OneOf:
    """A conclusion that is always known: for each of its values, where it is the one."""

    flags: Mapping[str, Flag]


Known = Mapping[str, Cells | Range | OneOf]
"""What stands behind each name; a name that is absent is unknown in every row."""


class Premises:
    """Turns conditions into columns; a test that several premises share is compared once."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.known: dict[str, Cells | Range | OneOf] = {}
        self._compared: dict[Test, Kleene] = {}

    def compare(self, conditions: Iterator[Condition]) -> None:
        """Compare in one step whatever these conditions test and that was not compared before."""
        fresh = {
            str(place): (test, truth)
            for place, test in enumerate(dict.fromkeys(test for condition in conditions for test in tests(condition)))
            if test not in self._compared and _worth_keeping(truth := self._test(test), test)
        }
        stored = self.flow.store({key: truth for key, (_, truth) in fresh.items()})
        self._compared |= {fresh[key][0]: truth for key, truth in stored.items()}

    def truth(self, condition: Condition) -> Kleene:
        """Return whether a condition holds in each row, after Kleene."""
        if isinstance(condition, Test):
            return self._compared[condition] if condition in self._compared else self._test(condition)
        parts = [self.truth(part) for part in condition.parts]
        return all_of(parts) if isinstance(condition, All) else any_of(parts)

    def _test(self, test: Test) -> Kleene:
        match self.known.get(test.name):
            case None:
                return None
            case OneOf(flags):
                return _chosen(flags, test)
            case Range(low, high):
                return _ranging(low, high, test)
            case Cells(column):
                return _exact(column, test.operator, test.limit)


def _worth_keeping(truth: Kleene, test: Test) -> bool:
    """Tell whether a comparison costs more than looking it up; a boolean fact is its own comparison."""
    return not isinstance(truth, bool | None) and not isinstance(test.limit, bool)


def _exact(column: Expr, operator: str, limit: Limit) -> Kleene:
    match operator, limit:
        case (("is" | "is_not"), bool()):
            return column if limit is (operator == "is") else ~column
        case "one_of", tuple():
            return any_of([column == choice for choice in limit])
        case "none_of", tuple():
            return all_of([column != choice for choice in limit])
        case "is", _:
            return column == limit
        case "is_not", _:
            return column != limit
        case "at_least", _:
            return column >= limit
        case "more_than", _:
            return column > limit
        case "at_most", _:
            return column <= limit
        case "less_than", _:
            return column < limit
    raise AssertionError(f"no file can hold {operator} {limit!r}")


def _ranging(low: Expr, high: Expr, test: Test) -> Kleene:
    """Compare a range: true where all of it passes, false where none of it does, else unknown."""
    limit = test.limit
    match test.operator:
        case "is":
            return _settled((low == limit) & (high == limit), (low > limit) | (high < limit))
        case "is_not":
            return _settled((low > limit) | (high < limit), (low == limit) & (high == limit))
        case "at_least":
            return _settled(low >= limit, high < limit)
        case "less_than":
            return _settled(high < limit, low >= limit)
        case "more_than":
            return _settled(low > limit, high <= limit)
        case "at_most":
            return _settled(high <= limit, low > limit)
    raise AssertionError(f"no range can be compared by {test.operator}")


def _settled(true: Expr, false: Expr) -> Expr:
    return (
        xp.when(true).then(xp.lit(value=True)).when(false).then(xp.lit(value=False)).otherwise(xp.lit(None, xp.Boolean))
    )


def _chosen(flags: Mapping[str, Flag], test: Test) -> Kleene:
    wanted = test.limit if isinstance(test.limit, tuple) else (str(test.limit),)
    chosen = either([flags.get(choice, False) for choice in wanted])
    return chosen if test.operator in ("is", "one_of") else negated(chosen)
