"""From questionnaire.yaml to how facts are asked, with all that is wrong in it.

Never words a question: that stands with its fact in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from churn_rules.asking import Asking, ChecklistItem
from churn_rules.conditions import Condition, tests
from churn_rules.errors import did_you_mean
from churn_rules.reading.documents import Document
from churn_rules.reading.draft import Draft, accepted
from churn_rules.reading.premises import Premises
from churn_rules.reading.shapes import AskingShape, shape_of
from churn_rules.vocabulary import SIDES, Value

__all__ = ["read_asking"]


def read_asking(draft: Draft, document: Document) -> None:
    """Read questionnaire.yaml into a draft; facts come first, since they are named here."""
    if document.data is None or not (shape := shape_of(AskingShape, document.data, document)):
        return
    told: dict[str, str] = {}
    items = []
    for name, item in shape.checklist.items():
        for fact in item.absent:
            if told.setdefault(fact, name) != name:
                what, at = f"`{fact}` stands under two lines", document.key(("checklist", name, "absent", fact))
                why = f"the line `{told[fact]}` settles it already, and two ticks could contradict each other"
                document.issue("V219", what, why, "keep one of them", at)
        items.append(ChecklistItem(name, item.text, tuple(_absent(name, item.absent, draft, document))))
    where = dict(_only_where(shape, draft, document))
    _check_circle(where, draft, document)
    draft.asking = Asking(tuple(items), where)


def _absent(item: str, absent: Mapping[str, object], draft: Draft, document: Document) -> Iterator[tuple[str, Value]]:
    for name, raw in absent.items():
        path = ("checklist", item, "absent", name)
        fact = draft.vocabulary.get(name)
        if fact is None:
            _unknown_fact(name, draft, document, path)
            continue
        before = len(document.issues)
        value = accepted(fact, raw, document, path)
        if value is not None:
            yield name, value
        elif len(document.issues) == before:
            why, fix = "a line that is not ticked says that it did not happen", "write the value that says so"
            document.issue("V220", f"`{name}` cannot be `unknown` here", why, fix, document.place(path))


def _only_where(shape: AskingShape, draft: Draft, document: Document) -> Iterator[tuple[str, Condition]]:
    premises = Premises(draft, document)
    for name, data in shape.only_where.items():
        fact, dot, side = name.partition(".")
        if fact not in draft.vocabulary or (dot and side not in SIDES):
            _unknown_fact(name, draft, document, ("only_where", name))
            continue
        condition = premises.all_of(data, ("only_where", name))
        concluded = {test.name for test in tests(condition)} - _tellable(draft) if condition else set()
        if concluded:
            what = f"`{min(concluded)}` is concluded, and not told"
            why, at = "whether a question makes sense follows from answers", document.key(("only_where", name))
            document.issue("V221", what, why, "name facts only", at)
        elif condition:
            yield name, condition


def _tellable(draft: Draft) -> set[str]:
    return {name for fact in draft.vocabulary for name in (fact, *(f"{fact}.{side}" for side in SIDES))}


def _unknown_fact(name: str, draft: Draft, document: Document, path: tuple[str, ...]) -> None:
    if name.partition(".")[0] not in draft.broken:
        fix = f"declare it in rules/vocabulary.yaml{did_you_mean(name, draft.vocabulary)}"
        document.issue("V208", f"unknown fact `{name}`", "only declared facts are asked", fix, document.key(path))


def _check_circle(where: Mapping[str, Condition], draft: Draft, document: Document) -> None:
    """Refuse questions that wait for one another, or for what follows from them: none of them could ever be asked."""
    graph = {fact.id: set(fact.derive.sources if fact.derive else ()) for fact in draft.vocabulary.values()}
    for name, condition in where.items():
        graph[name.partition(".")[0]] |= {test.name.partition(".")[0] for test in tests(condition)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names = list(dict.fromkeys(error.args[1]))
        first = next((name for name in where if name.partition(".")[0] in names), "")
        if first:  # facts that are derived in a circle are refused already
            why, fix = "none of them could ever be asked", "let one of them make sense by itself"
            what, at = f"these questions wait for one another: {', '.join(names)}", document.key(("only_where", first))
            document.issue("V222", what, why, fix, at)
