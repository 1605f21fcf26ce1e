"""A whole table of accounts at once: a frame in, the same kind of frame out, every rule an expression over columns.

Needs the extra `portfolio`. Never reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from churn_rules.accounts import Layout
from churn_rules.errors import MissingPackageError, TableError
from churn_rules.loading import given_or_shipped
from churn_rules.rulebase import Rulebase

__all__ = ["known_frame", "score"]

Frame = TypeVar("Frame")


def score(frame: Frame, *, rulebase: Rulebase | None = None, keep: Iterable[str] = (), natively: bool = False) -> Frame:
    """Diagnose every row of a table of accounts.

    Args:
        frame: A Polars, pandas, PyArrow, DuckDB or PySpark frame, lazy or not, a row for each account. Its columns are
            called as what they tell: see `churn_rules.accounts`. Null is unknown.
        rulebase: From `load()`; without it the shipped rules are loaded anew.
        keep: The columns that tell nothing, such as an id or a region, and are carried over as they are.
        natively: Run the rules in the frame's own library, through Narwhals. Otherwise they run in Polars, to and from
            which frames are carried as Arrow; that is many times as fast, and on Spark it needs Polars on the workers.

    Returns:
        A frame of the same kind (lazy where the other was): the columns kept, then everything that a diagnosis holds,
        as docs/decisions/013-tables.md lists it. A cell that is no value of its fact counts as unknown, and `fault`
        names its column.

    Raises:
        MissingPackageError: Narwhals or Polars is not installed.
        TableError: The frame is of no kind that is known, or a column is of the wrong type or cannot be kept under its
            name.
        UnknownNameError: A column tells no fact and is not kept.
    """
    try:
        import narwhals  # noqa: F401, PLC0415  # an extra: whoever asks about single cases needs none
        import polars  # noqa: F401, ICN001, PLC0415  # as above
    except ModuleNotFoundError as error:
        raise MissingPackageError("scoring a table", "Narwhals and Polars", "portfolio") from error
    from churn_rules.engines.columnar import score_frame  # noqa: PLC0415  # as above

    rulebase = given_or_shipped(rulebase)
    layout = Layout.of(_names(known_frame(frame)), rulebase, keep)
    scored: Frame = score_frame(frame, layout, rulebase, natively=natively)
    return scored


def known_frame(frame: Any) -> Any:
    """Return a frame as Narwhals has it, its columns called by texts, each otherwise.

    Raises:
        TableError: It is of no kind that is known, or a column is called by no text or as another one.
    """
    import narwhals as nw  # noqa: PLC0415  # an extra

    try:
        table: Any = nw.from_native(frame)
        _names(table)
    except TypeError as error:
        kinds = "hand over one of Polars, pandas, PyArrow, DuckDB or PySpark"
        raise TableError(f"no kind of frame that can be scored: {type(frame).__name__}; {kinds}") from error
    except nw.exceptions.DuplicateError as error:
        raise TableError(f"two columns are called the same: {error}") from error
    return table


def _names(table: Any) -> list[str]:
    """Return the names of all columns.

    Raises:
        TableError: One is called by something else than text.
    """
    names: list[str] = table.collect_schema().names()
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise TableError(f"column {odd[0]!r} is called by no text; rename it")
    return names
