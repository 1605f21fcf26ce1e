"""On which open questions it still hangs what is asked for, and which of them settles most of it.

Never talks to anybody, and never says that a question is needless where `bounds` does not prove it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from churn_rules.bounds import Bounds, Outlook, bounds_of
from churn_rules.cases import Case, Observation
from churn_rules.conditions import tests
from churn_rules.economics import INPUTS
from churn_rules.questionnaire import TELLS_STAGE, Question, Situation, Wanted, situation_after
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.vocabulary import Span, Value, exact

__all__ = ["next_question", "told", "undecided", "unsettled"]

_LOOKED_AHEAD = 3  # how many of the weightiest questions are tried with two answers; more takes longer and gains little
_SAME_TOPIC = 1.15  # how much weightier a question is that stays with the topic of the last one

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
            self._push((TELLS_STAGE,), weight, once=head)
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
