"""The proof for whole tables: random tables over random rule bases, each row held against the other engines.

A row is turned into a case, and the case is diagnosed; everything that its diagnosis holds must stand in the row.

    python -m tests.tables --rows 2000000 --seed 1      the whole proof, on two cores
    python -m tests.tables --seed 1 --table 17          one table again
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random
from typing import Any

import duckdb
import polars as pl

from churn_rules.accounts import Layout, case_of
from churn_rules.cases import remember
from churn_rules.conclusions import active_links, economics_of, roots
from churn_rules.conditions import Test, tests
from churn_rules.diagnosis import conclude_case
from churn_rules.economics import INPUTS
from churn_rules.engines import Trace, engine_for
from churn_rules.engines.columnar import MASK_BITS
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.scoring import score
from churn_rules.vocabulary import SIDES, Fact, Span
from tests.agreement import ONE_BY_ONE, REFERENCE, World, differences, draw, world_of

__all__ = [
    "FRAMES",
    "Outcome",
    "differences_in",
    "frames_differ",
    "random_table",
    "row_differences",
    "run",
    "world_around",
]

FULL_EVERY = 5  # the whole diagnosis is slow to draw, so it is held against one row in so many
SLOW_EVERY = 8  # so is a run of durable-rules, which `tests.agreement` holds against a million cases besides
FRAMES_EVERY = 10

_DAYS = [date(2011, 3, 1), date(2012, 4, 1), date(2013, 6, 30), date(2014, 1, 1), date(2014, 12, 31)]
_LOST = [None, date(2015, 1, 1), date(2015, 6, 30)]


def random_table(rng: Random, world: World, rows: int) -> pl.DataFrame:
    """Draw a table: each fact told by none, one or several sides, some as ranges, some dated."""
    columns: dict[str, pl.Series] = {}
    for fact in world.rulebase.vocabulary.values():
        for side in SIDES:
            if rng.random() < (0.8 if fact.id in INPUTS and side == "record" else 0.4):
                name = fact.id if side == "record" else f"{fact.id}.{side}"
                columns |= dict(_told(rng, fact, name, world, rows))
    if rng.random() < 0.9:
        columns["lost"] = pl.Series("lost", rng.choices(_LOST, k=rows), pl.Date)
    if "lost" in columns and rng.random() < 0.3:
        columns["lost.to"] = pl.Series("lost.to", rng.choices([None, date(2015, 12, 31)], k=rows), pl.Date)
    for item in world.rulebase.accommodations:
        for when, grid in (("once", (None, 0.0, 10.0, 40.0)), ("yearly", (0.0, 0.0, 5.0, 20.0))):
            if rng.random() < 0.7:
                name = f"cost.{item}.{when}"
                columns[name] = pl.Series(name, rng.choices(grid, k=rows), pl.Float64)
    columns["account"] = pl.Series("account", [f"account {place}" for place in range(rows)])
    return pl.DataFrame(columns)


def _told(rng: Random, fact: Fact, name: str, world: World, rows: int) -> Iterator[tuple[str, pl.Series]]:
    values = [draw(rng, fact, world.grids) if rng.random() < 0.7 else None for _ in range(rows)]
    if fact.type == "date":
        lows = [date.fromordinal(int(value.low)) if isinstance(value, Span) else None for value in values]
        yield name, pl.Series(name, lows, pl.Date)
        if rng.random() < 0.4:
            highs = [date.fromordinal(int(value.high)) if isinstance(value, Span) else None for value in values]
            yield f"{name}.to", pl.Series(f"{name}.to", highs, pl.Date)
    elif fact.type == "number":
        yield name, pl.Series(name, [value.low if isinstance(value, Span) else None for value in values], pl.Float64)
        if rng.random() < 0.4:
            ends = [value.high if isinstance(value, Span) and value.high > value.low else None for value in values]
            yield f"{name}.to", pl.Series(f"{name}.to", ends, pl.Float64)
    else:
        kind = pl.Boolean() if fact.type == "boolean" else rng.choice([pl.String(), pl.Enum(fact.choices)])
        yield name, pl.Series(name, values, kind)
    if rng.random() < 0.5:
        days: list[date | None] = [None, *_DAYS]
        yield f"{name}.on", pl.Series(f"{name}.on", rng.choices(days, k=rows), pl.Date)


def world_around(rulebase: Rulebase) -> World:
    """Return a rule base as a world to draw tables from: each number has its limits as values, and what lies around."""
    grids: dict[str, tuple[float, ...]] = {}
    for fact in rulebase.vocabulary.values():
        limits = {float(test.limit) for test in _tests_of(fact.id, rulebase) if isinstance(test.limit, int | float)}
        around = {value + step for value in limits or {1.0, 10.0} for step in (-0.5, 0.0, 0.5)}
        grids[fact.id] = tuple(sorted(min(max(value, fact.low), fact.high) for value in around))
    return World(rulebase, {}, {}, grids)


def _tests_of(fact: str, rulebase: Rulebase) -> Iterator[Test]:
    for rule in rulebase.rules.values():
        yield from (test for test in tests(rule.premise) if test.name.partition(".")[0] == fact)


# --- the comparison ---------------------------------------------------------------------------------------------------


def differences_in(world: World, table: pl.DataFrame, scored: pl.DataFrame | None = None) -> str:
    """Hold every row of a scored table against the other engines; return the first difference, if any.

    The reference and the compiled engine run every row, durable-rules one in `SLOW_EVERY`.
    """
    rulebase = world.rulebase
    scored = score(table, rulebase=rulebase, keep=["account"]) if scored is None else scored
    layout = Layout.of(table.columns, rulebase, ["account"])
    for place, (row, result) in enumerate(zip(table.iter_rows(named=True), scored.iter_rows(named=True), strict=True)):
        memory = remember(case_of(row, layout, rulebase), rulebase.vocabulary)
        expected = engine_for(rulebase, REFERENCE).run(memory)
        found = row_differences(rulebase, expected, result, in_full=place % FULL_EVERY == 0)
        for engine in ONE_BY_ONE if place % SLOW_EVERY == 0 else ("compiled",):
            found = found or differences(rulebase, expected, engine_for(rulebase, engine).run(memory))
        if found:
            return f"row {place}: {found}\n  {row}"
    return ""


def row_differences(rulebase: Rulebase, trace: Trace, row: Mapping[str, Any], *, in_full: bool = True) -> str:
    """Return the first thing in which a row differs from what an engine concludes of its case; empty where they agree.

    Args:
        rulebase: The rules.
        trace: The run of another engine over the case.
        row: What the scored table holds of it.
        in_full: Whether to hold it against the whole diagnosis too, which takes three times as long.
    """
    wanted = {**_by_reason(rulebase, trace), **_marks(rulebase, trace), **_answer(rulebase, trace)}
    if in_full:
        wanted |= _diagnosed(rulebase, trace)
    for name, expected in wanted.items():
        got = row.get(name)
        if isinstance(expected, float) and isinstance(got, float):
            if abs(expected - got) > 1e-9 * max(1.0, abs(expected)):
                return f"{name}: expected {expected}, got {got}"
        elif got != expected and not (expected is False and name not in row):
            return f"{name}: expected {expected}, got {got}"
    unexplained = sorted(name for name, value in row.items() if value is True and name not in wanted) if in_full else []
    return f"nothing in the diagnosis stands behind {unexplained[0]}" if unexplained else ""


def _answer(rulebase: Rulebase, trace: Trace) -> dict[str, object]:
    known = trace.known
    found = roots(rulebase, known)
    worked_out = economics_of(rulebase, trace.memory, known)
    sides = tuple(dict.fromkeys(known[f"{root}.responsible"] for root in found))
    answer: dict[str, object] = {
        "fault": None,
        "decision": known["case.decision"],
        "scope": known["case.scope"],
        "root": found[0] if found else None,
        "responsible": (*sides, None)[0] if len(sides) < 2 else "mixed",
        "economics": known["economics.verdict"],
    }
    chance = known.get("economics.break_even_chance")
    for name, span in (("break_even", chance), ("value", worked_out.value), ("attempt", worked_out.attempt)):
        low, high = span if isinstance(span, Span) else (None, None)
        answer |= {f"{name}.low": low, f"{name}.high": high}
    return answer


def _by_reason(rulebase: Rulebase, trace: Trace) -> dict[str, object]:
    parts = ("status", "role", "scope", "responsible")
    found: dict[str, object] = {
        f"{reason}.{part}": trace.known[f"{reason}.{part}"] for reason in rulebase.reasons for part in parts
    }
    for reason in rulebase.reasons:
        certainty = trace.known[f"{reason}.certainty"]
        assert isinstance(certainty, Span)
        found[f"{reason}.certainty"] = certainty.low
    active = set(active_links(rulebase, trace.known))
    return found | {f"{one.cause}.leads_to.{one.effect}": (one.cause, one.effect) in active for one in rulebase.links}


def _marks(rulebase: Rulebase, trace: Trace) -> dict[str, object]:
    rules = list(rulebase.rules)
    masks = [
        sum(2**place for place, rule in enumerate(rules[start : start + MASK_BITS]) if trace.verdicts[rule])
        for start in range(0, len(rules), MASK_BITS)
    ]
    disputed = {one.fact for one in trace.memory.disagreements}
    return {
        **{f"accommodation.{item}": trace.known[f"accommodation.{item}"] for item in rulebase.accommodations},
        **{f"disagreement.{fact}": fact in disputed for fact in rulebase.vocabulary},
        **{f"warning.{rule}": trace.verdicts[rule] is True for rule, _ in rulebase.drawn.get(Topic("warning"), ())},
        **{f"fired.{number}": mask for number, mask in enumerate(masks)},
    }


def _diagnosed(rulebase: Rulebase, trace: Trace) -> dict[str, object]:
    """Return what only the whole diagnosis tells."""
    diagnosis = conclude_case(rulebase, trace)
    facts = [name for fact in rulebase.vocabulary for name in (fact, *(f"{fact}.{side}" for side in SIDES))]
    marked = {
        "named": ([named.reason for named in diagnosis.named], rulebase.reasons),
        "landmine": (
            [mine.name for mine in diagnosis.landmines if mine.kind == "sore_point"],
            [*rulebase.vocabulary, *rulebase.findings],
        ),
        "discrepancy": ([found.fact for found in diagnosis.discrepancies], rulebase.vocabulary),
        "missing": ([missing.fact for missing in diagnosis.missing or ()], facts),
    }
    return {f"{kind}.{name}": name in found for kind, (found, names) in marked.items() for name in names}


# --- other frames -----------------------------------------------------------------------------------------------------


def frames_differ(world: World, table: pl.DataFrame, kinds: Iterable[str] = (), *, natively: bool = False) -> str:
    """Score the same table on several kinds of frame; return the first in which an answer differs from that on Polars.

    Args:
        world: The rule base.
        table: The table.
        kinds: Of `FRAMES`; all but Spark, which takes a while to start, if left out.
        natively: Whether the rules run in the frame's own library.
    """
    expected = score(table, rulebase=world.rulebase, keep=["account"])
    for kind in kinds or [kind for kind in FRAMES if kind != "Spark"]:
        if found := _difference(
            expected, FRAMES[kind](table, partial(score, rulebase=world.rulebase, keep=["account"], natively=natively))
        ):
            return f"{kind}: {found}"
    return ""


Scored = Callable[[Any], Any]


def _lazily(table: pl.DataFrame, scored: Scored) -> Any:
    return scored(table.lazy()).collect(engine="streaming")


def _on_pandas(table: pl.DataFrame, scored: Scored) -> Any:
    return pl.from_pandas(scored(table.to_pandas()))


def _on_pandas_of_arrow(table: pl.DataFrame, scored: Scored) -> Any:
    return pl.from_pandas(scored(table.to_pandas(use_pyarrow_extension_array=True)))


def _on_pyarrow(table: pl.DataFrame, scored: Scored) -> Any:
    return pl.from_arrow(scored(table.to_arrow()))


def _on_duckdb(table: pl.DataFrame, scored: Scored) -> Any:
    return scored(duckdb.from_arrow(table.to_arrow())).pl()


def _on_spark(table: pl.DataFrame, scored: Scored) -> Any:
    from tests.spark import as_spark, from_spark  # noqa: PLC0415  # starts Java

    return from_spark(scored(as_spark(table)))


FRAMES: dict[str, Callable[[pl.DataFrame, Scored], Any]] = {
    "Polars, lazily": _lazily,
    "pandas": _on_pandas,
    "pandas of Arrow": _on_pandas_of_arrow,
    "PyArrow": _on_pyarrow,
    "DuckDB": _on_duckdb,
    "Spark": _on_spark,
}


def _difference(expected: pl.DataFrame, got: pl.DataFrame) -> str:
    if expected.columns != got.columns:
        return f"columns {sorted({*expected.columns} ^ {*got.columns})}"
    got = got.sort("account")
    expected = expected.sort("account")
    for name in expected.columns:
        one, other = expected[name], got[name]
        if one.dtype.is_float():
            same = one.is_null().equals(other.is_null()) and not ((one - other.cast(pl.Float64)).abs() > 1e-9).any()
        else:
            kind = pl.String() if isinstance(one.dtype, pl.Enum) else one.dtype
            same = one.cast(kind).equals(other.cast(kind), null_equal=True)
        if not same:
            place = next(row for row in range(len(one)) if one[row] != other[row])
            return f"{name} of {expected['account'][place]}: expected {one[place]}, got {other[place]}"
    return ""


# --- the command ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What came of one table, or of many together."""

    tables: int = 0
    rows: int = 0
    verdicts: int = 0
    frames: int = 0
    found: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.tables + other.tables,
            self.rows + other.rows,
            self.verdicts + other.verdicts,
            self.frames + other.frames,
            self.found + other.found,
        )

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows over {self.tables:,} rule bases, {self.verdicts:,} rule verdicts compared, "
            f"{self.frames:,} tables on every kind of frame, {len(self.found):,} differences"
        )


def run(number: int, seed: int = 1, rows: int = 4000, most_rules: int = 40) -> Outcome:
    """Score one random table, hold every row against all engines and some tables against every kind of frame."""
    world = world_of(seed, number, most_rules)
    table = random_table(Random(f"{seed}/{number}/table"), world, rows)
    on_frames = number % FRAMES_EVERY == 0
    found = differences_in(world, table) or (frames_differ(world, table) if on_frames else "")
    again = f"--seed {seed} --table {number} --per-table {rows} --most-rules {most_rules}\n  {found}"
    return Outcome(1, rows, rows * len(world.rulebase.rules), int(on_frames), (again,) if found else ())


def main() -> int:
    """Run the proof; 1 where a difference was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.tables", description="Prove that tables agree with cases.")
    parser.add_argument("--rows", type=int, default=20_000, help="rows in all")
    parser.add_argument("--per-table", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-rules", type=int, default=40)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--table", type=int, help="only the table of this number")
    asked = parser.parse_args()
    one = partial(run, seed=asked.seed, rows=asked.per_table, most_rules=asked.most_rules)
    wanted = range(-(-asked.rows // asked.per_table)) if asked.table is None else [asked.table]
    total, began = Outcome(), time.monotonic()
    with multiprocessing.get_context("spawn").Pool(asked.cores) as pool:
        for outcome in pool.imap_unordered(one, wanted):
            total += outcome
            sys.stdout.write("".join(f"{difference}\n" for difference in outcome.found))
            if total.tables % max(1, len(wanted) // 20) == 0:
                sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {total}\n")
            sys.stdout.flush()
    return 1 if total.found else 0


if __name__ == "__main__":
    sys.exit(main())
