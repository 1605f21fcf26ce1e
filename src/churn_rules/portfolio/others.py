"""What several other accounts share with one becomes evidence in it: `other_customers_say_it_too`.

Never counts an account for itself, never takes silence for a no, and never overrides what somebody told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import polars as pl

from churn_rules.across import SHARED, Others
from churn_rules.portfolio.accounts import ACCOUNT, HIGH, LOW, ROW, TOLD, stated

__all__ = ["Evidence", "evidence_from_others", "with_evidence", "without_strays"]

_ANY = ""  # stands for whatever reason
_NAMED = 4  # names kept of each day and reason: one of them may be the account itself, and three are told
_WITNESSES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "own": pl.String,
    LOW: pl.Int32,
    HIGH: pl.Int32,
    "reason": pl.String,
    "others": pl.Int64,
    "some": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which accounts others bear witness in.

    `frame` has one row an account: ROW, `own` (its reasons, all of them shared), `reason` (the one that fewest share),
    `others` (how many other accounts share that) and its days of loss. `witnesses` names for each of these but ROW a
    few accounts that share the reason, as `some`; the account itself may be among them. `undated` counts accounts
    whose date of loss is not exact enough, `answered` those in which somebody had told already; in `strayed` it would
    have spoken for a reason that is not shared, so it was taken back.
    """

    frame: pl.LazyFrame
    witnesses: pl.DataFrame
    undated: int
    answered: int
    strayed: int = 0


def evidence_from_others(
    scored: pl.LazyFrame, reasons: Iterable[str], meant: Mapping[str, Sequence[str]], rules: Others
) -> Evidence:
    """Find the accounts whose reason enough other accounts share.

    Another account shares a reason where it is one of its roots, or its customer names it. The reasons of an account
    are its roots, or else what its customer names; all of them must be shared, and the one with the fewest others is
    told. Two accounts count for each other only where their dates of loss surely lie within the window.

    Args:
        scored: One row an account, each with an id of its own, as the first pass gave it.
        reasons: Ids of reasons.
        meant: For each reason that a customer can state, the reasons it stands for.
        rules: How many others it takes, and within which time.
    """
    seen = _sharing(scored, tuple(reasons), meant, rules)
    some = pl.col(ACCOUNT).sort_by(ROW).head(_NAMED).alias("some")
    groups = seen.group_by("shares", "own", LOW, HIGH).agg(pl.len().alias("accounts"), some)
    apart = scored.select((~_usable(rules.within_days)).sum(), pl.col(TOLD).sum())
    found, counts = pl.collect_all([groups, apart], engine="streaming")
    witnesses = pl.DataFrame(list(_witnesses(found, rules)), schema=_WITNESSES, orient="row")
    told = seen.filter(~pl.col(TOLD)).select(ROW, "own", LOW, HIGH)
    frame = told.join(witnesses.lazy().drop("some"), on=("own", LOW, HIGH))
    return Evidence(frame, witnesses, *counts.row(0))


def with_evidence(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
    """Return the accounts that got evidence, with it told by the record, ready for a second pass."""
    told = frame.join(evidence.frame.select(ROW), on=ROW, how="semi", maintain_order="left")
    return told.with_columns(pl.lit(value=True).alias(SHARED))


def without_strays(second: pl.LazyFrame, evidence: Evidence, reasons: Iterable[str]) -> Evidence:
    """Take the evidence back where a root of the second pass is none of the reasons that others share.

    The fact says that others left over the same, and not over what: a rule may take it for evidence about a price that
    rose, where what others share is late deliveries.
    """
    own = second.join(evidence.frame.select(ROW, "own"), on=ROW)
    strays = pl.any_horizontal(
        _is_root(reason) & ~pl.col("own").str.split(" ").list.contains(reason) for reason in reasons
    )
    strayed = own.filter(strays).select(ROW).collect(engine="streaming")
    frame = evidence.frame.join(strayed.lazy(), on=ROW, how="anti")
    return replace(evidence, frame=frame, strayed=strayed.height)


# --- who shares what --------------------------------------------------------------------------------------------------


def _sharing(
    scored: pl.LazyFrame, reasons: Sequence[str], meant: Mapping[str, Sequence[str]], rules: Others
) -> pl.LazyFrame:
    """Return the accounts that are dated and have a reason: what they share and what is their own, as lists in words.

    The days of their losses are counted, as dates count them.
    """
    words = {reason: [word for word, meanings in meant.items() if reason in meanings] for reason in reasons}
    said = pl.col(stated("customer"))
    named = {reason: said.is_in(words[reason]).fill_null(value=False) for reason in reasons}
    rooted = pl.col("root").is_not_null()
    shares = {reason: _is_root(reason) | named[reason] for reason in reasons}
    own = {reason: _is_root(reason) | (~rooted & named[reason]) for reason in reasons}
    days = (pl.col(name).cast(pl.Int32) for name in (LOW, HIGH))
    dated = scored.filter(_usable(rules.within_days))
    found = dated.select(ROW, ACCOUNT, TOLD, *days, _listed(shares).alias("shares"), _listed(own).alias("own"))
    return found.filter(pl.col("shares") != "")


def _is_root(reason: str) -> pl.Expr:
    return (pl.col(f"{reason}.role") == "root").fill_null(value=False)


def _listed(flags: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the reasons whose expression is true, with a space between them; text is much quicker than lists."""
    said = [pl.when(flag).then(pl.lit(f"{reason} ")) for reason, flag in flags.items()]
    return pl.concat_str(said, ignore_nulls=True).str.strip_chars_end()


def _usable(window: int) -> pl.Expr:
    """Tell whether a date of loss is known, and more exactly than the window is long."""
    length = (pl.col(HIGH) - pl.col(LOW)).dt.total_days()
    return length.is_between(0, window).fill_null(value=False)


# --- how many others --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class _Group:
    """Accounts that were lost on the same days, and the names of a few."""

    low: int
    high: int
    accounts: int
    names: tuple[str, ...]


class _Window:
    """Accounts by the days of their losses, so that those within a window are counted by halving.

    INVARIANT: no date is wider than the window; so whoever is lost too early for an account is not lost too late too.
    """

    def __init__(self, groups: Iterable[_Group], days: int) -> None:
        self.days = days
        self.by_low = sorted(groups)
        by_high = sorted(self.by_low, key=lambda group: group.high)
        self.lows, self.highs = [group.low for group in self.by_low], [group.high for group in by_high]
        self.until_low = [0, *accumulate(group.accounts for group in self.by_low)]
        self.until_high = [0, *accumulate(group.accounts for group in by_high)]

    def others(self, low: int, high: int) -> int:
        """Count the accounts that are surely lost within the window of one of them, without it."""
        too_early = self.until_low[bisect_left(self.lows, high - self.days)]
        up_to_the_end = self.until_high[bisect_right(self.highs, low + self.days)]
        return up_to_the_end - too_early - 1

    def some(self, low: int, high: int) -> list[str]:
        """Name a few of them, the account itself perhaps among them."""
        found: list[str] = []
        for place in range(bisect_left(self.lows, high - self.days), len(self.by_low)):
            group = self.by_low[place]
            if group.low > low + self.days or len(found) >= _NAMED:
                break
            found += group.names if group.high <= low + self.days else ()
        return found[:_NAMED]


def _witnesses(found: pl.DataFrame, rules: Others) -> Iterator[tuple[str, int, int, str, int, list[str]]]:
    """Yield for each list of own reasons and each date of loss the one that fewest share, where enough share all."""
    columns = found.select("shares", "own", LOW, HIGH, "accounts", "some").sort("shares", "own", LOW, HIGH)
    sharing: dict[str, list[_Group]] = {}
    wanted: set[tuple[str, int, int]] = set()
    for shares, own, low, high, accounts, some in columns.iter_rows():
        group = _Group(low, high, accounts, tuple(some))
        for reason in (*shares.split(), _ANY):
            sharing.setdefault(reason, []).append(group)
        wanted.add((own, low, high))
    windows = {reason: _Window(groups, rules.within_days) for reason, groups in sharing.items()}
    for own, low, high in sorted(wanted):
        enough = max(rules.at_least, round(rules.share * windows[_ANY].others(low, high), 9))
        others, reason = min((windows[reason].others(low, high), reason) for reason in own.split())
        if others >= enough:
            yield own, low, high, reason, others, windows[reason].some(low, high)
