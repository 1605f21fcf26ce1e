"""What is read of a table of accounts, of all that it holds: one lazy frame, its columns under names of their own.

Never counts anything, and never reads more than one column into memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from churn_rules.accounts import Layout
from churn_rules.across import SECOND, SHARED, STATED
from churn_rules.economics import INPUTS
from churn_rules.errors import TableError, UnknownNameError
from churn_rules.language import Language
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import LARGEST, SIDES

__all__ = ["ACCOUNT", "HIGH", "LOW", "MARGIN", "ROW", "TOLD", "Accounts", "Segment", "lacks", "prepare", "stated"]

ROW, ACCOUNT, TOLD = "portfolio.row", "portfolio.account", "portfolio.told"
LOST, MARGIN = "portfolio.lost", "portfolio.margin"
LOW, HIGH = f"{LOST}.low", f"{LOST}.high"
_OURS = "portfolio."
_NEVER_TOLD = (pl.List, pl.Array, pl.Struct, pl.Object, pl.Binary, pl.Duration, pl.Time)
_MARGIN_FACT = "yearly_margin"
_FEW = 8  # a number with no more values than these is a code, and its values stand for themselves
_QUARTERS = (0.25, 0.5, 0.75)


def stated(side: str) -> str:
    """Return the column that keeps what one side states as the reason."""
    return f"portfolio.stated.{side}"


def lacks(what: str) -> str:
    """Return the column that tells whether an input of cost and benefit (or `cost.<accommodation>`) is unknown."""
    return f"portfolio.lacks.{what}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A column by which accounts are set apart: its name in the table, where it is kept, and how it was cut.

    `cut` is `values` (as they stand), `quarters` of the year (of dates) or `quartiles` (of numbers); `cuts` are the
    limits between the quartiles.
    """

    name: str
    column: str
    cut: str
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Accounts:
    """A table that is ready to be scored.

    `frame` holds the facts, and under `keep` what is carried over. `rows` counts the table as it was given, `repeated`
    the rows that repeat an account and were set aside, `nameless` those that name no account. `sides` are those that
    state a reason.
    """

    frame: pl.LazyFrame
    keep: tuple[str, ...]
    segments: tuple[Segment, ...]
    rows: int
    repeated: int
    nameless: int
    sides: tuple[str, ...]
    dated: bool
    inputs: tuple[str, ...]

    @property
    def unsaid(self) -> pl.LazyFrame:
        """The same without the reasons that anybody states, so that none of them is held against itself."""
        names = self.frame.collect_schema().names()
        return self.frame.drop([name for name in names if name.partition(".")[0] in (STATED, SECOND)])


def prepare(
    frame: pl.LazyFrame,
    rulebase: Rulebase,
    account: str | None,
    segments: Sequence[str],
    numbered: str | None = None,
) -> Accounts:
    """Make a table ready to be scored, and to be counted afterwards.

    Args:
        frame: One row an account, columns as `score` takes them, and beside them `account` and `segments`; any other
            column is refused.
        rulebase: Its vocabulary says which columns are facts.
        account: The column that names the account; of the rows of one account that with the latest loss stands (the
            first where none is dated). Without it each row is an account, called by its number. A row whose name is
            blank is an account of its own too, and is called `#` and its number.
        segments: Columns to set accounts apart by. The quarter of the loss and the size (the yearly margin) are added
            where the table knows them.
        numbered: The column that holds the number of each row; without it they are counted from 1.

    Raises:
        TableError: A column cannot name accounts or set them apart, or is called as one of our own.
        UnknownNameError: There is no such column, or one tells no fact.
    """
    schema, segments = frame.collect_schema(), tuple(dict.fromkeys(segments))
    for name in (*segments, *([account] if account else [])):
        if name not in schema:
            raise UnknownNameError("column", name, schema.names())
    _check_columns(schema, account, segments)
    cut = tuple(_segments(frame, schema, rulebase, segments))
    kept = dict(_kept(schema, rulebase, account, numbered))
    kept |= {segment.column: part for segment, part in cut}
    apart = {name for name in (account, numbered, *segments) if name and not _is_fact(name, rulebase)}
    facts = [name for name in schema.names() if name not in apart]
    _check_facts(facts, rulebase)
    counted = frame.with_row_index(ROW)
    called = _called(account, schema) if account else None
    rows, repeated, nameless = _rows(counted, called)
    if repeated and called is not None:
        counted = _one_each(counted, called, schema)
    ready = counted.select(ROW, *facts, *(expression.alias(name) for name, expression in kept.items()))
    return Accounts(
        frame=ready,
        keep=(ROW, *kept),
        segments=tuple(segment for segment, _ in cut),
        rows=rows,
        repeated=repeated,
        nameless=nameless,
        sides=tuple(side for side in ("record", "us", "customer") if _named(STATED, side) in schema),
        dated="lost" in schema,
        inputs=(*INPUTS, *(f"cost.{name}" for name in rulebase.accommodations)),
    )


def _check_columns(schema: pl.Schema, account: str | None, segments: Sequence[str]) -> None:
    for name in schema.names():
        if name.startswith(_OURS):
            raise TableError(f"column `{name}` begins with `{_OURS}`, as columns of this program do; rename it")
    named = [(account, "name an account")] if account else []
    for name, wanted in (*named, *((segment, "set accounts apart") for segment in segments)):
        if isinstance(schema[name], _NEVER_TOLD):
            raise TableError(f"column `{name}` holds {schema[name]}, which cannot {wanted}; make it text")


def _check_facts(names: Sequence[str], rulebase: Rulebase) -> None:
    try:
        Layout.of(names, rulebase)
    except UnknownNameError as error:
        kind = "fact (a column that tells none is named as the account or a segment, or left out)"
        raise UnknownNameError(kind, error.name, error.candidates) from None


def _is_fact(name: str, rulebase: Rulebase) -> bool:
    first = name.partition(".")[0]
    return first in rulebase.vocabulary or first in ("lost", "cost")


def _named(fact: str, side: str) -> str:
    return fact if side == "record" else f"{fact}.{side}"


def _one_each(numbered: pl.LazyFrame, called: pl.Expr, schema: pl.Schema) -> pl.LazyFrame:
    """Keep of each account the row with the latest loss, or its first where none is dated; all that name no account."""
    loss = _lost(schema)[1].alias("loss")
    named = called.alias("named")
    latest = numbered.select(ROW, named, loss).sort("loss", ROW, descending=[True, False], nulls_last=True)
    stands = latest.filter(pl.col("named").is_first_distinct() | pl.col("named").is_null()).select(ROW)
    return numbered.join(stands, on=ROW, how="semi", maintain_order="left")


def _rows(frame: pl.LazyFrame, named: pl.Expr | None) -> tuple[int, int, int]:
    """Return how many rows there are, how many of them repeat an account, and how many name none."""
    if named is None:
        return int(frame.select(pl.len()).collect(engine="streaming").item()), 0, 0
    counted = frame.select(
        pl.len().alias("rows"),
        named.drop_nulls().n_unique().alias("distinct"),
        named.null_count().alias("nameless"),
    )
    rows, distinct, nameless = counted.collect(engine="streaming").row(0)
    return int(rows), int(rows - distinct - nameless), int(nameless)


def _called(account: str, schema: pl.Schema) -> pl.Expr:
    """Return the names of accounts without white space around them, so that no spelling makes one account two.

    A blank name is none, and is null: rows without a name are not one account. A number that is whole is written so,
    whatever type it has.
    """
    cell = pl.col(account)
    if schema[account].is_float():
        cell = cell.fill_nan(None)
        whole = cell.cast(pl.Int64, strict=False)
        name = pl.when(whole == cell).then(whole.cast(pl.String)).otherwise(cell.cast(pl.String))
    else:
        name = cell.cast(pl.String).str.strip_chars()
    return pl.when(name != "").then(name)


# --- what is carried over ---------------------------------------------------------------------------------------------


def _kept(
    schema: pl.Schema, rulebase: Rulebase, account: str | None, numbered: str | None
) -> Iterator[tuple[str, pl.Expr]]:
    place = (pl.col(numbered) if numbered else pl.col(ROW) + 1).cast(pl.String)
    yield ACCOUNT, pl.coalesce(_called(account, schema), pl.format("#{}", place)) if account else place
    low, high = _lost(schema)
    yield from ((LOW, low), (HIGH, high))
    low, high = _margin(schema, rulebase)
    yield from ((f"{MARGIN}.low", low), (f"{MARGIN}.high", high))
    for side in SIDES:
        yield stated(side), _choice(schema, _named(STATED, side), rulebase)
    shared = [_named(SHARED, side) for side in SIDES if _named(SHARED, side) in schema]
    yield TOLD, pl.any_horizontal(pl.col(name).is_not_null() for name in shared) if shared else pl.lit(value=False)
    for name in INPUTS:
        told = [_usable(schema, _named(name, side), rulebase)[0] for side in SIDES if _named(name, side) in schema]
        yield lacks(name), pl.coalesce(told).is_null() if told else pl.lit(value=True)
    for name in rulebase.accommodations:
        told = [_within(schema, one)[0] for one in (f"cost.{name}.once", f"cost.{name}.yearly") if one in schema]
        yield lacks(f"cost.{name}"), pl.any_horizontal(one.is_null() for one in told) if told else pl.lit(value=True)


def _lost(schema: pl.Schema) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of the date of the loss, each null where it is not told, or upside down."""
    low, high = _days(schema, "lost")
    return pl.when(low <= high).then(low), pl.when(low <= high).then(high)


def _days(schema: pl.Schema, name: str) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of a date as they stand, each null where it is not told."""
    if name not in schema:
        return pl.lit(None, pl.Date), pl.lit(None, pl.Date)
    low = _day(schema, name)
    high = pl.coalesce(_day(schema, f"{name}.to"), low) if f"{name}.to" in schema else low
    return low, pl.when(low.is_not_null()).then(high)


def _day(schema: pl.Schema, name: str) -> pl.Expr:
    """Return the day of a date or a moment: that on the clocks of its time zone, where a cast takes that of UTC.

    Of another type it is unknown here; `score` refuses such a column.
    """
    if isinstance(schema[name], pl.Datetime):
        return pl.col(name).dt.date()
    return pl.col(name) if schema[name] == pl.Date else pl.lit(None, pl.Date)


def _misdated(schema: pl.Schema, name: str, rulebase: Rulebase) -> pl.Expr:
    """Return where a word is told on days that are upside down, or after a loss that it is to explain.

    Such a word is unknown, as it is to the rules.
    """
    low, high = _days(schema, f"{name}.on")
    wrong = low > high
    if rulebase.vocabulary[name.partition(".")[0]].at == "loss":
        wrong |= low > _days(schema, "lost")[1]
    return wrong.fill_null(value=False)


def _choice(schema: pl.Schema, name: str, rulebase: Rulebase) -> pl.Expr:
    """Return what is stated; what is no choice of the fact is unknown, as it is to the rules."""
    if name not in schema:
        return pl.lit(None, pl.String)
    said = pl.col(name).cast(pl.String)
    fits = said.is_in(rulebase.vocabulary[STATED].choices) & ~_misdated(schema, name, rulebase)
    return pl.when(fits).then(said)


def _margin(schema: pl.Schema, rulebase: Rulebase) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of the yearly margin; what the rules refuse is unknown, and then another side's word stands."""
    sides = [one for one in (_named(_MARGIN_FACT, side) for side in SIDES) if one in schema]
    if not sides:
        return pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    lows, highs = zip(*(_usable(schema, one, rulebase) for one in sides), strict=True)
    return pl.coalesce(*lows), pl.coalesce(*highs)


def _usable(schema: pl.Schema, name: str, rulebase: Rulebase) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of a column: unknown where misdated, and of a number where out of range or upside down."""
    fact = rulebase.vocabulary[name.partition(".")[0]]
    ends = (pl.col(name),) * 2 if fact.type != "number" else _within(schema, name, fact.low, fact.high)
    if f"{name}.on" not in schema:
        return ends
    low, high = (pl.when(~_misdated(schema, name, rulebase)).then(end) for end in ends)
    return low, high


def _within(schema: pl.Schema, name: str, lowest: float = 0, highest: float = LARGEST) -> tuple[pl.Expr, pl.Expr]:
    """Return both ends of a column of amounts, unknown where they are none, beyond the limits or upside down.

    Without limits it is a cost, which is never below zero.
    """
    cell = pl.col(name)
    if not schema[name].is_numeric():
        return cell, cell
    low = cell.cast(pl.Float64).fill_nan(None)
    end = pl.col(f"{name}.to").cast(pl.Float64, strict=False).fill_nan(None) if f"{name}.to" in schema else low
    high = pl.coalesce(end, low)
    lowest, highest = max(lowest, -LARGEST), min(highest, LARGEST)
    fits = (low >= lowest) & (low <= high) & (high <= highest) & (low.abs() < LARGEST)
    return pl.when(fits).then(low), pl.when(fits).then(high)


# --- segments ---------------------------------------------------------------------------------------------------------


def _segments(
    frame: pl.LazyFrame, schema: pl.Schema, rulebase: Rulebase, wanted: Sequence[str]
) -> Iterator[tuple[Segment, pl.Expr]]:
    """Yield each segment, and what tells of an account to which part of it it belongs."""
    besides = [name for name in ("lost", _MARGIN_FACT) if name in schema and name not in wanted]
    for place, name in enumerate((*wanted, *besides)):
        column, cell = f"portfolio.segment.{place}", _cell(frame, schema, name, rulebase)
        kind = frame.select(cell).collect_schema()[name]
        if kind.is_temporal():
            yield Segment(name, column, "quarters"), _quarter(cell, schema)
        elif kind.is_numeric() and (cuts := _cuts(frame, cell, any_number=name in rulebase.vocabulary)):
            yield Segment(name, column, "quartiles", cuts), _band(cell, cuts, rulebase.language)
        else:
            yield Segment(name, column, "values"), cell.cast(pl.String)


def _cell(frame: pl.LazyFrame, schema: pl.Schema, name: str, rulebase: Rulebase) -> pl.Expr:
    """Return a column; where it is text, blank cells are unknown, and all numbers or all dates are those."""
    cell = pl.col(name)
    if name.partition(".")[0] in rulebase.vocabulary and schema[name].is_numeric():
        return _usable(schema, name, rulebase)[0].alias(name)
    if schema[name] != pl.String:
        return cell.fill_nan(None) if schema[name].is_float() else cell
    text = cell.str.strip_chars()
    text = pl.when(text != "").then(text)
    number, day = text.cast(pl.Float64, strict=False), text.str.to_date("%Y-%m-%d", strict=False)
    codes = text.str.contains(r"^[+-]?0\d").any().alias("codes")  # as in 007, which is no seven
    counts = {"all": text, "numbers": number, "days": day}
    counted = frame.select(codes, *(part.count().alias(called) for called, part in counts.items()))
    found = counted.collect(engine="streaming").row(0, named=True)
    if not found["all"] or found["codes"]:
        return text
    return number if found["numbers"] == found["all"] else day if found["days"] == found["all"] else text


def _cuts(frame: pl.LazyFrame, cell: pl.Expr, *, any_number: bool) -> tuple[float, ...]:
    """Return the limits between the quartiles of a column, each once; none where it has few values."""
    parts = [cell.quantile(q, "nearest").alias(f"q{q}") for q in _QUARTERS]
    found = frame.select(cell.n_unique().alias("values"), *parts).collect(engine="streaming")
    if not any_number and found["values"].item() <= _FEW:
        return ()
    limits = dict.fromkeys(found[f"q{q}"].item() for q in _QUARTERS)
    return tuple(float(limit) for limit in limits if limit is not None)


def _quarter(cell: pl.Expr, schema: pl.Schema) -> pl.Expr:
    """Return the quarter of a date; nothing where its range reaches beyond one."""
    name = cell.meta.output_name()
    end = pl.coalesce(f"{name}.to", cell) if f"{name}.to" in schema else cell
    same = (cell.dt.year() == end.dt.year()) & (cell.dt.quarter() == end.dt.quarter())
    return pl.when(same).then(pl.format("{}-Q{}", cell.dt.year(), cell.dt.quarter()))


def _band(cell: pl.Expr, cuts: Sequence[float], language: Language) -> pl.Expr:
    said = [f"{limit:,.12g}" for limit in cuts]
    bands = [language.say("up to {high}", high=said[0])]
    bands += [language.say("above {low}, up to {high}", low=low, high=high) for low, high in pairwise(said)]
    found: pl.Expr = pl.when(cell > cuts[-1]).then(pl.lit(language.say("above {low}", low=said[-1])))
    for limit, band in zip(reversed(cuts), reversed(bands), strict=True):
        found = pl.when(cell <= limit).then(pl.lit(band)).otherwise(found)
    return found
