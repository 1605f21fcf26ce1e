"""Which questions there are, which of them a case leaves open, and which one settles most of what is asked for.

Never talks to anybody, and never keeps anything: what is open follows from the case alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Literal, NamedTuple, cast

from churn_rules.asking import ChecklistItem
from churn_rules.bounds import (
    ANYTHING,
    FALSE,
    TRUE,
    UNKNOWN,
    Bounds,
    Options,
    Outlook,
    bounds_of,
    is_settled,
    truth_between,
)
from churn_rules.cases import Case, Memory, Observation, remember
from churn_rules.conditions import Condition, holds, tests
from churn_rules.economics import INPUTS
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.vocabulary import SIDES, Fact, Side, Span, Value, exact

__all__ = [
    "WANTED",
    "Question",
    "Questionnaire",
    "Situation",
    "Wanted",
    "next_question",
    "questionnaire_of",
    "situation_after",
    "situation_of",
    "undecided",
    "unsettled",
]

Wanted = Literal["root", "scope", "decision", "accommodations"]
WANTED: tuple[Wanted, ...] = ("root", "scope", "decision", "accommodations")
"""What a user may ask for: the roots in their order, the scope and who answers for it, the verdict, what to offer."""

_LOOKED_AHEAD = 3  # how many of the weightiest questions are tried with two answers; more takes longer and gains little
_SAME_TOPIC = 1.15  # how much weightier a question is that stays with the topic of the last one
_TELLS_STAGE = "came_back"  # the fact from which `remember` tells, with the date of the loss, how far a case has come


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
    if _TELLS_STAGE in names:
        names[_TELLS_STAGE] += ("case.stage",)
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
        if name == _TELLS_STAGE:
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


# --- what is unsettled, and on what it hangs --------------------------------------------------------------------------


def unsettled(rulebase: Rulebase, outlook: Outlook, wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """Return the names, of all that is asked for, that could still come out in more than one way."""
    reasons = list(rulebase.reasons)
    root = frozenset(("root",))
    maybe = [reason for reason in reasons if "root" in _roles(outlook, reason)]
    roots = [reason for reason in maybe if _roles(outlook, reason) == root]
    found = []
    if "root" in wanted:
        found += [f"{reason}.role" for reason in maybe if reason not in roots]
        found += _order(outlook, roots)
    if "scope" in wanted:
        found += ["case.scope", *(f"{reason}.responsible" for reason in maybe)]
        if _sides_differ(outlook, maybe) or not _surely_a_root(rulebase, outlook):
            found += [f"{reason}.role" for reason in maybe if reason not in roots]
    if "decision" in wanted:
        found.append("case.decision")
    if "accommodations" in wanted:
        found += [f"accommodation.{name}" for name in rulebase.accommodations]
    return tuple(name for name in dict.fromkeys(found) if not outlook.is_settled(name))


def _roles(outlook: Outlook, reason: str) -> frozenset[Value | None]:
    return cast("frozenset[Value | None]", outlook.of(f"{reason}.role"))


def _sides_differ(outlook: Outlook, reasons: Sequence[str]) -> bool:
    return len({side for reason in reasons for side in cast("frozenset[str]", outlook.of(f"{reason}.responsible"))}) > 1


def _surely_a_root(rulebase: Rulebase, outlook: Outlook) -> bool:
    """Tell whether some reason, whichever, must come out as a root: links run in no circle, so one established does."""
    return any(outlook.of(f"{reason}.status") == frozenset(("established",)) for reason in rulebase.reasons)


def _order(outlook: Outlook, roots: Sequence[str]) -> Iterator[str]:
    """Yield the certainties on which it hangs which of two roots is told first."""
    for place, first in enumerate(roots):
        for second in roots[place + 1 :]:
            one, other = (cast("Span", outlook.of(f"{reason}.certainty")) for reason in (first, second))
            if one.low < other.high and one.high >= other.low:  # of equals, the first of the rule base is told first
                yield from (f"{first}.certainty", f"{second}.certainty")


class _Weights:
    """How much of what is unsettled hangs on each open question: weights flow from conclusions down to facts."""

    def __init__(self, situation: Situation) -> None:
        self.situation, self.outlook = situation, situation.outlook
        self.questionnaire = situation.questionnaire
        self.rulebase = situation.questionnaire.rulebase
        self.bounds: Bounds = bounds_of(self.rulebase)
        self._by_name: dict[str, float] = {}
        self._seen: set[object] = set()
        self._waiting: list[tuple[str, float]] = []

    def of(self, names: Sequence[str]) -> dict[Question, float]:
        """Return the open questions on which names hang, each with its weight."""
        self._waiting = [(name, 1.0) for name in names]
        found: dict[Question, float] = {}
        while self._waiting:
            self._flow()
            told, self._by_name = self._by_name, {}
            for name, weight in told.items():
                fact, _, side = name.partition(".")
                for question in self._asked(fact, side, weight):
                    found[question] = found.get(question, 0.0) + weight
        return found

    def _flow(self) -> None:
        """Let the weights flow down to facts."""
        vocabulary, by_name, seen = self.rulebase.vocabulary, self._by_name, self._seen
        while self._waiting:
            name, weight = self._waiting.pop()
            if name in by_name:
                by_name[name] += weight
            elif name not in seen:
                if name.partition(".")[0] in vocabulary:
                    by_name[name] = weight
                else:
                    seen.add(name)
                    if not self.outlook.is_settled(name):
                        self._behind(name, weight)

    def _asked(self, fact: str, side: str, weight: float) -> list[Question]:
        """Return the open questions about a fact; push what must be answered first, or what the fact follows from."""
        questions = self.questionnaire.by_fact.get(fact, ())
        asked = [q for q in questions if side in (q.side, "disputed", "") or len(questions) == 1]
        still = [question for question in asked if question in self.situation.open]
        for question in still:
            condition = self.questionnaire.waits_for.get(question)
            if condition and question in self.situation.waiting:
                self._push({test.name for test in tests(condition)}, weight, once=question)
        derive = self.rulebase.vocabulary[fact].derive
        if derive:  # where it is asked too, "I don't know" leaves it to what it follows from
            self._push(derive.sources, weight, once=fact)
        return still

    def _push(self, names: Collection[str], weight: float, once: object) -> None:
        if once not in self._seen:
            self._seen.add(once)
            self._waiting += [(name, weight / len(names)) for name in names if not self.outlook.is_settled(name)]

    def _behind(self, name: str, weight: float) -> None:
        """Push what a conclusion hangs on."""
        head, _, part = name.partition(".")
        if name in self.rulebase.findings:
            self._rules(Topic("finding", name), weight)
        elif part in ("certainty", "status"):
            self._rules(Topic("evidence", head), weight)
        elif part == "role":
            self._roles(weight)
        elif head == "accommodation":
            self._rules(Topic("offer", part), weight)
            self._rules(Topic("withhold", part), weight)
        elif name == "case.decision":
            self._rules(Topic("decision"), weight)
        elif head in ("economics", "requirements"):
            offers = [f"accommodation.{item}" for item in self.rulebase.accommodations]
            behind = [*INPUTS, *offers] if head == "economics" else offers
            self._push(behind, weight, once=head)
        elif name == "case.stage":
            self._push((_TELLS_STAGE,), weight, once=head)
        else:
            self._scope(head, part, weight)

    def _scope(self, head: str, part: str, weight: float) -> None:
        if head in self.rulebase.reasons:
            self._rules(Topic(part, head), weight)
        if head == "case" or self.rulebase.reasons[head].scope == "upstream":
            for reason in self.rulebase.reasons:
                if "root" in _roles(self.outlook, reason):
                    self._waiting += [(f"{reason}.scope", weight), (f"{reason}.role", weight)]

    def _roles(self, weight: float) -> None:
        """Push what all roles hang on: how certain each reason is that may be established, and which links hold."""
        if "roles" not in self._seen:
            self._seen.add("roles")
            able = [r for r in self.rulebase.reasons if "established" in (self.outlook.of(f"{r}.status") or ())]
            self._waiting += [(f"{reason}.certainty", weight) for reason in able]
            for (cause, effect), (active, inactive) in self.outlook.links.items():
                if active and inactive and cause in able and effect in able:
                    self._rules(Topic("link", f"{cause} {effect}"), weight * 0.3)

    def _rules(self, topic: Topic, weight: float) -> None:
        """Push the names on which it hangs whether rules fire that draw a conclusion; called for most, hence inline."""
        low, high, lowest, highest = self.outlook.low, self.outlook.high, self.outlook.lowest, self.outlook.highest
        for place, adds in self.bounds.drawn.get(topic, ()):
            if lowest[place] != highest[place]:
                names = [name for number, name in self.bounds.reads[place] if low[number] != high[number]]
                share = weight * abs(adds) / len(names) if isinstance(adds, float) else weight / len(names)
                self._waiting += [(name, share) for name in names]


# --- the next question ------------------------------------------------------------------------------------------------


def next_question(
    situation: Situation, case: Case, wanted: Sequence[Wanted], weights: Mapping[Question, float], topic: str = ""
) -> Question | None:
    """Return the question expected to settle most of what is asked for, or None where nothing can change any more.

    Args:
        situation: Where the interview stands.
        case: What it stands on.
        wanted: What is asked for; see WANTED.
        weights: How much hangs on each open question; see `undecided`.
        topic: The topic of the last question; a question that stays with it is preferred to one of about equal worth.
    """
    vocabulary = situation.questionnaire.rulebase.vocabulary
    fit = [question for question in weights if question in situation.askable]
    if weights and not fit:  # what it hangs on makes no sense yet, and nothing that is known says why
        fit = sorted(situation.askable)
    fit = [q for q in fit if vocabulary[q.fact].at == "loss"] or fit  # what happened comes before how it is today
    if len(fit) < 2:
        return next(iter(fit), None)

    def staying(question: Question) -> float:
        return _SAME_TOPIC if vocabulary[question.fact].topic == topic else 1.0

    ranked = sorted(fit, key=lambda question: (-weights.get(question, 0.0) * staying(question), question))
    tried = ranked[:_LOOKED_AHEAD]
    return min(tried, key=lambda question: _unsettled_after(situation, case, wanted, question) / staying(question))


def undecided(situation: Situation, wanted: Sequence[Wanted]) -> Mapping[Question, float]:
    """Return the open questions on which what is asked for still hangs, also those that make no sense yet.

    No answer to any other question, in any combination, can change it. With every answer fewer are left.

    Returns:
        How much hangs on each, on no particular scale.
    """
    names = unsettled(situation.questionnaire.rulebase, situation.outlook, wanted)
    found = _Weights(situation).of(names)
    return found or (dict.fromkeys(sorted(situation.open), 1.0) if names else {})


def _unsettled_after(situation: Situation, case: Case, wanted: Sequence[Wanted], question: Question) -> float:
    """Return how much may still be unsettled once a question is answered, on the mean over likely answers."""
    rulebase = situation.questionnaire.rulebase
    tried = [told(case, question, value) for value in _likely(rulebase, question)]
    after = [situation_after(situation, question.fact, one).outlook for one in tried]
    return sum(len(unsettled(rulebase, outlook, wanted)) for outlook in after) / len(after)


def told(case: Case, question: Question, value: Value | None) -> Case:
    """Return a case in which a question is answered."""
    return replace(case, observations=(*case.observations, Observation(question.fact, value, question.side)))


def _likely(rulebase: Rulebase, question: Question) -> tuple[Value, Value]:
    """Return two answers that lie far apart: on both sides of all that rules compare a number with."""
    fact = rulebase.vocabulary[question.fact]
    if fact.type == "boolean":
        return (True, False)
    if fact.type == "choice":
        return (fact.choices[0], fact.choices[-1])
    limits = sorted(_limits(rulebase, fact.id)) or [0.0]
    return (exact(limits[0] - 1), exact(limits[-1] + 1))


def _limits(rulebase: Rulebase, fact: str) -> set[float]:
    return {
        test.limit
        for rule in rulebase.rules.values()
        for test in tests(rule.premise)
        if test.name == fact and isinstance(test.limit, float)
    }
