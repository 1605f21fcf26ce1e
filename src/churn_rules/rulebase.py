"""A rule base as a frozen value: vocabulary, reasons, accommodations, rules, and the strata they are worked out in.

Never reads a file and never evaluates a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Literal, NamedTuple

from churn_rules.across import Across
from churn_rules.asking import Asking
from churn_rules.conditions import Condition, tests
from churn_rules.errors import UnknownNameError
from churn_rules.language import ENGLISH, Language, in_english
from churn_rules.vocabulary import SIDES, Fact, Term, Value, spoken
from churn_rules.wording import Wording
from churn_rules.words import ANSWERED_FOR, SCOPE

__all__ = [
    "ANCHORS",
    "BLANKS",
    "DECISIONS",
    "PHASES",
    "RESPONSIBLE",
    "ROLES",
    "SCOPES",
    "STAGES",
    "STATUSES",
    "WAITS_FOR",
    "Accommodation",
    "Added",
    "Conclusions",
    "Coverage",
    "Drawn",
    "Example",
    "Link",
    "PlanStep",
    "Reason",
    "Rule",
    "Rulebase",
    "Source",
    "Stratum",
    "Thresholds",
    "Topic",
    "conclusion_terms",
    "drawn_by",
    "settles",
    "sort_into_strata",
    "sources_in",
    "topic_of",
]

STATUSES = ("established", "possible", "unsupported", "ruled_out")
ROLES = ("root", "contributing", "consequence", "none")
SCOPES = ("specific", "systemic", "mixed", "external", "undetermined")
RESPONSIBLE = ("supplier", "customer", "competitor", "environment", "both")
PHASES = ("backstory", "contact", "listen", "decide", "offer", "write", "exit", "after")
BLANKS = (
    "cautions",
    "comparison",
    "good_terms",
    "landmines",
    "missing",
    "offers",
    "people",
    "questions",
    "renewal",
    "requirements",
    "verdict",
    "withheld",
)
ANCHORS = ("start", "loss", "renewal", "return")
STAGES = ("leaving", "gone", "back")
DECISIONS = ("pursue", "pursue_with_exception", "keep_a_foothold", "let_go", "undecided")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The certainties at which a reason's status changes, and how close to the strongest a root may lie."""

    established: float
    possible: float
    ruled_out: float
    root_margin: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many rules with evidence for and against it each reason needs; `required` makes too few an error."""

    pro: int
    contra: int
    required: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Where knowledge comes from; `reliability` is high, medium, low or ours, as rules/sources.yaml explains."""

    id: str
    cites: str
    reliability: str
    note: str


def sources_in(text: str, sources: Mapping[str, Source]) -> tuple[Source, ...]:
    """Return the declared sources that the source of a rule or reason names."""
    return tuple(source for name, source in sources.items() if name in text)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a relationship may have ended; `scope` is where it starts, or `upstream` for that of the roots behind it."""

    id: str
    title: str
    means: str
    scope: str
    responsible: str
    source: str


class Link(NamedTuple):
    """What one reason may lead to; `always` holds unless a rule switches it off, otherwise a rule switches it on."""

    cause: str
    effect: str
    always: bool


@dataclass(frozen=True, slots=True)
class Accommodation:
    """Something we can offer; see `rules/accommodations.yaml` for what each part means."""

    id: str
    title: str
    answers: tuple[str, ...]
    cost_band: str
    agreed_by: tuple[str, ...]
    precedent_risk: str
    fairness: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """A step that a plan may have, due `days` after `anchor` (one of ANCHORS, or another step); see `rules/plan.yaml`.

    `every` is in days and 0 for a step that comes once; a step `until` the loss makes no sense after it; `whom` names
    the people whom the step speaks to, if any.
    """

    id: str
    title: str
    text: str
    phase: str
    owner: str
    anchor: str
    days: int
    every: int = 0
    times: int = 1
    until: str = ""
    fairness: str | None = None
    whom: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """What a rule adds when it fires."""

    finding: str | None = None
    evidence: tuple[tuple[str, float], ...] = ()
    scope: tuple[tuple[str, str], ...] = ()
    responsible: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    offer: tuple[tuple[str, str], ...] = ()
    withhold: tuple[str, ...] = ()
    warning: str | None = None
    decision: str | None = None
    steps: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A test of one rule: what is known, and whether the rule then fires (None: unknown)."""

    title: str
    given: Mapping[str, Value]
    fires: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with its proof."""

    id: str
    title: str
    premise: Condition
    then: Conclusions
    because: str
    source: str
    owner: str
    theme: str
    status: Literal["draft", "accepted", "retired"] = "accepted"
    replaced_by: str | None = None
    salience: int = 0
    examples: tuple[Example, ...] = ()

    @property
    def only_plans(self) -> bool:
        """Whether it concludes nothing but steps of the plan, of which a diagnosis says nothing."""
        return all(topic.kind in ("step", "drop") for topic, _ in drawn_by(self.then))


class Topic(NamedTuple):
    """Something that is concluded: its kind (`reason`, `finding`, `roles`, …) and which one of its kind."""

    kind: str
    id: str = ""


class Drawn(NamedTuple):
    """A rule that draws a conclusion, and what it adds: a certainty, a scope, a verdict and so on."""

    rule: str
    adds: object


Added = dict[Topic, list[Drawn]]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Rules that can be decided together, then the topics that can be concluded once they are, in order."""

    rules: tuple[Rule, ...]
    topics: tuple[Topic, ...]


_MAPPINGS = ("vocabulary", "findings", "reasons", "accommodations", "rules", "shelved")


@dataclass(frozen=True, eq=False)
class Rulebase:
    """Everything the business knows, ready to run. Made by `churn_rules.load()`; safe to share between threads.

    `rules` holds the accepted ones, in the order of their ids; drafts and retired ones stand in `shelved`. Every text
    in it is in its `language`; nothing else differs from one language to another.
    """

    vocabulary: Mapping[str, Fact]
    findings: Mapping[str, Fact]
    reasons: Mapping[str, Reason]
    links: tuple[Link, ...]
    accommodations: Mapping[str, Accommodation]
    thresholds: Thresholds
    rules: Mapping[str, Rule]
    shelved: Mapping[str, Rule]
    strata: tuple[Stratum, ...]
    digest: str
    steps: Mapping[str, PlanStep] = field(default_factory=dict)
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what to ask, by the stage of the case
    asking: Asking = field(default_factory=Asking)
    across: Across | None = None  # None: nothing is said across accounts
    wording: Wording = field(default_factory=Wording)
    sources: Mapping[str, Source] = field(default_factory=dict)
    language: Language = ENGLISH
    engines: dict[str, object] = field(default_factory=dict, repr=False)  # engines kept ready; see churn_rules.engines

    def __post_init__(self) -> None:
        for name in _MAPPINGS:
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __repr__(self) -> str:
        """Count what it holds; all of it would be megabytes."""
        counts = {"rules": self.rules, "reasons": self.reasons, "facts": self.vocabulary, "sources": self.sources}
        told = ", ".join(f"{name}={len(held)}" for name, held in counts.items())
        return f"Rulebase({told}, language={self.language.code!r}, digest={self.digest[:19]!r})"

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "engines"}
        return type(self), tuple(dict(value) if name in _MAPPINGS else value for name, value in values.items())

    @cached_property
    def names_read(self) -> frozenset[str]:
        """Every name that a rule tests."""
        return frozenset(test.name for rule in self.rules.values() for test in tests(rule.premise))

    @cached_property
    def readers(self) -> Mapping[str, tuple[Rule, ...]]:
        """For each name, the rules that test it, in their order."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules.values():
            for name in dict.fromkeys(test.name for test in tests(rule.premise)):
                found.setdefault(name, []).append(rule)
        return {name: tuple(rules) for name, rules in found.items()}

    @cached_property
    def terms(self) -> Mapping[str, Term]:
        """Everything that a premise may name, by name."""
        return conclusion_terms(self.vocabulary, self.findings, self.reasons, self.accommodations, self.language)

    def says(self, name: str, value: Value | None) -> str:
        """Say a value of a term, by its name, as a sentence."""
        return spoken(self.terms[name], value, self.language)

    @cached_property
    def drawn(self) -> Mapping[Topic, tuple[Drawn, ...]]:
        """For each conclusion, the rules that draw it, in the order of their ids."""
        found: dict[Topic, list[Drawn]] = {}
        for rule in self.rules.values():
            for topic, adds in drawn_by(rule.then):
                found.setdefault(topic, []).append(Drawn(rule.id, adds))
        return {topic: tuple(rules) for topic, rules in found.items()}

    @cached_property
    def _adds(self) -> Mapping[str, tuple[tuple[Topic, Drawn], ...]]:
        return {
            rule.id: tuple((topic, Drawn(rule.id, adds)) for topic, adds in drawn_by(rule.then))
            for rule in self.rules.values()
        }

    def add(self, added: Added, fired: Iterable[str]) -> Added:
        """Add to `added` what rules that fired conclude, by the conclusion that they draw; return it."""
        for rule in fired:
            for topic, drawn in self._adds[rule]:
                added.setdefault(topic, []).append(drawn)
        return added

    def named(self, name: str) -> Rule | Reason | Fact | Accommodation | PlanStep:
        """Return the rule, reason, fact, finding, accommodation or step of that name.

        Raises:
            UnknownNameError: There is none.
        """
        shelves: tuple[Mapping[str, Rule | Reason | Fact | Accommodation | PlanStep], ...] = (
            self.rules,
            self.shelved,
            self.reasons,
            self.vocabulary,
            self.findings,
            self.accommodations,
            self.steps,
        )
        for shelf in shelves:
            if name in shelf:
                return shelf[name]
        raise UnknownNameError(
            "rule, reason, fact, accommodation or step", name, [key for shelf in shelves for key in shelf]
        )

    def contents(self) -> dict[str, tuple[str, ...]]:
        """Return the names of everything in it, by kind."""
        return {
            "reasons": tuple(self.reasons),
            "accommodations": tuple(self.accommodations),
            "findings": tuple(self.findings),
            "facts": tuple(self.vocabulary),
            "rules": tuple(self.rules),
            "steps": tuple(self.steps),
            "shelved": tuple(self.shelved),
        }

    def facts_about(self, topic: str | None = None) -> tuple[Fact, ...]:
        """Return the facts of a topic, or all of them, in the order of the vocabulary.

        Raises:
            UnknownNameError: No fact has that topic.
        """
        topics = dict.fromkeys(fact.topic for fact in self.vocabulary.values())
        if topic is not None and topic not in topics:
            raise UnknownNameError("topic", topic, topics)
        return tuple(fact for fact in self.vocabulary.values() if topic in (None, fact.topic))


# --- what may be named ------------------------------------------------------------------------------------------------


def conclusion_terms(
    vocabulary: Mapping[str, Fact],
    findings: Mapping[str, Fact],
    reasons: Mapping[str, Reason],
    accommodations: Mapping[str, Accommodation],
    language: Language = ENGLISH,
) -> dict[str, Term]:
    """Return every term a premise may name: facts, each side's view of them, findings, and all conclusions."""
    terms: dict[str, Term] = {**vocabulary, **findings}
    for fact in vocabulary.values():
        terms.update(_views(fact, language))
    for reason in reasons.values():
        terms.update((term.id, term) for term in _reason_terms(reason, language))
    for item in accommodations.values():
        says = {state: language.say(words, title=item.title) for state, words in _OFFERS.items()}
        terms[f"accommodation.{item.id}"] = _choice(f"accommodation.{item.id}", item.title, says)
    return terms | {term.id: term for term in _case_terms(language)}


_OFFERS = in_english(offered="{title} is offered", withheld="{title} is withheld", none="{title} is not offered")
_VIEWS = in_english(
    record="by our records, {sentence}",
    customer="by the customer's account, {sentence}",
    us="by our own account, {sentence}",
)


def _views(fact: Fact, language: Language) -> dict[str, Term]:
    views: dict[str, Term] = {
        f"{fact.id}.{side}": Term(
            id=f"{fact.id}.{side}",
            title=language.say(_VIEWS[side], sentence=fact.title),
            type=fact.type,
            unit=fact.unit,
            currency=fact.currency,
            low=fact.low,
            high=fact.high,
            choices=fact.choices,
            says={value: language.say(_VIEWS[side], sentence=sentence) for value, sentence in fact.says.items()},
            at=fact.at,
        )
        for side in SIDES
    }
    says = {
        "true": language.say("the sides disagree about {title}", title=fact.title),
        "false": language.say("the sides agree about {title}", title=fact.title),
    }
    name = f"{fact.id}.disputed"
    views[name] = Term(id=name, title=says["true"], type="boolean", says=says, at=fact.at)
    return views


_STATUSES = in_english(
    established="{title} is established as a reason",
    possible="{title} is a possible reason",
    unsupported="{title} is not supported as a reason",
    ruled_out="{title} is ruled out as a reason",
)
_ROLES = in_english(
    root="{title} is a root cause",
    contributing="{title} contributed",
    consequence="{title} is a consequence of something else",
    none="{title} plays no established role",
)


def _reason_terms(reason: Reason, language: Language) -> tuple[Term, ...]:
    title, say = reason.title, language.say
    status = {value: say(words, title=title) for value, words in _STATUSES.items()}
    role = {value: say(words, title=title) for value, words in _ROLES.items()}
    scope = {value: say("the scope of {title} is {scope}", title=title, scope=say(SCOPE[value])) for value in SCOPES}
    responsible = {
        value: say("{title} is answered for by {side}", title=title, side=say(ANSWERED_FOR[value]))
        for value in RESPONSIBLE
    }
    certainty = say("the certainty of {title}", title=title)
    return (
        Term(id=f"{reason.id}.certainty", title=certainty, type="number", low=-1, high=1),
        _choice(f"{reason.id}.status", say("the status of {title}", title=title), status),
        _choice(f"{reason.id}.role", say("the role of {title}", title=title), role),
        _choice(f"{reason.id}.scope", say("the scope of {title}", title=title), scope),
        _choice(f"{reason.id}.responsible", say("the side that answers for {title}", title=title), responsible),
    )


def _choice(name: str, title: str, says: Mapping[str, str]) -> Term:
    return Term(id=name, title=title, type="choice", choices=tuple(says), says=says)


def _boolean(name: str, true: str, false: str) -> Term:
    return Term(id=name, title=true, type="boolean", says={"true": true, "false": false})


_DECISIONS = in_english(
    pursue="the decision is to win them back",
    pursue_with_exception="the decision is to win them back with an exception",
    keep_a_foothold="the decision is to keep a foothold",
    let_go="the decision is to let them go",
    undecided="the case is undecided",
)
_STAGES = in_english(leaving="the customer is leaving", gone="the customer is gone", back="the customer is back")
_ECONOMICS = in_english(
    pays="the account would pay for the attempt",
    does_not_pay="the account would never pay for the attempt",
    depends="whether the account would pay for the attempt depends on where the amounts lie",
    not_worked_out="too few amounts are known to tell whether the account would pay for the attempt",
)


def _case_terms(language: Language) -> tuple[Term, ...]:
    say = language.say
    scopes = {scope: say("the trouble is {scope}", scope=say(SCOPE[scope])) for scope in SCOPES}
    decisions, stages, economics = (
        {value: say(words) for value, words in sentences.items()} for sentences in (_DECISIONS, _STAGES, _ECONOMICS)
    )
    chance = say("the chance of return at which the attempt breaks even")
    return (
        _choice("case.scope", say("the scope of the case"), scopes),
        _choice("case.decision", say("the decision"), decisions),
        _choice("case.stage", say("how far it has come"), stages),
        _boolean(
            "requirements.all_met",
            say("everything that the customer requires is met"),
            say("not everything that the customer requires is met"),
        ),
        _boolean(
            "requirements.any_refused",
            say("something that the customer must have is refused"),
            say("nothing that the customer must have is refused"),
        ),
        _choice("economics.verdict", say("what cost and benefit say"), economics),
        Term(id="economics.break_even_chance", title=chance, type="number", low=0, high=1),
    )


# --- strata -----------------------------------------------------------------------------------------------------------

WAITS_FOR: Mapping[str, tuple[str, ...]] = {
    "roles": ("links",),
    "scopes": ("roles",),
    "requirements": ("accommodations",),
    "economics": ("accommodations",),
    "decision": ("scopes", "requirements", "economics"),
    "steps": ("decision",),
}
"""Conclusions that wait for others besides rules; the roles wait for every reason too."""

_SETTLED_BY = {"role": "roles", "scope": "scopes", "responsible": "scopes"}
_SETTLED_APART = {"case.decision": Topic("decision"), "case.stage": None}  # the stage is known from the start
_CASE_TOPICS = {
    "accommodation": Topic("accommodations"),
    "case": Topic("scopes"),
    "requirements": Topic("requirements"),
    "economics": Topic("economics"),
}
_TOPIC_OF_DRAWN = {
    "evidence": "reason",
    "scope": "scopes",
    "responsible": "scopes",
    "link": "links",
    "offer": "accommodations",
    "withhold": "accommodations",
    "step": "steps",
    "drop": "steps",
}


def drawn_by(then: Conclusions) -> Iterator[tuple[Topic, object]]:
    """Yield each conclusion of a rule with what the rule adds to it."""
    if then.finding:
        yield Topic("finding", then.finding), True
    for kind, pairs in (("evidence", then.evidence), ("scope", then.scope), ("responsible", then.responsible)):
        for reason, adds in pairs:
            yield Topic(kind, reason), adds
    for link in then.links:
        yield Topic("link", f"{link.cause} {link.effect}"), link.always
    for accommodation, reason in then.offer:
        yield Topic("offer", accommodation), reason
    for kind, names in (("withhold", then.withhold), ("step", then.steps), ("drop", then.drop)):
        for name in names:
            yield Topic(kind, name), None
    if then.warning:
        yield Topic("warning"), then.warning
    if then.decision:
        yield Topic("decision"), then.decision


def settles(drawn: Topic) -> Topic | None:
    """Return the topic that a rule changes by drawing this, or None for a warning, on which nothing rests."""
    kind = _TOPIC_OF_DRAWN.get(drawn.kind, drawn.kind)
    return None if kind == "warning" else Topic(kind, drawn.id if kind in ("finding", "reason") else "")


def topic_of(name: str, findings: Iterable[str], reasons: Iterable[str]) -> Topic | None:
    """Return the topic that settles a name, or None for a fact, which is known from the start."""
    if name in findings:
        return Topic("finding", name)
    if name in _SETTLED_APART:
        return _SETTLED_APART[name]
    head, _, tail = name.partition(".")
    if head in reasons:
        return Topic(_SETTLED_BY[tail]) if tail in _SETTLED_BY else Topic("reason", head)
    return _CASE_TOPICS.get(head)


def sort_into_strata(
    rules: Iterable[Rule], findings: Iterable[str], reasons: Iterable[str]
) -> tuple[tuple[Stratum, ...], tuple[str, ...]]:
    """Sort rules so that whatever reads a conclusion runs after everything that concludes it.

    Returns:
        The strata, and the ids of the rules in a cycle. One of the two is empty.
    """
    findings, reasons, by_id = set(findings), set(reasons), {rule.id: rule for rule in rules}
    sorter = TopologicalSorter(_dependencies(by_id.values(), findings, reasons))
    try:
        sorter.prepare()
    except CycleError as error:
        return (), tuple(dict.fromkeys(topic.id for topic in error.args[1] if topic.kind == "rule"))
    strata: list[tuple[list[str], list[Topic]]] = [([], [])]
    waiting: list[str] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        waiting += [topic.id for topic in ready if topic.kind == "rule"]
        if topics := sorted(topic for topic in ready if topic.kind != "rule"):
            strata[-1][1].extend(topics)
            sorter.done(*topics)
        else:  # nothing more can be concluded before the waiting rules are decided
            strata.append((sorted(waiting), []))
            sorter.done(*(Topic("rule", rule) for rule in waiting))
            waiting = []
    full = [(ids, topics) for ids, topics in strata if ids or topics]
    return tuple(Stratum(tuple(by_id[rule] for rule in ids), tuple(topics)) for ids, topics in full), ()


def _dependencies(rules: Iterable[Rule], findings: set[str], reasons: set[str]) -> dict[Topic, set[Topic]]:
    graph: dict[Topic, set[Topic]] = {Topic("finding", finding): set() for finding in findings}
    graph |= {Topic("reason", reason): set() for reason in reasons}
    graph |= {Topic(kind): {Topic(other) for other in others} for kind, others in WAITS_FOR.items()}
    graph[Topic("roles")] |= {Topic("reason", reason) for reason in reasons}
    for rule in rules:
        read = (topic_of(test.name, findings, reasons) for test in tests(rule.premise))
        graph[Topic("rule", rule.id)] = {topic for topic in read if topic}
        for drawn, _ in drawn_by(rule.then):
            if topic := settles(drawn):
                graph.setdefault(topic, set()).add(Topic("rule", rule.id))
    return graph
