"""From a mapping file to a `TableMapping`, with everything that is wrong in it.

Never opens the table that it is about: whether a column is there, others check.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from churn_rules.errors import TableFileError, ValueRefusedError, did_you_mean
from churn_rules.mappings import UNKNOWN, TableMapping, ToldConstant, ToldCost, ToldDate, ToldFact, as_key
from churn_rules.reading.documents import Document, Key, read_document
from churn_rules.reading.shapes import shape_of
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import LARGEST, SIDES, Fact, Side, Span, Term, Value, accept

__all__ = ["read_mapping", "read_mapping_document"]

Heading = Annotated[str, Field(min_length=1, max_length=1000)]
Dates = Literal["year-first", "day-first", "month-first"]
Decimals = Literal["point", "comma"]
Currencies = Literal["EUR", "USD", "GBP", "CNY", "INR"]
_MONEY = Term(id="cost", title="the cost", type="number", unit="currency", low=0, high=1e12)
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_MEASURES = ("number", "date")
_BAND = re.compile(r"([-+]?\d+(?:\.\d+)?)?\s*\.\.\s*([-+]?\d+(?:\.\d+)?)?", re.ASCII)

Path_ = tuple[Key, ...]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _DateShape(_Shape):
    """A column of dates."""

    column: Heading
    dates: Dates | None = None


class _ColumnShape(_Shape):
    """What a column tells."""

    fact: Heading
    side: Side = "record"
    values: dict[str, Any] = {}
    others: Literal["unknown"] | None = None
    times: Annotated[float, Field(gt=0, le=1e12)] | None = None
    to: Heading | None = None
    dated: Any = None
    dates: Dates | None = None
    decimal: Decimals | None = None
    unknown: list[str] = []


class _CostShape(_Shape):
    """What an accommodation costs: each a column, an amount, or a range of amounts."""

    once: Any = None
    yearly: Any = None


class MappingShape(_Shape):
    """A mapping file."""

    account: Heading | None = None
    lost: Any = None
    segments: list[Heading] = []
    keep: list[Heading] = []
    unknown: list[str] = []
    dates: Dates | None = None
    decimal: Decimals | None = None
    currency: Currencies | None = None
    encoding: Heading | None = None
    delimiter: Literal["comma", "semicolon", "tab", "pipe"] | None = None
    sheet: Heading | None = None
    columns: dict[Heading, Any] = {}
    constants: dict[str, Any] = {}
    costs: dict[str, _CostShape] = {}


def read_mapping(file: Path, rulebase: Rulebase) -> TableMapping:
    """Read a mapping file.

    Raises:
        TableFileError: Something is wrong with it; `issues` holds all of it.
    """
    return read_mapping_document(file, rulebase)[1]


def read_mapping_document(file: Path, rulebase: Rulebase) -> tuple[Document, TableMapping]:
    """Read a mapping file, with the document in which each of its keys has a place.

    Raises:
        TableFileError: As `read_mapping`.
    """
    document = read_document(file, str(file))
    shape = None if document.issues else shape_of(MappingShape, document.data, document)
    mapping = _MappingReader(document, rulebase, shape).read() if shape else None
    if mapping is None or document.issues:
        raise TableFileError(document.issues)
    return document, mapping


def _band(cell: str) -> tuple[float, float] | None:
    """Return the ends of a band of figures, such as `2..` or `2..10`, None where a cell is meant."""
    ends = _BAND.fullmatch(cell.strip())
    if not ends or not any(ends.groups()):
        return None
    low, high = ends.groups()
    return float(low) if low else -LARGEST, float(high) if high else LARGEST


class _MappingReader:
    """Turns the shape into the value; whatever does not fit becomes an issue of the document."""

    def __init__(self, document: Document, rulebase: Rulebase, shape: MappingShape) -> None:
        self.document, self.rulebase, self.shape = document, rulebase, shape

    def read(self) -> TableMapping:
        shape = self.shape
        facts = tuple(self._facts())
        constants = tuple(self._constants())
        self._check_once([*((told.name, ("columns", told.column)) for told in facts)], constants)
        self._check_encoding()
        return TableMapping(
            path=self.document.path,
            account=shape.account,
            lost=self._date(shape.lost, ("lost",)),
            segments=tuple(shape.segments),
            keep=tuple(shape.keep),
            facts=facts,
            constants=constants,
            costs=tuple(self._costs()),
            encoding=shape.encoding,
            delimiter=_DELIMITERS[shape.delimiter] if shape.delimiter else None,
            sheet=shape.sheet,
            currency=shape.currency,
        )

    # --- what columns tell ---

    def _facts(self) -> Iterator[ToldFact]:
        for column, data in self.shape.columns.items():
            several = isinstance(data, list)
            for place, item in enumerate(data if several else [data]):
                path: Path_ = ("columns", column, place) if several else ("columns", column)
                shape = shape_of(_ColumnShape, item, self.document, path)
                if shape and (fact := self._fact(shape.fact, (*path, "fact"))):
                    yield self._told(column, fact, shape, path)

    def _told(self, column: str, fact: Fact, shape: _ColumnShape, path: Path_) -> ToldFact:
        self._check_keys(fact, shape, path)
        banded = {} if fact.type in _MEASURES else {cell: raw for cell, raw in shape.values.items() if _band(cell)}
        exact = {cell: raw for cell, raw in shape.values.items() if cell not in banded}
        return ToldFact(
            column=column,
            fact=fact.id,
            side=shape.side,
            to=shape.to,
            dated=self._date(shape.dated, (*path, "dated")),
            values=dict(self._values(fact, exact, (*path, "values"))),
            bands=tuple(self._bands(fact, banded, (*path, "values"))),
            others_unknown=shape.others == "unknown",
            times=shape.times or 1.0,
            dates=shape.dates or self.shape.dates or "year-first",
            decimal=shape.decimal or self.shape.decimal,
            unknown=self._unknown(*shape.unknown),
        )

    def _fact(self, name: str, path: Path_) -> Fact | None:
        if fact := self.rulebase.vocabulary.get(name):
            return fact
        why, fix = "only facts of the vocabulary can be told", "see `churn-rules facts`"
        bare, _, side = name.rpartition(".")
        if side in SIDES and bare in self.rulebase.vocabulary:
            fix = f"write `fact: {bare}` and `side: {side}`"
        near = did_you_mean(name, self.rulebase.vocabulary)
        self.document.issue("M601", f"unknown fact `{name}`", why, f"{fix}{near}", self.document.place(path))
        return None

    def _check_keys(self, fact: Fact, shape: _ColumnShape, path: Path_) -> None:
        fits = {"times": ("number",), "decimal": ("number",), "to": _MEASURES, "dates": ("date",)}
        for key, types in fits.items():
            if getattr(shape, key) is not None and fact.type not in types:
                what, why = f"`{key}` makes no sense here", f"`{fact.id}` is a {fact.type}, and no {' or '.join(types)}"
                self.document.issue("M602", what, why, "remove it", self.document.key((*path, key)))

    def _values(self, fact: Fact, values: Mapping[str, Any], path: Path_) -> Iterator[tuple[str, Value | None]]:
        seen: dict[str, str] = {}
        for cell, raw in values.items():
            key = as_key(cell)
            if key in seen:
                what, why = f"`{cell}` stands twice", f"capitals do not count, and `{seen[key]}` is there already"
                self.document.issue("M603", what, why, "keep one of them", self.document.key((*path, cell)))
            seen[key] = cell
            yield key, self._accepted(fact, raw, (*path, cell))

    def _bands(self, fact: Fact, values: Mapping[str, Any], path: Path_) -> Iterator[tuple[float, float, Value | None]]:
        for cell, raw in values.items():
            low, high = _band(cell) or (0.0, 0.0)
            if low > high:
                what, why = f"`{cell}` holds no number", "the smaller number comes first"
                self.document.issue("M603", what, why, "swap the two", self.document.key((*path, cell)))
            yield low, high, self._accepted(fact, raw, (*path, cell))

    def _accepted(self, term: Term, raw: Any, path: Path_) -> Value | None:
        try:
            return accept(term, raw)
        except ValueRefusedError as error:
            self.document.issue(error.code, error.what, error.why, error.fix, self.document.place(path))
            return None

    def _date(self, data: Any, path: Path_) -> ToldDate | None:
        """Read a column of dates: its heading alone, or with the order of day and month."""
        if data is None:
            return None
        shaped = data if isinstance(data, dict) else {"column": data}
        shape = shape_of(_DateShape, shaped, self.document, path)
        order = (shape and shape.dates) or self.shape.dates or "year-first"
        return ToldDate(shape.column, order, self._unknown()) if shape else None

    def _unknown(self, *more: str) -> frozenset[str]:
        """Return the cells that say that something is unknown, in every column and in this one."""
        return UNKNOWN | {as_key(token) for token in (*self.shape.unknown, *more)}

    # --- what is the same for all ---

    def _constants(self) -> Iterator[ToldConstant]:
        for name, raw in self.shape.constants.items():
            bare, _, side = name.rpartition(".")
            if side not in SIDES:
                bare, side = name, "record"
            path = ("constants", name)
            fact = self._fact(bare, path)
            value = self._accepted(fact, raw, path) if fact else None
            if fact and value is not None:
                yield ToldConstant(fact.id, next(one for one in SIDES if one == side), value)

    def _costs(self) -> Iterator[ToldCost]:
        for name, cost in self.shape.costs.items():
            if name not in self.rulebase.accommodations:
                near = did_you_mean(name, self.rulebase.accommodations)
                what, why = f"unknown accommodation `{name}`", "costs are told of accommodations"
                fix = f"see `churn-rules show`{near}"
                self.document.issue("M604", what, why, fix, self.document.key(("costs", name)))
                continue
            when: Literal["once", "yearly"]
            for when in ("once", "yearly"):
                raw = getattr(cost, when)
                told = raw if isinstance(raw, str) else self._accepted(_MONEY, raw, ("costs", name, when))
                if isinstance(told, str | Span):
                    yield ToldCost(name, when, told, self.shape.decimal, self._unknown())

    # --- checks of the whole ---

    def _check_once(self, told: list[tuple[str, Path_]], constants: tuple[ToldConstant, ...]) -> None:
        places: dict[str, Path_] = {}
        for name, path in (*told, *((one.name, ("constants", one.name)) for one in constants)):
            if name in places:
                what, why = f"`{name}` is told twice", f"`{places[name][-1]}` tells it on the same side already"
                fix = "keep one of them, or say by `side` who tells which"
                self.document.issue("M605", what, why, fix, self.document.key(path))
            places.setdefault(name, path)

    def _check_encoding(self) -> None:
        name = self.shape.encoding
        if name is None:
            return
        try:
            is_text = codecs.lookup(name)._is_text_encoding  # noqa: SLF001  # the only place that says so
        except (LookupError, ValueError):
            is_text = False
        if not is_text:
            near = did_you_mean(name, ("utf-8", "utf-16", "cp1252", "latin-1", "gb18030", "big5"))
            why, fix = "no encoding of text is called that", f"write utf-8, utf-16, cp1252, latin-1 or gb18030{near}"
            self.document.issue("M606", f"unknown encoding `{name}`", why, fix, self.document.place(("encoding",)))
