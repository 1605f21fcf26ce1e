"""The proof for whole tables: random tables over random rule bases, each row held against the other engines.

A row is turned into a case, and the case is diagnosed; everything that its diagnosis holds must stand in the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import polars as pl

from churn_rules.accounts import Layout, case_of
from churn_rules.cases import remember
from churn_rules.conclusions import economics_of
from churn_rules.diagnosis import Diagnosis, conclude_case
from churn_rules.economics import INPUTS
from churn_rules.engines import ENGINES, Trace, engine_for
from churn_rules.engines.columnar import MASK_BITS
from churn_rules.rulebase import Rulebase
from churn_rules.scoring import score
from churn_rules.vocabulary import SIDES, Fact, Span
from tests.agreement import REFERENCE, World, differences, draw

__all__ = ["Compared", "compare_table", "in_the_row", "random_table", "row_differences"]

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


# --- the comparison ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """How many rows were compared, and the first difference, if any."""

    rows: int
    rules: int
    found: str = ""


def compare_table(world: World, table: pl.DataFrame, scored: pl.DataFrame | None = None) -> Compared:
    """Hold every row of a scored table against all other engines."""
    rulebase = world.rulebase
    scored = score(table, rulebase=rulebase, keep=["account"]) if scored is None else scored
    layout = Layout.of(table.columns, rulebase, ["account"])
    for place, (row, result) in enumerate(zip(table.iter_rows(named=True), scored.iter_rows(named=True), strict=True)):
        memory = remember(case_of(row, layout, rulebase), rulebase.vocabulary)
        expected = engine_for(rulebase, REFERENCE).run(memory)
        found = row_differences(rulebase, expected, result)
        for engine in ENGINES if not found else ():
            if engine != REFERENCE:
                found = found or differences(rulebase, expected, engine_for(rulebase, engine).run(memory))
        if found:
            return Compared(place + 1, len(rulebase.rules), f"row {place}: {found}\n  {row}")
    return Compared(len(table), len(rulebase.rules))


def row_differences(rulebase: Rulebase, trace: Trace, row: Mapping[str, Any]) -> str:
    """Return the first thing in which a row differs from the diagnosis of its case; empty where they agree."""
    wanted = in_the_row(rulebase, trace)
    for name, expected in wanted.items():
        got = row.get(name)
        if isinstance(expected, float) and isinstance(got, float):
            if abs(expected - got) > 1e-9 * max(1.0, abs(expected)):
                return f"{name}: expected {expected}, got {got}"
        elif got != expected and not (expected is False and name not in row):
            return f"{name}: expected {expected}, got {got}"
    unexplained = sorted(name for name, value in row.items() if value is True and name not in wanted)
    return f"nothing in the diagnosis stands behind {unexplained[0]}" if unexplained else ""


def in_the_row(rulebase: Rulebase, trace: Trace) -> dict[str, object]:
    """Return what a row must hold, by column: everything that the diagnosis of its case says."""
    diagnosis = conclude_case(rulebase, trace)
    return {
        **_answer(rulebase, trace, diagnosis),
        **_by_reason(rulebase, diagnosis),
        **_marks(rulebase, trace, diagnosis),
    }


def _answer(rulebase: Rulebase, trace: Trace, diagnosis: Diagnosis) -> dict[str, object]:
    worked_out = economics_of(rulebase, trace.memory, trace.known)
    chance = trace.known.get("economics.break_even_chance")
    answer: dict[str, object] = {
        "fault": None,
        "decision": diagnosis.decision.verdict,
        "scope": diagnosis.scope,
        "root": diagnosis.roots[0] if diagnosis.roots else None,
        "responsible": (*diagnosis.responsible, None)[0] if len(diagnosis.responsible) < 2 else "mixed",
        "economics": diagnosis.economics.verdict,
    }
    for name, span in (("break_even", chance), ("value", worked_out.value), ("attempt", worked_out.attempt)):
        low, high = span if isinstance(span, Span) else (None, None)
        answer |= {f"{name}.low": low, f"{name}.high": high}
    return answer


def _by_reason(rulebase: Rulebase, diagnosis: Diagnosis) -> dict[str, object]:
    found: dict[str, object] = {}
    for report in diagnosis.reasons:
        found |= {
            f"{report.reason}.certainty": report.certainty,
            f"{report.reason}.status": report.status,
            f"{report.reason}.role": report.role or "none",
            f"{report.reason}.scope": report.scope,
            f"{report.reason}.responsible": report.responsible,
        }
    active = {(report.reason, effect) for report in diagnosis.reasons for effect in report.leads_to}
    found |= {f"{one.cause}.leads_to.{one.effect}": (one.cause, one.effect) in active for one in rulebase.links}
    named = {one.reason for one in diagnosis.named}
    return found | {f"named.{reason}": reason in named for reason in rulebase.reasons}


def _marks(rulebase: Rulebase, trace: Trace, diagnosis: Diagnosis) -> dict[str, object]:
    rules = list(rulebase.rules)
    masks = [
        sum(2**place for place, rule in enumerate(rules[start : start + MASK_BITS]) if trace.verdicts[rule])
        for start in range(0, len(rules), MASK_BITS)
    ]
    mines = {
        kind: [mine.name for mine in diagnosis.landmines if mine.kind == kind]
        for kind in ("sore_point", "disagreement")
    }
    marked = {
        "landmine": mines["sore_point"],
        "disagreement": mines["disagreement"],
        "warning": [caution.rule for caution in diagnosis.warnings],
        "discrepancy": [found.fact for found in diagnosis.discrepancies],
        "missing": [missing.fact for missing in diagnosis.missing or ()],
    }
    every = {
        "landmine": [*rulebase.vocabulary, *rulebase.findings],
        "disagreement": list(rulebase.vocabulary),
        "warning": [rule for rule, found in rulebase.rules.items() if found.then.warning],
        "discrepancy": list(rulebase.vocabulary),
        "missing": [name for fact in rulebase.vocabulary for name in (fact, *(f"{fact}.{side}" for side in SIDES))],
    }
    return {
        **{f"accommodation.{item}": trace.known[f"accommodation.{item}"] for item in rulebase.accommodations},
        **{f"{kind}.{name}": name in marked[kind] for kind, names in every.items() for name in names},
        **{f"fired.{number}": mask for number, mask in enumerate(masks)},
    }
