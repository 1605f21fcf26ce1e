"""Frames of other libraries, carried through Polars and back: as Arrow, which most of them share without copying.

The rules then run at the speed of Polars, whatever frame they are asked about; see docs/decisions/013-tables.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from churn_rules.errors import TableError

__all__ = ["Scorer", "arrow_as_polars", "as_said", "in_batches", "pandas_as_arrow", "through_polars"]

Scorer = Callable[[Any], Any]
"""Scores a lazy frame of Polars."""


def through_polars(frame: Any, kind: Any, scorer: Scorer, kept: Collection[str]) -> Any:
    """Score a frame of any kind in Polars, and return one of the same kind.

    Args:
        frame: A native frame of pandas, PyArrow, DuckDB or PySpark.
        kind: Which of them, as Narwhals calls it.
        scorer: What to do with it in Polars.
        kept: The columns that are only carried over.

    Raises:
        TableError: The frame is of no kind that can be carried, or a column holds values of several types.
    """
    if kind.is_pandas():
        return _pandas(frame, scorer, kept)
    if kind.is_pyarrow():
        return _arrow(frame, scorer)
    if kind.is_duckdb():
        return _duckdb(frame, scorer)
    if kind.is_pyspark() or kind.is_pyspark_connect():
        return _spark(frame, scorer)
    raise TableError(f"no kind of frame that can be scored: {type(frame).__name__}")


def in_batches(plan: Any) -> Any:
    """Return the frame that a lazy one of Polars makes; what is known between stands in memory for a batch of rows."""
    return plan.collect(engine="streaming", optimizations=as_said())


def as_said() -> Any:
    """Return what Polars should look for in a plan of ours: columns to drop, since more takes longer than it saves."""
    import polars as pl  # noqa: PLC0415  # an extra, and slow to import

    return pl.QueryOptFlags.none(projection_pushdown=True)


def _arrow(table: Any, scorer: Scorer) -> Any:
    return in_batches(scorer(arrow_as_polars(table).lazy())).to_arrow()


def arrow_as_polars(table: Any) -> Any:
    """Return an Arrow table as a frame of Polars.

    Raises:
        TableError: A column is of a type that Polars does not have.
    """
    import polars as pl  # noqa: PLC0415  # an extra, and slow to import

    try:
        return pl.from_arrow(table)
    except (pl.exceptions.PanicException, pl.exceptions.PolarsError) as error:  # a panic is a BaseException
        raise TableError(f"a column is of a type that cannot be carried to Polars: {error}; change it") from None


def _pandas(frame: Any, scorer: Scorer, kept: Collection[str]) -> Any:
    """Go through Arrow, whose unknowns are no numbers; the rows are called as before, and texts are categories."""
    return _arrow(pandas_as_arrow(frame, kept), scorer).to_pandas().set_axis(frame.index)


def pandas_as_arrow(frame: Any, kept: Collection[str]) -> Any:
    """Return a pandas frame as an Arrow table: in NumPy's types unknown is a number, and logic takes it for false.

    A column in which nothing is filled in holds NaN in pandas, whatever it would hold; it is of no type then, unless it
    is only carried over.

    Raises:
        TableError: A column holds values of several types.
    """
    import pyarrow as pa  # noqa: PLC0415  # needed for pandas alone

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise TableError(f"a column holds values of several types, or of one that no fact has: {error}") from error
    for place, field in enumerate(table.schema):
        if field.name not in kept and pa.types.is_floating(field.type) and table[place].null_count == len(table):
            table = table.set_column(place, field.name, pa.nulls(len(table)))
    return table


def _duckdb(relation: Any, scorer: Scorer) -> Any:
    """Give the answer back to the connection that the relation belongs to."""
    scored = _arrow(relation.to_arrow_table(), scorer)
    assert scored is not None, "DuckDB finds it here, by its name"
    return relation.query("accounts", "SELECT * FROM scored")


def _spark(frame: Any, scorer: Scorer) -> Any:
    """Let every worker score its own rows in batches; Spark plans one step, whatever the number of rules."""
    import polars as pl  # noqa: PLC0415  # as above
    import pyarrow as pa  # noqa: PLC0415  # as above
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema  # noqa: PLC0415  # as above

    names = frame.columns

    def plain(rows: Any) -> Any:
        scored = scorer(pl.DataFrame(rows).rename(dict(zip(rows.column_names, names, strict=True))).lazy())
        return (
            scored.collect(optimizations=as_said())
            .with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
            .to_arrow()
        )

    def score_batches(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            table = plain(pa.Table.from_batches([batch]))
            yield from table.rename_columns(schema.names).cast(schema).to_batches()

    undotted = frame.toDF(*(f"i{place}" for place in range(len(names))))  # to Spark, a dot is a part of a struct
    scored = plain(to_arrow_schema(undotted.schema).empty_table())
    schema = _as_spark_has_it(scored.schema)
    return undotted.mapInArrow(score_batches, from_arrow_schema(schema)).toDF(*scored.column_names)


def _as_spark_has_it(schema: Any) -> Any:
    """Return a schema with names without dots, and with texts as Spark takes them, where Polars has them longer."""
    import pyarrow as pa  # noqa: PLC0415  # as above

    short = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    return pa.schema([(f"o{place}", short.get(field.type, field.type)) for place, field in enumerate(schema)])
