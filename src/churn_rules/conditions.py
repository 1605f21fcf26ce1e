"""The premises of a rule as a tree, and whether they hold: true, false or unknown.

Never knows what a name stands for; `not` is pushed down to the tests when a rule is read, so it has no node of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from churn_rules.vocabulary import Span, Truth, Value

__all__ = ["OPERATORS", "All", "Any", "Condition", "Limit", "Test", "holds", "negate", "support", "tests"]

Limit = bool | str | float | tuple[str, ...]
Known = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of one thing with a constant; `limit` is a tuple of choices for `one_of` and `none_of`."""

    name: str
    operator: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class All:
    """True where every part is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """True where at least one part is true."""

    parts: tuple[Condition, ...]


Condition = Test | All | Any


def holds(condition: Condition, known: Known) -> Truth:
    """Tell whether a condition is true, false or (None) unknown, after Kleene."""
    if type(condition) is Test:
        value = known.get(condition.name)
        return None if value is None else _COMPARE[condition.operator](value, condition.limit)
    deciding = type(condition) is Any  # the part that settles the whole: a true one for Any, a false one for All
    unknown = False
    for part in condition.parts:  # type: ignore[union-attr]  # `type() is` is what makes this loop fast
        if type(part) is Test:  # as above, once more: most parts are tests, and a call less for each halves the time
            value = known.get(part.name)
            truth = None if value is None else _COMPARE[part.operator](value, part.limit)
        else:
            truth = holds(part, known)
        if truth is deciding:
            return deciding
        unknown = unknown or truth is None
    return None if unknown else not deciding


def support(condition: Condition, known: Known) -> tuple[Test, ...]:
    """Return the tests that make a condition true, in reading order; empty where it is not true."""
    return tuple(_supporting(condition, known)) if holds(condition, known) else ()


def _supporting(condition: Condition, known: Known) -> Iterator[Test]:
    """Yield the tests behind a condition that is true."""
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            if isinstance(condition, All) or holds(part, known):
                yield from _supporting(part, known)


def tests(condition: Condition) -> Iterator[Test]:
    """Yield every test of a condition, in reading order."""
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            yield from tests(part)


def negate(condition: Condition) -> Condition:
    """Return the condition that is true where this one is false, and unknown where it is unknown."""
    if isinstance(condition, Test):
        return Test(condition.name, _OPPOSITE[condition.operator], condition.limit)
    parts = tuple(negate(part) for part in condition.parts)
    return Any(parts) if isinstance(condition, All) else All(parts)


# --- comparisons ------------------------------------------------------------------------------------------------------
# A span satisfies a comparison where all of it does, fails it where none of it does, and leaves it unknown in between.


def _equal(value: Value, limit: Limit) -> Truth:
    if not isinstance(value, Span):
        return value == limit
    if value.low == value.high == limit:
        return True
    return None if value.low <= limit <= value.high else False  # type: ignore[operator]  # spans meet numbers only


def _at_least(value: Span, limit: float) -> Truth:
    return True if value.low >= limit else False if value.high < limit else None


def _more_than(value: Span, limit: float) -> Truth:
    return True if value.low > limit else False if value.high <= limit else None


def _one_of(value: str, limit: tuple[str, ...]) -> Truth:
    return value in limit


def _opposite(compare: Callable[..., Truth]) -> Callable[..., Truth]:
    def opposite(value: Value, limit: Limit) -> Truth:
        truth = compare(value, limit)
        return None if truth is None else not truth

    return opposite


_COMPARE: Mapping[str, Callable[..., Truth]] = {
    "is": _equal,
    "is_not": _opposite(_equal),
    "at_least": _at_least,
    "less_than": _opposite(_at_least),
    "more_than": _more_than,
    "at_most": _opposite(_more_than),
    "one_of": _one_of,
    "none_of": _opposite(_one_of),
}

_PAIRS = (("is", "is_not"), ("at_least", "less_than"), ("more_than", "at_most"), ("one_of", "none_of"))
_OPPOSITE = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}

OPERATORS: Mapping[str, str] = {
    "is": "is",
    "is_not": "is not",
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
    "one_of": "is one of",
    "none_of": "is none of",
}
"""How each operator is read aloud; `none_of` is what `not` makes of `one_of`, and no file may write it."""
