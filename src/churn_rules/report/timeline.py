"""The chain of causes on its timeline: what became known when, for which reason it speaks, and how to draw it.

Never places anything; `layout` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from churn_rules.cases import Case
from churn_rules.diagnosis import ReasonReport
from churn_rules.report.layout import Drawing, Flag, Group, Node, draw
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, Term, plain, spoken

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


def day_in_words(day: Span | None) -> str:
    """Say a date as it was given; an empty text where there is none."""
    said = plain(_DATE, day)
    return f"{said['from']} to {said['to']}" if isinstance(said, dict) else str(said or "")


def groups_of(case: Case, rulebase: Rulebase, speaks: Mapping[int, frozenset[int]]) -> tuple[Dated, ...]:
    """Return what became known, by date: first what bears none, then in the order of time.

    Args:
        case: Its observations are grouped; its requirements are counted.
        rulebase: Its vocabulary words them.
        speaks: For the number of each reason, the observations (their places in the case) that speak for it.
    """
    groups: dict[Span | None, list[Item]] = {}
    for place, item in enumerate(case.observations):
        numbers = tuple(number for number, places in speaks.items() if place in places)
        words = spoken(rulebase.vocabulary[item.fact], item.value)
        groups.setdefault(item.date, []).append(Item(words, numbers))
    for day, number in Counter(wish.date for wish in case.requirements).items():
        words = f"the customer required {number} thing{'s' * (number > 1)} to return, listed below"
        groups.setdefault(day, []).append(Item(words, ()))
    ordered = sorted(groups, key=lambda day: (day.high, day.low) if day else (0.0, 0.0))
    return tuple(Dated(day_in_words(day) or "Without a date", day, tuple(groups[day])) for day in ordered)


def chain_drawing(
    case: Case, reasons: Sequence[ReasonReport], told: Sequence[Link], dates: Sequence[Dated]
) -> tuple[Drawing, str]:
    """Return the drawing of the chain on its timeline, and its description for whoever cannot see it."""
    drawn = {report.reason for report in reasons}
    nodes = [
        Node(report.reason, f"{item.number}  {item.title}", item.about, report.role or "possible")
        for report, item in zip(reasons, told, strict=True)
    ]
    links = [(report.reason, effect) for report in reasons for effect in report.leads_to if effect in drawn]
    groups = [Group(group.label, group.span, tuple(map(_item, _telling_first(group.items)))) for group in dates]
    return draw(nodes, links, groups, tuple(_flags(case))), _described(told, dates)


def _telling_first(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: not item.speaks_for)


def _item(item: Item) -> str:
    return f"{item.text} [{', '.join(map(str, item.speaks_for))}]" if item.speaks_for else item.text


def _flags(case: Case) -> list[Flag]:
    flags = [Flag(f"lost {day_in_words(case.lost)}", case.lost)] if case.lost else []
    if case.outcome and case.outcome.date:
        words = case.outcome.result.replace("_", " ")
        flags.append(Flag(f"{words} {day_in_words(case.outcome.date)}", case.outcome.date))
    return flags


def _described(told: Sequence[Link], dates: Sequence[Dated]) -> str:
    """Describe the drawing in sentences."""
    sentences = []
    for item in told:
        led = f"; it led to {' and to '.join(item.leads_to)}" if item.leads_to else ""
        sentences.append(f"{item.number}, {item.title}: {item.about}{led}.")
    sentences = sentences or ["No reason is established."]
    when = ", ".join(f"{group.label} ({len(group.items)})" for group in dates if group.span)
    sentences.append(f"Below, what became known by date: {when}." if when else "Nothing that is known bears a date.")
    return " ".join(sentences)
