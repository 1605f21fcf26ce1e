"""Which unknown facts would settle most accounts.

Never counts a fact where nothing hangs on it: `score` marks only those that could still change something.
"""

from __future__ import annotations

import polars as pl

from churn_rules.portfolio.values import Unknown

__all__ = ["unknown_facts"]

_MISSING = "missing."


def unknown_facts(scored: pl.LazyFrame) -> tuple[Unknown, ...]:
    """Return the facts that are missing, those that could settle most accounts first.

    Args:
        scored: One row an account, as `score` gave it. An account is unsettled where it has no root, or where its
            decision is undecided.
    """
    facts = [name.removeprefix(_MISSING) for name in scored.collect_schema().names() if name.startswith(_MISSING)]
    unsettled = pl.col("root").is_null() | (pl.col("decision") == "undecided")
    sums = [pl.col(f"{_MISSING}{fact}").sum().alias(f"all:{fact}") for fact in facts]
    sums += [(pl.col(f"{_MISSING}{fact}") & unsettled).sum().alias(f"open:{fact}") for fact in facts]
    if not sums:
        return ()
    row = scored.select(sums).collect(engine="streaming").row(0, named=True)
    found = [Unknown(fact, int(row[f"all:{fact}"] or 0), int(row[f"open:{fact}"] or 0)) for fact in facts]
    missing = (one for one in found if one.accounts)
    return tuple(sorted(missing, key=lambda one: (-one.unsettled, -one.accounts, one.fact)))
