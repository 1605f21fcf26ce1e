"""What a second pass tells otherwise than the first, and why: because of which reason, shared by how many others.

Never scores; it lays two results side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from churn_rules.portfolio.accounts import ACCOUNT, HIGH, LOW, ROW
from churn_rules.portfolio.others import Evidence
from churn_rules.portfolio.values import Change, Shared, SharedReason, Transition

__all__ = ["CONCLUDED", "changes", "shared"]

CONCLUDED = ("root", "scope", "responsible", "decision", "economics")
"""The conclusions of an account that a second pass is held against."""

_TOLD = ("root", "scope", "responsible", "decision")
_OTHERS = 3  # how many other accounts are named


def changes(first: pl.LazyFrame, second: pl.LazyFrame, evidence: Evidence, most: int) -> pl.DataFrame:
    """Return the accounts that the second pass tells otherwise: before, after, and the evidence.

    Those that turn from specific to systemic come first, of them those with the most witnesses; at most `most` rows.
    """
    both = _both(first, second).filter(_differs()).join(evidence.frame, on=ROW)
    turned = ((pl.col("scope.before") == "specific") & (pl.col("scope.after") == "systemic")).alias("turned")
    order = ("turned", "others", ROW)
    ordered = both.with_columns(turned).sort(order, descending=[True, True, False]).head(most)
    found = ordered.collect(engine="streaming").join(
        evidence.witnesses.drop("reason", "others"), on=("own", LOW, HIGH), how="left", maintain_order="left"
    )
    names = pl.col("some").list.set_difference(pl.concat_list(ACCOUNT)).list.sort().list.head(_OTHERS).alias("named")
    columns = [f"{name}.{when}" for name in _TOLD for when in ("before", "after")]
    return found.select(ACCOUNT, "reason", "others", names, *columns)


def shared(evidence: Evidence, changed: pl.DataFrame, first: pl.LazyFrame, second: pl.LazyFrame, shown: int) -> Shared:
    """Count what other accounts told, and what that changed."""
    both = _both(first, second).join(evidence.frame.select(ROW, "reason", "others"), on=ROW)
    differs = _differs().sum().alias("changed")
    reasons = both.group_by("reason").agg(pl.len().alias("told"), pl.col("others").min().alias("fewest"), differs)
    ways = [
        both.select(pl.lit(name).alias("what"), _pair(name, "before"), _pair(name, "after"))
        .filter(pl.col("before").ne_missing(pl.col("after")))
        .group_by("what", "before", "after")
        .len("accounts")
        for name in _TOLD
    ]
    by_reason, transitions = pl.collect_all([reasons, pl.concat(ways)], engine="streaming")
    told = [SharedReason(*row) for row in by_reason.sort("told", "reason", descending=[True, False]).iter_rows()]
    ordered = transitions.sort("accounts", "what", "before", "after", descending=[True, False, False, False])
    return Shared(
        told=sum(one.told for one in told),
        changed=sum(one.changed for one in told),
        undated=evidence.undated,
        answered=evidence.answered,
        strayed=evidence.strayed,
        reasons=tuple(told),
        transitions=tuple(Transition(*row) for row in ordered.iter_rows()),
        first=tuple(_changes(changed.head(shown))),
    )


def _both(first: pl.LazyFrame, second: pl.LazyFrame) -> pl.LazyFrame:
    before = first.select(ROW, ACCOUNT, *(_text(name).alias(f"{name}.before") for name in _TOLD))
    after = second.select(ROW, *(_text(name).alias(f"{name}.after") for name in _TOLD))
    return after.join(before, on=ROW)


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _pair(name: str, when: str) -> pl.Expr:
    return pl.col(f"{name}.{when}").alias(when)


def _differs() -> pl.Expr:
    return pl.any_horizontal(pl.col(f"{name}.before").ne_missing(pl.col(f"{name}.after")) for name in _TOLD)


def _changes(frame: pl.DataFrame) -> Iterator[Change]:
    for row in frame.iter_rows(named=True):
        yield Change(
            account=row[ACCOUNT],
            reason=row["reason"],
            others=row["others"],
            named=tuple(row["named"]),
            before=_concluded(row, "before"),
            after=_concluded(row, "after"),
        )


def _concluded(row: Mapping[str, Any], when: str) -> dict[str, str | None]:
    return {name: row[f"{name}.{when}"] for name in _TOLD}
