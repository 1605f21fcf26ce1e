"""What may be said about a lost account: terms, facts and the values they accept.

Never knows a single fact by name, and never reads a file.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from churn_rules.errors import ValueRefusedError, did_you_mean
from churn_rules.language import ENGLISH, Language, in_english

__all__ = [
    "DERIVATIONS",
    "LARGEST",
    "SIDES",
    "Derivation",
    "Fact",
    "Plain",
    "Side",
    "Span",
    "Term",
    "Truth",
    "Value",
    "accept",
    "accept_text",
    "compared",
    "exact",
    "parse_date",
    "plain",
    "spoken",
]

Side = Literal["record", "customer", "us"]
SIDES: tuple[Side, ...] = ("record", "customer", "us")  # whose word stands first
Truth = bool | None  # None is unknown, Kleene's third truth value

LARGEST = 2.0**53
_STEP = 1e-9


class Span(NamedTuple):
    """A number or a date (its day as an ordinal) known to lie from `low` to `high`; exact where both are the same."""

    low: float
    high: float


Value = bool | str | Span
Plain = bool | str | float | int | dict[str, float | int | str]


def exact(number: float) -> Span:
    """Return the span that holds one number only."""
    return Span(number, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Something that a premise may name: a fact, a finding, or a conclusion of the strata below.

    `at` tells whether it speaks of the time of the loss or of today; conclusions speak of both and leave it empty.
    `currency` is the word in a unit of money for which the case tells the currency.
    """

    id: str
    title: str
    type: Literal["number", "boolean", "choice", "date"]
    unit: str = ""
    currency: str = "currency"
    low: float = -LARGEST
    high: float = LARGEST
    choices: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    at: Literal["loss", "now", ""] = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a fact follows from others: a function of DERIVATIONS and the facts it takes, in order."""

    function: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Term):
    """A fact that somebody may tell us; the vocabulary is a mapping from id to fact."""

    topic: str = ""
    derive: Derivation | None = None
    tolerance: float = 0.0
    sore_point: Value | None = None
    ask: Mapping[str, str] = field(default_factory=dict)
    asked_of: tuple[Side, ...] = ()

    @property
    def question(self) -> str:
        """The question that asks for it, in the language of the rule base."""
        return self.ask["en"]


# --- values -----------------------------------------------------------------------------------------------------------


def accept(term: Term, raw: object) -> Value | None:
    """Turn a value as it stands in a file or a call into one that rules can test.

    Args:
        term: The fact or other term that it is a value of.
        raw: true or false, a choice, a number, a date, a range such as `{from: 36, to: 60}` or `{more_than: 15}`, or
            `unknown` (or None).

    Returns:
        The value, or None for `unknown`.

    Raises:
        ValueRefusedError: The value does not fit the term; the error says why and how to mend it.
    """
    if raw is None or (isinstance(raw, str) and raw.strip().lower() == "unknown"):
        return None
    return _ACCEPT[term.type](term, raw)


def accept_text(term: Term, text: str) -> Value | None:
    """Turn a value as a person types it (`30`, `30 %`, `yes`, `March 2009` as `2009-03`) into one that rules can test.

    Raises:
        ValueRefusedError: As `accept`.
    """
    text = text.strip()
    if term.type == "boolean":
        return accept(term, {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text))
    if term.type == "number":
        between = re.fullmatch(r"([^.]+(?:\.\d+)?)\.\.([^.]+(?:\.\d+)?)", text)
        ends = [_number_in(part) for part in (between.groups() if between else (text,))]
        return accept(term, {"from": ends[0], "to": ends[1]} if between else ends[0])
    return accept(term, text)


def _number_in(text: str) -> float | str:
    bare = text.strip().removesuffix("%").strip()
    return float(bare) if re.fullmatch(r"[-+]?\d+(\.\d+)?", bare, re.ASCII) else text


def _accept_boolean(term: Term, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise _refused(
        "V301",
        term,
        raw,
        "it is either true or false",
        "write true or false (yes or no where you type it in), or unknown",
    )


def _accept_choice(term: Term, raw: object) -> str:
    if isinstance(raw, str) and raw in term.choices:
        return raw
    near = did_you_mean(raw, term.choices) if isinstance(raw, str) else ""
    listed = ", ".join(f"`{choice}`" for choice in term.choices)
    raise _refused("V302", term, raw, f"it is one of {listed}", f"write one of these{near}")


def _accept_number(term: Term, raw: object) -> Span:
    if isinstance(raw, Mapping | Span):
        span = _number_range(term, raw if isinstance(raw, Mapping) else {"from": raw.low, "to": raw.high})
    elif isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < LARGEST:
        span = exact(float(raw))
    else:
        raise _refused("V303", term, raw, f"it is a number{_in_unit(term)}", "write the bare number, or unknown")
    if not term.low <= span.low <= span.high <= term.high:
        raise _refused(
            "V304",
            term,
            raw,
            f"it lies between {term.low:.12g} and {term.high:.12g}{_in_unit(term)}",
            "check the figure and its unit, or widen the range in the vocabulary",
        )
    return span


_LOWER, _UPPER = ("from", "at_least", "more_than"), ("to", "at_most", "less_than")


def _number_range(term: Term, raw: Mapping[object, object]) -> Span:
    ends: list[float] = []
    for names, open_end, far_end in ((_LOWER, _STEP, term.low), (_UPPER, -_STEP, term.high)):
        given = [name for name in names if name in raw]
        if len(given) > 1:
            raise _refused("V305", term, raw, f"`{given[0]}` and `{given[1]}` both bound it", "keep one of them")
        number = raw[given[0]] if given else far_end
        if not isinstance(number, int | float) or isinstance(number, bool) or not abs(number) <= LARGEST:
            raise _refused("V303", term, number, "each bound of a range is a number", "write the bare number")
        ends.append(number + open_end if given and given[0] in ("more_than", "less_than") else float(number))
    if not raw or set(raw) - {*_LOWER, *_UPPER}:
        why = f"a range is bounded by {', '.join(_LOWER)} and {', '.join(_UPPER)}"
        raise _refused("V305", term, raw, why, "write {from: 36, to: 60} or {more_than: 15}")
    if ends[0] > ends[1]:
        why = f"its lower bound {ends[0]:.12g} lies above its upper bound {ends[1]:.12g}"
        raise _refused("V305", term, raw, why, "swap them, or check them against the range of the fact")
    return Span(*ends)


def _accept_date(term: Term, raw: object) -> Span:
    try:
        return parse_date(raw)
    except ValueError as error:
        raise _refused("V306", term, raw, str(error), "write a year, 2009-03 or 2009-03-31, or unknown") from None


_ACCEPT: Mapping[str, Callable[[Term, object], Value]] = {
    "boolean": _accept_boolean,
    "choice": _accept_choice,
    "number": _accept_number,
    "date": _accept_date,
}


def _refused(code: str, term: Term, raw: object, why: str, fix: str) -> ValueRefusedError:
    return ValueRefusedError(code, f"`{_shown(raw)}` is no value of `{term.id}`", why, fix)


def _in_unit(term: Term) -> str:
    return f" in {term.unit}" if term.unit else ""


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in raw.items()) + "}"
    text = "" if raw is None else str(raw)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_date(raw: object) -> Span:
    """Read a date as people give it, as a span of days.

    Args:
        raw: A year (2009), a month ("2009-03"), a day ("2009-03-31"), or a range {from: 2009, to: 2010-06}.

    Raises:
        ValueError: It is none of these, or no such day exists; the message says why.
    """
    if isinstance(raw, date):
        return exact(raw.toordinal())
    if isinstance(raw, Span):
        return Span(date.fromordinal(int(raw.low)).toordinal(), date.fromordinal(int(raw.high)).toordinal())
    if isinstance(raw, Mapping):
        if set(raw) != {"from", "to"}:
            raise ValueError("a range of dates has `from` and `to`")
        span = Span(parse_date(raw["from"]).low, parse_date(raw["to"]).high)
        if span.low > span.high:
            raise ValueError("a range of dates ends after it begins")
        return span
    parts = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", str(raw), re.ASCII)
    if not parts or isinstance(raw, bool | float):
        raise ValueError("a date is written year, year-month or year-month-day")
    year, month, day = (int(part) if part else None for part in parts.groups())
    try:
        first = date(year or 0, 1 if month is None else month, 1 if day is None else day)
        last = date(first.year, month or 12, day or calendar.monthrange(first.year, month or 12)[1])
    except ValueError:
        raise ValueError("there is no such day in the calendar") from None
    return Span(first.toordinal(), last.toordinal())


# --- derived facts ----------------------------------------------------------------------------------------------------


def _percent_change(before: Span, after: Span) -> Span | None:
    if before.low <= 0:
        return None
    return _rounded(100 * (after.low / before.high - 1), 100 * (after.high / before.low - 1))


def _ratio(part: Span, whole: Span) -> Span | None:
    return _rounded(part.low / whole.high, part.high / whole.low) if whole.low > 0 <= part.low else None


def _months_between(first: Span, second: Span) -> Span:
    return _rounded(_months(first.high, second.low), _months(first.low, second.high))


def _months(first: float, second: float) -> float:
    start, end = date.fromordinal(int(first)), date.fromordinal(int(second))
    return 12 * (end.year - start.year) + end.month - start.month + (end.day - start.day) / 31


def _rounded(low: float, high: float) -> Span:
    return Span(round(low, 9), round(high, 9))


DERIVATIONS: Mapping[str, tuple[Callable[[Span, Span], Span | None], str, str]] = {
    "percent_change": (_percent_change, "number", "number"),
    "ratio": (_ratio, "number", "number"),
    "months_between": (_months_between, "date", "number"),
}
"""Functions of two facts, with the type of what they take and of what they give; `date_of` is the memory's own."""


# --- words ------------------------------------------------------------------------------------------------------------


def plain(term: Term, value: Value | None) -> Plain | None:
    """Give a value in the form in which it stands in a file: bare numbers, ISO dates, ranges as {from, to}."""
    if not isinstance(value, Span):
        return value
    if term.type == "date":
        return _plain_date(value)
    low, high = (int(end) if end == int(end) else end for end in value)
    return low if low == high else {"from": low, "to": high}


def _plain_date(value: Span) -> str | dict[str, float | int | str]:
    first, last = (date.fromordinal(int(end)) for end in value)
    if first == last:
        return first.isoformat()
    if (first.day, last.day) == (1, calendar.monthrange(last.year, last.month)[1]):
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.year:04}-{first.month:02}"
        if (first.month, last.month) == (1, 12):
            return (
                f"{first.year:04}" if first.year == last.year else {"from": f"{first.year:04}", "to": f"{last.year:04}"}
            )
    return {"from": first.isoformat(), "to": last.isoformat()}


_IS = in_english(
    is_="{title} is {amount}",
    is_not="{title} is not {amount}",
    at_least="{title} is at least {amount}",
    at_most="{title} is at most {amount}",
    more_than="{title} is more than {amount}",
    less_than="{title} is less than {amount}",
)
_WAS = in_english(
    is_="{title} was {amount}",
    is_not="{title} was not {amount}",
    at_least="{title} was at least {amount}",
    at_most="{title} was at most {amount}",
    more_than="{title} was more than {amount}",
    less_than="{title} was less than {amount}",
)


def spoken(term: Term, value: Value | None, language: Language = ENGLISH) -> str:
    """Say a value of a term as a sentence.

    >>> spoken(Term(id="rise", title="the price increase", type="number", unit="percent"), exact(30))
    'the price increase was 30 percent'
    """
    if value is None:
        return language.say("{title} is unknown", title=term.title)
    if not isinstance(value, Span):
        key = str(value).lower()
        return term.says[key] if key in term.says else language.say(_IS["is_"], title=term.title, amount=key)
    operator, number = _bound(term, value, language)
    return compared(term, operator, number, language, past=term.at != "now")


def compared(term: Term, operator: str, number: str, language: Language, *, past: bool, unit: str | None = None) -> str:
    """Say how a term compares with a number, of a time that is past or not: `the price was at least 30 percent`."""
    unit = _spoken_unit(term) if unit is None else unit
    amount = language.say("{number} {unit}", number=number, unit=unit) if unit else number
    sentence = (_WAS if past else _IS)["is_" if operator == "is" else operator]
    return language.say(sentence, title=term.title, amount=amount)


def _bound(term: Term, value: Span, language: Language) -> tuple[str, str]:
    """Return what a value is compared with, and how: where its range is open to one side, with its end."""
    said = plain(term, value)
    if not isinstance(said, dict):
        return "is", f"{said:.6g}" if isinstance(said, float) else str(said)
    if term.type == "number" and value.high >= term.high:
        return _open("at_least", "more_than", value.low)
    if term.type == "number" and value.low <= term.low:
        return _open("at_most", "less_than", value.high)
    low, high = (f"{end:.6g}" if isinstance(end, float) else str(end) for end in said.values())
    return "is", language.say("{low} to {high}", low=low, high=high)


def _spoken_unit(term: Term) -> str:
    """Say the unit; which currency it is, the case tells."""
    return term.unit.replace(term.currency, "").strip()


def _open(closed: str, opened: str, end: float) -> tuple[str, str]:
    return closed if round(end, 6) == end else opened, f"{round(end, 6):.12g}"
