"""From a table of accounts to all that is said across them: two passes of `score`, and what is counted of either.

Never runs a third pass: what follows from other accounts is an inference, and no inference is evidence for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from churn_rules.across import Across
from churn_rules.consequence import hangs_on
from churn_rules.engines.columnar.bridges import arrow_as_polars, pandas_as_arrow
from churn_rules.errors import ChurnRulesError, OutputError, TableError
from churn_rules.loading import given_or_shipped
from churn_rules.portfolio.accounts import ROW, Accounts, prepare
from churn_rules.portfolio.clusters import clustering
from churn_rules.portfolio.drivers import drivers
from churn_rules.portfolio.naming import meant_by
from churn_rules.portfolio.others import Evidence, evidence_from_others, with_evidence, without_strays
from churn_rules.portfolio.second import CONCLUDED, changes, shared
from churn_rules.portfolio.shortlist import candidates, shortlist, unranked
from churn_rules.portfolio.stated import disagreement, resting_on_words, stated_by
from churn_rules.portfolio.tables import tables_of
from churn_rules.portfolio.unknown import unknown_facts
from churn_rules.portfolio.values import Portfolio
from churn_rules.rulebase import Rulebase
from churn_rules.scoring import known_frame, score

__all__ = ["LISTED", "Stage", "across_accounts", "quiet", "survey"]

LISTED = 100_000
"""How many accounts a table names at most."""

_SHOWN = 20
_AMOUNTS = [f"{name}.{end}" for name in ("value", "attempt", "break_even") for end in ("low", "high")]


Stage = Callable[[str, int], Callable[[int], None] | None]
"""Told which pass begins, and over how many accounts; gives back what to call with each number of them that is done."""


def quiet(_stage: str, _rows: int) -> None:
    """Take no notice of how far it is."""


def across_accounts(
    frame: Any,
    *,
    rulebase: Rulebase | None = None,
    account: str | None = None,
    segments: Iterable[str] = (),
    shown: int = _SHOWN,
    listed: int = LISTED,
) -> Portfolio:
    """Tell what accounts say together: what drives them away, where, who bears witness for whom, whom to win back.

    Args:
        frame: A Polars frame, lazy or not (or another that Narwhals can turn into one): one row an account, its
            columns called as `churn_rules.score` takes them. A lazy one is never read into memory as a whole.
        rulebase: From `load()`, in any language; without it the shipped rules are loaded anew.
        account: The column that names the account; without it each row is called by its number. A row whose name is
            blank is an account of its own.
        segments: Columns to set accounts apart by, such as region, product or rep.
        shown: How many accounts each list of the answer names.
        listed: How many accounts each of its `tables` names.

    Raises:
        ChurnRulesError: The rule base has no portfolio.yaml, or is none.
        OutputError: What is concluded cannot be kept: the temporary folder is full.
        TableError: See `churn_rules.score`; or a column cannot name accounts or set them apart, or an argument is of
            the wrong type.
        UnknownNameError: A column tells no fact and is not named here, or there is no such column.
    """
    names = _asked(account, segments, {"shown": shown, "listed": listed})
    return survey(_as_polars(frame), given_or_shipped(rulebase), account, names, shown=shown, listed=listed)


def survey(
    frame: pl.LazyFrame,
    rulebase: Rulebase,
    account: str | None,
    segments: Sequence[str] = (),
    *,
    numbered: str | None = None,
    shown: int = _SHOWN,
    listed: int = LISTED,
    stage: Stage = quiet,
) -> Portfolio:
    """Do the same for a lazy frame in which `numbered` may hold the number of each row in its file.

    `stage` is told which pass begins, and over how many accounts.
    """
    across = _cut_offs(rulebase)
    accounts = prepare(frame, rulebase, account, segments, numbered)
    with TemporaryDirectory(prefix="churn-rules-") as folder:
        return _Survey(rulebase, across, accounts, Path(folder), shown, listed, stage).portfolio()


def _cut_offs(rulebase: Rulebase) -> Across:
    if rulebase.across is None:
        raise ChurnRulesError(
            "this rule base says nothing across accounts: it has no portfolio.yaml, which tells how sure a cluster "
            "must be and how many other accounts bear witness; add one (the shipped rules have one to begin with)"
        )
    return rulebase.across


def _as_polars(frame: Any) -> pl.LazyFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    other = known_frame(frame)
    if other.implementation.is_pandas():
        table = pandas_as_arrow(other.to_native(), kept=())
    else:
        table = (other if hasattr(other, "to_arrow") else other.collect("pyarrow")).to_arrow()
    taken: pl.DataFrame = arrow_as_polars(table)
    return taken.lazy()


def _asked(account: object, segments: object, counts: Mapping[str, object]) -> tuple[str, ...]:
    """Return the segments, read once, and refuse arguments of the wrong type.

    Raises:
        TableError: Names are no texts, or counts no whole numbers from 1.
    """
    if not isinstance(account, str | None):
        raise TableError(f"`account` is the name of a column, and not {account!r}")
    if isinstance(segments, str) or not isinstance(segments, Iterable):
        raise TableError(f"`segments` is a list of names of columns, and not {segments!r}")
    names = tuple(segments)
    for name in names:
        if not isinstance(name, str):
            raise TableError(f"`segments` holds names of columns, and not {name!r}")
    for what, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise TableError(f"`{what}` is a whole number from 1, and not {count!r}")
    return names


def _passed_on(tick: Callable[[int], None], batch: pl.DataFrame) -> pl.DataFrame:
    tick(batch.height)
    return batch


@dataclass(frozen=True, slots=True)
class _Survey:
    """One run. What a pass concludes is kept in a file of its own, so that memory holds no table as a whole."""

    rulebase: Rulebase
    across: Across
    accounts: Accounts
    folder: Path
    shown: int
    listed: int
    stage: Stage

    def portfolio(self) -> Portfolio:
        reasons = tuple(self.rulebase.reasons)
        meant = {side: meant_by(self.rulebase, side) for side in self.accounts.sides}
        accounts = self.accounts.rows - self.accounts.repeated
        first = self._pass("first", self.accounts.frame, accounts)
        evidence = evidence_from_others(first, reasons, meant.get("customer", {}), self.across.others)
        unsaid = self._pass("unsaid", self.accounts.unsaid, accounts) if self.accounts.sides else first
        evidence = replace(evidence, frame=self._kept("evidence", evidence.frame))
        told = evidence.frame.select(pl.len()).collect(engine="streaming").item()
        second = self._pass("second", with_evidence(self.accounts.frame, evidence), told)
        evidence = without_strays(second, evidence, reasons)
        second = second.join(evidence.frame.select(ROW), on=ROW, how="semi")
        changed = changes(first, second, evidence, self.listed)
        final = self._after(first, second, evidence)
        found, tested = clustering(first, self.accounts.segments, reasons, self.across.clusters)
        offers, inputs = tuple(self.rulebase.accommodations), self.accounts.inputs
        ranked, waiting = candidates(final, offers, self.listed), unranked(final, offers, inputs, self.listed)
        without_tables = Portfolio(
            rulebase=self.rulebase.digest,
            rows=self.accounts.rows,
            repeated=self.accounts.repeated,
            nameless=self.accounts.nameless,
            across=self.across,
            drivers=drivers(final, reasons),
            clustering=found,
            shared=shared(evidence, changed, first, second, self.shown),
            stated=tuple(stated_by(unsaid, side, meant[side]) for side in self.accounts.sides),
            on_words=resting_on_words(first, unsaid),
            disagreements=tuple(self._disagreements(first)),
            shortlist=shortlist(final, ranked, waiting, offers, inputs, self.shown),
            unknown=unknown_facts(final, hangs_on(self.rulebase)),
            listed=self.listed,
            tables={},
        )
        return tables_of(without_tables, tested, changed, ranked, waiting)

    def _disagreements(self, scored: pl.LazyFrame) -> Iterator[Any]:
        if "customer" in self.accounts.sides:
            yield from (disagreement(scored, side) for side in self.accounts.sides if side != "customer")

    def _pass(self, name: str, frame: pl.LazyFrame, accounts: int) -> pl.LazyFrame:
        """Score accounts, and keep of each what is counted afterwards."""
        if tick := self.stage(name, accounts):
            frame = frame.map_batches(partial(_passed_on, tick), streamable=True)
        scored = score(frame, rulebase=self.rulebase, keep=self.accounts.keep)
        return self._kept(name, scored.select(self._wanted(scored.collect_schema().names())))

    def _kept(self, name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        path = self.folder / f"{name}.parquet"
        try:
            frame.sink_parquet(path, compression="lz4")
        except OSError as error:
            why = f"cannot keep what is concluded in `{self.folder}`: {error.strerror or error}"
            raise OutputError(f"{why}; free some space there, or set TMPDIR to another folder") from None
        return pl.scan_parquet(path)

    def _wanted(self, names: Sequence[str]) -> list[str]:
        parts = {f"{reason}.{part}" for reason in self.rulebase.reasons for part in ("role", "scope")}
        single = {"fault", *CONCLUDED, *_AMOUNTS, *parts, *self.accounts.keep}
        return [name for name in names if name in single or name.startswith(("missing.", "accommodation."))]

    def _after(self, first: pl.LazyFrame, second: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
        alone = first.join(evidence.frame.select(ROW), on=ROW, how="anti")
        return pl.concat([alone, second], how="diagonal")  # what is missing nowhere has no column
