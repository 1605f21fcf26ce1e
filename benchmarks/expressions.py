"""What single expressions cost Polars, for each batch of rows: why `engines/columnar` says some things as it does.

Both cores work at once, as they do in a run, so what is written to memory costs more than one core alone would see.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial, reduce
from operator import and_
from typing import Any

import numpy as np
import polars as pl

import machine
import workload
from churn_rules.engines.columnar import algebra, frames

BATCHES = 8
TURNS = 7
TEXTS = ("never", "sometimes", "often")
NINE = (*TEXTS, *(f"not {text} {when}" for text in TEXTS for when in ("now", "then")))
WIDE = 40  # columns of each kind, so that no two expressions after one another read the same

Said = Callable[[pl.LazyFrame], pl.LazyFrame]


def _each(columns: Callable[[int], list[pl.Expr]]) -> Said:
    """Say something of every column of its kind."""

    def said(frame: pl.LazyFrame) -> pl.LazyFrame:
        several = [column for number in range(WIDE) for column in columns(number)]
        return frame.select(*(column.alias(f"out{place}") for place, column in enumerate(several)))

    return said


def _column(kind: str, number: int) -> pl.Expr:
    return pl.col(f"{kind}{number % WIDE}")


def _several(kind: str, number: int, count: int) -> list[pl.Expr]:
    return [_column(kind, number * 7 + place) for place in range(count)]


def _calendar(number: int) -> list[pl.Expr]:
    date = _column("date", number)
    return [(date.dt.year() * 12 + date.dt.month()) * 31 + date.dt.day()]


def _by_division(frame: pl.LazyFrame) -> pl.LazyFrame:
    flow = algebra.Flow(frame)
    dates: Any = {f"out{place}": _column("date", place) for place in range(WIDE)}
    with algebra.said_to(pl):
        found: Any = algebra.in_months_of_31(flow, dates)
    days: pl.LazyFrame = flow.frame.select(**found)
    return days


def _chosen(number: int, *otherwise: int) -> pl.Expr:
    one, none = (pl.lit(value, dtype=pl.Int8) for value in (1, 0))
    chosen = pl.when(_column("flag", number)).then(one)
    return chosen.otherwise(none) if otherwise else chosen


def _rounded(number: int) -> pl.Expr:
    column: Any = _column("open", number)
    with algebra.said_to(pl):
        found: Any = algebra.rounded(column, ~column.is_null())
    return found  # type: ignore[no-any-return]  # said to Polars


def _among_nine(number: int, *, compared: bool) -> pl.Expr:
    column: Any = _column("text", number)
    with algebra.said_to(pl):
        found: Any = frames.as_choice(column, NINE, compared=compared)
    return found  # type: ignore[no-any-return]  # as above


def _quotients(frame: pl.LazyFrame, *, stored: bool) -> pl.LazyFrame:
    """Say a product over another, written down before they are divided or not."""
    products = [_column("number", place) * _column("number", place + 1) for place in range(2 * WIDE)]
    if stored:
        frame = frame.with_columns(*(product.alias(f"product{place}") for place, product in enumerate(products)))
        products = [pl.col(f"product{place}") for place in range(2 * WIDE)]
    return frame.select(*((products[n] / products[WIDE + n]).alias(f"out{n}") for n in range(WIDE)))


def _true(number: int) -> pl.Expr:
    truth: Any = _column("truth", number)
    with algebra.said_to(pl):
        found: Any = algebra.is_true(truth)
    return found  # type: ignore[no-any-return]  # as above


EXPRESSIONS: dict[str, Said] = {
    "a flag and another": _each(lambda number: [reduce(and_, _several("flag", number, 2))]),
    "a flag told apart from another": _each(lambda number: [_column("flag", number) != _column("flag", number + 1)]),
    "a truth that may be unknown and another": _each(lambda number: [reduce(and_, _several("truth", number, 2))]),
    "six truths, one and after the other": _each(lambda number: [reduce(and_, _several("truth", number, 6))]),
    "six truths, all at once": _each(lambda number: [pl.all_horizontal(*_several("truth", number, 6))]),
    "where a truth is true, its nulls filled": _each(lambda number: [_column("truth", number).fill_null(value=False)]),
    "where a truth is true, as the engine says it": _each(lambda number: [_true(number)]),
    "a flag cast to a number": _each(lambda number: [_column("flag", number).cast(pl.Int8)]),
    "one of two numbers chosen by a flag": _each(lambda number: [_chosen(number, 0)]),
    "a number chosen by a flag, or null": _each(lambda number: [_chosen(number)]),
    "a number times another": _each(lambda number: [_column("number", number) * _column("number", number + 1)]),
    "a number rounded": _each(lambda number: [_column("number", number).round(9)]),
    "a quotient rounded that may be unknown": _each(lambda number: [_column("open", number).round(9)]),
    "such a quotient, as the engine says it": _each(lambda number: [_rounded(number)]),
    "a quotient rounded where a flag holds, which is nowhere": _each(
        lambda number: [pl.when(_column("never", number)).then((_column("open", number) / 7.0).round(9))]
    ),
    "a quotient of two products, in one expression": partial(_quotients, stored=False),
    "such a quotient, its products stored before": partial(_quotients, stored=True),
    "a text compared": _each(lambda number: [_column("text", number) == "sometimes"]),
    "a text looked up among three": _each(lambda number: [_column("text", number).cast(pl.Enum(TEXTS))]),
    "a text looked up among nine": _each(lambda number: [_among_nine(number, compared=False)]),
    "a text compared with nine, as the engine says it": _each(lambda number: [_among_nine(number, compared=True)]),
    "a date's year, month and day from the calendar": _each(_calendar),
    "a date's year, month and day by division": _by_division,
}
"""Each by what it says, with how to say it over a whole table."""


def _table() -> pl.DataFrame:
    draw, rows = np.random.default_rng(1), workload.ROW_GROUP * BATCHES
    flags = {f"flag{place}": draw.random(rows) < 0.5 for place in range(WIDE)}
    numbers = {f"number{place}": draw.random(rows) for place in range(WIDE)}
    dates = {f"date{place}": draw.integers(14_000, 19_000, rows, dtype=np.int32) for place in range(WIDE)}
    texts = {f"text{place}": np.array(TEXTS)[draw.integers(0, len(TEXTS), rows)] for place in range(WIDE)}
    table = pl.DataFrame({**flags, **numbers, **dates, **texts})
    truths = [pl.when(_column("flag", n)).then(_column("flag", n + 1)).alias(f"truth{n}") for n in range(WIDE)]
    zero = [pl.when(_column("flag", n)).then(_column("number", n)).otherwise(0.0) for n in range(WIDE)]
    unknown = [pl.when(_column("flag", n)).then(zero[n] / zero[n]).alias(f"open{n}") for n in range(WIDE)]
    never = [(_column("number", n) < 0).alias(f"never{n}") for n in range(WIDE)]
    return table.with_columns(*truths, *unknown, *never, pl.col("^date.*$").cast(pl.Date))


def _microseconds(table: pl.DataFrame, said: Said) -> float:
    """Return what one expression takes of all cores together, for each batch, in the quietest turn."""
    frame = said(table.lazy())
    least = float("inf")
    for _ in range(TURNS):
        start = time.process_time()
        frame.sink_batches(lambda _: None, chunk_size=workload.ROW_GROUP, optimizations=pl.QueryOptFlags.none())
        least = min(least, time.process_time() - start)
    return least * 1e6 / WIDE / BATCHES


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--record", action="store_true", help="keep the table in RESULTS.md")
    given = parser.parse_args()
    warning, table = machine.busy(), _table()
    rows = [[what, f"{_microseconds(table, said):,.1f}"] for what, said in EXPRESSIONS.items()]
    text = f"{machine.described(('polars',))}\n\nCPU for each batch of {workload.ROW_GROUP:,} rows.\n\n"
    text += machine.lined_up(("expression", "µs"), rows)
    print(text, warning, sep="\n\n")
    if given.record:
        machine.record("Single expressions", text, warning)


if __name__ == "__main__":
    main()
