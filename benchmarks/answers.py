"""Whether the answers in a file are right: held against the reference engine on a sample, and another file on all rows.

Never times anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

import churn_rules
import workload
from churn_rules.accounts import Layout, case_of
from churn_rules.cases import remember
from churn_rules.conclusions import roots
from churn_rules.engines import Trace
from churn_rules.engines.columnar import MASK_BITS
from churn_rules.engines.reference import ReferenceEngine
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span

__all__ = ["differing"]

_CLOSE = 1e-9 * (1 + 1e-6)  # a billionth in decimals: subtracting floats makes a little more of one


def differing(source: Path, target: Path, other: Path | None, sample: int) -> str:
    """Say what is wrong with the answers of a file; nothing where nothing is.

    Args:
        source: The accounts.
        target: The answers; of what a diagnosis holds it may hold less.
        other: Answers that are known to be right; None where there are none yet.
        sample: How many rows, spread over the file, are worked out by the reference engine.
    """
    rulebase = churn_rules.load()
    answers = pl.scan_parquet(target)
    rows = answers.select(pl.len()).collect().item()
    wanted = pl.col("id").is_in([place * rows // sample for place in range(min(sample, rows))])
    accounts = pl.scan_parquet(source).filter(wanted).sort("id").collect()
    layout = Layout.of(accounts.columns, rulebase, workload.KEPT)
    engine = ReferenceEngine(rulebase)
    told = answers.filter(wanted).sort("id").collect()
    for account, answer in zip(accounts.iter_rows(named=True), told.iter_rows(named=True), strict=True):
        trace = engine.run(remember(case_of(account, layout, rulebase), rulebase.vocabulary))
        for name, expected in _expected(rulebase, trace):
            if name in answer and not _same(answer[name], expected):
                return f"row {account['id']}: {name} is {answer[name]!r} where the reference says {expected!r}"
    return _unlike(target, other) if other else ""


def _expected(rulebase: Rulebase, trace: Trace) -> Iterator[tuple[str, object]]:
    known: Mapping[str, Any] = trace.known
    yield "decision", known["case.decision"]
    yield "scope", known["case.scope"]
    yield "root", next(iter(roots(rulebase, known)), None)
    yield "economics", known["economics.verdict"]
    chance = known.get("economics.break_even_chance")
    yield "break_even.low", chance.low if isinstance(chance, Span) else None
    yield "break_even.high", chance.high if isinstance(chance, Span) else None
    for reason in rulebase.reasons:
        yield f"{reason}.certainty", known[f"{reason}.certainty"].low
        for part in ("status", "role", "scope", "responsible"):
            yield f"{reason}.{part}", known[f"{reason}.{part}"]
    for item in rulebase.accommodations:
        yield f"accommodation.{item}", known[f"accommodation.{item}"]
    rules = list(rulebase.rules)
    for number, start in enumerate(range(0, len(rules), MASK_BITS)):
        some = rules[start : start + MASK_BITS]
        yield f"fired.{number}", sum(1 << place for place, rule in enumerate(some) if trace.verdicts[rule])


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _CLOSE * max(1.0, abs(other))
    return one == other


def _unlike(target: Path, other: Path) -> str:
    """Say in which columns two files of answers differ, on any row; numbers may lie a billionth apart."""
    one, two = pl.scan_parquet(target), pl.scan_parquet(other)
    types, others = one.collect_schema(), two.collect_schema()
    names = [name for name in types if name in others and name != "id"]
    theirs = two.select("id", *(pl.col(name).alias(f"{name} ") for name in names))
    tests = []
    for name in names:
        left, right = pl.col(name), pl.col(f"{name} ")
        if types[name].is_float():
            near = ((left - right).abs() <= _CLOSE * pl.max_horizontal(right.abs(), 1.0)).fill_null(value=False)
            tests.append((~(near | (left.is_null() & right.is_null()))).sum().alias(name))
        elif types[name] == others[name]:
            tests.append(left.ne_missing(right).sum().alias(name))
        else:
            tests.append(left.cast(pl.String).ne_missing(right.cast(pl.String)).sum().alias(name))
    counts = one.select("id", *names).join(theirs, on="id", how="inner").select(tests).collect(engine="streaming")
    wrong = {name: count for name, count in counts.row(0, named=True).items() if count}
    if not wrong:
        return ""
    name = max(wrong, key=lambda name: wrong[name])
    return f"{len(wrong)} columns differ from those of ours, `{name}` in {wrong[name]:,} rows"
