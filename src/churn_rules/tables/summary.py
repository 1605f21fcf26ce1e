"""What a scored table says in a few plain sentences: how many accounts, which decisions and roots, what disagrees.

Counts, and nothing else: tests and charts are the portfolio's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from churn_rules.rulebase import Rulebase
from churn_rules.telling.lines import Line, heading
from churn_rules.words import DECISION

__all__ = ["Disagreeing", "Summary", "summarise", "tell_summary"]


@dataclass(frozen=True, slots=True)
class Disagreeing:
    """Where our record and the customer each gave a reason: in how many rows, and in how many not the same one.

    `pairs` counts the commonest of these: what the record says, what the customer says, rows.
    """

    both: int
    differ: int
    pairs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of accounts: all, those without a root, by decision, by first root.

    `named` counts the accounts for which somebody names a reason, `known` those of them that have a root, and `off`
    those of these in which no reason that is named is a root.
    """

    accounts: int
    without_root: int
    decisions: tuple[tuple[str, int], ...]
    roots: tuple[tuple[str, int], ...]
    named: int
    known: int
    off: int
    disagreeing: Disagreeing | None


def summarise(scored: pl.LazyFrame, rulebase: Rulebase) -> Summary:
    """Count what a typed result holds."""
    schema = scored.collect_schema()
    reasons = [reason for reason in rulebase.reasons if f"named.{reason}" in schema]
    any_named = pl.any_horizontal([pl.col(f"named.{reason}") for reason in reasons] or [pl.lit(value=False)])
    hits = [pl.col(f"named.{reason}") & (pl.col(f"{reason}.role") == "root") for reason in reasons]
    hit, rooted = pl.any_horizontal(hits or [pl.lit(value=False)]), pl.col("root").is_not_null()
    row = scored.select(
        pl.len().alias("accounts"),
        (~rooted).sum().alias("without_root"),
        any_named.sum().alias("named"),
        (any_named & rooted).sum().alias("known"),
        (any_named & rooted & ~hit).sum().alias("off"),
    ).collect(engine="streaming")
    counts: Mapping[str, int] = row.row(0, named=True)
    return Summary(
        **counts,
        decisions=_counted(scored, "decision"),
        roots=_counted(scored.filter(rooted), "root"),
        disagreeing=_disagreeing(scored) if {"stated.record", "stated.customer"} <= set(schema) else None,
    )


def _counted(scored: pl.LazyFrame, column: str) -> tuple[tuple[str, int], ...]:
    counted = scored.group_by(pl.col(column).cast(pl.String)).len().collect(engine="streaming")
    return tuple(sorted(counted.rows(), key=lambda row: (-row[1], row[0])))


def _disagreeing(scored: pl.LazyFrame) -> Disagreeing:
    record, customer = (pl.col(f"stated.{side}").cast(pl.String) for side in ("record", "customer"))
    pairs = scored.select(record, customer).drop_nulls().group_by(pl.all()).len().collect(engine="streaming").rows()
    differing = sorted((pair for pair in pairs if pair[0] != pair[1]), key=lambda pair: (-pair[2], pair[:2]))
    return Disagreeing(sum(pair[2] for pair in pairs), sum(pair[2] for pair in differing), tuple(differing[:3]))


# --- in words ---------------------------------------------------------------------------------------------------------


def tell_summary(summary: Summary, rulebase: Rulebase) -> Iterator[Line]:
    """Tell a summary."""
    say = rulebase.language.say
    accounts = f"{summary.accounts:,}"
    scored = say(
        "{count} account was scored." if summary.accounts == 1 else "{count} accounts were scored.", count=accounts
    )
    yield Line(scored, 0)
    yield from _tell_roots(summary, rulebase)
    yield from heading(say("Decisions"))
    for decision, count in summary.decisions:
        yield Line(f"{_share(count, summary.accounts)}  {rulebase.language.word(decision, DECISION)}")
    yield from _tell_stated(summary, rulebase)


def _tell_roots(summary: Summary, rulebase: Rulebase) -> Iterator[Line]:
    say = rulebase.language.say
    yield from heading(say("Root causes, the strongest of each account"))
    for root, count in summary.roots:
        yield Line(f"{_share(count, summary.accounts)}  {rulebase.reasons[root].title}")
    if summary.without_root:
        words = say("too little is known to name one")
        yield Line(f"{_share(summary.without_root, summary.accounts)}  {words}")


def _share(count: int, whole: int) -> str:
    return f"{count:>9,}  {100 * count / whole:>5.1f} %"


def _tell_stated(summary: Summary, rulebase: Rulebase) -> Iterator[Line]:
    say, found = rulebase.language.say, summary.disagreeing
    told = found is not None and found.both
    if not told and not summary.named:
        return
    yield from heading(say("What was said, and what it is worth"))
    if found is not None and found.both:
        yield from _tell_disagreeing(found, rulebase)
    if summary.known:
        yield Line(
            say(
                "In {off} of the {known} accounts ({percent} %) with a root cause and a reason that somebody names, "
                "the root is another than those named.",
                known=f"{summary.known:,}",
                off=f"{summary.off:,}",
                percent=round(100 * summary.off / summary.known),
            ),
            2,
            2,
        )
    elif summary.named:
        words = say(
            "For {count} account somebody names a reason, and what is known does not bear it out."
            if summary.named == 1
            else "For {count} accounts somebody names a reason, and what is known bears out none of them.",
            count=f"{summary.named:,}",
        )
        yield Line(words, 2, 2)


def _tell_disagreeing(found: Disagreeing, rulebase: Rulebase) -> Iterator[Line]:
    say = rulebase.language.say
    counts = {
        "both": f"{found.both:,}",
        "differ": f"{found.differ:,}",
        "percent": round(100 * found.differ / found.both),
    }
    if 2 * found.differ > found.both:
        words = say(
            "Our reason codes and the customers' own words disagree in most rows: in {differ} of the {both} ({percent} "
            "%) in which both give a reason. Neither can be taken for the cause by itself.",
            **counts,
        )
    else:
        words = say(
            "Our reason codes and the customers' own words disagree in {differ} of the {both} rows ({percent} %) in "
            "which both give a reason.",
            **counts,
        )
    yield Line(words, 2, 2, "bad" if 2 * found.differ > found.both else "")
    for ours, theirs, count in found.pairs:
        yield Line(
            say(
                "Once our record says `{ours}` and the customer `{theirs}`."
                if count == 1
                else "{count} times our record says `{ours}` and the customer `{theirs}`.",
                count=f"{count:,}",
                ours=ours,
                theirs=theirs,
            ),
            4,
            2,
        )
