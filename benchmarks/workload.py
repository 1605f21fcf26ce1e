"""The accounts that benchmarks run over: a synthetic table, the same for the same seed however long it is.

Never a real account. Each column is known in a share of the rows of its own, as in a CRM that people keep as they do:
a fact on record in 30 to 70 % of them, the word of one side in 20 %, money in 85 % (so that it can be worked out at
times).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from churn_rules.accounts import Layout, case_of
from churn_rules.cases import Case
from churn_rules.economics import INPUTS
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Fact

__all__ = ["BLOCK", "KEPT", "ROW_GROUP", "cases", "table", "write"]

BLOCK = 100_000
"""Rows that are drawn together, so that the first rows are the same in a table of any length."""

ROW_GROUP = 49_152
"""Rows of a row group in every Parquet file: a reader holds a few of them at a time, so it decides about memory."""

KEPT = ("id", "region", "product", "owner")
"""Columns that say nothing to the rules."""

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "price_before": (10, 1000),
    "price_after": (10, 1000),
    "price_increase": (-10, 40),
    "price_gap_to_market": (-20, 50),
    "on_time_deliveries": (60, 100),
    "days_without_successor": (0, 180),
    "months_without_contact": (0, 24),
    "share_of_turnover": (0, 30),
    "months_to_next_renewal": (0, 36),
    "yearly_margin": (0, 500_000),
    "idle_capacity_margin": (0, 50_000),
    "years_expected": (1, 5),
    "attempt_cost": (1000, 20_000),
    "precedent_exposure": (0, 100_000),
}
_NOTHING = frozenset(
    {"nobody", "never", "nothing", "neither", "none"}
)  # where it comes first, half of the cells say so
_FIRST_DAY, _DAYS = np.datetime64("2019-01-01"), 2000  # of the losses
_MONEY = 0.85  # the share of rows in which an amount is known
_COSTS: Mapping[str, int] = {"none": 0, "low": 1000, "medium": 10_000, "high": 50_000}
_BEFORE = 1000  # days from what happened to the loss, at most


def table(rulebase: Rulebase, rows: int, *, block: int = 0, seed: int = 1) -> pl.DataFrame:
    """Draw a table of accounts: at most BLOCK rows, the `block`-th of an endless table.

    Returns:
        The kept columns, `lost`, one column a told fact and one for each word of one side that rules read; the dates
        on which dated facts were told, one range (`yearly_margin.to`), and the costs of all accommodations.
    """
    draw = _Draw(np.random.default_rng((seed, block)), rows)
    lost = _FIRST_DAY + draw.rng.integers(0, _DAYS, rows)
    columns: dict[str, pl.Series] = {
        "id": pl.Series(range(block * BLOCK, block * BLOCK + rows), dtype=pl.Int64),
        "region": draw.choice(("north", "east", "south", "west")),
        "product": draw.choice(tuple(f"line {letter}" for letter in "ABCDEFGH")),
        "owner": draw.choice(tuple(f"rep {number:02}" for number in range(60))),
        "lost": draw.hidden(pl.Series(lost), 0.95),
    }
    dated = {fact.derive.sources[0] for fact in _facts(rulebase) if fact.derive and fact.derive.function == "date_of"}
    for place, fact in enumerate(_facts(rulebase)):
        if fact.derive and fact.derive.function != "percent_change":
            continue
        known = _MONEY if fact.id in INPUTS else 0.3 + 0.4 * (place * 7 % 11) / 10
        columns[fact.id] = draw.hidden(draw.values(fact, lost), known)
        for side in SIDES[1:]:
            if f"{fact.id}.{side}" in rulebase.names_read:
                columns[f"{fact.id}.{side}"] = draw.hidden(draw.values(fact, lost), 0.2)
        if fact.id in dated:
            columns[f"{fact.id}.on"] = draw.hidden(draw.days(fact, lost), 0.6)
    margin = columns["yearly_margin"]
    columns["yearly_margin.to"] = draw.hidden(margin + draw.numbers(0, 100_000), 0.3)
    for item in rulebase.accommodations.values():
        most = _COSTS[item.cost_band]
        columns[f"cost.{item.id}.once"] = draw.hidden(draw.numbers(0, most), _MONEY)
        columns[f"cost.{item.id}.yearly"] = draw.hidden(draw.numbers(0, most // 5), _MONEY)
    return pl.DataFrame(columns)


def _facts(rulebase: Rulebase) -> tuple[Fact, ...]:
    return tuple(rulebase.vocabulary.values())


class _Draw:
    """Draws columns of one length."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.rng, self.rows = rng, rows

    def hidden(self, column: pl.Series, known: float) -> pl.Series:
        """Leave a column known in a share of its rows."""
        return column.set(pl.Series(self.rng.random(self.rows) >= known), None)

    def numbers(self, low: int, high: int) -> pl.Series:
        return pl.Series(self.rng.integers(low, high + 1, self.rows).astype(np.float64))

    def choice(self, choices: tuple[str, ...]) -> pl.Series:
        first = 0.5 if choices[0] in _NOTHING else 1 / len(choices)
        shares = [first, *([(1 - first) / (len(choices) - 1)] * (len(choices) - 1))]
        drawn = self.rng.choice(len(choices), self.rows, p=shares).astype(np.uint32)
        return pl.Series(drawn).replace_strict(range(len(choices)), choices, return_dtype=pl.String)

    def days(self, fact: Fact, lost: Any) -> pl.Series:
        """Draw days before the loss, or after it for what is told of today."""
        away = self.rng.integers(1, _BEFORE, self.rows)
        return pl.Series(lost - away if fact.at == "loss" else lost + away)

    def values(self, fact: Fact, lost: Any) -> pl.Series:
        match fact.type:
            case "boolean":
                return pl.Series(self.rng.random(self.rows) < 0.25)
            case "choice":
                return self.choice(fact.choices)
            case "date":
                return self.days(fact, lost)
        return self.numbers(*_BOUNDS.get(fact.id, (int(max(fact.low, 0)), int(min(fact.high, 60)))))


def write(rulebase: Rulebase, rows: int, path: Path, *, seed: int = 1) -> None:
    """Write a table of that many rows as one Parquet file (zstd), block by block through a folder beside it."""
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    for block in range(-(-rows // BLOCK)):
        length = min(BLOCK, rows - block * BLOCK)
        table(rulebase, length, block=block, seed=seed).write_parquet(parts / f"{block:06}.parquet", compression="zstd")
    pl.scan_parquet(parts / "*.parquet").sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()


def cases(rulebase: Rulebase, frame: pl.DataFrame) -> Iterator[Case]:
    """Yield each row as a case."""
    layout = Layout.of(frame.columns, rulebase, KEPT)
    return (case_of(row, layout, rulebase, str(row["id"])) for row in frame.iter_rows(named=True))
