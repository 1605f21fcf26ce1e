"""The words of a plan: what is filled in for the blanks in the text of a step, in the language of the rule base.

Never dates anything, and never decides which steps a plan has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from math import inf

from churn_rules.diagnosis import Diagnosis, Landmine, Offer
from churn_rules.engines import Trace
from churn_rules.language import in_english
from churn_rules.rulebase import PlanStep, Rulebase
from churn_rules.vocabulary import Plain, Span, accept, spoken
from churn_rules.words import PRIORITY, REQUIREMENT, SCOPE

__all__ = ["Words", "iso"]

_MOST_QUESTIONS = 5
_SAYS = in_english(
    record="the records say that {sentence}",
    customer="the customer says that {sentence}",
    us="our people say that {sentence}",
)
_DECISIONS = in_english(
    pursue="the decision is to win them back",
    pursue_with_exception="the decision is to win them back, with an exception for this one customer",
    keep_a_foothold="the decision is to stay close, and keep a foothold until the next occasion",
    let_go="the decision is to let them go, in good manners",
    undecided="no decision is reached",
)
_OFFERS = in_english(
    better="{offer} (better than today's supplier; for {reason}; {people} must agree)",
    equal="{offer} (equal to today's supplier; for {reason}; {people} must agree)",
    worse="{offer} (worse than today's supplier; for {reason}; {people} must agree)",
    unknown="{offer} (for {reason}; {people} must agree)",
)
_COMPARED = in_english(
    better="{offer}: better", equal="{offer}: equal, so improve it", worse="{offer}: worse, so improve it"
)


def iso(day: float) -> str:
    """Write a day, given as an ordinal, as 2012-03-01."""
    return date.fromordinal(int(day)).isoformat()


class Words:
    """What is filled in for the blanks of a text; a list is one item a line, each after `- `."""

    def __init__(
        self, rulebase: Rulebase, trace: Trace, diagnosis: Diagnosis, renewal: Span | None, people: Iterable[str]
    ) -> None:
        self.rulebase, self.trace, self.diagnosis, self.window = rulebase, trace, diagnosis, renewal
        self.say, self.joined = rulebase.language.say, rulebase.language.joined
        self.people = tuple(people)

    def fill(self, step: PlanStep) -> str:
        """Return the text of a step with its blanks filled in."""
        filled = step.text.format_map({name: blank(self, step) for name, blank in _BLANKS.items()})
        return "\n".join(line.strip() for line in filled.split("\n") if line.strip())

    def verdict(self) -> str:
        """Say the root cause, the scope and the decision in one sentence."""
        found, say = self.diagnosis, self.say
        roots = self.joined(" and ", (self.rulebase.reasons[root].title for root in found.roots))
        return say(
            "{cause}, the scope is {scope}, and {decision}.",
            cause=say("the root cause is {reasons}", reasons=roots) if roots else say("no reason is established"),
            scope=say(SCOPE[found.scope]),
            decision=say(_DECISIONS[found.decision.verdict]),
        )

    def landmines(self) -> Iterator[str]:
        """Yield what a caller might blunder upon."""
        for mine in self.diagnosis.landmines:
            yield self._landmine(mine)
        for found in self.diagnosis.discrepancies:
            yield self.say("the figures do not agree: {sentence}", sentence=self._fact(found.fact, found.observed))

    def _landmine(self, mine: Landmine) -> str:
        if mine.kind == "sore_point":
            return self._fact(mine.name, next(iter(mine.told.values())))
        told = (self.say(_SAYS[side], sentence=self._fact(mine.name, value)) for side, value in mine.told.items())
        return self.say("the sides disagree: {told}", told=self.joined("; ", told))

    def _fact(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(term, value), self.rulebase.language)

    def offers(self, step: PlanStep) -> str:
        """List the offers, of a step that serves a kind of fairness those that serve it too."""
        serving = [offer for offer in self.diagnosis.accommodations if step.fairness in (None, *offer.fairness)]
        none = self.say(
            "nothing that the rules offer serves this yet." if self.diagnosis.accommodations else "nothing yet."
        )
        return _listed((self._offer(offer, inside=step.phase not in ("write", "after")) for offer in serving), none)

    def _offer(self, offer: Offer, *, inside: bool) -> str:
        """Name an offer; among ourselves with what it answers and who must agree to it."""
        title = self.rulebase.accommodations[offer.accommodation].title
        if not inside:
            return title
        people, reason = self.joined(" and ", offer.agreed_by), self.rulebase.reasons[offer.reason].title
        return self.say(_OFFERS[offer.than_todays_supplier], offer=title, reason=reason, people=people)

    def comparison(self) -> Iterator[str]:
        """Yield how each offer compares with today's supplier."""
        unknown = []
        for offer in self.diagnosis.accommodations:
            title = self.rulebase.accommodations[offer.accommodation].title
            if offer.than_todays_supplier in _COMPARED:
                yield self.say(_COMPARED[offer.than_todays_supplier], offer=title)
            else:
                unknown.append(title)
        if unknown:
            offers = self.joined("; ", unknown)
            yield self.say("nobody knows yet how these compare, so find out: {offers}", offers=offers)

    def requirements(self) -> Iterator[str]:
        """Yield what the customer requires, and how it stands."""
        for item in self.diagnosis.requirements:
            yield self.say(
                "{requirement}: {status} ({priority})",
                requirement=" ".join(item.requirement.split()),
                status=self.say(REQUIREMENT[item.status]),
                priority=self.rulebase.language.word(item.priority, PRIORITY),
            )

    def questions(self) -> Iterator[str]:
        """Yield what to ask the customer."""
        stage = "leaving" if self.trace.known["case.stage"] == "leaving" else "gone"
        return iter(self.rulebase.questions.get(stage, ()))

    def missing(self) -> Iterator[str]:
        """Yield the questions that would settle most."""
        missing = self.diagnosis.missing or ()
        deciding = [item for item in missing if "decision" in item.could_change] or missing
        for item in deciding[:_MOST_QUESTIONS]:
            fact = self.rulebase.vocabulary[item.fact.partition(".")[0]]
            yield self.say("{question} ({fact})", question=fact.question, fact=fact.id)

    def withheld(self) -> Iterator[str]:
        """Yield what must not be offered."""
        return (self.rulebase.accommodations[item.accommodation].title for item in self.diagnosis.withheld)

    def good_terms(self) -> str:
        """Say who is still on good terms with whom."""
        value = self.trace.known.get("good_terms_at")
        if not value:
            return self.say("nobody knows with whom.")
        return self.say("{sentence}.", sentence=self.rulebase.says("good_terms_at", value))

    def renewal(self) -> str:
        """Say when the renewal is, as far as it is known."""
        window, say = self.window, self.say
        if window is None:
            months = self.trace.known.get("months_to_next_renewal")
            if not months:
                return say("nobody knows yet when it is.")
            told = self.rulebase.says("months_to_next_renewal", months)
            return say("{sentence}, but nobody wrote down from when.", sentence=told)
        if window.low == window.high:
            return say("{sentence}.", sentence=iso(window.low))
        if window.high < inf:
            ends = {"low": iso(window.low), "high": iso(window.high)}
            return say("{low} at the earliest and {high} at the latest; ask for the day.", **ends)
        return say("{low} at the earliest; ask for the day.", low=iso(window.low))


def _listed(items: Iterable[str], none: str) -> str:
    lines = "".join(f"\n- {' '.join(item.split())}" for item in items)
    return f"{lines}\n" if lines else none


_Blank = Callable[[Words, PlanStep], str]
_BLANKS: Mapping[str, _Blank] = {
    "cautions": lambda words, _: _listed(
        (caution.text for caution in words.diagnosis.warnings), words.say("nothing in particular.")
    ),
    "comparison": lambda words, _: _listed(words.comparison(), words.say("nothing is offered yet.")),
    "good_terms": lambda words, _: words.good_terms(),
    "landmines": lambda words, _: _listed(words.landmines(), words.say("none is known so far.")),
    "missing": lambda words, _: _listed(words.missing(), words.say("nothing that anybody could tell would settle it.")),
    "offers": lambda words, step: words.offers(step),
    "people": lambda words, _: _listed(words.people, words.say("nobody yet.")),
    "questions": lambda words, _: _listed(words.questions(), words.say("why, and what it would take.")),
    "renewal": lambda words, _: words.renewal(),
    "requirements": lambda words, _: _listed(words.requirements(), words.say("the customer has named nothing so far.")),
    "verdict": lambda words, _: words.verdict(),
    "withheld": lambda words, _: _listed(words.withheld(), words.say("nothing in particular.")),
}
