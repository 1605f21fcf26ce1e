"""A mapping as a frozen value: which column of a file tells which fact, on whose word, and how it is written.

Never reads a file, and never looks into a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from churn_rules.vocabulary import Side, Span, Value

__all__ = [
    "UNKNOWN",
    "DateOrder",
    "Decimal",
    "TableMapping",
    "ToldConstant",
    "ToldCost",
    "ToldDate",
    "ToldFact",
    "as_key",
    "called",
]

DateOrder = Literal["year-first", "day-first", "month-first"]
Decimal = Literal["point", "comma"]

UNKNOWN = frozenset(
    {
        *("", "-", "--", "?", "n/a", "n.a.", "#n/a", "na", "nan", "null", "nil", "unknown", "not known", "tbd"),
        *("onbekend", "n.v.t.", "nvt", "weet niet", "niet bekend", "n.b.", "nb"),
        *("未知", "不详", "不明", "不知道", "无数据", "待定", "暂无"),
    }
)
"""What a cell holds where nobody knows, in lower case; a value map may give any of it a meaning all the same."""


def as_key(cell: str) -> str:
    """Return a cell as it is compared: without white space around it, and in lower case."""
    return cell.strip().lower()


def called(fact: str, side: Side) -> str:
    """Return the name of the canonical column in which a side tells a fact."""
    return fact if side == "record" else f"{fact}.{side}"


@dataclass(frozen=True, slots=True)
class ToldDate:
    """A column of dates, in which order it writes day and month where that is said, and which cells are unknown."""

    column: str
    dates: DateOrder = "year-first"
    unknown: frozenset[str] = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFact:
    """A column that tells a fact, on one side's word.

    `values` gives the meaning of cells, by `as_key`; None is unknown. `bands` does so for figures from one number up to
    another, for a fact that is no figure itself. `times` turns the figures of the file into the
    unit of the fact: 1000 for thousands, 100 for a fraction that is to be a percentage. `to` is the column of the upper
    end where a figure or a date is a range. `decimal` is None where nobody said which mark it is: then only figures
    without a comma can be read.
    """

    column: str
    fact: str
    side: Side = "record"
    to: str | None = None
    dated: ToldDate | None = None
    values: Mapping[str, Value | None] = field(default_factory=dict)
    bands: tuple[tuple[float, float, Value | None], ...] = ()
    others_unknown: bool = False
    times: float = 1.0
    dates: DateOrder = "year-first"
    decimal: Decimal | None = None
    unknown: frozenset[str] = UNKNOWN

    @property
    def name(self) -> str:
        """The canonical column that it fills."""
        return called(self.fact, self.side)


@dataclass(frozen=True, slots=True)
class ToldConstant:
    """A fact that is the same for every account of the file."""

    fact: str
    side: Side
    value: Value

    @property
    def name(self) -> str:
        """The canonical column that it fills."""
        return called(self.fact, self.side)


@dataclass(frozen=True, slots=True)
class ToldCost:
    """What an accommodation costs, once or yearly: a column, or one amount for every account."""

    accommodation: str
    when: Literal["once", "yearly"]
    told: str | Span
    decimal: Decimal | None = None
    unknown: frozenset[str] = UNKNOWN

    @property
    def name(self) -> str:
        """The canonical column that it fills."""
        return f"cost.{self.accommodation}.{self.when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """Which column of a file tells what. `account` names the rows; `segments` are kept too, to compare by."""

    path: str = ""
    account: str | None = None
    lost: ToldDate | None = None
    segments: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    facts: tuple[ToldFact, ...] = ()
    constants: tuple[ToldConstant, ...] = ()
    costs: tuple[ToldCost, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    currency: str | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that are carried over as they are: the account, the segments and the rest, each once."""
        account = (self.account,) if self.account else ()
        return tuple(dict.fromkeys((*account, *self.segments, *self.keep)))

    @property
    def decimals(self) -> Mapping[str, Decimal]:
        """How the columns of figures are written, by column, as far as anybody said."""
        told = [(column, one.decimal) for one in self.facts for column in (one.column, one.to) if column]
        told += [(cost.told, cost.decimal) for cost in self.costs if isinstance(cost.told, str)]
        return {column: decimal for column, decimal in told if decimal}

    @property
    def telling(self) -> frozenset[str]:
        """The columns that tell something, and are not only carried over."""
        return frozenset(name for name, path in self.columns() if path[0] not in ("segments", "keep"))

    def columns(self) -> Iterator[tuple[str, tuple[str | int, ...]]]:
        """Yield every column that it names, with the path of that in the mapping file."""
        if self.account:
            yield self.account, ("account",)
        if self.lost:
            yield self.lost.column, ("lost",)
        for key, names in (("segments", self.segments), ("keep", self.keep)):
            yield from ((name, (key, place)) for place, name in enumerate(names))
        for told in self.facts:
            yield told.column, ("columns", told.column)
            for extra, key in ((told.to, "to"), (told.dated.column if told.dated else None, "dated")):
                if extra is not None:
                    yield extra, ("columns", told.column, key)
        for cost in self.costs:
            if isinstance(cost.told, str):
                yield cost.told, ("costs", cost.accommodation, cost.when)
