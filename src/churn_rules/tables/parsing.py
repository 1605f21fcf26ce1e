"""Cells of text as Polars expressions: numbers, dates, yes or no, and choices, as people write them in exports.

What can be read in two ways is not read at all: the mapping says which way is meant. Never knows a fact by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from churn_rules.mappings import DateOrder, Decimal
from churn_rules.vocabulary import Fact

__all__ = [
    "CURRENCIES",
    "FALSE",
    "MONTHS",
    "TRUE",
    "as_keys",
    "boolean_words",
    "choice_words",
    "dates",
    "is_money",
    "is_percentage",
    "marked",
    "numbers",
    "percent",
    "read_two_ways",
    "translated",
]

TRUE = ("true", "yes", "y", "t", "1", "1.0", "ja", "j", "waar", "是", "对", "有")
FALSE = ("false", "no", "n", "f", "0", "0.0", "nee", "onwaar", "否", "不", "没有")

CURRENCIES: Mapping[str, tuple[str, ...]] = {
    "EUR": ("€", "eur"),
    "USD": ("$", "usd"),
    "GBP": ("£", "gbp"),
    "CNY": ("¥", "cny", "rmb", "元"),
    "INR": ("₹", "inr"),
}
"""How amounts are marked, by the code of the currency; `$` and `¥` are taken for the commonest that they stand for."""

_PERCENT = ("%", "\N{FULLWIDTH PERCENT SIGN}", "percent", "procent")
_MINUS = "\N{MINUS SIGN}"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))


_SIGN = _any_of([*(mark for marks in CURRENCIES.values() for mark in marks), *_PERCENT])


def _grouped(*marks: str) -> str:
    """Return the pattern of a whole number: bare, or in groups of three that one and the same mark parts."""
    return "|".join([r"\d+", *(rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+" for mark in marks)])


_EXPONENT = r"(?:e[+-]?\d+)?"
_FIGURES: Mapping[Decimal | None, str] = {
    None: rf"^[+-]?\d+(?:\.\d+)?{_EXPONENT}$",
    "point": rf"^[+-]?(?:{_grouped(',', ' ', chr(39))})(?:\.\d+)?{_EXPONENT}$",
    "comma": rf"^[+-]?(?:{_grouped('[.]', ' ', chr(39))})(?:,\d+)?{_EXPONENT}$",
}
_TWO_WAYS = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_THOUSANDS: Mapping[Decimal | None, str] = {None: r"[']", "point": r"[, ']", "comma": r"[. ']"}

_MONTHS = (
    "jan january januari",
    "feb february februari",
    "mar march mrt maa maart",
    "apr april",
    "may mei",
    "jun june juni",
    "jul july juli",
    "aug august augustus",
    "sep sept september",
    "oct october okt oktober",
    "nov november",
    "dec december",
)
MONTHS: Mapping[str, str] = {word: str(number) for number, words in enumerate(_MONTHS, 1) for word in words.split()}
"""How months are written in English and Dutch: whole words, so that `marble 2009` is no month."""

_CLOCK = r"(?:[ t]+\d{1,2}:\d{2}.*)?"
_YEAR = r"(?P<y>[1-9]\d{3})"
_DATES: Mapping[str, tuple[str, ...]] = {
    "any": (
        rf"^{_YEAR}(?:[-/.年](?P<m>\d{{1,2}}))?(?:[-/.月](?P<d>\d{{1,2}}))?[年月日]?{_CLOCK}$",
        rf"^(?P<d>\d{{1,2}})?[-. ]*(?P<m>[a-z]{{3,}})[-., ]+{_YEAR}{_CLOCK}$",
        rf"^(?P<m>[a-z]{{3,}})[. ]+(?P<d>\d{{1,2}}),? +{_YEAR}{_CLOCK}$",
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
    """Return cells as numbers, null where one is none; a currency, a percent sign or a true minus is understood.

    Without a decimal mark that somebody told, `1.234` is read as written; `read_two_ways` tells such cells.
    """
    bare = _bare(key)
    plain = bare.str.replace_all(_THOUSANDS[decimal], "")
    if decimal == "comma":
        plain = plain.str.replace(",", ".", literal=True)
    value = plain.cast(pl.Float64, strict=False)
    return pl.when(bare.str.contains(_FIGURES[decimal])).then(value)


def read_two_ways(key: pl.Expr) -> pl.Expr:
    """Return which cells are a figure such as `1.234` or `1,234`: one thousand and more, or one and a little."""
    return _bare(key).str.contains(_TWO_WAYS)


def _bare(key: pl.Expr) -> pl.Expr:
    """Return figures without a currency or a percent sign, and with plain spaces and minus signs."""
    bare = key.str.replace(rf"^(?:{_SIGN})\s*", "").str.replace(rf"\s*(?:{_SIGN})$", "")
    bare = bare.str.replace_all("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ")
    return bare.str.replace(_MINUS, "-", literal=True)


def is_money(fact: Fact | None) -> bool:
    """Tell whether a fact is an amount of money, in whichever language; costs, which are no facts, are."""
    return fact is None or fact.currency in fact.unit


def is_percentage(fact: Fact | None) -> bool:
    """Tell whether a fact is a percentage, in whichever language."""
    return fact is not None and fact.unit in _PERCENT


def marked(key: pl.Expr, currency: str | None = None) -> pl.Expr:
    """Return which cells are figures marked with a currency: that of a code, or any."""
    told = CURRENCIES.values() if currency is None else (CURRENCIES[currency],)
    return _signed(key, [mark for marks in told for mark in marks])


def percent(key: pl.Expr) -> pl.Expr:
    """Return which cells are figures with a percent sign."""
    return _signed(key, _PERCENT)


def _signed(key: pl.Expr, signs: Iterable[str]) -> pl.Expr:
    return key.str.contains(rf"\d\s*(?:{_any_of(signs)})$|^(?:{_any_of(signs)})\s*[+{_MINUS}-]?\d")


def dates(key: pl.Expr, order: DateOrder) -> tuple[pl.Expr, pl.Expr]:
    """Return the first and the last day that cells stand for, null where one is no date.

    A year or a month is all its days; the last day is null where a cell is one day.
    """
    found = [key.str.extract_groups(pattern) for pattern in (*_DATES[order], *_DATES["any"])]
    year, month, day = (pl.coalesce([one.struct.field(part) for one in found]) for part in "ymd")
    month = pl.coalesce(translated(month, MONTHS, pl.String), month)
    first = _day(year, month.fill_null("1"), day.fill_null("1"))
    last = pl.when(day.is_null()).then(_day(year, month.fill_null("12"), pl.lit("1")).dt.month_end())
    return first, pl.when(first.is_not_null()).then(last)


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    written = pl.concat_str([year, month.str.zfill(2), day.str.zfill(2)], separator="-")
    return written.str.to_date("%Y-%m-%d", strict=False)


def translated(key: pl.Expr, words: Mapping[str, object], dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Return what each cell means by a list of words, null where it is none of them or means nothing.

    One test a meaning, and not `replace_strict`, which holds whole columns in memory.
    """
    by_value: dict[object, list[str]] = {}
    for word, value in words.items():
        if value is not None:
            by_value.setdefault(value, []).append(word)
    found = pl.lit(None, dtype)
    for value, cells in by_value.items():
        found = pl.when(key.is_in(cells)).then(pl.lit(value, dtype)).otherwise(found)
    return found


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
