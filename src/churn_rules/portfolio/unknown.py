"""Which unknown facts would settle most accounts.

Never counts a fact where nothing hangs on it: `score` marks only those that could still change something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from churn_rules.portfolio.values import Unknown

__all__ = ["unknown_facts"]

_MISSING = "missing."


def unknown_facts(scored: pl.LazyFrame, hangs: Mapping[str, float]) -> tuple[Unknown, ...]:
    """Return the missing facts, whoever would tell them, those on which most hangs in unsettled accounts first.

    Args:
        scored: One row an account, as `score` gave it. An account is unsettled where it has no root, or where its
            decision is undecided.
        hangs: How much hangs on each fact, as `hangs_on` tells it.
    """
    columns: dict[str, list[str]] = {}
    for name in scored.collect_schema().names():
        if name.startswith(_MISSING):
            columns.setdefault(name.split(".")[1], []).append(name)
    if not columns:
        return ()
    unsettled = pl.col("root").is_null() | (pl.col("decision") == "undecided")
    sums = []
    for fact, names in columns.items():
        lacking = pl.any_horizontal(names)
        sums += [lacking.sum().alias(f"all:{fact}"), (lacking & unsettled).sum().alias(f"open:{fact}")]
        for kind, where in (("weight", pl.lit(value=True)), ("open weight", unsettled)):
            parts = [(pl.col(name) & where).sum() * hangs.get(name.removeprefix(_MISSING), 0.0) for name in names]
            sums.append(pl.sum_horizontal(parts).alias(f"{kind}:{fact}"))
    row = scored.select(sums).collect(engine="streaming").row(0, named=True)
    ranked = sorted(columns, key=lambda fact: (-(row[f"open weight:{fact}"] or 0), -(row[f"weight:{fact}"] or 0), fact))
    found = (
        Unknown(_asked(columns[fact]), int(row[f"all:{fact}"] or 0), int(row[f"open:{fact}"] or 0)) for fact in ranked
    )
    return tuple(one for one in found if one.accounts)


def _asked(names: Sequence[str]) -> str:
    """Name what is asked: one side's view where that alone is missing, else the fact."""
    first = names[0].removeprefix(_MISSING)
    return first if len(names) == 1 else first.partition(".")[0]
