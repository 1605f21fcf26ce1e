"""Truth in columns: two-valued and three-valued expressions that fold what is known before any row is seen.

Expressions are written once, in the words that Narwhals and Polars share: Narwhals takes them to pandas, PyArrow,
DuckDB and Spark, and to Polars they are said directly, which plans thousands of them far more quickly.
Never knows a rule.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import narwhals
from narwhals import Expr

__all__ = [
    "Expr",
    "Flag",
    "Flow",
    "Kleene",
    "all_of",
    "any_of",
    "as_expr",
    "either",
    "every",
    "in_months_of_31",
    "is_column",
    "is_true",
    "is_unknown",
    "less",
    "negated",
    "neither",
    "only_one",
    "opposite",
    "rounded",
    "said_to",
    "xp",
]

Flag = Expr | bool
"""True or false in every row: a column of booleans without nulls, or the same in all rows."""

Kleene = Expr | bool | None
"""True, false or unknown: a column of booleans in which null is unknown, or the same in all rows (None: unknown)."""

_Key = TypeVar("_Key", bound=Hashable)
_Column = TypeVar("_Column", bound="Expr | float | None")
_DECIMALS = 9
_SAME_IN_ALL = (bool, int, float, type(None))  # a tuple, which is asked ten thousand times, and quicker than a union
_listener: ContextVar[Any] = ContextVar("listener", default=narwhals)


class _Words:
    """`col`, `lit`, `when` and so on, of whichever library expressions are said to."""

    def __getattr__(self, word: str) -> Any:
        return getattr(_listener.get(), word)


if TYPE_CHECKING:
    import narwhals as xp
else:
    xp = _Words()


@contextmanager
def said_to(library: Any) -> Iterator[None]:
    """Say expressions to a library, Narwhals or Polars, until the end of the block."""
    token = _listener.set(library)
    try:
        yield
    finally:
        _listener.reset(token)


def is_column(value: object) -> TypeGuard[Expr]:
    """Tell whether something is told apart by rows, rather than the same in all of them."""
    return not isinstance(value, _SAME_IN_ALL)


class Flow:
    """A frame that grows: each step adds columns that the next ones may read, under names without dots."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self._standing: dict[int, Any] = {}  # what refers to a column already, by identity

    def store(self, columns: Mapping[_Key, _Column]) -> dict[_Key, _Column]:
        """Add columns in one step, and return how to refer to each.

        What is the same in all rows needs no column, and what stands in one already no other.
        """
        found: dict[_Key, _Column] = {}
        added = []
        for key, column in columns.items():
            if is_column(column) and id(column) not in self._standing:
                name = f"c{len(self._standing)}"
                added.append(column.alias(name))
                found[key] = xp.col(name)  # type: ignore[assignment]  # a reference to the same
                self._standing[id(found[key])] = found[key]
            else:
                found[key] = column
        if added:
            self.frame = self.frame.with_columns(*added)
        return found

    def keep(self, column: _Column) -> _Column:
        """Add one column, and return how to refer to it."""
        return self.store({"": column})[""]


def as_expr(truth: Kleene) -> Expr:
    """Return a truth as a column, also where it is the same in all rows."""
    return truth if is_column(truth) else xp.lit(truth, dtype=xp.Boolean)  # type: ignore[arg-type]  # narrowed too little


def all_of(parts: Iterable[Kleene]) -> Kleene:
    """Return whether all parts hold, after Kleene."""
    return _joined(list(parts), settles=False)


def any_of(parts: Iterable[Kleene]) -> Kleene:
    """Return whether any part holds, after Kleene."""
    return _joined(list(parts), settles=True)


def either(parts: Iterable[Flag]) -> Flag:
    """Return whether any of several flags holds."""
    return any_of(parts)  # type: ignore[return-value]  # of flags no unknown can come


def every(parts: Iterable[Flag]) -> Flag:
    """Return whether all of several flags hold."""
    return all_of(parts)  # type: ignore[return-value]  # of flags no unknown can come


def only_one(flags: Mapping[_Key, Flag]) -> dict[_Key, Flag]:
    """Return for each of several flags where it holds and no other does."""
    return {
        name: every([flag, *(opposite(other) for key, other in flags.items() if key != name)])
        for name, flag in flags.items()
    }


def less(whole: Flag, part: Flag) -> Flag:
    """Return where a flag holds, less another that holds only where it does; quicker than `and` with `not`."""
    if not is_column(part):
        return False if part else whole
    if not is_column(whole):
        return opposite(part) if whole else False  # a part of nothing is nothing, which no column tells
    return whole != part


def neither(one: Flag, other: Flag) -> Flag:
    """Return where neither of two flags holds that never hold together."""
    if not is_column(one) or not is_column(other):
        return opposite(either([one, other]))
    return one == other


def opposite(flag: Flag) -> Flag:
    """Return where a flag does not hold."""
    return ~flag if is_column(flag) else not flag


def _joined(parts: list[Kleene], *, settles: bool) -> Kleene:
    if any(part is settles for part in parts):
        return settles
    columns = [part for part in parts if is_column(part)]
    open_part = any(part is None for part in parts)
    if not columns:
        return None if open_part else not settles
    joined = reduce(or_ if settles else and_, columns)
    if open_part:  # a part that nobody knows leaves unknown whatever the others do not settle
        return xp.when(joined if settles else ~joined).then(xp.lit(settles))
    return joined


def negated(truth: Kleene) -> Kleene:
    """Return true for false, false for true, and unknown for unknown."""
    if is_column(truth):
        return ~truth
    return None if truth is None else not truth


def is_true(truth: Kleene) -> Flag:
    """Return where a truth is known to be true."""
    if not is_column(truth):
        return truth is True
    if _listener.get() is narwhals:
        return truth.fill_null(value=False)
    found: Expr = truth.eq_missing(_true(_listener.get()))  # type: ignore[attr-defined]  # quicker, and Polars alone has it
    return found


@cache
def _true(library: Any) -> Any:
    return library.lit(value=True)  # once, since Polars takes its time over a literal


def is_unknown(truth: Kleene) -> Flag:
    """Return where a truth is unknown."""
    return truth.is_null() if is_column(truth) else truth is None


def rounded(quotient: Expr, known: Flag) -> Expr:
    """Return a quotient to nine decimals where it is known, and null elsewhere.

    What is unknown may hide 0 / 0, over which Polars rounds at a third of the speed.
    """
    found: Expr = xp.when(as_expr(known)).then(quotient.fill_null(0.0).round(_DECIMALS))
    return found


def in_months_of_31(flow: Flow, dates: Mapping[_Key, Expr]) -> dict[_Key, Expr]:
    """Return dates as days of a calendar all of whose months have 31 days, counted on through the years.

    Polars walks through its own calendar anew for the year, the month and the day; to divide by the lengths of its
    cycles takes a third of the time. Years begin in March here, so that the day that comes and goes is their last.
    """
    if _listener.get() is narwhals:
        return flow.store({key: _by_calendar(date) for key, date in dates.items()})
    quarters = flow.store({key: date.cast(xp.Int32) * 4 + _QUARTERS_BEFORE_1970 for key, date in dates.items()})
    in_century = flow.store({key: each % _CENTURIES | 3 for key, each in quarters.items()})
    in_year = flow.store({key: each % _FOUR_YEARS // 4 for key, each in in_century.items()})
    found = {}
    for key, day in in_year.items():
        year = quarters[key] // _CENTURIES * 100 + in_century[key] // _FOUR_YEARS
        month = (day * 5 + 2) // 153  # March is 0; any five of them from March or August are 153 days long
        found[key] = year * (12 * 31) + day + (month * 2 + _TO_JANUARY) // 5  # and lack two days of 31 each
    return flow.store(found)


def _by_calendar(date: Expr) -> Expr:
    year, month, day = (part.cast(xp.Float64) for part in (date.dt.year(), date.dt.month(), date.dt.day()))
    return (year * 12.0 + month) * 31.0 + day


_QUARTERS_BEFORE_1970 = 719_468 * 4 + 3  # of days, since the first of March of the year 0
_CENTURIES, _FOUR_YEARS = 146_097, 1_461  # days in 400 years and in 4
_TO_JANUARY = (3 * 31 + 1) * 5 + 2  # in fifths of a day: to begin the year in January, and months with day 1
