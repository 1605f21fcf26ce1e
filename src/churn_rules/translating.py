"""A rule base in another language: every text in it by its context, and the same rule base with each one translated.

Never reads a file, and never changes what a rule tests or concludes: codes, premises and digest stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from churn_rules.language import Language
from churn_rules.rulebase import Rule, Rulebase, Stratum
from churn_rules.vocabulary import Fact

__all__ = ["Entry", "Untranslated", "messages", "translated", "untranslated"]


class Entry(NamedTuple):
    """A text in a file of translations: what it was translated from, and its translation, empty where it has none."""

    english: str
    text: str


@dataclass(frozen=True, slots=True)
class Untranslated:
    """An English text without a translation, or (stale) with one of what it said before; `context` tells where."""

    context: str
    english: str
    stale: bool


def messages(rulebase: Rulebase) -> Iterator[tuple[str, str]]:
    """Yield every text of an English rule base after its context, in the order in which a translator reads them."""
    facts, rules = rulebase.vocabulary.values(), rulebase.rules.values()
    yield from ((f"unit/{unit}", unit) for unit in dict.fromkeys(fact.unit for fact in facts if fact.unit))
    yield from ((f"topic/{topic}", topic) for topic in dict.fromkeys(fact.topic for fact in facts if fact.topic))
    for fact in facts:
        yield f"fact/{fact.id}/title", fact.title
        yield f"fact/{fact.id}/ask", fact.question
        yield from ((f"fact/{fact.id}/says/{value}", says) for value, says in fact.says.items())
    for finding in rulebase.findings.values():
        yield f"finding/{finding.id}/title", finding.title
        yield from ((f"finding/{finding.id}/says/{value}", says) for value, says in finding.says.items())
    for reason in rulebase.reasons.values():
        yield f"reason/{reason.id}/title", reason.title
        yield f"reason/{reason.id}/means", reason.means
    yield from ((f"accommodation/{item.id}/title", item.title) for item in rulebase.accommodations.values())
    for step in rulebase.steps.values():
        texts = (("title", step.title), ("text", step.text), ("whom", step.whom))
        yield from ((f"step/{step.id}/{part}", text) for part, text in texts if text)
    yield from ((f"people/{role}", role) for role in _people(rulebase))
    yield from ((f"checklist/{item.id}", item.text) for item in rulebase.asking.checklist)
    for stage, questions in rulebase.questions.items():
        yield from ((f"question/{stage}/{place}", text) for place, text in enumerate(questions, start=1))
    for rule in sorted(rules, key=lambda rule: (rule.theme, rule.id)):
        texts = (("title", rule.title), ("because", rule.because), ("warning", rule.then.warning or ""))
        yield from ((f"rule/{rule.id}/{part}", text) for part, text in texts if text)


def _people(rulebase: Rulebase) -> Iterable[str]:
    agreeing = (role for item in rulebase.accommodations.values() for role in item.agreed_by)
    return dict.fromkeys((*agreeing, *(step.owner for step in rulebase.steps.values())))


def untranslated(english: Iterable[tuple[str, str]], entries: Mapping[str, Entry]) -> tuple[Untranslated, ...]:
    """Return which texts have no translation, or one of another English text.

    Args:
        english: Each text after its context; a phrase of the program, which has none, after an empty text.
        entries: The translations by context, or by the English text where there is none.
    """
    found = ((context, text, entries.get(context or text)) for context, text in english)
    return tuple(
        Untranslated(context, text, stale=bool(entry and entry.text))
        for context, text, entry in found
        if not entry or not entry.text or entry.english != text
    )


def translated(rulebase: Rulebase, language: Language, entries: Mapping[str, Entry]) -> Rulebase:
    """Return the same rule base in another language; what has no translation of what it says now stays English."""

    def said(context: str, english: str) -> str:
        entry = entries.get(context)
        return entry.text if entry and entry.text and entry.english == english else english

    rules = {name: _rule(rule, said) for name, rule in rulebase.rules.items()}
    return replace(
        rulebase,
        vocabulary=_each(rulebase.vocabulary, lambda fact: _fact(fact, said)),
        findings=_each(rulebase.findings, lambda finding: _said(finding, "finding", said)),
        reasons=_each(
            rulebase.reasons,
            lambda reason: replace(
                reason,
                title=said(f"reason/{reason.id}/title", reason.title),
                means=said(f"reason/{reason.id}/means", reason.means),
            ),
        ),
        accommodations=_each(
            rulebase.accommodations,
            lambda item: replace(
                item,
                title=said(f"accommodation/{item.id}/title", item.title),
                agreed_by=tuple(said(f"people/{role}", role) for role in item.agreed_by),
            ),
        ),
        steps=_each(
            rulebase.steps,
            lambda step: replace(
                step,
                title=said(f"step/{step.id}/title", step.title),
                text=said(f"step/{step.id}/text", step.text),
                whom=said(f"step/{step.id}/whom", step.whom),
                owner=said(f"people/{step.owner}", step.owner),
            ),
        ),
        asking=replace(
            rulebase.asking,
            checklist=tuple(
                replace(item, text=said(f"checklist/{item.id}", item.text)) for item in rulebase.asking.checklist
            ),
        ),
        questions={
            stage: tuple(said(f"question/{stage}/{place}", text) for place, text in enumerate(texts, start=1))
            for stage, texts in rulebase.questions.items()
        },
        rules=rules,
        strata=tuple(
            Stratum(tuple(rules[rule.id] for rule in stratum.rules), stratum.topics) for stratum in rulebase.strata
        ),
        language=language,
        engines={},
    )


_Said = Callable[[str, str], str]
_One = TypeVar("_One")


def _each(shelf: Mapping[str, _One], change: Callable[[_One], _One]) -> dict[str, _One]:
    return {name: change(one) for name, one in shelf.items()}


def _fact(fact: Fact, said: _Said) -> Fact:
    return replace(
        _said(fact, "fact", said),
        unit=said(f"unit/{fact.unit}", fact.unit),
        currency=said(f"unit/{fact.currency}", fact.currency),
        topic=said(f"topic/{fact.topic}", fact.topic),
        ask={"en": said(f"fact/{fact.id}/ask", fact.question)},
    )


def _said(fact: Fact, kind: str, said: _Said) -> Fact:
    says = {value: said(f"{kind}/{fact.id}/says/{value}", sentence) for value, sentence in fact.says.items()}
    return replace(fact, title=said(f"{kind}/{fact.id}/title", fact.title), says=says)


def _rule(rule: Rule, said: _Said) -> Rule:
    warning = rule.then.warning and said(f"rule/{rule.id}/warning", rule.then.warning)
    return replace(
        rule,
        title=said(f"rule/{rule.id}/title", rule.title),
        because=said(f"rule/{rule.id}/because", rule.because),
        then=replace(rule.then, warning=warning),
    )
