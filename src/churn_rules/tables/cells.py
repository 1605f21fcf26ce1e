"""A mapping as expressions: from the columns of a file to the canonical table of accounts, and which cells do not fit.

The canonical table is what `churn_rules.score` takes; see `churn_rules.accounts`. Never reads a file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_rules.mappings import UNKNOWN, TableMapping, ToldCost, ToldDate, ToldFact, called
from churn_rules.rulebase import Rulebase
from churn_rules.tables.faults import fault, rows_in_words, short
from churn_rules.tables.markings import ERRORS
from churn_rules.tables.opening import ROW, Table
from churn_rules.tables.parsing import (
    CURRENCIES,
    as_keys,
    boolean_words,
    choice_words,
    dates,
    is_money,
    is_percentage,
    marked,
    numbers,
    percent,
    read_two_ways,
    translated,
)
from churn_rules.vocabulary import SIDES, Fact, Span, Value

__all__ = ["NUMBERED", "STATED", "Cells", "Check", "canonical_cells", "cells_of", "free_name"]

NUMBERED = "row"  # the column of a result that holds the number of a row in its file
STATED = "stated_reason"  # the one fact that is known by name here: what somebody gave as the reason
_LONGEST_CELL = 100_000
_RESERVED = frozenset(
    {
        *("row", "rules", "fault", "lost", "cost", "decision", "scope", "root", "responsible", "economics"),
        *("break_even", "value", "attempt", "accommodation", "landmine", "named", "disagreement", "warning"),
        *("missing", "discrepancy", "fired", "stated"),
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """What can be wrong with a column: `bad` is true for a cell that cannot be used, and why, and how to mend it."""

    column: str
    bad: pl.Expr
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Cells:
    """A table as the engine takes it.

    `keys` are the cells as they are compared, and `values` what they mean, each made once for what the others read.
    `kept` names what is carried over, the number of the row first; `origins` finds the column of the file that a
    canonical one comes from; `blank` is true for a row in which nothing is filled in: no account, and no fault either.
    """

    keys: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]
    columns: tuple[pl.Expr, ...]
    checks: tuple[Check, ...]
    kept: tuple[str, ...]
    origins: Mapping[str, str]
    blank: pl.Expr

    @property
    def any_bad(self) -> pl.Expr:
        """True for a row that cannot be used."""
        bad = [check.bad.fill_null(value=False) for check in self.checks]
        return pl.any_horizontal(bad) if bad else pl.lit(value=False)

    def keyed(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of a file with all that the expressions read."""
        return frame.with_columns(self.keys).with_columns(self.values) if self.keys or self.values else frame

    def canonical(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the canonical table of the rows that can be used, with what is kept first."""
        keyed = self.keyed(frame)
        usable = keyed.filter(~self.any_bad & ~self.blank) if self.checks else keyed
        return usable.select(self.columns)


def free_name(heading: str, rulebase: Rulebase) -> str:
    """Return what a column that is carried over is called: as it was, unless a result has a column of that name."""
    stem = heading.partition(".")[0]
    taken = stem in _RESERVED or stem in rulebase.vocabulary or stem in rulebase.reasons
    return f"{heading} (in the file)" if taken else heading


def canonical_cells(table: Table, rulebase: Rulebase) -> Cells:
    """Return a table whose columns are called as what they tell already, and carry over all others.

    Raises:
        TableFileError: No column tells anything, or one is nearly called like one that would.
    """
    tellable = _tellable(rulebase)
    told = [name for name in table.headings if name in tellable]
    others = [name for name in table.headings if name not in tellable]
    for name in others if told else ():
        near = difflib.get_close_matches(name, tellable, n=1, cutoff=0.85)
        if near:
            what, why = f"the column `{name}` tells no fact", "it is nearly called like one, and would be ignored"
            raise fault("M607", what, why, f"did you mean `{near[0]}`? Else give it another name", table.path)
    if not told:
        why = "no column is called as a fact, so that nothing says which column tells what"
        fix = f"let it be proposed: churn-rules map {table.path} -o mapping.yaml, then add --mapping mapping.yaml"
        raise fault("M616", "a mapping is needed", why, fix, table.path)
    kept = [pl.col(ROW).cast(pl.UInt32).alias(NUMBERED)]
    kept += [pl.col(name).alias(free_name(name, rulebase)) for name in others]
    columns = [pl.col(name) for name in told]
    kept += _stated(columns)
    names = tuple(expression.meta.output_name() for expression in kept)
    origins = {name: name for name in told}
    return Cells((), (), (*kept, *columns), (), names, origins, pl.lit(value=False))


def _tellable(rulebase: Rulebase) -> dict[str, None]:
    stems = [called(fact, side) for fact in rulebase.vocabulary for side in SIDES]
    names = [f"{stem}{end}" for stem in stems for end in ("", ".to", ".on", ".on.to")]
    costs = [f"cost.{item}.{when}" for item in rulebase.accommodations for when in ("once", "yearly")]
    return dict.fromkeys([*names, "lost", "lost.to", *costs, *(f"{cost}.to" for cost in costs)])


def cells_of(table: Table, mapping: TableMapping, rulebase: Rulebase) -> Cells:
    """Make the expressions that turn a table into the canonical one."""
    return _Maker(table, mapping, rulebase).make()


class _Maker:
    def __init__(self, table: Table, mapping: TableMapping, rulebase: Rulebase) -> None:
        self.table, self.mapping, self.rulebase = table, mapping, rulebase
        self.schema = table.frame.collect_schema()
        self.checks: list[Check] = []
        self.origins: dict[str, str] = {}
        self.keys: dict[str, pl.Expr] = {}
        self.values: list[pl.Expr] = []
        self.money: dict[str, set[str]] = {}  # columns of text that tell amounts, and the cells that `values` names

    def make(self) -> Cells:
        self._check_times()
        self._check_rows()
        kept = [pl.col(ROW).cast(pl.UInt32).alias(NUMBERED)]
        kept += [pl.col(name).alias(free_name(name, self.rulebase)) for name in self.mapping.kept]
        told = [*self._lost(), *self._facts(), *self._constants(), *self._costs()]
        kept += _stated(told)
        self._check_lengths()
        self._check_currencies()
        names = tuple(expression.meta.output_name() for expression in kept)
        return Cells(
            tuple(self.keys.values()),
            tuple(self.values),
            (*kept, *told),
            tuple(self.checks),
            names,
            self.origins,
            self._blank(),
        )

    def _check_times(self) -> None:
        """Refuse to take a length of time, or a time of day, for the value of a fact.

        Raises:
            TableFileError: M631.
        """
        for column, what in self.table.times.items():
            if column in self.mapping.telling:
                why = "a fact is a number in its own unit, a date, a choice, or yes or no"
                fix = "write it as a number of days, months or years, as the fact counts, or take it out of the mapping"
                raise fault("M631", f"the column `{short(column)}` holds {what}", why, fix, self.table.path)

    # --- rows ---

    def _check_rows(self) -> None:
        if self.table.ragged:
            width, rows = len(self.table.headings), list(self.table.ragged)
            why = f"the row does not have as many cells as there are headings ({width}), so that they may be mixed up"
            fix = "put quotes around a cell that holds the delimiter; the last row may be cut off"
            self.checks.append(Check("", pl.col(ROW).is_in(rows), why, fix))
        if account := self.mapping.account:
            bad = pl.col(account).is_null() if self.schema[account] != pl.String else self._nameless(account)
            self.checks.append(Check(account, bad, "the account has no name", "fill it in"))

    def _nameless(self, account: str) -> pl.Expr:
        failed = as_keys(pl.col(account)).is_in(sorted({*ERRORS, "#n/a"})).fill_null(value=False)
        return self._empty(account) | failed if self.table.kind == "excel" else self._empty(account)

    def _empty(self, column: str) -> pl.Expr:
        return pl.col(column).fill_null("").str.strip_chars() == ""

    def _blank(self) -> pl.Expr:
        if self.table.kind == "parquet":
            return pl.lit(value=False)
        used = [pl.col(name).is_null() | (pl.col(name) == "") for name in (f"\x00key {column}" for column in self.keys)]
        rest = [self._empty(column) for column in self.table.headings if column not in self.keys]
        return pl.all_horizontal([*used, *rest])

    def _check_lengths(self) -> None:
        used = dict.fromkeys(name for name, _ in self.mapping.columns())
        for column in used:
            if self.schema[column] == pl.String:
                why, fix = f"the cell holds more than {_LONGEST_CELL:,} bytes", "shorten it; a quote may be open"
                self.checks.append(Check(column, pl.col(column).str.len_bytes() > _LONGEST_CELL, why, fix))

    def _check_currencies(self) -> None:
        """Refuse a table whose amounts are marked with several currencies, unless the mapping says which one counts.

        Raises:
            TableFileError: M638.
        """
        if self.mapping.currency or not self.money:
            return
        named = {column: pl.col(f"\x00key {column}").is_in(sorted(cells)) for column, cells in self.money.items()}
        keyed = self.table.frame.with_columns([self.keys[column] for column in self.money])
        found = {column: marked(pl.col(f"\x00key {column}")) & ~named[column] for column in self.money}
        if not keyed.select(pl.any_horizontal(found.values()).any()).collect(engine="streaming").item():
            return
        counted = keyed.select(
            (found[column] & marked(pl.col(f"\x00key {column}"), code)).sum().alias(f"{code} {column}")
            for column in self.money
            for code in CURRENCIES
        )
        rows = {name: count for name, count in counted.collect(engine="streaming").row(0, named=True).items() if count}
        codes = sorted({name.partition(" ")[0] for name in rows})
        if len(codes) > 1:
            listed = [(name.partition(" "), count) for name, count in rows.items()]
            why = "they do not add up: " + ", ".join(
                f"{code} in {rows_in_words(count)} of `{short(column)}`" for (code, _, column), count in listed
            )
            fix = f"convert them, or say `currency: {codes[0]}` in the mapping: then rows in another are rejected"
            raise fault("M638", f"amounts are in several currencies: {', '.join(codes)}", why, fix, self.table.path)

    # --- what columns tell ---

    def _key(self, column: str) -> pl.Expr:
        """Return the cells of a column as they are compared, whatever its type."""
        name = f"\x00key {column}"
        if column not in self.keys:
            self.keys[column] = self._made_key(column).alias(name)
        return pl.col(name)

    def _made(self, value: pl.Expr) -> pl.Expr:
        """Let a value be made once, and return where it is then."""
        name = f"\x00value {len(self.values)}"
        self.values.append(value.alias(name))
        return pl.col(name)

    def _made_key(self, column: str) -> pl.Expr:
        dtype, cells = self.schema[column], pl.col(column)
        if isinstance(dtype, pl.Datetime):
            cells = cells.dt.date()
        elif dtype.is_float():
            whole = cells.cast(pl.Int64, strict=False)
            cells = pl.when(whole.cast(dtype) == cells).then(whole.cast(pl.String)).otherwise(cells.cast(pl.String))
        return as_keys(cells.cast(pl.String))

    def _lost(self) -> Iterator[pl.Expr]:
        if told := self.mapping.lost:
            yield from self._dates("lost", told)

    def _dates(self, name: str, told: ToldDate) -> Iterator[pl.Expr]:
        low, high = (self._made(self._unless_unknown(told, told.column, day)) for day in self._days(told))
        self._check(told.column, low, told.unknown, _date_words(told.dates))
        self.origins[name] = told.column
        yield low.alias(name)
        yield high.alias(f"{name}.to")

    def _days(self, told: ToldDate) -> tuple[pl.Expr, pl.Expr]:
        dtype = self.schema[told.column]
        if dtype == pl.Date or isinstance(dtype, pl.Datetime):
            cells = pl.col(told.column)  # the day of a moment is that of its own time zone; a cast takes that of UTC
            return cells if dtype == pl.Date else cells.dt.date(), pl.lit(None, pl.Date)
        return dates(self._key(told.column), told.dates)

    def _check(
        self,
        column: str,
        value: pl.Expr,
        unknown: Iterable[str],
        words: tuple[str, str],
        silent: pl.Expr | None = None,
    ) -> None:
        """Note a cell as bad that is filled in, gives no value, and says nowhere that it is unknown."""
        key = self._key(column)
        bad = key.is_not_null() & value.is_null() & ~key.is_in(sorted(unknown))
        bad = bad if silent is None else bad & ~silent.fill_null(value=False)
        if self.table.kind == "excel":
            failed = key.is_in(sorted(ERRORS))
            why = "the cell shows an error of the spreadsheet, and no value"
            fix = "mend the formula, or list the error under `unknown` in the mapping"
            self.checks.append(Check(column, bad & failed, why, fix))
            bad = bad & ~failed
        self.checks.append(Check(column, bad, *words))

    def _facts(self) -> Iterator[pl.Expr]:
        for told in self.mapping.facts:
            fact = self.rulebase.vocabulary[told.fact]
            self.origins[told.name] = told.column
            if fact.type in ("number", "date"):
                yield from self._measure(told, fact)
            else:
                yield self._word(told, fact).alias(told.name)
            if told.dated:
                yield from self._dates(f"{told.name}.on", told.dated)

    def _unknown(self, told: ToldFact, words: Mapping[str, object]) -> set[str]:
        """Return the cells that say nothing of this fact: unknown ones, and what other facts of the column mean."""
        siblings = [other for other in self.mapping.facts if other.column == told.column and other is not told]
        said = {cell for other in siblings for cell in other.values}
        silent = {cell for cell, value in told.values.items() if value is None}
        return (set(told.unknown) | said - set(told.values) | silent) - {
            word for word, value in words.items() if value is not None
        }

    def _unless_unknown(self, told: ToldFact | ToldDate | ToldCost, column: str, value: pl.Expr) -> pl.Expr:
        """Return a value, unknown where the mapping says that the cell means so, as 999 may; `values` stand before."""
        silent = told.unknown - UNKNOWN - set(_spans(told) if isinstance(told, ToldFact) else ())
        if not silent:
            return value
        return pl.when(~self._key(column).is_in(sorted(silent)).fill_null(value=False)).then(value)

    def _word(self, told: ToldFact, fact: Fact) -> pl.Expr:
        """Return a choice, or yes or no."""
        known = choice_words(fact) if fact.type == "choice" else dict(boolean_words())
        words = known | {cell: value for cell, value in told.values.items() if value is not None}
        words = {word: value for word, value in words.items() if told.values.get(word, value) is not None}
        dtype = pl.Enum(fact.choices) if fact.type == "choice" else pl.Boolean
        value = translated(self._key(told.column), words, dtype)
        silent = pl.lit(value=False)
        if told.bands:  # a cell that is named by itself stands before a band
            figure = self._figure(told.column, told)
            for low, high, meant in reversed(told.bands):
                inside = figure.is_between(low, high) & ~self._key(told.column).is_in(sorted(told.values))
                value = pl.when(inside).then(pl.lit(meant, dtype)).otherwise(value)
                silent = silent | inside if meant is None else silent
        value = self._made(self._unless_unknown(told, told.column, value))
        if not told.others_unknown:
            unknown = self._unknown(told, words) | (told.unknown - UNKNOWN)
            self._check(told.column, value, unknown, _word_faults(fact), silent)
        return value

    def _measure(self, told: ToldFact, fact: Fact) -> Iterator[pl.Expr]:
        """Yield the ends of a number or a date."""
        low, high = map(self._made, self._ends(told, fact, told.column))
        self._note(told, fact, told.column, low)
        if told.to:
            last_low, last_high = map(self._made, self._ends(told, fact, told.to))
            self._note(told, fact, told.to, last_low)
            upper = pl.coalesce(last_high, last_low)
            if fact.type == "number":  # an end that is not told is open
                upper = pl.when(low.is_not_null() & upper.is_null()).then(fact.high).otherwise(upper)
                low = pl.when(low.is_null() & upper.is_not_null()).then(fact.low).otherwise(low)
            high = upper
        yield low.alias(told.name)
        if told.to or fact.type == "date" or any(_is_range(value) for value in told.values.values()):
            yield high.alias(f"{told.name}.to")

    def _ends(self, told: ToldFact, fact: Fact, column: str) -> tuple[pl.Expr, pl.Expr]:
        key, spans = self._key(column), {cell: v for cell, v in told.values.items() if isinstance(v, Span)}
        if fact.type == "date":
            low, high = (self._unless_unknown(told, column, day) for day in self._days(ToldDate(column, told.dates)))
        else:
            low, high = self._unless_unknown(told, column, self._figure(column, told)), pl.lit(None, pl.Float64)
            low = (low * told.times).round(9) if told.times != 1 else low
        if not spans:
            return low, high
        dtype = pl.Date if fact.type == "date" else pl.Float64
        lows, highs = ({cell: _end(span[end], fact) for cell, span in spans.items()} for end in (0, 1))
        return pl.coalesce(translated(key, lows, dtype), low), pl.coalesce(translated(key, highs, dtype), high)

    def _figure(self, column: str, told: ToldFact | ToldCost) -> pl.Expr:
        if self.schema[column].is_numeric():
            value = pl.col(column).cast(pl.Float64)
            return pl.when(value.is_finite()).then(value)
        value = numbers(self._key(column), told.decimal)
        for refused, _, _ in self._refused(column, told):
            value = pl.when(~refused).then(value)
        return value

    def _refused(self, column: str, told: ToldFact | ToldCost) -> Iterator[tuple[pl.Expr, str, str]]:
        """Yield which cells look like figures and are none that can be used, with why, and how to mend them."""
        yield from self._wrong_signs(column, told)
        if told.decimal is None:
            why = "it is a figure that can be read in two ways, as a thousand and more, or as decimals"
            yield self._two_ways(column, told), why, "say `decimal: comma` or `decimal: point` in the mapping"

    def _wrong_signs(self, column: str, told: ToldFact | ToldCost) -> Iterator[tuple[pl.Expr, str, str]]:
        """Yield which figures are marked as something that their fact is not: as percentages, or as amounts."""
        key, fact = self._key(column), self._fact(told)
        elsewhere = "say in the mapping what the column really tells, or leave it out"
        if is_money(fact):
            yield percent(key), "it has a percent sign, and is to be an amount of money", elsewhere
            if wanted := self.mapping.currency:
                why = f"it is in another currency, and the mapping says `currency: {wanted}`"
                yield marked(key) & ~marked(key, wanted), why, "convert it; amounts of several currencies do not add up"
        elif is_percentage(fact):
            yield marked(key), "it has a currency, and is to be a percentage", elsewhere
            if isinstance(told, ToldFact) and told.times != 1:
                why = f"it has a percent sign, so that `times: {told.times:g}` would multiply a percentage"
                yield percent(key), why, "take `times` out of the mapping, or the sign out of the cells"
        else:
            what = f"in {fact.unit}" if fact and fact.type == "number" and fact.unit else "a bare number"
            yield percent(key) | marked(key), f"it has a percent sign or a currency, and is to be {what}", elsewhere

    def _two_ways(self, column: str, told: ToldFact | ToldCost) -> pl.Expr:
        """Return which cells are thousands or decimals; no doubt is left where thousands would lie out of range."""
        key, fact = self._key(column), self._fact(told)
        doubtful = read_two_ways(key)
        if self.table.kind == "excel":  # whose numbers are text here too, and in no doubt
            doubtful = pl.col(ROW).is_in(sorted(self.table.two_ways.get(column, ())))
        if fact is None or fact.type != "number":
            return doubtful
        thousands = numbers(key, None) * (1000 * (told.times if isinstance(told, ToldFact) else 1))
        return doubtful & thousands.is_between(fact.low, fact.high).fill_null(value=True)

    def _note(self, told: ToldFact, fact: Fact, column: str, value: pl.Expr) -> None:
        if fact.type == "number":
            self._note_money(column, told)
        if told.others_unknown:
            return
        unknown = self._unknown(told, {}) - set(_spans(told))
        if fact.type == "number":
            self._note_figures(column, told, value, unknown)
        else:
            self._check(column, value, unknown, _date_words(told.dates))

    def _note_figures(self, column: str, told: ToldFact | ToldCost, value: pl.Expr, unknown: Iterable[str]) -> None:
        """Note the cells that are no figures, each under the one thing that is wrong with it."""
        silent = pl.lit(value=False)
        if not self.schema[column].is_numeric():
            for refused, why, fix in self._refused(column, told):
                found = self._made(refused)
                self._check(column, value, unknown, (why, fix), silent | ~found)
                silent = silent | found
        self._check(column, value, unknown, _number_words(told.decimal), silent)

    def _fact(self, told: ToldFact | ToldCost) -> Fact | None:
        return None if isinstance(told, ToldCost) else self.rulebase.vocabulary[told.fact]

    def _note_money(self, column: str, told: ToldFact | ToldCost) -> None:
        if is_money(self._fact(told)) and not self.schema[column].is_numeric():
            self.money.setdefault(column, set()).update(() if isinstance(told, ToldCost) else told.values)

    # --- what is the same for all ---

    def _constants(self) -> Iterator[pl.Expr]:
        for told in self.mapping.constants:
            yield from _constant(told.name, told.value, self.rulebase.vocabulary[told.fact])

    def _costs(self) -> Iterator[pl.Expr]:
        for told in self.mapping.costs:
            if isinstance(told.told, Span):
                yield from _amount(told.name, told.told)
                continue
            value = self._made(self._unless_unknown(told, told.told, self._figure(told.told, told)))
            self.origins[told.name] = told.told
            self._note_money(told.told, told)
            self._note_figures(told.told, told, value, told.unknown)
            yield value.alias(told.name)


def _stated(told: Iterable[pl.Expr]) -> list[pl.Expr]:
    """Return what each side gave as the reason once more, to be carried over: results hold no facts."""
    by_name = {expression.meta.output_name(): expression for expression in told}
    names = {side: STATED if side == "record" else f"{STATED}.{side}" for side in SIDES}
    return [by_name[name].alias(f"stated.{side}") for side, name in names.items() if name in by_name]


def _spans(told: ToldFact) -> Iterator[str]:
    return (cell for cell, value in told.values.items() if value is not None)


def _end(end: float, fact: Fact) -> float | date:
    return date.fromordinal(int(end)) if fact.type == "date" else end


def _is_range(value: Value | None) -> bool:
    return isinstance(value, Span) and value.low != value.high


def _constant(name: str, value: Value, fact: Fact) -> Iterator[pl.Expr]:
    if not isinstance(value, Span):
        dtype = pl.Enum(fact.choices) if fact.type == "choice" else pl.Boolean
        yield pl.lit(value, dtype).alias(name)
    elif fact.type == "date":
        ends = [date.fromordinal(int(end)) for end in value]
        yield from (pl.lit(end, pl.Date).alias(called) for called, end in zip((name, f"{name}.to"), ends, strict=True))
    else:
        yield from _amount(name, value)


def _amount(name: str, value: Span) -> Iterator[pl.Expr]:
    yield pl.lit(value.low, pl.Float64).alias(name)
    if value.low != value.high:
        yield pl.lit(value.high, pl.Float64).alias(f"{name}.to")


# --- words ------------------------------------------------------------------------------------------------------------


def _number_words(decimal: str | None) -> tuple[str, str]:
    if decimal is None:
        fix = "write a bare number such as 1200.5; where figures have commas, say `decimal: comma` or `decimal: point`"
        return "it is no number that can be read in one way only", f"{fix} in the mapping"
    written, other = ("1.200,5 or 1200,5", "point") if decimal == "comma" else ("1,200.5 or 1200.5", "comma")
    why = f"it is no number with a decimal {decimal}, in which a {other} may only part thousands, by three figures"
    return why, f"write it as {written}, or leave it empty where it is unknown"


def _date_words(order: str) -> tuple[str, str]:
    if order == "year-first":
        fix = "write 2009-03-31, 2009-03 or 2009; for 31/03/2009 say `dates: day-first` (or month-first) in the mapping"
        return "it is no date that can be read in one way only", fix
    written = "31/03/2009" if order == "day-first" else "03/31/2009"
    return "it is no date that is understood, or no day of the calendar", f"write it as {written}, or as 2009-03-31"


def _word_faults(fact: Fact) -> tuple[str, str]:
    fix = "say under `values` in the mapping what it means, or write `others: unknown` there"
    if fact.type == "boolean":
        return f"`{fact.id}` is yes or no, and it is neither", fix
    return f"nothing says which choice of `{fact.id}` it is", f"{fix}; there are {', '.join(fact.choices)}"
