"""The door to frames of every kind: in come values of facts alone, under safe names and of the types that are wanted.

All that one kind of frame does otherwise than another ends here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from churn_rules.accounts import Ends, Layout
from churn_rules.engines.columnar.algebra import Expr, Flag, xp
from churn_rules.engines.columnar.bridges import in_batches, pandas_as_arrow
from churn_rules.errors import TableError
from churn_rules.vocabulary import LARGEST, Fact

__all__ = ["Door", "Opened", "as_choice"]

_TYPES = {"number": "numbers are", "date": "dates are", "boolean": "true and false are", "choice": "text is"}
_UNTYPED = (nw.Unknown, nw.Object)
_Kind = tuple[str, Fact | None]
_FEW = 9  # comparisons that take Polars no longer than to look a text up


class Opened:
    """A table inside: its columns called and typed as expressions count on.

    `frame` holds the columns of `layout`; `called` tells what each is called outside, and `refused` where a cell was no
    value of its fact, and is null instead.
    """

    def __init__(self, frame: Any, layout: Layout, called: Mapping[str, str], refused: Mapping[str, Flag]) -> None:
        self.frame, self.layout, self.called, self.refused = frame, layout, called, refused


class Door:
    """Takes a frame in, and gives a frame of the same kind back."""

    def __init__(self, table: Any, kept: Sequence[str]) -> None:
        self.rows = nw.to_native(table).index if table.implementation.is_pandas() else None
        self.table = table if self.rows is None else nw.from_native(pandas_as_arrow(nw.to_native(table), kept))
        self.eager = isinstance(table, nw.DataFrame)
        self.on_polars = table.implementation.is_polars()
        self.on_spark = table.implementation.is_pyspark() or table.implementation.is_pyspark_connect()

    @property
    def library(self) -> Any:
        """The library to which expressions over this frame are said."""
        if not self.on_polars:
            return nw
        import polars as pl  # noqa: PLC0415  # it is there, since its frame is

        return pl

    def open(self, layout: Layout, vocabulary: Mapping[str, Fact]) -> Opened:
        """Let the table in.

        Raises:
            TableError: A column is of the wrong type.
        """
        table = self.table
        schema = self._schema(table)
        written = {name: f"w{place}" for place, name in enumerate(schema)}
        names = {name: f"i{place}" for place, name in enumerate(schema)}
        kept = [xp.col(written[name]).alias(names[name]) for name in layout.kept]
        told, refused = [], {}
        for name, kind in _kinds(layout, vocabulary).items():
            typed = self._typed(name, xp.col(written[name]), schema[name], kind)
            sound = self._sound(typed, schema[name], kind)
            told.append(sound.alias(names[name]))
            refused[names[name]] = _refused(typed, sound, xp.col(names[name]), schema[name])
        frame = self._renamed(table, written).with_columns(*kept, *told)
        return Opened(frame, layout.called(names), {safe: name for name, safe in names.items()}, refused)

    def _schema(self, table: Any) -> dict[str, Any]:
        """Return the type of each column; of Polars its own where Narwhals knows none and something may stand in it."""
        schema = dict(table.collect_schema())
        if self.on_polars:
            for name, dtype in nw.to_native(table).collect_schema().items():
                if schema[name] in _UNTYPED and dtype != self.library.Null:
                    schema[name] = dtype
        return schema

    def _renamed(self, table: Any, names: Mapping[str, str]) -> Any:
        if self.on_spark:  # to which a dot in a name is a part of a struct
            return nw.from_native(nw.to_native(table).toDF(*names.values()))
        lazy = nw.to_native(table).lazy() if self.on_polars else table.lazy()
        return lazy.select(*(xp.col(name).alias(safe) for name, safe in names.items()))

    def _typed(self, name: str, column: Expr, dtype: Any, wanted: _Kind) -> Expr:
        """Return a column as expressions count on it: floats, days, truths or text."""
        kind, _ = wanted
        untyped = dtype in _UNTYPED
        if kind == "number" and (dtype.is_numeric() or untyped):
            return column if dtype == nw.Float64 else column.cast(xp.Float64)
        if kind == "date" and (dtype in (nw.Date, nw.Datetime) or untyped):
            return column if dtype == nw.Date else _local(column, dtype).cast(xp.Date)
        if kind == "boolean" and (dtype == nw.Boolean or untyped):
            return column if dtype == nw.Boolean else column.cast(xp.Boolean)
        if kind == "choice" and (dtype in (nw.String, nw.Categorical, nw.Enum) or untyped):
            return column if dtype == nw.String or (self.on_polars and not untyped) else column.cast(xp.String)
        raise TableError(f"column `{name}` holds {dtype}, where {_TYPES[kind]} wanted")

    def _sound(self, typed: Expr, dtype: Any, wanted: _Kind) -> Expr:
        """Return a column without what is no value of its fact; on Polars choices as numbers under their names."""
        kind, fact = wanted
        if kind == "number":  # NaN, which stands for unknown in many frames, is in no range
            least, most = (max(fact.low, -LARGEST), min(fact.high, LARGEST)) if fact else (0, LARGEST)
            number: Expr = xp.when(typed.is_between(least, most)).then(typed)
            return number
        if kind != "choice" or fact is None or (dtype == nw.Enum and dtype.categories == fact.choices):
            return typed
        if not self.on_polars:
            text: Expr = xp.when(typed.is_in(list(fact.choices))).then(typed)
            return text
        return as_choice(typed, fact.choices, compared=dtype == nw.String and len(fact.choices) <= _FEW)

    def out(self, opened: Opened, frame: Any, columns: Mapping[str, Expr]) -> Any:
        """Return the columns kept and those of the answer as a frame of the kind that came in.

        Raises:
            TableError: A column that is kept is called as one of the answer.
        """
        kept = {opened.called[name]: xp.col(name) for name in opened.layout.kept}
        if taken := kept.keys() & columns.keys():
            name = min(taken)
            raise TableError(f"column `{name}` cannot be kept: a column of the answer is called so. Rename it")
        every = {**kept, **columns}
        if self.on_spark:
            safe = [column.alias(f"o{place}") for place, column in enumerate(every.values())]
            return nw.to_native(frame.select(*safe)).toDF(*every)
        chosen = frame.select(*(column.alias(name) for name, column in every.items()))
        if self.eager:
            chosen = in_batches(chosen) if self.on_polars else chosen.collect()
        native = chosen if self.on_polars else nw.to_native(chosen)
        return native if self.rows is None else _as_pandas(native, self.rows)


def as_choice(text: Expr, choices: Sequence[str], *, compared: bool) -> Expr:
    """Return text as an Enum of Polars, null where it is none of the choices."""
    if not compared:
        found: Expr = text.cast(xp.Enum(choices), strict=False)  # type: ignore[call-arg]  # said to Polars
        return found
    chosen: Expr = xp.lit(None, dtype=xp.Enum(choices))
    for choice in choices:
        chosen = xp.when(text == choice).then(xp.lit(choice, dtype=xp.Enum(choices))).otherwise(chosen)
    return chosen


def _refused(typed: Expr, sound: Expr, let_in: Expr, dtype: Any) -> Flag:
    """Return where a cell was let in as null though something was written in it, which in floats NaN is not.

    Polars looks for NaN in those batches of rows alone in which a cell was not let in.
    """
    if sound is typed:
        return False
    lost: Expr = let_in.is_null() != typed.is_null()
    return xp.when(lost).then(~typed.is_nan()).otherwise(xp.lit(value=False)) if dtype.is_float() else lost


def _local(column: Expr, dtype: Any) -> Expr:
    """Return moments as they are on the clocks of their time zone, whose day is meant."""
    local: Expr = column.dt.replace_time_zone(None) if getattr(dtype, "time_zone", None) else column
    return local


def _as_pandas(table: Any, index: Any) -> Any:
    """Return an Arrow table as a pandas frame of Arrow's types, with the rows called as before."""
    import pandas as pd  # noqa: PLC0415  # as above

    return table.to_pandas(types_mapper=pd.ArrowDtype).set_axis(index)


def _kinds(layout: Layout, vocabulary: Mapping[str, Fact]) -> dict[str, _Kind]:
    """Return for each column that tells something what kind of value it holds, and of which fact."""
    days = [layout.lost, *(told.on for told in layout.facts)]
    amounts = [amount for cost in layout.costs for amount in (cost.once, cost.yearly)]
    facts = {column: vocabulary[told.fact] for told in layout.facts for column in told.value.columns}
    return {
        **{column: (fact.type, fact) for column, fact in facts.items()},
        **{column: ("date", None) for ends in days for column in _columns(ends)},
        **{column: ("number", None) for ends in amounts for column in _columns(ends)},
    }


def _columns(ends: Ends | None) -> tuple[str, ...]:
    return ends.columns if ends else ()
