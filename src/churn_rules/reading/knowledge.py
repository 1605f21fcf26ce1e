"""From vocabulary, findings, reasons and accommodations as files to frozen values, with all that is wrong in them.

Never reads a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from churn_rules.errors import did_you_mean
from churn_rules.reading.documents import Document
from churn_rules.reading.draft import Draft, accepted
from churn_rules.reading.shapes import (
    AccommodationShape,
    FactShape,
    FindingShape,
    ReasonsShape,
    SourceShape,
    WordingShape,
    shape_of,
)
from churn_rules.rulebase import Accommodation, Coverage, Link, Reason, Source, Thresholds
from churn_rules.vocabulary import DERIVATIONS, LARGEST, Derivation, Fact
from churn_rules.wording import Phrases, Wording

__all__ = ["read_accommodations", "read_facts", "read_findings", "read_reasons", "read_sources", "read_wording"]


_RESERVED = {"any", "not", "case", "accommodation", "requirements", "economics", "link", "unknown"}
_Shaped = TypeVar("_Shaped", FactShape, FindingShape, AccommodationShape)


def _entries(draft: Draft, document: Document, model: type[_Shaped]) -> Iterator[tuple[str, _Shaped]]:
    """Yield each well-shaped entry of a file that maps names to entries."""
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        document.issue("S203", "the file is not a mapping", "it maps names to entries", "write `name:` and indent")
        document.data = None  # no rule can be held against it
        return
    for name, data in document.data.items():
        at = document.key((name,))
        draft.broken.add(name)  # until it is read in full
        if not name.isidentifier() or not name.islower() or len(name) > 80:
            why = "names are lower case: rules and cases with hyphens, facts and reasons with underscores"
            document.issue("S207", f"`{name}` is not a well-formed name", why, "rename it", at)
        elif name in _RESERVED:
            why = "premises use this word for something else"
            document.issue("V215", f"`{name}` cannot be a name", why, "rename it", at)
        elif shaped := shape_of(model, data, document, (name,)):
            yield name, shaped


def read_facts(draft: Draft, document: Document) -> None:
    """Read vocabulary.yaml into a draft."""
    shapes = dict(_entries(draft, document, FactShape))
    for name, shape in shapes.items():
        if fact := _fact(name, shape, document):
            draft.vocabulary[name] = fact
            draft.broken.discard(name)
    for fact in list(draft.vocabulary.values()):
        if fact.derive:
            _check_derivation(fact, fact.derive, draft, document)


_Fault = tuple[str, str, str, str, str]  # code, key, what, why, fix


def _type_faults(name: str, shape: FactShape) -> Iterator[_Fault]:
    """Yield what does not go together with the type of a fact."""
    number = shape.type == "number"
    for key, given in (("unit", shape.unit), ("range", shape.range)):
        if number and given is None:
            yield "V201", "type", f"`{name}` has no {key}", "a number has a unit and a range", f"add `{key}`"
        elif not number and given is not None:
            yield "V201", key, f"`{name}` has a {key}", f"it is a {shape.type}, and only a number has one", "remove it"
    if shape.range and not shape.range[0] < shape.range[1]:
        yield "V202", "range", f"the range of `{name}` is empty", "it goes from low to high", "swap or widen its ends"
    if shape.type == "choice" and not shape.choices:
        yield "V203", "type", f"`{name}` has no choices", "a choice is made among declared choices", "add `choices`"
    elif shape.type != "choice" and shape.choices:
        why = f"it is a {shape.type}, and only a choice has them"
        yield "V203", "choices", f"`{name}` has choices", why, "remove them"


def _wording_faults(name: str, shape: FactShape) -> Iterator[_Fault]:
    """Yield what is wrong with the choices of a fact, their sentences and its question."""
    choices = shape.choices or []
    if len(set(choices)) < len(choices) or "unknown" in choices:
        why = "each choice is another value, and unknown is none"
        yield "V203", "choices", f"the choices of `{name}` are not sound", why, "remove the repeated or needless one"
    elif choices or shape.type != "choice":
        wanted = ["true", "false"] if shape.type == "boolean" else choices
        lacking = [f"add a sentence for `{value}`" for value in wanted if value not in (shape.says or {})]
        needless = [f"remove `{value}`" for value in shape.says or {} if value not in wanted]
        if told := " and ".join([*lacking, *needless]):
            why = "every explanation is written in these sentences, one for each value"
            yield "V204", "says", f"`{name}` does not say each of its values", why, told
    if "en" not in shape.ask:
        why = "English is what other languages fall back to"
        yield "V205", "ask", f"`{name}` has no English question", why, "add `ask: {en: …}`"


def _fact(name: str, shape: FactShape, document: Document) -> Fact | None:
    faults = [*_type_faults(name, shape), *_wording_faults(name, shape)]
    for code, key, what, why, fix in faults:
        at = document.key((name, key) if (name, key) in document.keys else (name,))
        document.issue(code, what, why, fix, at)
    if faults:
        return None
    fact = Fact(
        id=name,
        title=shape.title,
        type=shape.type,
        unit=shape.unit or "",
        low=shape.range[0] if shape.range else -LARGEST,
        high=shape.range[1] if shape.range else LARGEST,
        choices=tuple(shape.choices or ()),
        says=shape.says or {},
        at=shape.at,
        topic=shape.topic,
        derive=Derivation(*next((f, tuple(s)) for f, s in shape.derive.items())) if shape.derive else None,
        tolerance=shape.tolerance or 0.0,
        ask=shape.ask,
        asked_of=tuple(shape.asked_of),
    )
    return _with_sore_point(fact, shape.sore_point, document)


def _with_sore_point(fact: Fact, sore_point: Mapping[Any, Any] | None, document: Document) -> Fact | None:
    if not sore_point:
        return fact
    before = len(document.issues)
    value = accepted(fact, sore_point["is"], document, (fact.id, "sore_point", "is"))
    if value is None and len(document.issues) == before:
        at = document.place((fact.id, "sore_point", "is"))
        document.issue(
            "V301", "a sore point cannot be `unknown`", "nobody could blunder upon it", "write the value", at
        )
    return None if value is None else replace(fact, sore_point=value)


def _check_derivation(fact: Fact, derive: Derivation, draft: Draft, document: Document) -> None:
    at = document.key((fact.id, "derive", derive.function))
    known = {"date_of": (1, "", "date"), **{name: (2, takes, gives) for name, (_, takes, gives) in DERIVATIONS.items()}}
    if derive.function not in known:
        fix = f"use one of {', '.join(known)}{did_you_mean(derive.function, known)}"
        document.issue("V206", f"unknown derivation `{derive.function}`", "only these can be worked out", fix, at)
        return
    arity, takes, gives = known[derive.function]
    if len(derive.sources) != arity or fact.type != gives:
        why = f"{derive.function} makes a {gives} from {arity} other fact{'s' * (arity > 1)}"
        document.issue("V207", f"`{fact.id}` cannot be derived this way", why, "correct its type or its sources", at)
    for place, source in enumerate(derive.sources):
        at = document.place((fact.id, "derive", derive.function, place))
        found = draft.vocabulary.get(source)
        if found is None and source in draft.broken:
            continue
        if found is None:
            fix = f"declare it{did_you_mean(source, draft.vocabulary)}"
            document.issue("V208", f"unknown fact `{source}`", "a fact is derived from declared facts", fix, at)
        elif takes and found.type != takes:
            document.issue(
                "V207", f"`{source}` is no {takes}", f"{derive.function} takes a {takes}", "name another", at
            )
        elif fact.at == "loss" and found.at == "now":
            why = f"`{fact.id}` tells of the time of the loss and `{source}` of today"
            document.issue("V209", f"`{fact.id}` rests on a fact of today", why, "make both `at: now`", at)
    if _derives_itself(fact.id, draft.vocabulary):
        document.issue(
            "V210", f"`{fact.id}` is derived from itself", "there is no place to begin", "break the circle", at
        )
        draft.vocabulary[fact.id] = replace(fact, derive=None)


def _derives_itself(name: str, vocabulary: Mapping[str, Fact]) -> bool:
    waiting, seen = [name], set()
    while waiting:
        fact = vocabulary.get(waiting.pop())
        for source in fact.derive.sources if fact and fact.derive else ():
            if source == name:
                return True
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return False


def read_findings(draft: Draft, document: Document) -> None:
    """Read findings.yaml into a draft; facts come first, since names are shared."""
    for name, shape in _entries(draft, document, FindingShape):
        at = document.key((name,))
        if name in draft.vocabulary:
            why = "a premise could not tell the two apart"
            document.issue("V211", f"`{name}` is a fact already", why, "rename the finding", at)
        elif sorted(shape.says) != ["false", "true"]:
            fix = 'give `says` a sentence for: "true", "false"'
            document.issue(
                "V204", f"`{name}` does not say each of its values", "explanations are written in these", fix, at
            )
        else:
            fact = Fact(id=name, title=shape.title, type="boolean", says=shape.says)
            if sore := _with_sore_point(fact, shape.sore_point, document):
                draft.findings[name] = sore
                draft.broken.discard(name)


def read_reasons(draft: Draft, document: Document) -> None:
    """Read reasons.yaml, with its thresholds and links, into a draft."""
    if document.data is None or not (shape := shape_of(ReasonsShape, document.data, document)):
        document.data = None
        return
    cuts = shape.thresholds
    draft.thresholds = Thresholds(cuts.established, cuts.possible, cuts.ruled_out, shape.root_margin)
    if least := shape.coverage:
        draft.coverage = Coverage(least.for_, least.against, least.required)
    if not cuts.ruled_out < 0 < cuts.possible < cuts.established:
        why, at = "they lie in the order ruled_out, 0, possible, established", document.key(("thresholds",))
        document.issue("V212", "the thresholds are out of order", why, "reorder them", at)
    links = []
    for name, reason in shape.reasons.items():
        if name in draft.vocabulary or name in draft.findings:
            at = document.key(("reasons", name))
            document.issue("V211", f"`{name}` is a fact or finding already", "names are unique", "rename one", at)
        draft.reasons[name] = Reason(name, reason.title, reason.means, reason.scope, reason.responsible, reason.source)
        for effect, when in reason.leads_to.items():
            at = document.key(("reasons", name, "leads_to", effect))
            if effect not in shape.reasons:
                fix = f"declare it{did_you_mean(effect, shape.reasons)}"
                document.issue("V213", f"unknown reason `{effect}`", "a link joins two declared reasons", fix, at)
            else:
                links.append(Link(name, effect, when == "always"))
    draft.links = tuple(links)
    for link in links:
        if link.cause in _reached(link.effect, links):
            at = document.key(("reasons", link.cause, "leads_to", link.effect))
            why = f"`{link.effect}` leads back to `{link.cause}`, so neither could be the root"
            document.issue("V214", f"`{link.cause}` leads to itself", why, "take one link of the circle out", at)
            break


def _reached(start: str, links: Iterable[Link]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        cause = waiting.pop()
        fresh = {link.effect for link in links if link.cause == cause} - found
        found |= fresh
        waiting += fresh
    return found


def read_accommodations(draft: Draft, document: Document) -> None:
    """Read accommodations.yaml into a draft; reasons come first, since they are named here."""
    for name, shape in _entries(draft, document, AccommodationShape):
        for reason in shape.answers:
            if reason not in draft.reasons and draft.reasons:
                fix, at = (
                    f"name a reason{did_you_mean(reason, draft.reasons)}",
                    document.place((name, "answers", shape.answers.index(reason))),
                )
                document.issue(
                    "V213", f"unknown reason `{reason}`", "an accommodation answers declared reasons", fix, at
                )
        draft.broken.discard(name)
        draft.accommodations[name] = Accommodation(
            name,
            shape.title,
            tuple(shape.answers),
            shape.cost_band,
            tuple(shape.agreed_by),
            shape.precedent_risk,
            tuple(shape.fairness),
        )


def read_sources(draft: Draft, document: Document) -> None:
    """Read sources.yaml into a draft."""
    if not isinstance(document.data, dict):
        if document.data is not None:
            document.issue("S203", "the file is not a mapping", "it maps names of sources to what they are", "indent")
        return
    for name, data in document.data.items():
        if shape := shape_of(SourceShape, data, document, (name,)):
            draft.sources[name] = Source(name, shape.cites, shape.reliability, shape.note)


def read_wording(draft: Draft, document: Document) -> None:
    """Read wording.yaml into a draft."""
    if document.data is not None and (shape := shape_of(WordingShape, document.data, document)):
        lists = tuple(Phrases(one.language, one.kind, tuple(one.phrases)) for one in shape.lists)
        draft.wording = Wording(lists, tuple(shape.exceptions.within), tuple(shape.exceptions.told_by))
