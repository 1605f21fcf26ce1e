"""Proposes a mapping from the headings and the cells of a file, and says of each line how sure it is.

Never hides a guess: what may be wrong is marked, what is too weak is commented out, what nothing tells is listed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps

import polars as pl

from churn_rules.mappings import Decimal, TableMapping
from churn_rules.rulebase import Rulebase
from churn_rules.tables.cells import STATED
from churn_rules.tables.faults import rows_in_words
from churn_rules.tables.guessing import Column, Fit, Likeness, Synonyms, like, plain_words
from churn_rules.tables.opening import opened
from churn_rules.tables.parsing import is_money, is_percentage
from churn_rules.vocabulary import Fact

__all__ = ["Proposal", "propose"]

_SAMPLE = 10_000
_FEW = 60  # different cells of a column that accounts are compared by
_NEAR = 0.84
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_READ_OTHERWISE = ("yes", "no", "on", "off", "y", "n", "true", "false", "null", "inf", "nan")
_PERCENT = re.compile(r"%|\bpct\b|\bpercent|\bprocent|百分", re.IGNORECASE)
_THOUSANDS = re.compile(r"\(k|\bk(?:eur|usd|€|\$)|x ?1[.,]?000\b|\bthousands?\b|\bduizend|千", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping file as text, and what is in it in a few words."""

    text: str
    told: str


@dataclass(slots=True)
class _Told:
    """What a column is proposed to tell. `doubts` are the reasons to look twice; `weak` ones are commented out."""

    column: Column
    fact: Fact
    side: str
    because: str
    keys: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    fit: Fit | None = None
    weak: bool = False

    @property
    def name(self) -> str:
        return self.fact.id if self.side == "record" else f"{self.fact.id}.{self.side}"


def propose(source: str, rulebase: Rulebase, *, sheet: str | None = None, encoding: str | None = None) -> Proposal:
    """Propose a mapping for a file.

    Args:
        source: Where the table is; `-` is standard input.
        rulebase: Its vocabulary says which facts there are.
        sheet: Which sheet of a workbook, where it has several.
        encoding: Of a CSV file, where it is not UTF-8.

    Raises:
        TableFileError: The table cannot be opened.
    """
    with opened(source, TableMapping(sheet=sheet, encoding=encoding)) as table:
        sample = table.frame.select(table.headings).head(_SAMPLE).collect(engine="streaming")
        texts = table.two_ways if table.kind == "excel" else table.headings
        columns = [Column(name, sample[name], are_text=name in texts) for name in table.headings]
        work = _Proposer(columns, rulebase)
        work.look()
        seen = (
            f"the first {sample.height:,} of {table.rows:,} rows"
            if sample.height < table.rows
            else _all_rows(table.rows)
        )
        head = [
            f"# Proposed by `churn-rules map` for {table.path}, from its headings and {seen}.",
            "# Read every line: `certain` is what heading and cells both say, `guessed` may be wrong.",
            "# A line that begins with # does nothing; take the mark away where it is right.",
        ]
        head += [f"# Note: {remark}." for remark in table.remarks]
        options = [f"{key}: {_quoted(value)}" for key, value in (("sheet", sheet), ("encoding", encoding)) if value]
        return Proposal("\n".join([*head, "", *options, *work.lines()]) + "\n", work.counted())


class _Proposer:
    def __init__(self, columns: Sequence[Column], rulebase: Rulebase) -> None:
        self.columns, self.rulebase, self.synonyms = columns, rulebase, Synonyms()
        self.account: tuple[Column, str] | None = None
        self.lost: tuple[Column, str] | None = None
        self.segments: list[Column] = []
        self.told: list[_Told] = []
        self.left: list[tuple[Column, str]] = []

    def look(self) -> None:
        """Decide about every column, each once."""
        self.account = self._find_account()
        rest = [column for column in self.columns if not self.account or column is not self.account[0]]
        self.lost = self._find_lost(rest)
        for column in rest:
            if self.lost and column is self.lost[0]:
                continue
            told = self._told(column) if len(column.known) else None
            if told:
                self.told.append(told)
            elif self._is_segment(column):
                self.segments.append(column)
            else:
                self.left.append((column, self._why_left(column)))
        self._keep_one_each()

    # --- which column names the account, and which dates the loss ---

    def _find_account(self) -> tuple[Column, str] | None:
        known = set(map(plain_words, self.synonyms.account))
        named = [column for column in self.columns if plain_words(column.heading) in known]
        unique = [column for column in named if column.is_unique]
        if unique:
            return unique[0], "certain: its heading, and no two rows have the same"
        ids = [one for one in self.columns if one.is_unique and {"id", "nr", "no", "number", "编号"} & _parts(one)]
        if ids:
            several = f"; accounts of `{named[0].heading}` stand in several rows" if named else ""
            return ids[0], f"guessed: each row has another one{several}"
        if named:
            return named[0], "guessed from its heading: some of them stand in several rows"
        return None

    def _find_lost(self, columns: Sequence[Column]) -> tuple[Column, str] | None:
        found = []
        for column in columns:
            likeness = like(plain_words(column.heading), "lost", self.synonyms.lost)
            if column.days and likeness.degree >= _NEAR:
                found.append((likeness.degree, column, likeness))
        if not found:
            return None
        _, column, likeness = max(found, key=lambda one: one[0])
        sure = "certain: its heading, and its cells are dates"
        return column, sure if likeness.is_same else f"guessed: its heading is like `{likeness.word}`"

    # --- what a column tells ---

    def _told(self, column: Column) -> _Told | None:
        """Return what a column tells: by its heading, and else by its cells."""
        facts = list(self.rulebase.vocabulary.values())
        side = self.synonyms.side(column.heading)
        likeness = self.synonyms.nearest(column.heading, facts)
        bare = self.synonyms.without_side(column.heading)
        if side and bare and (not likeness or not likeness.is_same):
            other = self.synonyms.nearest(bare, facts)
            likeness = other if other and (not likeness or other.degree > likeness.degree) else likeness
        if likeness and (told := self._fitting(column, self.rulebase.vocabulary[likeness.name], likeness, side)):
            return told
        return self._by_cells(column, side)

    def _by_cells(self, column: Column, side: str | None) -> _Told | None:
        """Take a column for the stated reason where most of its cells are words for one."""
        fact = self.rulebase.vocabulary.get(STATED)
        if fact is None or column.figures or column.is_boolean or column.distinct > _FEW or column.distinct < 2:
            return None
        fit = self.synonyms.choices(fact, column.counts)
        if fit.share < 0.6 or len({*fit.values.values(), *fit.guessed.values()}) < 2:
            return None
        because = f"{fit.share:.0%} of its cells are words for a reason"
        told = _Told(column, fact, side or "record", because, doubts=["its heading does not say so"], fit=fit)
        return self._with_side(told, side)

    def _fitting(self, column: Column, fact: Fact, likeness: Likeness, side: str | None) -> _Told | None:
        """Return what a column tells of a fact, None where its cells are not of that kind."""
        told = _Told(column, fact, side or "record", "its heading and its cells")
        if not likeness.is_same:
            told.doubts.append(f"its heading is only like `{likeness.word}`")
        if column.failed:
            told.doubts.append(
                f"{rows_in_words(column.failed)} show an error of the spreadsheet, and would be rejected"
            )
        fits = {"number": self._number, "date": self._date, "boolean": self._boolean, "choice": self._choice}
        return self._with_side(told, side) if fits[fact.type](column, fact, told) else None

    def _with_side(self, told: _Told, side: str | None) -> _Told:
        if side:
            told.doubts.append(f"the heading says that it is {'the customer' if side == 'customer' else 'our'}'s word")
            told.doubts[-1] = told.doubts[-1].replace("our's", "our")
        return told

    def _number(self, column: Column, fact: Fact, told: _Told) -> bool:
        if not column.figures or (column.is_boolean and column.distinct <= 2):
            return False
        decimal, figures = column.figures
        ways = [way for way in column.decimals if _inside(column.read_with(way), fact)] or column.decimals
        if len(ways) > 1:
            decimal = self._decide(column, told)
        elif len(column.decimals) > 1:
            decimal = ways[0]
            told.doubts.append(
                f"figures such as {_quoted(column.two_ways)} have decimals, or they would be out of range"
            )
        elif decimal:
            told.doubts.append(f"figures are written with a decimal {decimal}{_then(column.two_ways, decimal)}")
        if decimal:
            figures = column.read_with(decimal)
            told.keys["decimal"] = decimal
        self._scale(column, fact, told, figures)
        self._signs(column, fact, told)
        scale = float(told.keys.get("times", 1))
        outside = figures.filter((figures * scale < fact.low) | (figures * scale > fact.high))
        if len(outside):
            told.doubts.append(
                f"{len(outside):,} figures lie outside {fact.low:g} to {fact.high:g}, and would be rejected"
            )
            told.weak |= len(outside) > len(figures) / 2
        return True

    def _scale(self, column: Column, fact: Fact, told: _Told, figures: pl.Series) -> None:
        """Say what figures are to be multiplied by, where they look like fractions or thousands."""
        low, high = float(figures.min() or 0), float(figures.max() or 0)  # type: ignore[arg-type]  # numbers
        if is_percentage(fact) and -1 <= low <= high <= 1 and not column.percentages:
            told.keys["times"] = "100"
            told.doubts.append("all figures lie between -1 and 1, so that they look like fractions, not percentages")
        elif is_money(fact) and _THOUSANDS.search(column.heading):
            told.keys["times"] = "1000"
            told.doubts.append("the heading speaks of thousands")

    def _signs(self, column: Column, fact: Fact, told: _Told) -> None:
        """Say where heading or cells are marked as something that the fact is not."""
        codes = column.currencies
        if is_money(fact):
            wrong = column.percentages
            if _PERCENT.search(column.heading) or wrong:
                told.doubts.append("it looks like a percentage, and the fact is an amount of money")
                told.weak |= not wrong or 2 * wrong > len(column.known)
            if len(codes) > 1:
                listed = ", ".join(f"{code} in {rows_in_words(count)}" for code, count in codes.items())
                told.doubts.append(f"amounts are in several currencies, which do not add up: {listed}")
                told.weak = True
            elif codes and sum(codes.values()) < len(column.known):
                told.doubts.append(f"some amounts are marked as {next(iter(codes))}, and others have no mark")
        elif wrong := sum(codes.values()) + (0 if is_percentage(fact) else column.percentages):
            told.doubts.append(f"{wrong:,} figures are marked as something else, and would be rejected")
            told.weak |= 2 * wrong > len(column.known)
        elif is_percentage(fact) and 0 < column.percentages < len(column.known):
            told.doubts.append("some figures have a percent sign, and others have none")

    def _decide(self, column: Column, told: _Told) -> Decimal:
        """Return how figures such as `1.234` are meant: as other columns of the file are written, else nobody knows."""
        cell = _quoted(column.two_ways)
        clear = {mark: other for other in self.columns if (mark := other.evident)}
        if len(clear) == 1:
            decimal, other = next(iter(clear.items()))
            as_there = f"with a decimal {decimal} as in {_quoted(other.heading)}"
            told.doubts.append(f"figures such as {cell} can be read in two ways, and are taken {as_there}")
            return decimal
        told.doubts.append(
            f"figures such as {cell} can be thousands or decimals, and nothing tells which: say `point` or `comma`"
        )
        told.weak = True
        return column.decimals[0]

    def _date(self, column: Column, _fact: Fact, told: _Told) -> bool:
        days = column.days
        if days and days != ("year-first",):
            told.keys["dates"] = days[0]
        if len(days) > 1:
            told.doubts.append("nothing tells whether day or month comes first: no day is above 12")
            told.weak = True
        return bool(days)

    def _boolean(self, column: Column, _fact: Fact, told: _Told) -> bool:
        if not column.is_boolean:
            return False
        if column.figures:
            told.doubts.append("1 is taken for yes and 0 for no")
        return True

    def _choice(self, column: Column, fact: Fact, told: _Told) -> bool:
        if {"never", "once", "repeatedly"} <= set(fact.choices) and column.figures and not column.is_boolean:
            told.keys["values"] = '{"0": never, "1": once, "2..": repeatedly}'
            told.doubts.append("the figures are taken for how often it happened")
            return True
        told.fit = self.synonyms.choices(fact, column.counts)
        told.weak = told.fit.share < 0.25
        return told.fit.share > 0

    # --- what is left ---

    def _is_segment(self, column: Column) -> bool:
        if not len(column.known) or column.days:
            return False
        likeness = like(plain_words(column.heading), "segment", self.synonyms.segments)
        return likeness.degree >= 0.9 and column.distinct <= _FEW

    def _why_left(self, column: Column) -> str:
        if not len(column.known):
            return "no cell is filled in"
        facts = self.rulebase.vocabulary.values()
        if likeness := self.synonyms.nearest(column.heading, facts):
            kind = self.rulebase.vocabulary[likeness.name].type
            return (
                f"called like `{likeness.name}`, a {kind}, and its cells are none, such as {_quoted(_example(column))}"
            )
        if like(plain_words(column.heading), "lost", self.synonyms.lost).degree >= _NEAR and not self.lost:
            return f"called like the date of the loss, and not all of its cells are dates: {_quoted(_example(column))}"
        return "called like no fact, and its cells are no words for a reason"

    def _keep_one_each(self) -> None:
        """Comment out what tells a fact that a better column tells on the same side."""
        best: dict[str, _Told] = {}
        for told in sorted(self.told, key=lambda one: (one.weak, len(one.doubts))):
            if not told.weak and told.name in best:
                told.weak = True
                told.doubts.append(f"`{best[told.name].column.heading}` tells the same already")
            elif not told.weak:
                best[told.name] = told

    def counted(self) -> str:
        """Say in a few words what is proposed."""
        sure = sum(not told.doubts and not told.weak for told in self.told)
        weak = sum(told.weak for told in self.told)
        parts = [f"{sure} certain", f"{len(self.told) - sure - weak} guessed", f"{weak} commented out"]
        return f"{', '.join(parts)}, {len(self.left) - len(self._kept())} of {len(self.columns)} columns left out"

    # --- as a file ---

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        yield from self._rows()
        yield ""
        proposed = [told for told in self.told if not told.weak]
        yield "# What each column tells, and on whose word." if proposed else "# No column tells a fact for certain."
        empty = "columns: {}  # take the braces away once a mark below goes" if self.told else "columns: {}"
        yield "columns:" if proposed else empty
        for told in self.told:
            yield from _as_lines(told)
        yield from self._left_out()
        yield from self._untold()

    def _rows(self) -> Iterator[str]:
        if self.account:
            column, why = self.account
            yield f"account: {_quoted(column.heading)}  # {why}"
        else:
            yield "# account: …  # no column looks like the name of an account; rows go by their numbers"
        yield from self._lost_lines()
        yield from self._currency()
        if self.segments:
            listed = ", ".join(_quoted(column.heading) for column in self.segments)
            yield f"segments: [{listed}]  # guessed from headings: to compare accounts by; carried over as they are"
        if kept := self._kept():
            listed = ", ".join(_quoted(column.heading) for column in kept)
            yield f"keep: [{listed}]  # guessed: carried over as they are, and read by no rule"

    def _currency(self) -> Iterator[str]:
        """Yield which currency amounts are marked with, where all are marked with one."""
        codes: dict[str, str] = {}
        for told in self.told:
            if is_money(told.fact) and not told.weak:
                codes |= dict.fromkeys(told.column.currencies, told.column.heading)
        if len(codes) == 1:
            code, heading = next(iter(codes.items()))
            yield f"currency: {code}  # so amounts are marked in {_quoted(heading)}; rows in another would be rejected"
        elif codes:
            listed = ", ".join(f"{code} in {_quoted(heading)}" for code, heading in codes.items())
            yield f"# currency: …  # amounts are in several, which do not add up: {listed}"

    def _kept(self) -> list[Column]:
        """Return the columns that name an account too, and tell nothing."""
        known = set(map(plain_words, self.synonyms.account))
        return [column for column, _ in self.left if len(column.known) and plain_words(column.heading) in known]

    def _lost_lines(self) -> Iterator[str]:
        if not self.lost:
            yield "# lost: …  # no column looks like the date of the loss; then nothing tells how long ago it was"
            return
        column, why = self.lost
        heading, days = _quoted(column.heading), column.days
        if len(days) > 1:
            yield "# Nothing tells whether day or month comes first: no day is above 12. Keep the line that is right:"
            yield from (f"# lost: {{column: {heading}, dates: {order}}}  # {why}" for order in days)
        elif days == ("year-first",):
            yield f"lost: {heading}  # {why}"
        else:
            yield f"lost: {{column: {heading}, dates: {days[0]}}}  # {why}; some days are above 12"

    def _left_out(self) -> Iterator[str]:
        if left := [(column, why) for column, why in self.left if column not in self._kept()]:
            yield ""
            yield "# Not used, each with why; name under `keep` or `segments` what is to be carried over:"
            for column, why in left:
                yield f"#   {_quoted(column.heading)}: {why}"

    def _untold(self) -> Iterator[str]:
        told = {one.fact.id for one in self.told if not one.weak}
        untold = [fact.id for fact in self.rulebase.vocabulary.values() if fact.id not in told and not fact.derive]
        yield ""
        yield f"# Nothing tells these {len(untold)} facts (`churn-rules facts` says what they are):"
        yield from (f"#   {line}" for line in textwrap.wrap(", ".join(untold), 108))


def _all_rows(count: int) -> str:
    return "its only row" if count == 1 else f"all {count:,} rows"


def _inside(figures: pl.Series, fact: Fact) -> bool:
    return bool(figures.is_between(fact.low, fact.high).all())


def _then(cell: str, decimal: Decimal) -> str:
    """Say what a cell that could be thousands or decimals is then; nothing where there is none."""
    if not cell:
        return ""
    is_decimals = ("," if decimal == "comma" else ".") in cell
    return f", so that {_quoted(cell)} is {'a figure with decimals' if is_decimals else 'in thousands'}"


def _parts(column: Column) -> set[str]:
    return set(plain_words(column.heading).split())


def _example(column: Column) -> str:
    return next(iter(column.counts), "")[:40]


def _as_lines(told: _Told) -> Iterator[str]:
    mark = "  # " if told.weak else "  "
    sure = f"guessed: {'; '.join(told.doubts)}" if told.doubts else f"certain: {told.because}"
    if told.doubts and told.because != "its heading and its cells":
        sure = f"guessed: {told.because}; {'; '.join(told.doubts)}"
    yield f"{mark}{_quoted(told.column.heading)}:  # {sure}"
    yield f"{mark}  fact: {told.fact.id}"
    if told.side != "record":
        yield f"{mark}  side: {told.side}"
    for key, value in told.keys.items():
        yield f"{mark}  {key}: {value}"
    if told.fit:
        yield from _values(told.fit, mark, told.column.counts)


def _values(fit: Fit, mark: str, counts: Mapping[str, int]) -> Iterator[str]:
    if fit.values or fit.guessed:
        yield f"{mark}  values:"
        for cell, choice in fit.values.items():
            yield f"{mark}    {dumps(cell, ensure_ascii=False)}: {choice}"
        for cell, choice in fit.guessed.items():
            yield f"{mark}    {dumps(cell, ensure_ascii=False)}: {choice}  # guessed, in {rows_in_words(counts[cell])}"
    if fit.left:
        if not (fit.values or fit.guessed):
            yield f"{mark}  # values:"
        for cell, count in list(fit.left.items())[:20]:
            unmatched = f"{rows_in_words(count)} could not be matched"
            yield f"{mark}    # {dumps(cell[:80], ensure_ascii=False)}: …  # {unmatched}"
        if len(fit.left) > 20:
            yield f"{mark}    # and {len(fit.left) - 20} more"
        yield f"{mark}  others: unknown  # those with a mark above: give them a meaning, and take the mark away"


def _quoted(text: str) -> str:
    """Write a text as YAML reads it back: bare where it is a plain word, else in quotes."""
    bare = _PLAIN.fullmatch(text) and text.lower() not in _READ_OTHERWISE
    return text if bare else dumps(text, ensure_ascii=False)
