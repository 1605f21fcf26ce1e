"""What is said across accounts as tables: frames of plain columns, ready to be written as CSV or as sheets.

Never words anything: codes and numbers only, so that a table means the same in every language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from churn_rules.portfolio.accounts import ACCOUNT, MARGIN
from churn_rules.portfolio.values import Cluster, Count, Driver, Portfolio

__all__ = ["tables_of"]


def tables_of(
    portfolio: Portfolio, tested: Iterable[Cluster], changed: pl.DataFrame, ranked: pl.DataFrame, waiting: pl.DataFrame
) -> Portfolio:
    """Return the same portfolio with its tables.

    Args:
        portfolio: What was counted.
        tested: Every test of a segment against a root cause.
        changed: The accounts that the second pass tells otherwise.
        ranked: The accounts to pursue, in their order.
        waiting: Those whose value is not worked out.
    """
    found = {
        "drivers": _drivers(portfolio.drivers.reasons),
        "conclusions": _conclusions(portfolio),
        "segments": _segments(tested, portfolio),
        "changed by others": _plain(changed),
        "stated against derived": _stated(portfolio),
        "stated by two sides": _pairs(portfolio),
        "shortlist": _plain(ranked),
        "not worked out": _plain(waiting),
        "missing": _frame(((one.fact, one.accounts, one.unsettled) for one in portfolio.unknown), _MISSING),
    }
    return replace(portfolio, tables=found)


_MISSING = {"fact": pl.String, "accounts": pl.Int64, "accounts without a root or decision": pl.Int64}
_MARGIN = {
    "margin from": pl.Float64,
    "margin to": pl.Float64,
    "accounts with a margin": pl.Int64,
    "accounts without one": pl.Int64,
}
_DRIVERS = {
    "reason": pl.String,
    "root": pl.Int64,
    "contributing": pl.Int64,
    "consequence": pl.Int64,
    "root and systemic": pl.Int64,
    **_MARGIN,
}
_COUNTS = {"what": pl.String, "conclusion": pl.String, "accounts": pl.Int64, **_MARGIN}
_SEGMENTS = {
    "segment": pl.String,
    "value": pl.String,
    "root": pl.String,
    "accounts there with it": pl.Int64,
    "accounts there": pl.Int64,
    "accounts with it": pl.Int64,
    "accounts": pl.Int64,
    "p": pl.Float64,
    "q": pl.Float64,
    "cluster": pl.Boolean,
}
_STATED = {"side": pl.String, "stated": pl.String, "root": pl.String, "accounts": pl.Int64}
_PAIRS = {"side": pl.String, "states": pl.String, "customer states": pl.String, "accounts": pl.Int64}


def _frame(rows: Iterable[tuple[object, ...]], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def _money(one: Driver | Count) -> tuple[float | None, float | None, int, int]:
    known = bool(one.margin.known)
    return one.margin.low if known else None, one.margin.high if known else None, one.margin.known, one.margin.unknown


def _drivers(reasons: Iterable[Driver]) -> pl.DataFrame:
    rows = ((one.reason, one.root, one.contributing, one.consequence, one.systemic, *_money(one)) for one in reasons)
    return _frame(rows, _DRIVERS)


def _conclusions(portfolio: Portfolio) -> pl.DataFrame:
    found = portfolio.drivers
    kinds = (("scope", found.scopes), ("responsible", found.responsible), ("decision", found.decisions))
    return _frame(
        ((what, one.code, one.accounts, *_money(one)) for what, counts in kinds for one in counts),
        _COUNTS,
    )


def _segments(tested: Iterable[Cluster], portfolio: Portfolio) -> pl.DataFrame:
    found = set(portfolio.clustering.found)
    rows = (
        (
            one.segment,
            one.value,
            one.reason,
            one.seen,
            one.group,
            one.marked,
            one.everybody,
            one.chance,
            one.rate,
            one in found,
        )
        for one in tested
    )
    return _frame(rows, _SEGMENTS)


def _stated(portfolio: Portfolio) -> pl.DataFrame:
    return _frame(((side.side, *cell) for side in portfolio.stated for cell in side.cells), _STATED)


def _pairs(portfolio: Portfolio) -> pl.DataFrame:
    rows = ((one.side, pair.ours, pair.theirs, pair.accounts) for one in portfolio.disagreements for pair in one.pairs)
    return _frame(rows, _PAIRS)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Call columns as people do, and write lists as texts."""
    listed = [pl.col(name).list.join("; ") for name, kind in frame.schema.items() if kind == pl.List]
    called = {name: _called(name) for name in frame.columns}
    return frame.with_columns(listed).rename(called)


def _called(name: str) -> str:
    if name == ACCOUNT:
        return "account"
    name = name.replace(MARGIN, "margin").replace("break_even", "break-even")
    return name.replace(".low", " from").replace(".high", " to").replace(".", " ")
