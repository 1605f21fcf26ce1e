"""The reasons that people state, held against the root that is derived, and against one another.

Never says who is right: it counts where they agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import polars as pl

from churn_rules.portfolio.accounts import ROW, stated
from churn_rules.portfolio.values import Disagreement, Pair, StatedSide

__all__ = ["disagreement", "resting_on_words", "stated_by"]

_NO = pl.lit(value=False)


def stated_by(scored: pl.LazyFrame, side: str, meant: Mapping[str, Sequence[str]]) -> StatedSide:
    """Hold what one side states against the roots.

    Args:
        scored: One row an account, as `score` gave it without the reasons that anybody states, which were kept.
        side: `record`, `us` or `customer`.
        meant: For each reason that can be stated, the reasons it stands for.
    """
    word, root = pl.col(stated(side)), pl.col("root").cast(pl.String)
    clauses = [
        (word == choice) & pl.any_horizontal(pl.col(f"{reason}.role") == "root" for reason in reasons)
        for choice, reasons in meant.items()
    ]
    agree = reduce(lambda one, other: one | other, clauses, _NO).fill_null(value=False)
    comparable = word.is_in(list(meant)) & root.is_not_null()
    known = scored.filter(word.is_not_null())
    totals, cells = pl.collect_all(
        [
            known.select(
                pl.len().alias("stated"), comparable.sum().alias("both"), (comparable & agree).sum().alias("agree")
            ),
            known.group_by(word.alias("word"), root.alias("root")).len("accounts"),
        ],
        engine="streaming",
    )
    rows = sorted(cells.iter_rows(), key=lambda row: (-row[2], row[0], row[1] or ""))
    known_for, compared, agreed = totals.row(0)
    return StatedSide(side, known_for, compared, agreed, tuple((word, root, accounts) for word, root, accounts in rows))


def resting_on_words(first: pl.LazyFrame, unsaid: pl.LazyFrame) -> int:
    """Count the accounts with a root that have none once what was stated is set aside."""
    rooted = first.filter(pl.col("root").is_not_null()).select(ROW)
    without = unsaid.filter(pl.col("root").is_null()).select(ROW)
    return int(rooted.join(without, on=ROW, how="semi").select(pl.len()).collect(engine="streaming").item())


def disagreement(scored: pl.LazyFrame, side: str) -> Disagreement:
    """Hold the reason that one side states against the one in the customer's own words."""
    ours, theirs = pl.col(stated(side)), pl.col(stated("customer"))
    both = scored.filter(ours.is_not_null(), theirs.is_not_null())
    pairs = both.group_by(ours.alias("ours"), theirs.alias("theirs")).len("accounts").collect(engine="streaming")
    rows = [Pair(*row) for row in pairs.sort("accounts", "ours", "theirs", descending=[True, False, False]).iter_rows()]
    same = sum(pair.accounts for pair in rows if pair.ours == pair.theirs)
    apart = tuple(pair for pair in rows if pair.ours != pair.theirs)
    return Disagreement(side, same + sum(pair.accounts for pair in apart), same, apart)
