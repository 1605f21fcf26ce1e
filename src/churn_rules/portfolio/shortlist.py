"""Which accounts are worth winning back, in which order, with which offers; where it may not pay; what nobody can rank.

Never ranks an account whose value is not worked out, and never fills in what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from churn_rules.portfolio.accounts import ACCOUNT, MARGIN, ROW, lacks
from churn_rules.portfolio.values import Candidate, Lacking, NotWorkedOut, Shortlist

__all__ = ["candidates", "shortlist", "unranked"]

_PURSUED = ("pursue", "pursue_with_exception")
_OFFERS = 3  # the first offers of an account, in the order of the accommodations
_RANGES = ("surplus", "value", "attempt", "break_even")
_PAYS, _PAYS_NOT = "pays", "does_not_pay"


def candidates(scored: pl.LazyFrame, accommodations: Sequence[str], most: int) -> pl.DataFrame:
    """Return the accounts to pursue whose value is worked out, one row each.

    They are in the order of what is left of the value once the attempt is paid: at the worst figures first, and where
    those are equal at the best ones.

    Args:
        scored: One row an account, as `score` gave it, with the columns that were kept.
        accommodations: Ids, in the order in which they are offered.
        most: How many rows there are at most.
    """
    low = (pl.col("value.low") - pl.col("attempt.high")).alias("surplus.low")
    high = (pl.col("value.high") - pl.col("attempt.low")).alias("surplus.high")
    chosen = _pursued(scored).filter(_worked_out()).with_columns(low, high)
    ordered = chosen.sort("surplus.low", "surplus.high", ROW, descending=[True, True, False]).head(most)
    ranges = [f"{name}.{end}" for name in _RANGES for end in ("low", "high")]
    told = ordered.select(ACCOUNT, "root", "decision", "economics", *ranges, _offers(accommodations))
    return told.collect(engine="streaming")


def unranked(scored: pl.LazyFrame, accommodations: Sequence[str], inputs: Sequence[str], most: int) -> pl.DataFrame:
    """Return the accounts to pursue whose value is not worked out, those with the greatest known margin first."""
    chosen = _pursued(scored).filter(~_worked_out())
    ordered = chosen.sort(f"{MARGIN}.low", ROW, descending=[True, False], nulls_last=True).head(most)
    lacking = _listed([(name, _lacking(name)) for name in inputs]).alias("lacking")
    columns = (ACCOUNT, "root", "decision", f"{MARGIN}.low", f"{MARGIN}.high", lacking, _offers(accommodations))
    return ordered.select(columns).collect(engine="streaming")


def shortlist(
    scored: pl.LazyFrame,
    ranked: pl.DataFrame,
    waiting: pl.DataFrame,
    accommodations: Sequence[str],
    inputs: Sequence[str],
    first: int,
) -> Shortlist:
    """Return the first of the ranked and of the waiting accounts, and how many there are of either.

    Worth winning back is what pays whatever the figures turn out to be; the other ranked accounts stand apart.
    """
    counted = _pursued(scored).select(
        pl.len().alias("pursued"),
        _worked_out().sum().alias("worked_out"),
        _pays().sum().alias("pays"),
        (_worked_out() & (pl.col("economics") == _PAYS_NOT)).sum().alias("pays_not"),
        (_pays() & (_offers(accommodations) == "")).sum().alias("without_offer"),
        *((~_worked_out() & _lacking(name)).sum().alias(name) for name in inputs),
    )
    row = counted.collect(engine="streaming").row(0, named=True)
    lacking = [Lacking(name, row[name]) for name in inputs if row[name]]
    return Shortlist(
        pursued=row["pursued"],
        worked_out=row["worked_out"],
        pays=row["pays"],
        pays_not=row["pays_not"],
        without_offer=row["without_offer"],
        first=tuple(_candidates(ranked.filter(_pays()).head(first))),
        doubtful=tuple(_candidates(ranked.filter(~_pays()).head(first))),
        unranked=tuple(_unranked(waiting.head(first))),
        lacking=tuple(sorted(lacking, key=lambda one: -one.accounts)),
    )


def _pursued(scored: pl.LazyFrame) -> pl.LazyFrame:
    return scored.filter(pl.col("decision").cast(pl.String).is_in(_PURSUED))


def _worked_out() -> pl.Expr:
    return pl.col("value.low").is_not_null() & pl.col("attempt.high").is_not_null()


def _pays() -> pl.Expr:
    return _worked_out() & (pl.col("economics") == _PAYS)


def _lacking(name: str) -> pl.Expr:
    """Tell whether an input is unknown; the cost of an accommodation only where that is offered."""
    if name.startswith("cost."):
        return pl.col(lacks(name)) & _offered(name.removeprefix("cost."))
    return pl.col(lacks(name))


def _offered(accommodation: str) -> pl.Expr:
    return pl.col(f"accommodation.{accommodation}") == "offered"


def _offers(accommodations: Sequence[str]) -> pl.Expr:
    return _listed([(name, _offered(name)) for name in accommodations]).alias("offers")


def _listed(names: Sequence[tuple[str, pl.Expr]]) -> pl.Expr:
    """Return the names whose expression is true, in their order, with a space between them."""
    said = [pl.when(holds).then(pl.lit(f"{name} ")) for name, holds in names]
    return pl.concat_str(said, ignore_nulls=True).str.strip_chars_end()


def _candidates(frame: pl.DataFrame) -> Iterator[Candidate]:
    for row in frame.iter_rows(named=True):
        yield Candidate(
            account=row[ACCOUNT],
            root=row["root"],
            decision=row["decision"],
            economics=row["economics"],
            surplus=_ends(row, "surplus"),
            value=_ends(row, "value"),
            attempt=_ends(row, "attempt"),
            break_even=(row["break_even.low"], row["break_even.high"]),
            offers=tuple(row["offers"].split()[:_OFFERS]),
        )


def _unranked(frame: pl.DataFrame) -> Iterator[NotWorkedOut]:
    for row in frame.iter_rows(named=True):
        known = row[f"{MARGIN}.low"] is not None
        yield NotWorkedOut(
            account=row[ACCOUNT],
            root=row["root"],
            decision=row["decision"],
            margin=_ends(row, MARGIN) if known else None,
            lacking=tuple(row["lacking"].split()),
            offers=tuple(row["offers"].split()[:_OFFERS]),
        )


def _ends(row: Mapping[str, Any], name: str) -> tuple[float, float]:
    return float(row[f"{name}.low"]), float(row[f"{name}.high"])
