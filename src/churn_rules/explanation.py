"""Why a conclusion was reached, and why another was not: as values, for any program to use.

Never words them for a reader; `telling` does. Everything here rests on the trace of a run alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from churn_rules.conditions import All, Any, Condition, Test, holds, tests
from churn_rules.engines import Trace
from churn_rules.errors import UnknownNameError
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.vocabulary import Plain, Span, Term, Truth, Value, compared, plain, spoken

__all__ = [
    "OpenPremise",
    "Supported",
    "Why",
    "WhyNot",
    "WhyNotRule",
    "WhyRule",
    "conclusions_of",
    "premise_in_words",
    "test_in_words",
    "why",
    "why_not",
]


@dataclass(frozen=True, slots=True)
class Supported:
    """Something that a rule matched: its value, its sentence, and who told it, why it was concluded, or its sources."""

    name: str
    value: Plain | None
    says: str
    side: str | None = None
    date: Plain | None = None
    note: str = ""
    because: Why | None = None
    derived_from: tuple[Supported, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyRule:
    """A rule behind a conclusion: what it adds (a certainty, a scope, a verdict …), and what made it fire."""

    rule: str
    title: str
    adds: Plain | None
    because: str
    source: str
    matched: tuple[Supported, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """A conclusion, the value it took, and the rules that drew it; none where it took its default."""

    conclusion: str
    value: Plain | None
    says: str
    rules: tuple[WhyRule, ...]


@dataclass(frozen=True, slots=True)
class OpenPremise:
    """A premise that did not hold: `fails` or `unknown`, what is known instead, and by how much a number missed."""

    name: str
    wanted: str
    state: str
    value: Plain | None
    says: str | None
    missed_by: float | None


@dataclass(frozen=True, slots=True)
class WhyNotRule:
    """A rule that would have supported the conclusion and did not fire; `holds` names the premises that were met."""

    rule: str
    title: str
    adds: Plain | None
    state: str
    holds: tuple[str, ...]
    open: tuple[OpenPremise, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A conclusion that was not reached (or only so far), what counted against it, and the rules left unfired."""

    conclusion: str
    value: Plain | None
    says: str
    rules: tuple[WhyNotRule, ...]
    against: tuple[WhyRule, ...]


_DATE = Term(id="date", title="the date", type="date")

# --- which conclusion is meant ----------------------------------------------------------------------------------------


def conclusions_of(rulebase: Rulebase) -> tuple[str, ...]:
    """Return everything that `why` and `why_not` can be asked about."""
    return ("decision", "scope", *rulebase.reasons, *rulebase.accommodations, *rulebase.findings)


def _topics(conclusion: str, rulebase: Rulebase) -> tuple[str, list[Topic]]:
    """Return the name by which a conclusion is known, and the topics whose rules draw it."""
    if conclusion == "decision":
        return "case.decision", [Topic("decision")]
    if conclusion == "scope":
        return "case.scope", [Topic("scope", reason) for reason in rulebase.reasons]
    if conclusion in rulebase.reasons:
        return f"{conclusion}.certainty", [Topic("evidence", conclusion)]
    if conclusion in rulebase.accommodations:
        kinds = ("offer", "withhold")
        return f"accommodation.{conclusion}", [Topic(kind, conclusion) for kind in kinds]
    if conclusion in rulebase.findings:
        return conclusion, [Topic("finding", conclusion)]
    head, _, part = conclusion.partition(".")
    if head in rulebase.reasons and part in ("scope", "responsible"):
        return conclusion, [Topic(part, head)]
    raise UnknownNameError("conclusion", conclusion, conclusions_of(rulebase))


# --- why --------------------------------------------------------------------------------------------------------------


def why(rulebase: Rulebase, trace: Trace, conclusion: str) -> Why:
    """Explain a conclusion down to the observations that it rests on.

    Args:
        rulebase: The rules that ran.
        trace: The run.
        conclusion: `decision`, `scope`, a reason, an accommodation or a finding; see `conclusions_of`.

    Raises:
        UnknownNameError: There is no such conclusion.
    """
    return _Explainer(rulebase, trace).why(conclusion)


class _Explainer:
    def __init__(self, rulebase: Rulebase, trace: Trace) -> None:
        self.rulebase, self.trace = rulebase, trace
        self.firings = {firing.rule: firing for firing in trace.firings}

    def why(self, conclusion: str) -> Why:
        name, topics = _topics(conclusion, self.rulebase)
        if conclusion == "scope":
            roots = [reason for reason in self.rulebase.reasons if self.trace.known[f"{reason}.role"] == "root"]
            topics = [Topic("scope", reason) for reason in roots]
        drawn = [(rule, adds) for topic in topics for rule, adds in self.rulebase.drawn.get(topic, ())]
        rules = tuple(self._rule(rule, adds) for rule, adds in drawn if rule in self.firings)
        return Why(conclusion, self.plain(name), self.says(conclusion, name), rules)

    def _rule(self, rule_id: str, adds: object) -> WhyRule:
        rule = self.rulebase.rules[rule_id]
        matched = tuple(self._supported(name, value) for name, value in self.firings[rule_id].matched)
        return WhyRule(rule_id, rule.title, _plain_adds(adds), rule.because, rule.source, matched)

    def _supported(self, name: str, value: Value) -> Supported:
        term, said = self.rulebase.terms[name], self.rulebase.says(name, value)
        told = self.trace.memory.told.get(name)
        if told:
            fact = self.rulebase.vocabulary[told.fact]
            date = plain(_DATE, told.date) if told.date else None
            return Supported(name, plain(fact, value), said, told.side, date, told.note)
        derive = self.rulebase.vocabulary[name].derive if name in self.rulebase.vocabulary else None
        sources = derive.sources if derive else ()
        known = {source: self.trace.known[source] for source in sources if source in self.trace.known}
        derived_from = tuple(self._supported(source, known[source]) for source in known)
        return Supported(name, plain(term, value), said, because=self._behind(name), derived_from=derived_from)

    def _behind(self, name: str) -> Why | None:
        head, _, part = name.partition(".")
        if name in self.rulebase.findings:
            return self.why(name)
        if head in self.rulebase.reasons:
            return self.why(f"{head}.{part}" if part in ("scope", "responsible") else head)
        return self.why("scope") if name == "case.scope" else self.why(part) if head == "accommodation" else None

    def plain(self, name: str) -> Plain | None:
        value = self.trace.known.get(name)
        return plain(self.rulebase.terms.get(name, _DATE), value)

    def says(self, conclusion: str, name: str) -> str:
        known = self.trace.known
        if conclusion in self.rulebase.reasons:
            part = "status" if known[f"{conclusion}.role"] == "none" else "role"
            return self.rulebase.says(f"{conclusion}.{part}", known[f"{conclusion}.{part}"])
        return self.rulebase.says(name, known.get(name))


def _plain_adds(adds: object) -> Plain | None:
    return adds if isinstance(adds, bool | str | float) else None


# --- why not ----------------------------------------------------------------------------------------------------------


def why_not(rulebase: Rulebase, trace: Trace, conclusion: str) -> WhyNot:
    """Tell why a conclusion was not reached: the rules that would support it, and which of their premises do not hold.

    The rules nearest to firing come first: fewest premises open, then the strongest.

    Raises:
        UnknownNameError: There is no such conclusion.
    """
    explainer = _Explainer(rulebase, trace)
    reached = explainer.why(conclusion)
    _, topics = _topics(conclusion, rulebase)
    supporting = [topic for topic in topics if topic.kind != "withhold"]
    unfired = [
        _unfired(rulebase, trace, rule, adds)
        for topic in supporting
        for rule, adds in rulebase.drawn.get(topic, ())
        if rule not in explainer.firings and not (isinstance(adds, float) and adds < 0)
    ]
    ranked = sorted(unfired, key=lambda rule: (len(rule.open), -_strength(rule.adds), rule.rule))
    against = tuple(rule for rule in reached.rules if _counts_against(rule, topics, rulebase))
    return WhyNot(conclusion, reached.value, reached.says, tuple(ranked), against)


def _strength(adds: Plain | None) -> float:
    return abs(adds) if isinstance(adds, float) else 1.0


def _counts_against(rule: WhyRule, topics: list[Topic], rulebase: Rulebase) -> bool:
    if isinstance(rule.adds, float):
        return rule.adds < 0
    return any(
        rule.rule == drawn.rule
        for topic in topics
        if topic.kind == "withhold"
        for drawn in rulebase.drawn.get(topic, ())
    )


def _unfired(rulebase: Rulebase, trace: Trace, rule_id: str, adds: object) -> WhyNotRule:
    rule = rulebase.rules[rule_id]
    states = [(part, holds(part, trace.known)) for part in _parts(rule.premise)]
    met = tuple(premise_in_words(part, rulebase) for part, truth in states if truth)
    left = tuple(_open(part, truth, rulebase, trace) for part, truth in states if not truth)
    state = "unknown" if trace.verdicts[rule_id] is None else "fails"
    return WhyNotRule(rule_id, rule.title, _plain_adds(adds), state, met, left)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, All):
        return tuple(part for whole in condition.parts for part in _parts(whole))
    return (condition,)


def _open(part: Condition, truth: Truth, rulebase: Rulebase, trace: Trace) -> OpenPremise:
    state = "unknown" if truth is None else "fails"
    wanted = premise_in_words(part, rulebase)
    if not isinstance(part, Test):
        names = rulebase.language.joined(" or ", dict.fromkeys(test.name for test in tests(part)))
        return OpenPremise(names, wanted, state, None, None, None)
    value = trace.known.get(part.name)
    term = rulebase.terms[part.name]
    says = None if value is None else rulebase.says(part.name, value)
    return OpenPremise(part.name, wanted, state, plain(term, value), says, _missed_by(part, value))


def _missed_by(test: Test, value: Value | None) -> float | None:
    if not isinstance(value, Span) or not isinstance(test.limit, int | float):
        return None
    nearest = min(max(float(test.limit), value.low), value.high)
    return round(abs(float(test.limit) - nearest), 9)


# --- premises in words ------------------------------------------------------------------------------------------------


def test_in_words(test: Test, rulebase: Rulebase) -> str:
    """Read one test aloud, from the sentences of the vocabulary."""
    term, language = rulebase.terms[test.name], rulebase.language
    if term.type == "number":
        return compared(term, test.operator, f"{test.limit:.12g}", language, past=term.at == "loss", unit=term.unit)
    if isinstance(test.limit, bool):
        return spoken(term, test.limit is (test.operator == "is"), language)
    choices = test.limit if isinstance(test.limit, tuple) else (str(test.limit),)
    either = language.joined(" or ", (spoken(term, choice, language) for choice in choices))
    return (
        either if test.operator in ("is", "one_of") else language.say("it is not so that {sentence}", sentence=either)
    )


def premise_in_words(condition: Condition, rulebase: Rulebase) -> str:
    """Read a whole premise aloud."""
    if isinstance(condition, Test):
        return test_in_words(condition, rulebase)
    parts = [_grouped(part, condition, rulebase) for part in condition.parts]
    language = rulebase.language
    return language.joined(" or ", parts) if isinstance(condition, Any) else language.all_of(parts)


def _grouped(part: Condition, whole: Condition, rulebase: Rulebase) -> str:
    words = premise_in_words(part, rulebase)
    mixed = not isinstance(part, Test) and type(part) is not type(whole)
    return rulebase.language.say("({words})", words=words) if mixed else words


def walk(explained: Why) -> Iterator[Why]:
    """Yield an explanation and every explanation that it rests on."""
    yield explained
    for rule in explained.rules:
        for matched in rule.matched:
            if matched.because:
                yield from walk(matched.because)
