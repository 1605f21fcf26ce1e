"""What single expressions cost Polars, for each batch of rows: why `engines/columnar` says some things as it does.

Both cores work at once, as they do in a run, so what is written to memory costs more than one core alone would see.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import reduce
from operator import and_

import numpy as np
import polars as pl

import machine
import workload
from churn_rules.engines.columnar import algebra

BATCHES = 8
TURNS = 7
WIDE = 40  # columns of each kind, so that no two expressions after one another read the same

Said = Callable[[int], list[pl.Expr]]


def _column(kind: str, number: int) -> pl.Expr:
    return pl.col(f"{kind}{number % WIDE}")


def _several(kind: str, number: int, count: int) -> list[pl.Expr]:
    return [_column(kind, number * 7 + place) for place in range(count)]


def _month_and_day(number: int) -> list[pl.Expr]:
    with algebra.said_to(pl):
        return [*algebra.month_and_day(_column("date", number))]  # type: ignore[arg-type,list-item]  # to Polars


def _calendar(number: int) -> list[pl.Expr]:
    date = _column("date", number)
    return [date.dt.year() * 12 + date.dt.month(), date.dt.day()]


def _chosen(number: int, *otherwise: int) -> pl.Expr:
    one, none = (pl.lit(value, dtype=pl.Int8) for value in (1, 0))
    chosen = pl.when(_column("flag", number)).then(one)
    return chosen.otherwise(none) if otherwise else chosen


EXPRESSIONS: dict[str, Said] = {
    "a flag and another": lambda number: [reduce(and_, _several("flag", number, 2))],
    "a truth that may be unknown and another": lambda number: [reduce(and_, _several("truth", number, 2))],
    "six truths, one and after the other": lambda number: [reduce(and_, _several("truth", number, 6))],
    "six truths, all at once": lambda number: [pl.all_horizontal(*_several("truth", number, 6))],
    "a flag cast to a number": lambda number: [_column("flag", number).cast(pl.Int8)],
    "one of two numbers chosen by a flag": lambda number: [_chosen(number, 0)],
    "a number chosen by a flag, or null": lambda number: [_chosen(number)],
    "a number times another": lambda number: [_column("number", number) * _column("number", number + 1)],
    "a number rounded": lambda number: [_column("number", number).round(9)],
    "year, month and day from the calendar": _calendar,
    "month and day by division": _month_and_day,
}
"""Each by what it says, with how to say it for the n-th time."""


def _table() -> pl.DataFrame:
    draw, rows = np.random.default_rng(1), workload.ROW_GROUP * BATCHES
    flags = {f"flag{place}": draw.random(rows) < 0.5 for place in range(WIDE)}
    numbers = {f"number{place}": draw.random(rows) for place in range(WIDE)}
    dates = {f"date{place}": draw.integers(14_000, 19_000, rows, dtype=np.int32) for place in range(WIDE)}
    table = pl.DataFrame({**flags, **numbers, **dates})
    truths = [pl.when(_column("flag", n)).then(_column("flag", n + 1)).alias(f"truth{n}") for n in range(WIDE)]
    return table.with_columns(*truths, pl.col("^date.*$").cast(pl.Date))


def _microseconds(table: pl.DataFrame, said: Said) -> float:
    """Return what one expression takes of all cores together, for each batch, in the quietest turn."""
    columns = [column for number in range(WIDE) for column in said(number)]
    frame = table.lazy().select(*(column.alias(f"out{place}") for place, column in enumerate(columns)))
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
