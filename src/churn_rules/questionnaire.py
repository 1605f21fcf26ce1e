"""Which questions there are, and which of them a case leaves open.

Never picks one, and never keeps anything: what is open follows from the case alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Literal, NamedTuple, cast

from churn_rules.asking import ChecklistItem
from churn_rules.bounds import (
    ANYTHING,
    FALSE,
    TRUE,
    UNKNOWN,
    Options,
    Outlook,
    bounds_of,
    is_settled,
    truth_between,
)
from churn_rules.cases import Case, Memory, remember
from churn_rules.conditions import Condition, holds, tests
from churn_rules.economics import INPUTS
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Fact, Side, Value

__all__ = [
    "TELLS_STAGE",
    "WANTED",
    "Question",
    "Questionnaire",
    "Situation",
    "Wanted",
    "questionnaire_of",
    "situation_after",
    "situation_of",
]

Wanted = Literal["root", "scope", "decision", "accommodations"]
WANTED: tuple[Wanted, ...] = ("root", "scope", "decision", "accommodations")
"""What a user may ask for: the roots in their order, the scope and who answers for it, the verdict, what to offer."""

TELLS_STAGE = "came_back"  # the fact from which `remember` tells, with the date of the loss, how far a case has come


class Question(NamedTuple):
    """One question: a fact, asked of one side."""

    fact: str
    side: Side


@dataclass(frozen=True, eq=False)
class Questionnaire:
    """All questions that the rules of a rule base give reason to ask.

    `ids` names each as people do: by its fact, or as `fact.side` where more than one side is asked. `waits_for` holds
    what must be true for a question to make sense; `order` has each fact after those that it waits for or follows from,
    and `dependents` holds for each fact itself and those that wait for it or follow from it, in that order. `names` are
    a fact and the views of it that anything reads, and `case.stage` with the fact that tells it.
    """

    rulebase: Rulebase
    ids: Mapping[str, Question]
    by_fact: Mapping[str, tuple[Question, ...]]
    waits_for: Mapping[Question, Condition]
    order: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    dependents: Mapping[str, tuple[str, ...]]

    def id_of(self, question: Question) -> str:
        """Return the name of a question."""
        alone = len(self.by_fact[question.fact]) == 1
        return question.fact if alone else f"{question.fact}.{question.side}"

    def of_item(self, item: ChecklistItem) -> tuple[Question, ...]:
        """Return the questions that a line of the checklist settles."""
        return tuple(question for fact, _ in item.absent for question in self.by_fact.get(fact, ()))


def questionnaire_of(rulebase: Rulebase) -> Questionnaire:
    """Return the questionnaire of a rule base, made at the first call and kept with it."""
    ready = rulebase.engines.get("questionnaire")
    if not isinstance(ready, Questionnaire):
        ready = rulebase.engines.setdefault("questionnaire", _questionnaire(rulebase))
    return cast("Questionnaire", ready)


def _questionnaire(rulebase: Rulebase) -> Questionnaire:
    read = {test.name for rule in rulebase.rules.values() if not rule.only_plans for test in tests(rule.premise)}
    by_fact = {
        fact.id: tuple(Question(fact.id, side) for side in _sides_asked(fact, read))
        for fact in rulebase.vocabulary.values()
        if fact.id in {name.partition(".")[0] for name in read} | set(INPUTS)
    }
    only_where = rulebase.asking.only_where
    waits_for = {
        question: condition
        for questions in by_fact.values()
        for question in questions
        if (condition := only_where.get(f"{question.fact}.{question.side}") or only_where.get(question.fact))
    }
    graph = {fact.id: set(fact.derive.sources if fact.derive else ()) for fact in rulebase.vocabulary.values()}
    for question, condition in waits_for.items():
        graph[question.fact] |= {test.name.partition(".")[0] for test in tests(condition)}
    order = tuple(TopologicalSorter(graph).static_order())
    read |= rulebase.names_read.union(test.name for condition in only_where.values() for test in tests(condition))
    names = {
        fact: (fact, *(view for part in (*SIDES, "disputed") if (view := f"{fact}.{part}") in read))
        for fact in rulebase.vocabulary
    }
    if TELLS_STAGE in names:
        names[TELLS_STAGE] += ("case.stage",)
    made = Questionnaire(rulebase, {}, by_fact, waits_for, order, names, _dependents(order, graph))
    ids = {made.id_of(question): question for questions in by_fact.values() for question in questions}
    return replace(made, ids=ids)


def _dependents(order: Sequence[str], graph: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Return for each fact itself and all that wait for it, however far, in order."""
    behind: dict[str, set[str]] = {}
    for name in order:
        behind[name] = {name}.union(*(behind[other] for other in graph.get(name, ())))
    return {fact: tuple(name for name in order if fact in behind[name]) for fact in order}


def _sides_asked(fact: Fact, read: set[str]) -> tuple[Side, ...]:
    """Return the sides that a fact is asked of: each where rules read what one side says of it, otherwise the first."""
    views = {side for side in SIDES if f"{fact.id}.{side}" in read}
    if views or f"{fact.id}.disputed" in read:
        return tuple(side for side in SIDES if side in views or side in fact.asked_of)
    return fact.asked_of[:1]


# --- what a case leaves open ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """Where an interview stands: what is known, which questions are open, and what could still come out.

    An `askable` question makes sense now; a `waiting` one may come to make sense. Every other question is answered, or
    makes no sense whatever else is answered.
    """

    questionnaire: Questionnaire
    memory: Memory
    askable: frozenset[Question]
    waiting: frozenset[Question]
    outlook: Outlook

    @property
    def open(self) -> frozenset[Question]:
        """The questions whose answers are not known, and that make or may come to make sense."""
        return self.askable | self.waiting


def situation_of(rulebase: Rulebase, case: Case) -> Situation:
    """Work out where an interview stands that has told so much of a case.

    A question is answered where its side told the fact or said that it does not know; where only one side is asked,
    also where anybody told the fact or it follows from others.
    """
    questionnaire = questionnaire_of(rulebase)
    standing = _Standing(questionnaire, case)
    for fact in questionnaire.order:
        standing.look_at(fact)
    outlook = bounds_of(rulebase).outlook(standing.memory, standing.options)
    return standing.situation(outlook)


def situation_after(before: Situation, fact: str, case: Case) -> Situation:
    """Work out the same for a case that differs from that of a situation before only in what is told of one fact."""
    questionnaire = before.questionnaire
    standing = _Standing(questionnaire, case, before)
    touched = questionnaire.dependents[fact]
    for name in touched:
        standing.look_at(name)
    told = {name: standing.left(name) for other in touched for name in questionnaire.names[other]}
    outlook = bounds_of(questionnaire.rulebase).outlook(standing.memory, told, before.outlook)
    return standing.situation(outlook)


class _Standing:
    """Finds out, fact by fact, which questions are open and what may be answered to them."""

    def __init__(self, questionnaire: Questionnaire, case: Case, before: Situation | None = None) -> None:
        self.questionnaire = questionnaire
        self.memory = remember(case, questionnaire.rulebase.vocabulary)
        self.heard = {(observation.fact, observation.side) for observation in case.observations}
        self.figures = (
            {name for name, _ in case.economics.facts()} if case.economics else set()
        )  # these stand before all
        self.options: dict[str, Options] = {}
        self.askable: set[Question] = set(before.askable) if before else set()
        self.waiting: set[Question] = set(before.waiting) if before else set()
        self._before, self._fresh = before, set[str]()

    def situation(self, outlook: Outlook) -> Situation:
        return Situation(self.questionnaire, self.memory, frozenset(self.askable), frozenset(self.waiting), outlook)

    def left(self, name: str) -> Options:
        """Return what a fact, or one side's view of it, may turn out to be."""
        if name in self.options:
            return self.options[name]
        if self._before and name.partition(".")[0] not in self._fresh:
            return self._before.outlook.of(name)
        return frozenset((self.memory.values.get(name),))

    def look_at(self, name: str) -> None:
        fact, silent = self.questionnaire.rulebase.vocabulary[name], set[Side]()
        self._fresh.add(name)
        questions = self.questionnaire.by_fact.get(name, ())
        self.askable.difference_update(questions)
        self.waiting.difference_update(questions)
        sources = [self.left(source) for source in fact.derive.sources] if fact.derive else []
        follows = name not in self.memory.told and not all(map(is_settled, sources))
        for question in questions:
            told = name in self.memory.values and len(questions) == 1
            if question in self.heard or (told and not follows):
                continue
            sense = _makes_sense(self.questionnaire.waits_for.get(question), self.memory, self.left)
            if sense != FALSE:  # what follows from others may cease to follow from them, and only then is it asked
                (self.askable if sense == TRUE and not told else self.waiting).add(question)
                silent.update((question.side,) if len(questions) > 1 else SIDES)  # asked once, anybody may tell it
        views = self.questionnaire.names[name]
        if silent:
            self.options.update((view, left) for view, left in self._options(fact, silent) if view in views)
        elif follows:
            self.options[name] = _derived(fact, self.memory.values.get(name), sources)
        if name == TELLS_STAGE:
            elsewhere = "gone" if self.memory.case.lost else "leaving"
            back = self.left(name) or (None,)
            self.options["case.stage"] = frozenset("back" if value is True else elsewhere for value in back)

    def _options(self, fact: Fact, silent: set[Side]) -> Iterator[tuple[str, Options]]:
        """Yield what a fact, and each side's view of it, may turn out to be while some sides are still to be asked."""
        for side in silent:
            yield f"{fact.id}.{side}", _universe(fact)
        told = frozenset((self.memory.values.get(fact.id),))
        yield fact.id, told if fact.id in self.figures else _standing(fact, silent, self.memory)
        yield f"{fact.id}.disputed", frozenset((True, False, None))


def _makes_sense(condition: Condition | None, memory: Memory, left: Callable[[str], Options]) -> int:
    """Tell whether a question makes sense: TRUE now, UNKNOWN not before others are answered, FALSE never."""
    if condition is None or holds(condition, memory.values):
        return TRUE
    return UNKNOWN if truth_between(condition, left)[1] == TRUE else FALSE


def _standing(fact: Fact, silent: set[Side], memory: Memory) -> Options:
    """Return what a fact may turn out to be: what a silent side may say, or the first word that is told already."""
    found: set[Value | None] = set()
    for side in SIDES:
        if side in silent:
            anything = _universe(fact)
            if not isinstance(anything, frozenset):
                return ANYTHING
            found |= anything - {None}
        elif (name := f"{fact.id}.{side}") in memory.values:
            return frozenset((*found, memory.values[name]))
    return frozenset((*found, memory.values.get(fact.id)))


def _derived(fact: Fact, current: Value | None, sources: Sequence[Options]) -> Options:
    """Return what a fact that nobody told may turn out to be, some of those that it follows from being open."""
    if frozenset((None,)) in sources:
        return frozenset((None,))
    if fact.derive and fact.derive.function == "date_of":
        return frozenset((current, None))  # an answer bears no date of its own
    return ANYTHING


def _universe(fact: Fact) -> Options:
    if fact.type == "boolean":
        return frozenset((True, False, None))
    return frozenset((*fact.choices, None)) if fact.type == "choice" else ANYTHING
