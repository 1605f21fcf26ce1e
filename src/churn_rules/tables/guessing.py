"""What a column looks like: which kind its cells are, and which words of ours they and its heading are.

Never decides what to do about it: `proposing` does, and says why.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from typing import Any

import polars as pl

from churn_rules.errors import TableFileError
from churn_rules.mappings import UNKNOWN, DateOrder, Decimal, as_key
from churn_rules.reading.documents import read_document
from churn_rules.tables.markings import ERRORS
from churn_rules.tables.parsing import CURRENCIES, FALSE, TRUE, dates, marked, numbers, percent, read_two_ways
from churn_rules.vocabulary import Fact

__all__ = ["Column", "Fit", "Likeness", "Synonyms", "plain_words"]

_NEAR = 0.84
_ENOUGH = 0.95
_MOST_VALUES = 200


def plain_words(text: str) -> str:
    """Return a heading or a cell as plain words: lower case, parted by single spaces, no marks."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return " ".join(re.sub(r"[\W_]+", " ", parted).lower().split())


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like two names are, from 0 to 1, and which of ours it was."""

    name: str
    word: str
    degree: float

    @property
    def is_same(self) -> bool:
        """Whether it is the very word."""
        return self.degree >= 1


@dataclass(frozen=True, slots=True)
class Fit:
    """How cells become choices: surely, perhaps, and not at all; `share` is that of the rows that are understood."""

    values: Mapping[str, str] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    share: float = 0.0


class Synonyms:
    """The words of `synonyms.yaml`, as far as the rules know what they stand for."""

    def __init__(self) -> None:
        with as_file(files("churn_rules.tables") / "synonyms.yaml") as path:
            document = read_document(path, "synonyms.yaml")
        if document.issues:
            raise TableFileError(document.issues)
        data: dict[str, Any] = document.data
        self.account: list[str] = data["account"]
        self.lost: list[str] = data["lost"]
        self.segments: list[str] = data["segments"]
        self.sides: dict[str, list[str]] = {"customer": data["customer"], "us": data["us"]}
        self.facts: dict[str, list[str]] = data["facts"]
        self.values: dict[str, dict[str, list[str]]] = data["values"]

    def nearest(self, heading: str, facts: Iterable[Fact]) -> Likeness | None:
        """Return the fact that is most nearly called like a heading, None where none is near."""
        words = plain_words(heading)
        found = (like(words, fact.id, [fact.id, fact.title, *self.facts.get(fact.id, ())]) for fact in facts)
        best = max(found, key=lambda one: one.degree, default=None)
        return best if best and best.degree >= _NEAR else None

    def side(self, heading: str) -> str | None:
        """Return whose word a heading says that it is, None where it says nothing."""
        words = plain_words(heading)
        for side, marks in self.sides.items():
            if any(mark in words.split() or (not mark.isascii() and mark in words) for mark in marks):
                return side
        return None

    def without_side(self, heading: str) -> str:
        """Return a heading without the words that say whose word it is."""
        marks = {mark for marks in self.sides.values() for mark in marks}
        return " ".join(word for word in plain_words(heading).split() if word not in marks)

    def choices(self, fact: Fact, counts: Mapping[str, int]) -> Fit:
        """Find out which choice of a fact each cell means."""
        words = {plain_words(choice): choice for choice in fact.choices}
        for choice, synonyms in self.values.get(fact.id, {}).items():
            if choice in fact.choices:
                words |= {plain_words(synonym): choice for synonym in synonyms}
        values: dict[str, str] = {}
        guessed: dict[str, str] = {}
        left: dict[str, int] = {}
        for cell, count in counts.items():
            key = plain_words(cell)
            if key in words:
                values[cell] = words[key]
            elif near := _nearest_word(key, words):
                guessed[cell] = words[near]
            else:
                left[cell] = count
        total = sum(counts.values())
        told = sum(count for cell, count in counts.items() if cell in values or cell in guessed)
        return Fit(values, guessed, left, told / total if total else 0.0)


def like(words: str, name: str, ours: Iterable[str]) -> Likeness:
    """Return how like a heading is to the nearest of our words for something."""
    best = Likeness(name, "", 0.0)
    for word in map(plain_words, ours):
        degree = 1.0 if word == words else min(0.99, difflib.SequenceMatcher(None, words, word).ratio())
        if not word.isascii() and word in words and degree < 1:  # Chinese parts no words: one holds the other
            degree = max(degree, 0.9)
        if degree > best.degree:
            best = Likeness(name, word, degree)
    return best


def _nearest_word(key: str, words: Mapping[str, str]) -> str | None:
    """Return the longest of our words that a cell holds, or else the one that it is most like."""
    held = [word for word in words if len(word) > 3 and re.search(rf"\b{re.escape(word)}\b", key)]
    held += [word for word in words if not word.isascii() and word in key]
    if held:
        return max(held, key=len)
    return next(iter(difflib.get_close_matches(key, words, n=1, cutoff=0.8)), None)


class Column:
    """One column of a sample: its heading, its cells as text, and what they could be.

    Args:
        heading: Its heading.
        cells: Its cells.
        are_text: Whether figures in it were text in the file, and no numbers, so that it matters how they are written.
    """

    def __init__(self, heading: str, cells: pl.Series, *, are_text: bool = True) -> None:
        self.heading, self.dtype = heading, cells.dtype
        self.are_text = are_text and not cells.dtype.is_numeric()
        text = cells.dt.date() if isinstance(cells.dtype, pl.Datetime) else cells
        known = text.cast(pl.String).drop_nulls()
        self.rows = len(cells)
        keys = known.str.strip_chars().str.to_lowercase()
        self.failed = int(keys.is_in(sorted(ERRORS)).sum())
        self.known = known.filter(~keys.is_in(sorted(UNKNOWN | ERRORS)))

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The commonest cells, each once in whichever capitals, with their counts."""
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for cell in self.known.to_list():
            counts[first.setdefault(as_key(cell), cell.strip())] += 1
        return dict(counts.most_common(_MOST_VALUES))

    @cached_property
    def distinct(self) -> int:
        """How many different cells there are."""
        return self.known.n_unique()

    @property
    def is_unique(self) -> bool:
        """Whether every row is filled in, each with something else."""
        return bool(self.rows) and self.distinct == self.rows

    @cached_property
    def is_boolean(self) -> bool:
        """Whether all cells are yes or no, in two different ways or one."""
        return bool(len(self.known)) and {as_key(cell) for cell in self.counts} <= {*TRUE, *FALSE}

    @cached_property
    def decimals(self) -> tuple[Decimal, ...]:
        """With which mark the cells are figures: none, one, or both where each is right for as many; the point first.

        Empty too where it does not matter, since no cell could be read otherwise.
        """
        if not len(self.known) or not self.are_text:
            return ()
        doubtful = self._tried(read_two_ways(_KEY)).sum()
        return () if not doubtful and self._share(None) >= _ENOUGH else self._fitting

    @property
    def evident(self) -> Decimal | None:
        """With which mark alone the cells are figures, needed or not; None where they tell nothing about it."""
        fitting = self._fitting if len(self.known) and self.are_text else ()
        return fitting[0] if len(fitting) == 1 else None

    @cached_property
    def _fitting(self) -> tuple[Decimal, ...]:
        ways: tuple[Decimal, ...] = ("point", "comma")
        shares = {way: self._share(way) for way in ways}
        best = max(shares.values())
        return tuple(way for way in ways if best >= _ENOUGH and shares[way] == best)

    @cached_property
    def figures(self) -> tuple[Decimal | None, pl.Series] | None:
        """How the cells are numbers, and the numbers; None where they are none."""
        decimal = self.decimals[0] if self.decimals else None
        if not self.decimals and (not len(self.known) or self._share(None) < _ENOUGH):
            return None
        found = self._tried(numbers(_KEY, decimal)).drop_nulls()
        return decimal, found

    @cached_property
    def percentages(self) -> int:
        """How many cells are figures with a percent sign."""
        return int(self._tried(percent(_KEY)).sum())

    @cached_property
    def currencies(self) -> Mapping[str, int]:
        """How many cells are figures marked with each currency, as far as any is."""
        counts = {code: int(self._tried(marked(_KEY, code)).sum()) for code in CURRENCIES}
        return {code: count for code, count in counts.items() if count}

    @property
    def two_ways(self) -> str:
        """The first cell that can be read as thousands and as decimals; empty where there is none."""
        return next(iter(self.known.filter(self._tried(read_two_ways(_KEY)))), "")

    def read_with(self, decimal: Decimal) -> pl.Series:
        """Return the numbers that the cells are with a decimal mark."""
        return self._tried(numbers(_KEY, decimal)).drop_nulls()

    def _share(self, decimal: Decimal | None) -> float:
        found = self._tried(numbers(_KEY, decimal))
        return 1 - found.null_count() / len(found)

    @cached_property
    def days(self) -> tuple[DateOrder, ...]:
        """In which order of day and month the cells are dates: none, one, or both where every day could be a month."""
        if not len(self.known) or self.dtype.is_float():
            return ()
        shares = {order: self._read(order) for order in ("year-first", "day-first", "month-first")}
        if shares["year-first"] >= _ENOUGH:
            return ("year-first",)
        fitting: list[DateOrder] = [one for one in ("day-first", "month-first") if shares[one] >= _ENOUGH]
        return tuple(fitting)

    def _read(self, order: str) -> float:
        first = self._tried(dates(_KEY, order)[0])  # type: ignore[arg-type]  # one of the three
        return 1 - first.null_count() / len(first)

    def _tried(self, made: pl.Expr) -> pl.Series:
        key = self.known.str.strip_chars().str.to_lowercase().alias("key")
        return key.to_frame().select(made.alias("made"))["made"]


_KEY = pl.col("key")
