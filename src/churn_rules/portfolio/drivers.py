"""What drives the losses: reasons by role, by count and by the margin lost, and what was concluded of the accounts.

Never makes up an amount: what lacks a margin is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from churn_rules.portfolio.accounts import MARGIN
from churn_rules.portfolio.values import Count, Driver, Drivers, Margin

__all__ = ["drivers"]

_LOW, _HIGH = pl.col(f"{MARGIN}.low"), pl.col(f"{MARGIN}.high")
_PARTS = ("accounts", "low", "high", "known")


def drivers(scored: pl.LazyFrame, reasons: Iterable[str]) -> Drivers:
    """Count what drives the losses.

    Args:
        scored: One row an account, as `score` gave it, with the columns that were kept.
        reasons: Ids of reasons.
    """
    reasons = tuple(reasons)
    everybody = pl.lit(value=True)
    sums = [*_sums("all", everybody), *_sums("rootless", pl.col("root").is_null())]
    sums += [pl.col("fault").is_not_null().sum().alias("faults")]
    for reason in reasons:
        role = pl.col(f"{reason}.role")
        sums += _sums(f"{reason}:root", role == "root")
        sums += [(role == part).sum().alias(f"{reason}:{part}") for part in ("contributing", "consequence")]
        systemic = (role == "root") & (pl.col(f"{reason}.scope") == "systemic")
        sums.append(systemic.sum().alias(f"{reason}:systemic"))
    kinds = ("scope", "responsible", "decision")
    frames = pl.collect_all([scored.select(sums), *(_by(scored, kind) for kind in kinds)], engine="streaming")
    total, counts = frames[0].row(0, named=True), [tuple(_counts(frame)) for frame in frames[1:]]
    found = (_driver(total, reason) for reason in reasons)
    return Drivers(
        accounts=total["all:accounts"],
        insufficient=total["rootless:accounts"],
        faults=total["faults"],
        margin=_margin(total, "all"),
        insufficient_margin=_margin(total, "rootless"),
        reasons=tuple(sorted(found, key=lambda one: (-one.root, -one.contributing, -one.consequence))),
        scopes=counts[0],
        responsible=counts[1],
        decisions=counts[2],
    )


def _sums(name: str, where: pl.Expr) -> list[pl.Expr]:
    """Return sums over the accounts where something holds, each called `name:part`."""
    known = where & _LOW.is_not_null()
    found = {
        "accounts": where.sum(),
        "low": pl.when(where).then(_LOW).sum(),
        "high": pl.when(where).then(_HIGH).sum(),
        "known": known.sum(),
    }
    if name == "all":
        found |= {"accounts": pl.len(), "known": _LOW.is_not_null().sum()}
    return [sum_.alias(f"{name}:{part}") for part, sum_ in found.items()]


def _margin(total: Mapping[str, Any], name: str) -> Margin:
    accounts, low, high, known = (total[f"{name}:{part}"] for part in _PARTS)
    return Margin(float(low or 0), float(high or 0), known, accounts - known)


def _driver(total: Mapping[str, Any], reason: str) -> Driver:
    parts = ("contributing", "consequence", "systemic")
    contributing, consequence, systemic = (total[f"{reason}:{part}"] for part in parts)
    root = total[f"{reason}:root:accounts"]
    return Driver(reason, root, contributing, consequence, systemic, _margin(total, f"{reason}:root"))


def _by(scored: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    known = _LOW.is_not_null().sum().alias("known")
    sums = (pl.len().alias("accounts"), _LOW.sum().alias("low"), _HIGH.sum().alias("high"), known)
    return scored.group_by(pl.col(kind).cast(pl.String).alias("code")).agg(*sums)


def _counts(frame: pl.DataFrame) -> Iterator[Count]:
    """Yield the codes, the most frequent first, and last what nothing was concluded of."""
    rows = sorted(
        frame.iter_rows(named=True), key=lambda row: (row["code"] is None, -row["accounts"], str(row["code"]))
    )
    for row in rows:
        margin = Margin(float(row["low"] or 0), float(row["high"] or 0), row["known"], row["accounts"] - row["known"])
        yield Count(row["code"], row["accounts"], margin)
