"""From the trace of one run to the answer: a value that holds all that the program says about a case.

Never words it; `explanation` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from churn_rules.cases import Case, latest, remember
from churn_rules.certainty import fold
from churn_rules.conclusions import (
    NAMING,
    active_links,
    economics_of,
    offered,
    requirement_status,
    roots,
    status_at,
    ways_of,
)
from churn_rules.conditions import holds, tests
from churn_rules.consequence import weight_of
from churn_rules.economics import INPUTS, Sensitivity, Way, sensitivity
from churn_rules.engines import DEFAULT, Trace, engine_for
from churn_rules.errors import UnknownNameError
from churn_rules.rulebase import Drawn, Rule, Rulebase, Topic, drawn_by, topic_of
from churn_rules.vocabulary import Plain, Value, plain
from churn_rules.worth import Worth, worth_of

__all__ = [
    "SCHEMA",
    "Caution",
    "Decision",
    "Diagnosis",
    "DiscrepancyReport",
    "EconomicsReport",
    "Evidence",
    "Landmine",
    "Missing",
    "Named",
    "Offer",
    "ReasonReport",
    "RequirementReport",
    "Withheld",
    "conclude_case",
    "diagnose_case",
]

SCHEMA = "churn-diagnosis/1"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A rule that fired for (above zero) or against (below zero) a reason, and the facts that made it fire."""

    rule: str
    certainty: float
    facts: Mapping[str, Plain | None]


@dataclass(frozen=True, slots=True)
class ReasonReport:
    """What is concluded about one reason; `leads_to` names the established reasons that follow from it."""

    reason: str
    certainty: float
    status: str
    role: str | None
    scope: str
    responsible: str
    leads_to: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A reason that somebody gave, and whether it is established: what is named is often only a symptom."""

    reason: str
    sides: tuple[str, ...]
    borne_out: bool


@dataclass(frozen=True, slots=True)
class Landmine:
    """Something that a caller might blunder upon: a `sore_point`, or a `disagreement` with each side's word."""

    kind: str
    name: str
    told: Mapping[str, Plain | None]


@dataclass(frozen=True, slots=True)
class DiscrepancyReport:
    """An observed value that differs from the one that follows from other facts; the observed one stands.

    Where `by` is `timeline`, `observed` is the amount of the economics block and `derived` that of the timeline.
    """

    fact: str
    observed: Plain | None
    derived: Plain | None
    by: str = "derivation"


@dataclass(frozen=True, slots=True)
class Offer:
    """An accommodation offered; `than_todays_supplier` is better, equal, worse or unknown.

    `reason` is the one that it answers; in JSON it is called `for`.
    """

    accommodation: str
    reason: Annotated[str, Field(alias="for")]
    rule: str
    fairness: tuple[str, ...]
    cost_band: str
    agreed_by: tuple[str, ...]
    precedent_risk: str
    than_todays_supplier: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """An accommodation that must not be offered, and the rules that say so."""

    accommodation: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequirementReport:
    """A requirement of the customer held against the accommodations."""

    requirement: str
    priority: str
    status: str
    met_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caution:
    """A caution to whoever acts on the diagnosis."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class EconomicsReport:
    """Value of the account won back, cost of the attempt, and whether it pays; null where an input is unknown.

    `value` and `attempt` are rounded as premises read them. `ways` holds the same as exact decimals from low through
    likely to high, and where the trouble is systemic or mixed the change of the business model beside it;
    `sensitivity` lists what moves the break-even chance most, unless `likely_missing` names inputs that stop it.
    """

    currency: str
    value: Plain | None
    attempt: Plain | None
    pays: bool | None
    missing: tuple[str, ...]
    verdict: str
    ways: tuple[Way, ...]
    sensitivity: tuple[Sensitivity, ...]
    likely_missing: tuple[str, ...]
    worth: Worth


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and the rules behind it; of an undecided one, the rules that disagree."""

    verdict: str
    because: tuple[str, ...]
    break_even_chance: Plain | None


@dataclass(frozen=True, slots=True)
class Missing:
    """An unknown fact (or one side's view, as `fact.side`) that an undecided rule waits for; what it could change."""

    fact: str
    could_change: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that the program says about a case; `churn_rules.as_json` gives it as text for other programs."""

    schema: str = SCHEMA
    case: str
    rulebase: str
    engine: str
    roots: tuple[str, ...]
    chain: tuple[str, ...]
    scope: str
    responsible: tuple[str, ...]
    named: tuple[Named, ...]
    reasons: tuple[ReasonReport, ...]
    landmines: tuple[Landmine, ...]
    discrepancies: tuple[DiscrepancyReport, ...]
    accommodations: tuple[Offer, ...]
    withheld: tuple[Withheld, ...]
    requirements: tuple[RequirementReport, ...]
    warnings: tuple[Caution, ...]
    economics: EconomicsReport
    decision: Decision
    missing: tuple[Missing, ...] | None

    def reason(self, reason: str) -> ReasonReport:
        """Return what is concluded about one reason.

        Raises:
            UnknownNameError: The rule base has no such reason.
        """
        for report in self.reasons:
            if report.reason == reason:
                return report
        raise UnknownNameError("reason", reason, [report.reason for report in self.reasons])


def diagnose_case(rulebase: Rulebase, case: Case, engine: str = DEFAULT, *, missing: bool = True) -> Diagnosis:
    """Run a case through an engine and report. A pure function of its arguments.

    Args:
        rulebase: The rules.
        case: The observations.
        engine: `durable`, `reference` or `compiled`.
        missing: Whether to work out what is unknown and what it could change.
    """
    trace = engine_for(rulebase, engine).run(remember(case, rulebase.vocabulary))
    return conclude_case(rulebase, trace, missing=missing)


def conclude_case(rulebase: Rulebase, trace: Trace, *, missing: bool = True) -> Diagnosis:
    """Turn the trace of a run into a diagnosis."""
    report = _Report(rulebase, trace)
    return Diagnosis(
        case=trace.memory.case.id,
        rulebase=rulebase.digest,
        engine=trace.engine,
        roots=report.roots,
        chain=report.chain(),
        scope=str(trace.known["case.scope"]),
        responsible=report.responsible(),
        named=tuple(report.named()),
        reasons=report.reasons(),
        landmines=tuple(report.landmines()),
        discrepancies=tuple(report.discrepancies()),
        accommodations=tuple(report.offers()),
        withheld=tuple(report.withheld()),
        requirements=tuple(report.requirements()),
        warnings=tuple(report.warnings()),
        economics=report.economics(),
        decision=report.decision(),
        missing=missing_facts(rulebase, trace) if missing else None,
    )


class _Report:
    """The parts of a diagnosis, each drawn from the trace alone."""

    def __init__(self, rulebase: Rulebase, trace: Trace) -> None:
        self.rulebase, self.trace, self.known = rulebase, trace, trace.known
        self.firings = {firing.rule: firing for firing in trace.firings}
        self.added = rulebase.add({}, sorted(self.firings))
        self.links = tuple(active_links(rulebase, trace.known))
        self.roots = roots(rulebase, trace.known)

    def fired(self, kind: str, of: str = "") -> list[Drawn]:
        """Return the rules that fired for a conclusion in the order of their ids, with what each adds."""
        return self.added.get(Topic(kind, of), [])

    def plain(self, name: str, value: Value | None) -> Plain | None:
        return plain(self.rulebase.terms[name], value)

    def chain(self) -> tuple[str, ...]:
        """Return the reasons from the roots down, each after what led to it."""
        links = {cause: [effect for other, effect in self.links if other == cause] for cause, _ in self.links}
        told: list[str] = []
        waiting = list(self.roots)
        while waiting:
            reason = waiting.pop(0)
            if reason not in told:
                told.append(reason)
                waiting += links.get(reason, [])
        order = {reason: place for place, reason in enumerate(self._downstream(told))}
        return tuple(sorted(told, key=order.__getitem__))

    def _downstream(self, reasons: list[str]) -> list[str]:
        """Sort reasons so that each stands after all that led to it."""
        ordered: list[str] = []
        left = list(reasons)
        while left:
            causes = {effect for cause, effect in self.links if cause in left}
            free = next(reason for reason in left if reason not in causes)
            ordered.append(free)
            left.remove(free)
        return ordered

    def responsible(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(self.known[f"{root}.responsible"]) for root in self.roots))

    def named(self) -> Iterator[Named]:
        """Yield the reasons that rules conclude from nothing but somebody's naming them."""
        sides: dict[str, list[str]] = {}
        for rule, firing in sorted(self.firings.items()):
            evidence = self.rulebase.rules[rule].then.evidence
            if evidence and all(name.startswith(NAMING) for name, _ in firing.matched):
                names = [name for name, _ in firing.matched]
                for reason, _ in evidence:
                    sides.setdefault(reason, []).extend(name.removeprefix(NAMING) for name in names)
        for reason, told in sides.items():
            yield Named(reason, tuple(dict.fromkeys(told)), self.known[f"{reason}.status"] == "established")

    def reasons(self) -> tuple[ReasonReport, ...]:
        """Return every reason, the most certain first."""
        reports = [self._reason(reason) for reason in self.rulebase.reasons]
        return tuple(sorted(reports, key=lambda report: -report.certainty))

    def _reason(self, reason: str) -> ReasonReport:
        known = self.known
        role = str(known[f"{reason}.role"])
        return ReasonReport(
            reason=reason,
            certainty=known[f"{reason}.certainty"].low,  # type: ignore[union-attr]  # a certainty is a span
            status=str(known[f"{reason}.status"]),
            role=None if role == "none" else role,
            scope=str(known[f"{reason}.scope"]),
            responsible=str(known[f"{reason}.responsible"]),
            leads_to=tuple(effect for cause, effect in self.links if cause == reason),
            evidence=tuple(
                Evidence(rule, float(str(certainty)), self._facts(rule))
                for rule, certainty in self.fired("evidence", reason)
            ),
        )

    def _facts(self, rule: str) -> dict[str, Plain | None]:
        return {name: self.plain(name, value) for name, value in self.firings[rule].matched}

    def landmines(self) -> Iterator[Landmine]:
        memory = self.trace.memory
        for name, fact in {**self.rulebase.vocabulary, **self.rulebase.findings}.items():
            if fact.sore_point is not None and self.known.get(name) == fact.sore_point:
                told = memory.told.get(name)
                yield Landmine("sore_point", name, {told.side if told else "rules": self.plain(name, self.known[name])})
        for disagreement in memory.disagreements:
            told_by: dict[str, Plain | None] = {
                side: self.plain(disagreement.fact, value) for side, value in disagreement.values
            }
            yield Landmine("disagreement", disagreement.fact, told_by)

    def discrepancies(self) -> Iterator[DiscrepancyReport]:
        for found in self.trace.memory.discrepancies:
            name = found.fact
            yield DiscrepancyReport(name, self.plain(name, found.observed), self.plain(name, found.derived), found.by)

    def offers(self) -> Iterator[Offer]:
        terms = {name: item.terms for name, item in latest(self.trace.memory.case.todays_supplier).items()}
        ours = {"worse": "better", "equal": "equal", "better": "worse"}
        for name in offered(self.rulebase, self.known):
            item = self.rulebase.accommodations[name]
            rule, reason = self.fired("offer", name)[0]
            yield Offer(
                accommodation=name,
                reason=str(reason),
                rule=rule,
                fairness=item.fairness,
                cost_band=item.cost_band,
                agreed_by=item.agreed_by,
                precedent_risk=item.precedent_risk,
                than_todays_supplier=ours.get(terms.get(name, ""), "unknown"),
            )

    def withheld(self) -> Iterator[Withheld]:
        for name in self.rulebase.accommodations:
            if rules := tuple(rule for rule, _ in self.fired("withhold", name)):
                yield Withheld(name, rules)

    def requirements(self) -> Iterator[RequirementReport]:
        for item in self.trace.memory.case.requirements:
            yield RequirementReport(item.requirement, item.priority, requirement_status(item, self.known), item.met_by)

    def warnings(self) -> Iterator[Caution]:
        for rule, text in self.fired("warning"):
            yield Caution(rule, str(text))

    def economics(self) -> EconomicsReport:
        worked_out = economics_of(self.rulebase, self.trace.memory, self.known)
        money, case = self.rulebase.vocabulary["attempt_cost"], self.trace.memory.case
        moves, unlikely = sensitivity(self.known, offered(self.rulebase, self.known), case.costs, case.economics)
        return EconomicsReport(
            currency=case.currency,
            value=plain(money, worked_out.value),
            attempt=plain(money, worked_out.attempt),
            pays=worked_out.pays,
            missing=worked_out.missing,
            verdict=str(self.known["economics.verdict"]),
            ways=ways_of(self.rulebase, self.trace.memory, self.known),
            sensitivity=moves,
            likely_missing=unlikely,
            worth=worth_of(case.economics, self.known),
        )

    def decision(self) -> Decision:
        chance = self.known.get("economics.break_even_chance")
        rules = tuple(rule for rule, _ in self.fired("decision"))
        return Decision(str(self.known["case.decision"]), rules, self.plain("economics.break_even_chance", chance))


# --- what is missing --------------------------------------------------------------------------------------------------


def missing_facts(rulebase: Rulebase, trace: Trace) -> tuple[Missing, ...]:
    """List the unknown facts in undecided rules that could still change something reported.

    A rule is passed over where what it concludes is settled already: a finding that is true, an accommodation that is
    withheld, evidence that cannot move a reason's status, whatever else comes to light. Most consequential facts first.
    """
    open_rules = [rule for rule in rulebase.rules.values() if trace.verdicts[rule.id] is None]
    movable = _movable_reasons(rulebase, trace)
    found: dict[str, dict[str, None]] = {}
    weight: dict[str, float] = {}
    for rule in open_rules:
        changes = [change for topic, _ in drawn_by(rule.then) for change in _changes(topic, rulebase, trace, movable)]
        facts = sorted(_open_facts(rule, rulebase, trace))
        for fact in facts if changes else ():
            found.setdefault(fact, {}).update(dict.fromkeys(changes))
            weight[fact] = weight.get(fact, 0.0) + weight_of(rule) / len(facts)
    ranked = sorted(found, key=lambda fact: (-weight[fact], fact))
    return tuple(Missing(fact, tuple(found[fact])) for fact in ranked)


def _open_facts(rule: Rule, rulebase: Rulebase, trace: Trace) -> set[str]:
    """Return the unknown facts that a rule waits for, through the findings and derivations that it waits for."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [test.name for test in tests(rule.premise) if holds(test, trace.known) is None]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in rulebase.findings:
            rules = (rulebase.rules[drawn.rule] for drawn in rulebase.drawn.get(Topic("finding", name), ()))
            waiting += [
                test.name
                for rule in rules
                if trace.verdicts[rule.id] is None
                for test in tests(rule.premise)
                if holds(test, trace.known) is None
            ]
        elif name.startswith("economics."):
            found |= set(INPUTS).difference(trace.known)
        elif topic_of(name, rulebase.findings, rulebase.reasons) is None:
            found.add(_side_to_ask(name, rulebase, trace) if name.endswith(".disputed") else name)
    return found


def _side_to_ask(disputed: str, rulebase: Rulebase, trace: Trace) -> str:
    """Return whose view is wanting to tell whether the sides disagree; the fact itself where nobody spoke yet."""
    fact = rulebase.vocabulary[disputed.removesuffix(".disputed")]
    silent = [side for side in fact.asked_of if f"{fact.id}.{side}" not in trace.known]
    return f"{fact.id}.{silent[0]}" if fact.id in trace.known and silent else fact.id


def _changes(topic: Topic, rulebase: Rulebase, trace: Trace, movable: set[str]) -> Iterator[str]:
    """Yield what a conclusion could still change in the report."""
    known = trace.known
    match topic.kind:
        case "evidence" if topic.id in movable:
            yield topic.id
        case "scope" | "responsible" if topic.id in movable or known[f"{topic.id}.status"] == "established":
            yield f"{topic.id}.{topic.kind}"
        case "link" if all(end in movable or known[f"{end}.status"] == "established" for end in topic.id.split()):
            yield "roots"
        case "offer" if known[f"accommodation.{topic.id}"] == "none":
            yield topic.id
        case "withhold" if known[f"accommodation.{topic.id}"] == "offered":
            yield topic.id
        case "decision":
            yield "decision"
        case "warning":
            yield "warnings"
        case "finding" if topic.id not in known:
            yield from _consequences(topic.id, rulebase, trace, movable)


def _consequences(finding: str, rulebase: Rulebase, trace: Trace, movable: set[str]) -> Iterator[str]:
    for rule in rulebase.readers.get(finding, ()):
        if trace.verdicts[rule.id] is None:
            for topic, _ in drawn_by(rule.then):
                yield from _changes(topic, rulebase, trace, movable)


def _movable_reasons(rulebase: Rulebase, trace: Trace) -> set[str]:
    """Return the reasons whose status, or whose place among the roots, open evidence could still change."""
    found = set()
    able: dict[str, bool] = {}  # reasons that could be established, and whether open evidence could move them
    for reason in rulebase.reasons:
        sure: list[float] = []
        maybe: list[float] = []
        for rule, certainty in rulebase.drawn.get(Topic("evidence", reason), ()):
            truth = trace.verdicts[rule]
            clue = float(str(certainty))
            (sure if truth else maybe if truth is None else []).append(clue)
        lowest = fold([*sure, *(clue for clue in maybe if clue < 0)])
        highest = fold([*sure, *(clue for clue in maybe if clue > 0)])
        if highest >= rulebase.thresholds.established:
            able[reason] = any(maybe)
        if status_at(lowest, rulebase.thresholds) != status_at(highest, rulebase.thresholds):
            found.add(reason)
    if len(able) > 1:  # which of them is a root, and in which order they stand
        found |= {reason for reason, moves in able.items() if moves}
    return found
