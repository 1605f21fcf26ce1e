"""The chain of causes on its timeline: what became known when, for which reason it speaks, and how to draw it.

Never places anything; `layout` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from churn_rules.cases import Case
from churn_rules.diagnosis import ReasonReport
from churn_rules.language import Language
from churn_rules.report.layout import Drawing, Flag, Group, Node, draw
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, Term, plain
from churn_rules.words import OUTCOME

__all__ = ["Dated", "Item", "Link", "chain_drawing", "day_in_words", "groups_of"]

_DATE = Term(id="date", title="the date", type="date")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that became known, and the numbers of the reasons that it speaks for."""

    text: str
    speaks_for: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dated:
    """What became known on one date; without a span, what bears no date."""

    label: str
    span: Span | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A reason in the chain of causes, and what it led to, in words."""

    number: int
    title: str
    about: str
    leads_to: tuple[str, ...]


def day_in_words(day: Span | None, language: Language) -> str:
    """Say a date as it was given; an empty text where there is none."""
    said = plain(_DATE, day)
    if isinstance(said, dict):
        return language.say("{low} to {high}", low=said["from"], high=said["to"])
    return str(said or "")


def _ends(day: Span | None) -> tuple[str, str]:
    """Return the first and the last date of a span, as they were given."""
    said = plain(_DATE, day)
    return (str(said["from"]), str(said["to"])) if isinstance(said, dict) else (str(said or ""), str(said or ""))


def groups_of(case: Case, rulebase: Rulebase, speaks: Mapping[int, frozenset[int]]) -> tuple[Dated, ...]:
    """Return what became known, by date: first what bears none, then in the order of time.

    Args:
        case: Its observations are grouped; its requirements are counted.
        rulebase: Its vocabulary words them.
        speaks: For the number of each reason, the observations (their places in the case) that speak for it.
    """
    groups: dict[Span | None, list[Item]] = {}
    language, say = rulebase.language, rulebase.language.say
    for place, item in enumerate(case.observations):
        numbers = tuple(number for number, places in speaks.items() if place in places)
        words = rulebase.says(item.fact, item.value)
        groups.setdefault(item.date, []).append(Item(words, numbers))
    for day, number in Counter(wish.date for wish in case.requirements).items():
        words = say(
            "the customer required {count} things to return, listed below"
            if number > 1
            else "the customer required 1 thing to return, listed below",
            count=number,
        )
        groups.setdefault(day, []).append(Item(words, ()))
    ordered = sorted(groups, key=lambda day: (day.high, day.low) if day else (0.0, 0.0))
    undated = say("Without a date")
    return tuple(Dated(day_in_words(day, language) or undated, day, tuple(groups[day])) for day in ordered)


def chain_drawing(
    case: Case, reasons: Sequence[ReasonReport], told: Sequence[Link], dates: Sequence[Dated], language: Language
) -> tuple[Drawing, str]:
    """Return the drawing of the chain on its timeline, and its description for whoever cannot see it."""
    drawn = {report.reason for report in reasons}
    nodes = [
        Node(report.reason, f"{item.number}  {item.title}", item.about, report.role or "possible")
        for report, item in zip(reasons, told, strict=True)
    ]
    links = [(report.reason, effect) for report in reasons for effect in report.leads_to if effect in drawn]
    groups = [
        Group(group.label, group.span, tuple(map(_item, _telling_first(group.items))), _ends(group.span))
        for group in dates
    ]
    drawing = draw(nodes, links, groups, tuple(_flags(case, language)), language)
    return drawing, _described(told, dates, language)


def _telling_first(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: not item.speaks_for)


def _item(item: Item) -> str:
    return f"{item.text} [{', '.join(map(str, item.speaks_for))}]" if item.speaks_for else item.text


def _flags(case: Case, language: Language) -> Iterator[Flag]:
    if case.lost:
        yield Flag(language.say("lost {day}", day=day_in_words(case.lost, language)), case.lost)
    if case.outcome and case.outcome.date:
        result, day = language.word(case.outcome.result, OUTCOME), day_in_words(case.outcome.date, language)
        yield Flag(f"{result} {day}", case.outcome.date)


def _described(told: Sequence[Link], dates: Sequence[Dated], language: Language) -> str:
    """Describe the drawing in sentences."""
    say, joined = language.say, language.joined
    sentences = []
    for item in told:
        parts = {"number": item.number, "title": item.title, "about": item.about}
        if item.leads_to:
            effects = joined(" and to ", item.leads_to)
            sentences.append(say("{number}, {title}: {about}; it led to {effects}.", **parts, effects=effects))
        else:
            sentences.append(say("{number}, {title}: {about}.", **parts))
    sentences = sentences or [say("No reason is established.")]
    dated = joined(", ", (f"{group.label} ({len(group.items)})" for group in dates if group.span))
    if dated:
        sentences.append(say("Below, what became known by date: {dates}.", dates=dated))
    else:
        sentences.append(say("Nothing that is known bears a date."))
    return " ".join(sentences)
