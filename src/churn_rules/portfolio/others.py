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
_WITNESSES = {"reason": pl.String, LOW: pl.Int32, HIGH: pl.Int32, "others": pl.Int64, "some": pl.List(pl.String)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which accounts others bear witness in.

    `frame` has one row an account: ROW, `own` (its reasons, all of them shared), `reason` (the one that fewest share),
    `others` (how many other accounts share that) and its days of loss. `witnesses` names for each reason and days of
    loss a few accounts that share it, as `some`; the account itself may be among them. `undated` counts accounts whose
    date of loss is not exact enough, `answered` those in which somebody had told already; in `strayed` it would have
    spoken for a reason that is not shared, so it was taken back.
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
    shares = {reason: _shares(reason, meant) for reason in reasons}
    seen = _dated(scored, rules).filter(pl.any_horizontal(shares.values()))
    named = pl.col(ACCOUNT).sort_by(ROW).head(_NAMED).alias("some")
    counted = (pl.len().alias("accounts"), named)
    sharing = {**{reason: seen.filter(holds) for reason, holds in shares.items()}, _ANY: seen}
    groups = [frame.group_by(LOW, HIGH).agg(counted).with_columns(_called(name)) for name, frame in sharing.items()]
    apart = scored.select((~_usable(rules.within_days)).sum(), pl.col(TOLD).sum())
    found, counts = pl.collect_all([pl.concat(groups), apart], engine="streaming")
    enough = _enough(found, rules)
    return Evidence(_accounts_with(seen, shares, enough.drop("some").lazy()), enough, *counts.row(0))


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
        (_role(reason) == "root").fill_null(value=False) & ~pl.col("own").list.contains(reason) for reason in reasons
    )
    strayed = own.filter(strays).select(ROW).collect(engine="streaming")
    frame = evidence.frame.join(strayed.lazy(), on=ROW, how="anti")
    return replace(evidence, frame=frame, strayed=strayed.height)


def _accounts_with(seen: pl.LazyFrame, shares: Mapping[str, pl.Expr], enough: pl.LazyFrame) -> pl.LazyFrame:
    """Return the accounts all of whose own reasons are shared by enough others."""
    rooted, key = pl.col("root").is_not_null(), ("reason", LOW, HIGH)
    own = {r: pl.when(rooted).then((_role(r) == "root").fill_null(value=False)).otherwise(holds) for r, holds in shares.items()}
    several = pl.sum_horizontal(own.values()).alias("several")
    open_ = seen.filter(~pl.col(TOLD))
    mine = pl.concat([open_.filter(holds).select(ROW, LOW, HIGH, several, _called(r)) for r, holds in own.items()])
    listed = pl.concat_list("reason").alias("own")
    single = mine.filter(pl.col("several") == 1).join(enough, on=key).select(ROW, "reason", "others", listed, LOW, HIGH)
    rest = mine.filter(pl.col("several") > 1).join(enough, on=key, how="left").sort(ROW, "others", "reason")
    first, shared = pl.col("reason", "others").first(), pl.col("others").is_not_null().all().alias("shared")
    joint = rest.group_by(ROW).agg(first, pl.col("reason").alias("own"), pl.col(LOW, HIGH).first(), shared)
    return pl.concat([single, joint.filter("shared").drop("shared")])


# --- who shares what --------------------------------------------------------------------------------------------------


def _role(reason: str) -> pl.Expr:
    return pl.col(f"{reason}.role").cast(pl.String)


def _called(reason: str) -> pl.Expr:
    return pl.lit(reason).alias("reason")


def _shares(reason: str, meant: Mapping[str, Sequence[str]]) -> pl.Expr:
    words = [choice for choice, reasons in meant.items() if reason in reasons]
    named = pl.col(stated("customer")).is_in(words).fill_null(value=False)
    return (_role(reason) == "root").fill_null(value=False) | named


def _usable(window: int) -> pl.Expr:
    """Tell whether a date of loss is known, and more exactly than the window is long."""
    length = (pl.col(HIGH) - pl.col(LOW)).dt.total_days()
    return length.is_between(0, window).fill_null(value=False)


def _dated(scored: pl.LazyFrame, rules: Others) -> pl.LazyFrame:
    """Return the accounts whose date of loss is exact enough, with its ends as days."""
    days = (pl.col(name).cast(pl.Int32) for name in (LOW, HIGH))
    return scored.filter(_usable(rules.within_days)).with_columns(*days)


# --- how many others --------------------------------------------------------------------------------------------------


class _Window:
    """Accounts by the days of their losses, so that those within a window are counted by halving.

    INVARIANT: no date is wider than the window; so whoever is lost too early for an account is not lost too late too.
    """

    def __init__(self, groups: Sequence[tuple[int, int, int, list[str]]], days: int) -> None:
        self.days = days
        self.by_low = sorted(groups)
        self.by_high = sorted((high, accounts) for _, high, accounts, _ in groups)
        self.lows, self.highs = [group[0] for group in self.by_low], [high for high, _ in self.by_high]
        self.until_low = [0, *accumulate(group[2] for group in self.by_low)]
        self.until_high = [0, *accumulate(accounts for _, accounts in self.by_high)]

    def others(self, low: int, high: int) -> int:
        """Count the accounts that are surely lost within the window of one of them, without it."""
        too_early = self.until_low[bisect_left(self.lows, high - self.days)]
        up_to_the_end = self.until_high[bisect_right(self.highs, low + self.days)]
        return up_to_the_end - too_early - 1

    def some(self, low: int, high: int) -> list[str]:
        """Name a few of them, the account itself perhaps among them."""
        found: list[str] = []
        for first, last, _, names in self.by_low[bisect_left(self.lows, high - self.days) :]:
            if first > low + self.days or len(found) >= _NAMED:
                break
            found += names if last <= low + self.days else []
        return found[:_NAMED]


def _enough(groups: pl.DataFrame, rules: Others) -> pl.DataFrame:
    """Return for each reason and date of loss the others that share it, where they are enough."""
    parted: dict[str, list[tuple[int, int, int, list[str]]]] = {}
    for low, high, accounts, names, reason in groups.select(LOW, HIGH, "accounts", "some", "reason").iter_rows():
        parted.setdefault(reason, []).append((low, high, accounts, sorted(names)))
    everybody = _Window(parted.pop(_ANY, []), rules.within_days)
    rows = [row for reason in parted for row in _enough_of(reason, parted[reason], everybody, rules)]
    return pl.DataFrame(rows, schema=_WITNESSES, orient="row")


def _enough_of(
    reason: str, groups: Sequence[tuple[int, int, int, list[str]]], everybody: _Window, rules: Others
) -> Iterator[tuple[str, int, int, int, list[str]]]:
    window = _Window(groups, rules.within_days)
    for low, high, _, _ in groups:
        others = window.others(low, high)
        if others >= max(rules.at_least, round(rules.share * everybody.others(low, high), 9)):
            yield reason, low, high, others, window.some(low, high)
