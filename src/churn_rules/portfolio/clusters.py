"""In which segments a root cause is more frequent than chance explains, and how sure that is.

Never looks at a second pass: there accounts bear witness in one another, and a test takes each for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from churn_rules.across import Clusters
from churn_rules.portfolio.accounts import Segment
from churn_rules.portfolio.chance import discovery_rates, tail
from churn_rules.portfolio.values import Cluster, Clustering

__all__ = ["Counted", "clustering", "counted", "tested_together"]

_SIZE = "portfolio.size"


@dataclass(frozen=True, slots=True)
class Counted:
    """One segment, counted over the accounts whose value and root are known.

    `groups` holds for each value the accounts there, and how many of them have each reason as a root; `everybody` and
    `marked` the same over all values.
    """

    segment: str
    everybody: int
    marked: Mapping[str, int]
    groups: Mapping[str, tuple[int, Mapping[str, int]]]


def clustering(
    scored: pl.LazyFrame, segments: Sequence[Segment], reasons: Iterable[str], rules: Clusters
) -> tuple[Clustering, tuple[Cluster, ...]]:
    """Tell clusters from chance.

    Args:
        scored: One row an account, as `score` gave it in its first pass, with the columns of the segments.
        segments: What accounts are set apart by.
        reasons: Ids of reasons.
        rules: How sure a cluster must be.

    Returns:
        The clusters that are found, the largest excess first, and every test, the surest first.
    """
    reasons = tuple(reasons)
    tables = [counted(scored, segment, reasons, rules.fewest_accounts) for segment in segments]
    tested = tested_together(tables, rules.fewest_accounts)
    sure = (cluster for cluster in tested if cluster.rate <= rules.false_discovery_rate)
    found = tuple(sorted(sure, key=lambda cluster: -cluster.excess))
    told = {segment.name: (segment.cut, table.everybody) for segment, table in zip(segments, tables, strict=True)}
    return Clustering(found, len(tested), told), tested


def counted(scored: pl.LazyFrame, segment: Segment, reasons: Sequence[str], fewest: int) -> Counted:
    """Count one segment; its values with fewer than `fewest` accounts count in the whole, and are no group."""
    of, known = (
        pl.col(segment.column),
        scored.filter(pl.col(segment.column).is_not_null(), pl.col("root").is_not_null()),
    )
    roots = [(pl.col(f"{reason}.role") == "root").sum().alias(reason) for reason in reasons]
    size = pl.len().alias(_SIZE)
    whole, groups = pl.collect_all(
        [
            known.select(size, *roots),
            known.group_by(of.alias("value")).agg(size, *roots).filter(pl.col(_SIZE) >= fewest),
        ],
        engine="streaming",
    )
    total = whole.row(0, named=True)
    rows = sorted(groups.iter_rows(named=True), key=lambda row: str(row["value"]))
    return Counted(
        segment.name,
        total[_SIZE],
        {reason: total[reason] for reason in reasons},
        {str(row["value"]): (row[_SIZE], {reason: row[reason] for reason in reasons}) for row in rows},
    )


def tested_together(tables: Iterable[Counted], fewest: int) -> tuple[Cluster, ...]:
    """Test every value of every segment against every root cause, as one family; the surest first.

    Which of them are tested hangs on how many accounts there are of each and never on how they fall together, so
    that choosing them favours no outcome.
    """
    tests = [cluster for table in tables for cluster in _tests(table, fewest)]
    rates = discovery_rates([test.chance for test in tests])
    rated = (replace(test, rate=rate) for test, rate in zip(tests, rates, strict=True))
    return tuple(sorted(rated, key=lambda test: (test.rate, test.chance, test.segment, test.value, test.reason)))


def _tests(table: Counted, fewest: int) -> Iterator[Cluster]:
    for value, (group, seen) in table.groups.items():
        if not fewest <= group < table.everybody:
            continue
        for reason, marked in table.marked.items():
            if fewest <= marked < table.everybody:
                chance = tail(seen[reason], group, marked, table.everybody)
                yield Cluster(
                    table.segment, value, reason, seen[reason], group, marked, table.everybody, chance, rate=1.0
                )
