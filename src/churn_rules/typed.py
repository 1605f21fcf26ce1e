"""Answers as people type them, in English, Dutch or Chinese, turned into values that rules can test.

Never guesses: what can be read in two ways, or in none, is refused with a sentence that says how to write it. The
language decides only in which words it is refused; what is understood, and as what, is the same in all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from churn_rules.errors import ValueRefusedError
from churn_rules.language import ENGLISH, Language, in_english
from churn_rules.money import CURRENCIES
from churn_rules.vocabulary import Fact, Span, Value, accept, parse_date

__all__ = ["read_date", "read_typed"]


def read_typed(fact: Fact, text: str, language: Language = ENGLISH) -> Value | None:
    """Turn what a person types at a prompt into a value that rules can test.

    Args:
        fact: What was asked for; its sentences and its unit are understood in the language that it is in.
        text: What was typed. Which currency an amount is in is not compared with anything.
        language: The language of the interview: of the refusals, and of nothing else.

    Returns:
        The value, or None for "I don't know".

    Raises:
        ValueRefusedError: It cannot be read, or does not fit; Q503 to Q517 tell the kinds of fault apart.

    >>> rise = Fact(id="rise", title="the price increase", type="number", unit="percent", low=-100, high=1000)
    >>> read_typed(rise, "30,5 procent")
    Span(low=30.5, high=30.5)
    >>> read_typed(rise, "weet niet") is None
    True
    """
    cleaned = _cleaned(text, language)
    return None if _words(cleaned) in _DO_NOT_KNOW else _READ[fact.type](fact, cleaned, language)


def read_date(text: str, language: Language = ENGLISH) -> Span:
    """Turn a date as a person types it into a span of days: a year, a month of a year, or one day.

    Raises:
        ValueRefusedError: It is no date, no day of the calendar, or one of two days.

    >>> read_date("maart 2009") == read_date("2009-03") == read_date("2009年3月")
    True
    """
    return _date(_cleaned(text, language), language)


# --- what is said of an answer that cannot be taken -------------------------------------------------------------------

_FAULTS: Mapping[str, Mapping[str, str]] = {
    "Q503": in_english(
        what="this answer is too long to read",
        why="an answer has at most 200 characters, and this one has {count}",
        fix="say it in a few words or figures",
    ),
    "Q504": in_english(
        what="this answer holds a sign that cannot be read here ({sign})",
        why="only letters, figures and ordinary punctuation are understood",
        fix="type it again without that sign",
    ),
    "Q505": in_english(
        what="nothing was typed", why="an empty line could mean anything", fix="type an answer, or u if you do not know"
    ),
    "Q506": in_english(
        what="`{typed}` is neither yes nor no",
        why="this question is answered with yes or no",
        fix="type y for yes, n for no, or u if you do not know",
    ),
    "Q507": in_english(
        what="`{typed}` cannot be read as a number",
        why="the answer is {wanted}",
        fix="type it in full in figures, such as 30, 30-40 or at least 30, or u if you do not know",
    ),
    "Q508": in_english(
        what="`{typed}` can be read in two ways",
        why="`{part}` is {one} where a comma or point marks thousands, and {other} where it marks decimals",
        fix="type {one} or {other}",
    ),
    "Q509": in_english(
        what="`{typed}` lies outside what is possible here",
        why="the answer is {wanted} from {low} to {high}",
        fix="check the figure and its unit, or type u if you do not know",
    ),
    "Q510": in_english(
        what="`{typed}` is below zero",
        why="the answer is {wanted}, and it cannot be negative",
        fix="type it without the minus sign if that is what you mean, or u if you do not know",
    ),
    "Q511": in_english(
        what="the range `{typed}` ends before it begins",
        why="the smaller number comes first, and {first} is more than {second}",
        fix="swap the two if that is what you mean",
    ),
    "Q512": in_english(
        what="`{typed}` is in another unit",
        why="the answer is {wanted}",
        fix="work it out that way and type the bare number, or u if you do not know",
    ),
    "Q513": in_english(
        what="`{typed}` is none of the choices",
        why="there are {choices}",
        fix="type the number of the one that fits, or u if you do not know",
    ),
    "Q514": in_english(
        what="`{typed}` fits more than one choice",
        why="it could be {choices}",
        fix="type the number of the one that you mean",
    ),
    "Q515": in_english(
        what="`{typed}` cannot be read as a date",
        why="the answer is a year, a month of a year, or one day",
        fix="type it like 2009, 2009-03 or 2009-03-31, or u if you do not know",
    ),
    "Q516": in_english(
        what="`{typed}` can be read as two days",
        why="some write the day first and some the month, so it is {one} or {other}",
        fix="type {one} or {other}",
    ),
    "Q517": in_english(
        what="`{typed}` is no day of the calendar",
        why="no year has such a month or day",
        fix="check the figures, or type only the year",
    ),
}

_WANTED = in_english(
    number="a number",
    unit="a number in {unit}",
    money="an amount of money",
    yearly="an amount of money per year",
)


def _refused(code: str, language: Language, typed: str = "", **parts: object) -> ValueRefusedError:
    shown = typed if len(typed) <= 40 else f"{typed[:37]}..."
    said = (language.say(_FAULTS[code][part], typed=shown, **parts) for part in ("what", "why", "fix"))
    return ValueRefusedError(code, *said)


def _figure(number: float) -> str:
    return repr(number).removesuffix(".0")


# --- any text ---------------------------------------------------------------------------------------------------------

_LONGEST = 200
_AS_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u2018\u2019", "'")
    | {"\u2265": ">=", "\u2264": "<="}
)
_UNREADABLE = {"So", "No", "Zl", "Zp"}  # emoji and the like; superscripts, which would turn into plain digits


def _cleaned(text: str, language: Language) -> str:
    """Return a text without needless spaces, its full-width and typographic signs as a keyboard has them."""
    if len(text) > _LONGEST:
        raise _refused("Q503", language, count=len(text))
    for sign in text.strip():
        if unicodedata.category(sign)[0] == "C" or unicodedata.category(sign) in _UNREADABLE:
            raise _refused("Q504", language, sign=f"U+{ord(sign):04X}")
    cleaned = _plain(text)
    if not cleaned:
        raise _refused("Q505", language)
    return cleaned


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_AS_TYPED).split())


def _words(text: str) -> str:
    """Return a text as words to be compared: whatever its case, hyphens, underscores and full stop."""
    return " ".join(_plain(text).casefold().replace("_", " ").replace("-", " ").rstrip(".!。").split())


_DO_NOT_KNOW = {
    *("u", "dk", "unknown", "don't know", "dont know", "do not know", "no idea"),
    *("i don't know", "i dont know", "i do not know"),
    *("weet niet", "weet ik niet", "ik weet het niet", "onbekend", "geen idee"),
    *("不知道", "我不知道", "未知", "不清楚"),
}

# --- yes or no --------------------------------------------------------------------------------------------------------

_TRUTHS: Mapping[str, bool] = dict.fromkeys(("yes", "y", "ja", "j", "true", "是", "是的", "对", "有"), True) | (
    dict.fromkeys(("no", "n", "nee", "false", "否", "不", "不是", "没有"), False)
)


def _read_boolean(fact: Fact, text: str, language: Language) -> Value | None:
    truth = _TRUTHS.get(_words(text))
    if truth is None:
        raise _refused("Q506", language, text)
    return accept(fact, truth)


# --- choices ----------------------------------------------------------------------------------------------------------


def _read_choice(fact: Fact, text: str, language: Language) -> Value | None:
    typed = _words(text)
    names = {choice: (_words(choice), _words(fact.says.get(choice, choice))) for choice in fact.choices}
    listed = {str(place): choice for place, choice in enumerate(fact.choices, start=1)}
    found = [choice for choice in fact.choices if typed in names[choice]]
    found = found or [listed[place] for place in [typed.rstrip(")")] if place in listed]
    found = found or [choice for choice in fact.choices if typed and any(map(_begins(typed), names[choice]))]
    if len(found) != 1:
        code, candidates = ("Q514", found) if found else ("Q513", fact.choices)
        raise _refused(code, language, text, choices=_listed(fact, candidates, language))
    return accept(fact, found[0])


def _begins(beginning: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(beginning)


def _listed(fact: Fact, choices: Sequence[str], language: Language) -> str:
    """Name some choices, each with the number that it has among all."""
    return language.joined(
        ", ",
        (
            language.say("{number} ({choice})", number=place, choice=fact.says.get(choice, choice.replace("_", " ")))
            for place, choice in enumerate(fact.choices, start=1)
            if choice in choices
        ),
    )


# --- numbers ----------------------------------------------------------------------------------------------------------

_BOUNDS: Mapping[str, str] = {
    phrase: bound
    for bound, phrases in {
        "more_than": "more than|over|above|>|meer dan|boven|超过|大于|多于|高于",
        "at_least": "at least|>=|minstens|ten minste|tenminste|minimaal|至少|不少于|不低于",
        "less_than": "less than|under|below|<|minder dan|onder|少于|小于|低于|不到",
        "at_most": "at most|<=|hoogstens|ten hoogste|maximaal|最多|至多|不超过|不多于",
    }.items()
    for phrase in phrases.split("|")
}
_BOUND = re.compile(f"({'|'.join(sorted(map(re.escape, _BOUNDS), key=len, reverse=True))})(.+)")
_TO = re.compile(r"\.\.|tot en met|tot|to|到|至|~|-")

_SHAPE = re.compile(
    r"([+-]?) ?([^0-9+\-.,]*)([+-]?)([.,][0-9]+|[0-9]+(?:[., '][0-9]+)*)([^0-9]*)"
)  # sign, words before, sign, figures, words after
_WHOLE = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]*[.,][0-9]+")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([., '])[0-9]{3}(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]+)?")

_MARKS: Mapping[str, str] = {
    word: mark
    for mark, words in {
        "percent": "%|percent|per cent|pct|procent|百分之",
        "days": "day|days|dag|dagen|天|日",
        "months": "month|months|maand|maanden|mnd|个月",
        "years": "year|years|yr|yrs|jaar|jaren|年",
        "money": "euro|euros|dollar|dollars|pound|pounds|yuan|rmb|us$|hk$|元|欧元|美元|人民币",
        "a year": "per year|a year|per annum|p.a|/year|/ year|per jaar|/jaar|/ jaar|/年|/ 年|每年",
    }.items()
    for word in words.split("|")
} | dict.fromkeys(map(str.casefold, CURRENCIES), "money")
_A_YEAR = tuple(word for word, mark in _MARKS.items() if mark == "a year")


class _Number(NamedTuple):
    """Figures as they were typed, and what they may mean: with a comma or point for thousands first."""

    typed: str
    readings: tuple[float, ...]
    marks: frozenset[str]


class _Typed(NamedTuple):
    """A number, two ends of a range, or a number that bounds one; `bounds` are their keys in a raw value."""

    bounds: tuple[str, ...]
    numbers: tuple[_Number, ...]


def _read_number(fact: Fact, text: str, language: Language) -> Value | None:
    own, wanted = _own_marks(fact), _wanted(fact, language)
    found = next(_parsed(fact, text.casefold()), None)
    if found is None:
        raise _refused("Q507", language, text, wanted=wanted)
    if not all(number.marks <= own for number in found.numbers):
        raise _refused("Q512", language, text, wanted=wanted)
    ends = [_meant(fact, text, number, language) for number in found.numbers]
    try:
        return accept(fact, dict(zip(found.bounds, ends, strict=True)) if found.bounds else ends[0])
    except ValueRefusedError:
        raise _misfit(fact, text, ends, language) from None


def _misfit(fact: Fact, text: str, ends: Sequence[float], language: Language) -> ValueRefusedError:
    """Word why numbers that can be read do not fit the fact."""
    if min(ends) < 0 <= fact.low:
        return _refused("Q510", language, text, wanted=_wanted(fact, language))
    if ends[0] > ends[-1]:
        return _refused("Q511", language, text, first=_figure(ends[0]), second=_figure(ends[-1]))
    low, high = _figure(fact.low), _figure(fact.high)
    return _refused("Q509", language, text, wanted=_wanted(fact, language), low=low, high=high)


def _parsed(fact: Fact, text: str) -> Iterator[_Typed]:
    """Yield every way to read a text as a bound, a number or a range, the likeliest first."""
    bound = _BOUND.fullmatch(text)
    if bound and (number := _number(fact, bound[2])):
        yield _Typed((_BOUNDS[bound[1]],), (number,))
    if number := _number(fact, text):
        yield _Typed((), (number,))
    for to in _TO.finditer(text):
        first, second = _number(fact, text[: to.start()]), _number(fact, text[to.end() :])
        if first and second:
            yield _Typed(("from", "to"), (first, second))


def _number(fact: Fact, text: str) -> _Number | None:
    shape = _SHAPE.fullmatch(text.strip())
    if not shape or (shape[1] and shape[3]):
        return None
    before, after = _marks(fact, shape[2]), _marks(fact, shape[5])
    readings = tuple(_readings(shape[4], -1 if "-" in (shape[1], shape[3]) else 1))
    if before is None or after is None or not readings:
        return None
    return _Number(f"{shape[1]}{shape[3]}{shape[4]}", readings, before | after)


def _readings(figures: str, sign: int) -> Iterator[float]:
    """Yield what figures may mean: `1,000` is a thousand or one, and nearly all others are one number only."""
    if grouped := _GROUPED.fullmatch(figures):
        yield sign * float(figures.replace(grouped[1], "").replace(",", ".")) + 0.0
    if _WHOLE.fullmatch(figures) or _DECIMAL.fullmatch(figures):
        yield sign * float(figures.replace(",", ".")) + 0.0  # so that -0 is 0


def _meant(fact: Fact, text: str, number: _Number, language: Language) -> float:
    fitting = [reading for reading in number.readings if fact.low <= reading <= fact.high]
    if len(fitting) > 1:
        one, other = map(_figure, fitting)
        raise _refused("Q508", language, text, part=number.typed, one=one, other=other)
    return (fitting or number.readings)[0]


def _marks(fact: Fact, words: str) -> frozenset[str] | None:
    """Return what words around a number say of its unit: nothing, a unit, money, a year; None if nobody knows."""
    words = words.strip()
    if words and words == _plain(fact.unit).casefold():
        return _own_marks(fact)
    return _marks_of(words)


def _marks_of(words: str) -> frozenset[str] | None:
    words = words.strip().removesuffix(".")
    if not words:
        return frozenset()
    if words in _MARKS:
        return frozenset((_MARKS[words],))
    if len(words) == 1 and unicodedata.category(words) == "Sc":
        return frozenset(("money",))
    period = next((phrase for phrase in _A_YEAR if words.endswith(phrase)), None)
    inner = _marks_of(words.removesuffix(period)) if period else None
    return None if inner is None else inner | {"a year"}


def _own_marks(fact: Fact) -> frozenset[str]:
    """Return what a number may say of its unit without contradicting the fact."""
    unit, currency = _plain(fact.unit).casefold(), _plain(fact.currency).casefold()
    money = frozenset(("money",) if currency and currency in unit else ())
    rest = unit.replace(currency, "") if money else unit
    marks = _marks_of(rest)
    return money | (frozenset((rest,)) if marks is None else marks)


def _wanted(fact: Fact, language: Language) -> str:
    kinds = {frozenset[str](): "number", frozenset(("money",)): "money", frozenset(("money", "a year")): "yearly"}
    return language.say(_WANTED[kinds.get(_own_marks(fact), "unit")], unit=fact.unit)


# --- dates ------------------------------------------------------------------------------------------------------------

_MONTHS: Mapping[str, int] = {
    name: month
    for month, names in enumerate(
        (
            "january jan januari",
            "february feb februari",
            "march mar maart mrt",
            "april apr",
            "may mei",
            "june jun juni",
            "july jul juli",
            "august aug augustus",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = rf"(?P<month>[0-9]{{1,2}}|{'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_NAMED = _MONTH.replace("[0-9]{1,2}|", "")
_DAY, _YEAR = r"(?P<day>[0-9]{1,2})", r"(?P<year>[0-9]{4})"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        _YEAR,
        rf"{_YEAR}(?P<mark>[-/.]){_MONTH}(?:(?P=mark){_DAY})?",
        rf"{_YEAR} ?年(?: ?{_MONTH} ?月(?: ?{_DAY} ?[日号])?)?",
        rf"{_MONTH}[-/.]{_YEAR}",
        rf"(?:{_DAY}(?:st|nd|rd|th|e)?[ -](?:of )?)?{_NAMED}\.?,?[ -]{_YEAR}",
        rf"{_NAMED}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}",
    )
)
_EITHER_WAY = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")


def _read_date(fact: Fact, text: str, language: Language) -> Value | None:
    return accept(fact, _date(text, language))


def _date(text: str, language: Language) -> Span:
    days = list(dict.fromkeys(_days(text.casefold())))
    spans = {day: span for day in days if (span := _span(day))}
    if len(spans) > 1:
        one, other = spans
        raise _refused("Q516", language, text, one=one, other=other)
    if not spans:
        raise _refused("Q517" if days else "Q515", language, text)
    return next(iter(spans.values()))


def _days(text: str) -> Iterator[str]:
    """Yield each way to read a date, as year, year-month or year-month-day."""
    if either := _EITHER_WAY.fullmatch(text):
        first, _, second, year = either.groups()
        yield f"{year}-{second:0>2}-{first:0>2}"
        yield f"{year}-{first:0>2}-{second:0>2}"
    found = next((match for pattern in _DATES if (match := pattern.fullmatch(text))), None)
    parts = found.groupdict() if found else {}
    if found:
        month, day = parts.get("month"), parts.get("day")
        yield "-".join([parts["year"], *(f"{_MONTHS.get(part, part):0>2}" for part in (month, day) if part)])


def _span(day: str) -> Span | None:
    try:
        return parse_date(day)
    except ValueError:
        return None


_READ: Mapping[str, Callable[[Fact, str, Language], Value | None]] = {
    "boolean": _read_boolean,
    "choice": _read_choice,
    "number": _read_number,
    "date": _read_date,
}
