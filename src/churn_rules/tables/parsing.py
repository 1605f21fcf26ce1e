"""Cells of text as Polars expressions: numbers, dates, yes or no, and choices, as people write them in exports.

What can be read in two ways is not read at all: the mapping says which way is meant. Never knows a fact by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from churn_rules.mappings import DateOrder, Decimal
from churn_rules.vocabulary import Fact

__all__ = ["FALSE", "MONTHS", "TRUE", "as_keys", "boolean_words", "choice_words", "dates", "numbers", "translated"]

TRUE = ("true", "yes", "y", "t", "1", "1.0", "ja", "j", "waar", "是", "对", "有")
FALSE = ("false", "no", "n", "f", "0", "0.0", "nee", "onwaar", "否", "不", "没有")

_CURRENCY = "[€$£¥₹]|eur|usd|gbp|cny|rmb|元|[%\N{FULLWIDTH PERCENT SIGN}]|percent|procent"
_FIGURES: Mapping[Decimal | None, str] = {
    None: r"^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$",
    "point": r"^[+-]?(?:\d+|\d{1,3}(?:[, ']\d{3})+)(?:\.\d+)?(?:e[+-]?\d+)?$",
    "comma": r"^[+-]?(?:\d+|\d{1,3}(?:[. ']\d{3})+)(?:,\d+)?$",
}
_THOUSANDS: Mapping[Decimal | None, str] = {None: r"[']", "point": r"[, ']", "comma": r"[. ']"}

MONTHS: Mapping[str, str] = {
    **dict(zip(("jan", "feb", "mar", "apr", "may", "jun"), ("1", "2", "3", "4", "5", "6"), strict=True)),
    **dict(zip(("jul", "aug", "sep", "oct", "nov", "dec"), ("7", "8", "9", "10", "11", "12"), strict=True)),
    "mrt": "3",
    "maa": "3",
    "mei": "5",
    "okt": "10",
}
_CLOCK = r"(?:[ t]+\d{1,2}:\d{2}.*)?"
_YEAR = r"(?P<y>[1-9]\d{3})"
_DATES: Mapping[str, tuple[str, ...]] = {
    "any": (
        rf"^{_YEAR}(?:[-/.年](?P<m>\d{{1,2}}))?(?:[-/.月](?P<d>\d{{1,2}}))?[年月日]?{_CLOCK}$",
        rf"^(?P<d>\d{{1,2}})?[-. ]*(?P<m>[a-z]{{3}})[a-z]*[-., ]+{_YEAR}{_CLOCK}$",
        rf"^(?P<m>[a-z]{{3}})[a-z]*[. ]+(?P<d>\d{{1,2}}),? +{_YEAR}{_CLOCK}$",
        rf"^(?P<m>\d{{1,2}})[-/.]{_YEAR}(?P<d>x)?$",
    ),
    "year-first": (),
    "day-first": (rf"^(?P<d>\d{{1,2}})[-/. ](?P<m>\d{{1,2}})[-/. ]{_YEAR}{_CLOCK}$",),
    "month-first": (rf"^(?P<m>\d{{1,2}})[-/. ](?P<d>\d{{1,2}})[-/. ]{_YEAR}{_CLOCK}$",),
}


def as_keys(text: pl.Expr) -> pl.Expr:
    """Return cells as they are compared: without white space around them, and in lower case."""
    return text.str.strip_chars().str.to_lowercase()


def numbers(key: pl.Expr, decimal: Decimal | None) -> pl.Expr:
    """Return cells as numbers, null where one is none; a currency, a percent sign or a true minus is understood."""
    bare = key.str.replace(rf"^(?:{_CURRENCY})\s*", "").str.replace(rf"\s*(?:{_CURRENCY})$", "")
    bare = bare.str.replace_all("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ")
    bare = bare.str.replace("\N{MINUS SIGN}", "-", literal=True)
    plain = bare.str.replace_all(_THOUSANDS[decimal], "")
    if decimal == "comma":
        plain = plain.str.replace(",", ".", literal=True)
    value = plain.cast(pl.Float64, strict=False)
    return pl.when(bare.str.contains(_FIGURES[decimal])).then(value)


def dates(key: pl.Expr, order: DateOrder) -> tuple[pl.Expr, pl.Expr]:
    """Return the first and the last day that cells stand for, null where one is no date.

    A year or a month is all its days; the last day is null where a cell is one day.
    """
    found = [key.str.extract_groups(pattern) for pattern in (*_DATES[order], *_DATES["any"])]
    year, month, day = (pl.coalesce([one.struct.field(part) for one in found]) for part in "ymd")
    month = pl.coalesce(month.replace_strict(MONTHS, default=None, return_dtype=pl.String), month)
    first = _day(year, month.fill_null("1"), day.fill_null("1"))
    last = pl.when(day.is_null()).then(_day(year, month.fill_null("12"), pl.lit("1")).dt.month_end())
    return first, pl.when(first.is_not_null()).then(last)


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    written = pl.concat_str([year, month.str.zfill(2), day.str.zfill(2)], separator="-")
    return written.str.to_date("%Y-%m-%d", strict=False)


def translated(key: pl.Expr, words: Mapping[str, object], dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Return what each cell means by a list of words, null where it is none of them or means nothing."""
    kept = {word: value for word, value in words.items() if value is not None}
    return key.replace_strict(list(kept), list(kept.values()), default=None, return_dtype=dtype)


def choice_words(fact: Fact) -> dict[str, object]:
    """Return how a choice may be written without any value map: its code, with spaces or hyphens too."""
    words: dict[str, object] = {}
    for choice in fact.choices:
        for mark in "_ -":
            words[choice.replace("_", mark)] = choice
    return words


def boolean_words() -> Iterable[tuple[str, object]]:
    """Yield how yes and no are written in English, Dutch and Chinese."""
    yield from ((word, True) for word in TRUE)
    yield from ((word, False) for word in FALSE)
