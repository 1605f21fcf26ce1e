"""Truth in columns: two-valued and three-valued expressions that fold what is known before any row is seen.

Expressions are written once, in the words that Narwhals and Polars share: Narwhals takes them to pandas, PyArrow,
DuckDB and Spark, and to Polars they are said directly, which plans twenty thousand of them ten times as fast.
Never knows a rule.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
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
    "is_column",
    "is_true",
    "is_unknown",
    "month_and_day",
    "negated",
    "only_one",
    "opposite",
    "said_to",
    "xp",
]

Flag = Expr | bool
"""True or false in every row: a column of booleans without nulls, or the same in all rows."""

Kleene = Expr | bool | None
"""True, false or unknown: a column of booleans in which null is unknown, or the same in all rows (None: unknown)."""

_Key = TypeVar("_Key", bound=Hashable)
_Column = TypeVar("_Column", bound="Expr | float | None")
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
    return not isinstance(value, bool | int | float | None)


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
    return truth.fill_null(value=False) if is_column(truth) else truth is True


def is_unknown(truth: Kleene) -> Flag:
    """Return where a truth is unknown."""
    return truth.is_null() if is_column(truth) else truth is None


def month_and_day(date: Expr) -> tuple[Expr, Expr]:
    """Return the month of a date, counted through the years, and its day in the month.

    Polars walks through its calendar anew for the year, the month and the day; to divide by the lengths of its cycles
    takes half the time. Years begin in March here, so that the day that comes and goes is their last.
    """
    if _listener.get() is narwhals:
        year, month = date.dt.year().cast(xp.Float64), date.dt.month().cast(xp.Float64)
        return year * 12.0 + month, date.dt.day().cast(xp.Float64)
    quarters = (date.cast(xp.Int32) + _DAYS_BEFORE_1970) * 4 + 3
    in_century = quarters % _CENTURIES // 4 * 4 + 3
    in_year = in_century % _FOUR_YEARS // 4
    month = (in_year * 5 + 2) // 153  # March is 0; any five of them from March or August are 153 days long
    months = (quarters // _CENTURIES * 100 + in_century // _FOUR_YEARS) * 12 + month + 3
    return months, in_year - (month * 153 + 2) // 5 + 1


_DAYS_BEFORE_1970 = 719_468  # since the first of March of the year 0
_CENTURIES, _FOUR_YEARS = 146_097, 1_461  # days in 400 years and in 4
