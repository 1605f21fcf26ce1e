"""The proof that all engines agree: random rule bases and cases, each engine held against the reference.

The reference itself is held against an oracle, which knows no strata and no Kleene logic: it tries every way in which
what is unknown could turn out, and works out a conclusion where somebody asks for it.

    python -m tests.agreement --rows 1000000 --seed 1           the whole proof, on two cores
    python -m tests.agreement --seed 1 --rulebase 17 --case 3   one case again, with all that was known of it
"""

from __future__ import annotations

import argparse
import multiprocessing
import operator
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from itertools import product
from random import Random
from typing import Literal

from churn_rules.cases import Case, Cost, Memory, Observation, Requirement, SupplierTerms, remember
from churn_rules.conditions import All, Any, Condition, Test, negate
from churn_rules.diagnosis import conclude_case
from churn_rules.economics import INPUTS
from churn_rules.engines import ENGINES, Trace, engine_for
from churn_rules.engines.columnar import ColumnarEngine
from churn_rules.figures import Figures
from churn_rules.money import Amount
from churn_rules.patterns import breaches
from churn_rules.rulebase import (
    DECISIONS,
    RESPONSIBLE,
    SCOPES,
    Accommodation,
    Conclusions,
    Link,
    PlanStep,
    Reason,
    Rule,
    Rulebase,
    Thresholds,
    conclusion_terms,
    drawn_by,
    sort_into_strata,
)
from churn_rules.vocabulary import DERIVATIONS, SIDES, Derivation, Fact, Span, Term, Truth, Value, exact, parse_date

__all__ = [
    "Outcome",
    "World",
    "as_condition",
    "compare",
    "differences",
    "draw",
    "in_full",
    "random_case",
    "random_world",
    "run",
]

REFERENCE = "reference"
ONE_BY_ONE = ("durable", "compiled")  # engines that take a case at a time
CASES = 1000  # of each rule base
ORACLE_EVERY = 10  # the oracle is slow, so it checks one case in so many


# --- random rule bases ------------------------------------------------------------------------------------------------

Written = Test | tuple[Literal["all", "any", "not"], tuple["Written", ...]]
"""A premise as a person writes it, with `not` still in its place."""

_DAYS = ("2011", "2012-03", "2012-03-31", "2012-04-01", "2013-06", "2013-06-30", "2014", "2014-12-31")
_AMOUNTS = {
    "years_expected": (1, 2, 3, 5),
    "yearly_margin": (0, 10, 20, 50),
    "idle_capacity_margin": (0, 5, 10),
    "attempt_cost": (0, 10, 30, 100),
    "precedent_exposure": (0, 10, 50),
}
_GRIDS = {"certainty": (-0.5, -0.3, 0.2, 0.5, 0.6, 0.72), "break_even_chance": (0.1, 0.2, 0.25, 0.5, 1.0)}
_CLUES = (-0.99, -0.5, -0.3, -0.2, 0.0, 0.2, 0.3, 0.4, 0.5, 0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.9, 0.99)

_READS: Mapping[str, tuple[str, ...]] = {
    "finding": ("loss", "loss", "loss", "findings", "status"),
    "evidence": ("loss", "loss", "loss", "findings", "findings", "status"),
    "links": ("loss", "findings", "status"),
    "scope": ("loss", "findings", "status", "role"),
    "responsible": ("loss", "findings", "status", "role"),
    "view": ("now", "now", "loss", "findings", "views", "role", "scope"),
    "offer": ("now", "findings", "views", "role", "role", "scope"),
    "withhold": ("now", "findings", "views", "role", "scope", "stage"),
    "warning": ("now", "views", "role", "scope", "accommodation", "requirements", "economics", "stage", "decision"),
    "plan": ("now", "views", "role", "scope", "accommodation", "requirements", "stage", "decision", "decision"),
    "decision": ("now", "views", "role", "scope", "accommodation", "requirements", "economics", "stage"),
}
"""What each kind of rule may rest on: why a customer left only on the time of the loss, a verdict on everything.

A `view` is a finding about today.
"""
_KINDS = (
    ("finding",) * 4
    + ("evidence",) * 9
    + ("links", "links", "scope", "responsible", "view", "view", "offer", "offer", "withhold", "warning")
    + ("decision",) * 2
    + ("plan",) * 3
)


@dataclass(frozen=True)
class World:
    """A random rule base, its premises as written, and what its cases and tables are drawn from.

    `pool` holds observations of each fact, `grids` for each number the few values and limits that are used for it.
    """

    rulebase: Rulebase
    written: Mapping[str, Written]
    pool: Mapping[str, tuple[Observation, ...]]
    grids: Mapping[str, tuple[float, ...]]

    @cached_property
    def drawn(self) -> Mapping[tuple[str, str], list[tuple[str, object]]]:
        """By conclusion, each rule that draws it and what the rule adds: the oracle's own list, made once."""
        found: dict[tuple[str, str], list[tuple[str, object]]] = {}
        for rule in self.rulebase.rules.values():
            for topic, adds in drawn_by(rule.then):
                found.setdefault((topic.kind, topic.id), []).append((rule.id, adds))
        return found


def random_world(rng: Random, most_rules: int = 80) -> World:
    """Make a rule base of 10 to `most_rules` rules; those that would close a cycle are left out."""
    vocabulary, grids = _vocabulary(rng)
    findings = {name: _fact(name, "boolean") for name in (*_several(rng, "finding", 6), *_several(rng, "view", 3))}
    reasons = {name: _reason(rng, name) for name in _several(rng, "reason", 6)}
    names = list(reasons)
    steps = {name: _step(name) for name in _several(rng, "step", 5)}
    links = tuple(
        Link(cause, effect, rng.random() < 0.7)
        for place, cause in enumerate(names)
        for effect in names[place + 1 :]
        if rng.random() < 0.45
    )
    accommodations = {name: _accommodation(name, names) for name in _several(rng, "offer", 5)}
    terms = conclusion_terms(vocabulary, findings, reasons, accommodations)
    premises = _Premises(rng, terms, grids, _readable(vocabulary, findings, reasons, accommodations))
    written: dict[str, Written] = {}
    rules: dict[str, Rule] = {}
    wanted = rng.randint(10, most_rules)
    for number in rng.sample(range(100, 1000), wanted):  # so that the order of ids is not the order of making
        rule_id, kind = f"rule-{number}", rng.choice(_KINDS)
        written[rule_id] = premises.premise(kind)
        offers = list(accommodations)
        then = _plans(rng, list(steps)) if kind == "plan" else _conclusions(rng, kind, findings, names, links, offers)
        rules[rule_id] = _rule(rule_id, as_condition(written[rule_id]), then, rng.choice((0, 0, 0, -5, 5, 10)))
    rulebase = _assembled(rng, rules, vocabulary, findings, reasons, links, accommodations, steps)
    return World(rulebase, written, _pool(rng, vocabulary, grids), grids)


def _assembled(
    rng: Random,
    rules: dict[str, Rule],
    vocabulary: Mapping[str, Fact],
    findings: Mapping[str, Fact],
    reasons: Mapping[str, Reason],
    links: tuple[Link, ...],
    accommodations: Mapping[str, Accommodation],
    steps: Mapping[str, PlanStep],
) -> Rulebase:
    strata, cycle = sort_into_strata(rules.values(), findings, reasons)
    while cycle:
        del rules[rng.choice(cycle)]
        strata, cycle = sort_into_strata(rules.values(), findings, reasons)
    return Rulebase(
        vocabulary=vocabulary,
        findings=findings,
        reasons=reasons,
        links=links,
        accommodations=accommodations,
        thresholds=Thresholds(0.5, 0.2, -0.5, rng.choice((0.0, 0.1, 0.3))),
        rules=dict(sorted(rules.items())),
        shelved={},
        strata=strata,
        digest="random",
        steps=steps,
    )


def _several(rng: Random, stem: str, most: int) -> list[str]:
    return [f"{stem}_{number}" for number in range(rng.randint(max(1, most // 3), most))]


def _vocabulary(rng: Random) -> tuple[dict[str, Fact], dict[str, tuple[float, ...]]]:
    """Return facts of every type, and for each number the few values and limits that are used for it.

    Few, so that values often lie exactly on a limit.
    """
    facts = [_fact(name, "number", at="now") for name in INPUTS]
    facts += [_told(rng, name, "number") for name in _several(rng, "number", 6)]
    facts += [_told(rng, name, "boolean") for name in _several(rng, "flag", 8)]
    facts += [_told(rng, name, "choice") for name in _several(rng, "choice", 5)]
    facts += [_told(rng, name, "date") for name in ("day_0", "day_1")]
    facts.append(_fact("came_back", "boolean", at="now"))
    vocabulary = {fact.id: fact for fact in facts}
    grids: dict[str, tuple[float, ...]] = {name: tuple(map(float, amounts)) for name, amounts in _AMOUNTS.items()}
    numbers = [fact.id for fact in facts if fact.type == "number" and fact.id not in INPUTS]
    for name in numbers:
        grids[name] = tuple(sorted(rng.sample([half / 2 for half in range(41)], 6)))
    for name, derivation in (
        ("day_told", Derivation("date_of", (rng.choice(numbers),))),
        ("ratio", Derivation("ratio", (rng.choice(numbers), rng.choice(numbers)))),
        ("change", Derivation("percent_change", (rng.choice(numbers), rng.choice(numbers)))),
        ("months", Derivation("months_between", ("day_0", rng.choice(("day_1", "day_told"))))),
    ):
        vocabulary[name] = _derived(name, derivation, vocabulary)
        if vocabulary[name].type == "number":
            grids[name] = _derived_grid(rng, derivation, grids)
    return vocabulary, grids


def _fact(name: str, kind: Literal["number", "boolean", "choice", "date"], at: Literal["loss", "now"] = "loss") -> Fact:
    return Fact(id=name, title=name, type=kind, at=at)


def _told(rng: Random, name: str, kind: Literal["number", "boolean", "choice", "date"]) -> Fact:
    """Return a fact that is told rather than derived."""
    fact = _fact(name, kind, rng.choice(("loss", "loss", "now")))
    if kind == "number":
        return replace(fact, low=0.0, high=100.0, tolerance=rng.choice((0.0, 0.5, 2.0)))
    if kind == "choice":
        return replace(fact, choices=("red", "green", "blue", "grey")[: rng.randint(2, 4)])
    return replace(fact, sore_point=True) if kind == "boolean" and rng.random() < 0.3 else fact


def _derived(name: str, derivation: Derivation, vocabulary: Mapping[str, Fact]) -> Fact:
    late = any(vocabulary[source].at == "now" for source in derivation.sources)
    kind: Literal["date", "number"] = "date" if derivation.function == "date_of" else "number"
    return replace(_fact(name, kind, "now" if late else "loss"), derive=derivation)


def _derived_grid(rng: Random, derivation: Derivation, grids: Mapping[str, tuple[float, ...]]) -> tuple[float, ...]:
    """Return limits for a derived fact that exact values of its sources hit."""
    function = DERIVATIONS[derivation.function][0]
    found = {0.0, 1.0}
    for _ in range(6):
        sources = [
            parse_date(rng.choice(_DAYS)) if source not in grids else exact(rng.choice(grids[source]))
            for source in derivation.sources
        ]
        if value := function(*sources):
            found |= set(value)
    return tuple(sorted(found))


def _reason(rng: Random, name: str) -> Reason:
    scope = rng.choice(("specific", "systemic", "external", "undetermined", "upstream", "upstream"))
    return Reason(name, name, "", scope, rng.choice(RESPONSIBLE), "")


def _accommodation(name: str, answers: Iterable[str]) -> Accommodation:
    return Accommodation(name, name, tuple(answers), "low", ("sales",), "none", ("distributive",))


def _step(name: str) -> PlanStep:
    return PlanStep(id=name, title=name, text=name, phase="contact", owner="sales", anchor="start", days=1)


def _rule(rule_id: str, premise: Condition, then: Conclusions, salience: int) -> Rule:
    return Rule(
        id=rule_id,
        title=rule_id,
        premise=premise,
        then=then,
        because="",
        source="",
        owner="",
        theme="random",
        salience=salience,
    )


def _conclusions(
    rng: Random,
    kind: str,
    findings: Iterable[str],
    reasons: list[str],
    links: tuple[Link, ...],
    accommodations: list[str],
) -> Conclusions:
    """Return what a rule of one kind concludes: one thing, sometimes two of a kind."""
    some = rng.sample(reasons, min(len(reasons), rng.choice((1, 1, 1, 2))))
    match kind:
        case "finding" | "view":
            return Conclusions(finding=rng.choice([name for name in findings if name.startswith(kind)]))
        case "links" if links:
            cause, effect = rng.choice([(link.cause, link.effect) for link in links])
            return Conclusions(links=(Link(cause, effect, rng.random() < 0.5),))
        case "scope":
            return Conclusions(scope=tuple((reason, rng.choice(SCOPES)) for reason in some))
        case "responsible":
            return Conclusions(responsible=tuple((reason, rng.choice(RESPONSIBLE)) for reason in some))
        case "offer":
            return Conclusions(offer=((rng.choice(accommodations), some[0]),))
        case "withhold":
            return Conclusions(withhold=(rng.choice(accommodations),))
        case "warning":
            return Conclusions(warning="take care")
        case "decision":
            return Conclusions(decision=rng.choice(DECISIONS[:-1]))
    return Conclusions(evidence=tuple((reason, rng.choice(_CLUES)) for reason in some))


def _plans(rng: Random, steps: list[str]) -> Conclusions:
    """Return what a rule of the plan concludes: one step or two, or one that it drops."""
    some = tuple(rng.sample(steps, min(len(steps), rng.choice((1, 1, 2)))))
    return Conclusions(drop=some[:1]) if rng.random() < 0.3 else Conclusions(steps=some)


def _readable(
    vocabulary: Mapping[str, Fact], findings: Iterable[str], reasons: Iterable[str], accommodations: Iterable[str]
) -> dict[str, list[str]]:
    """Return the names that a premise can rest on, by group; a fact more often than one side's view of it."""
    groups: dict[str, list[str]] = {"loss": [], "now": []}
    for fact in vocabulary.values():
        tested = [fact.id] * 5 + [f"{fact.id}.{side}" for side in SIDES] if fact.type != "date" else []
        groups[fact.at] += [*tested, f"{fact.id}.disputed"]
    groups["findings"] = [name for name in findings if name.startswith("finding")]
    groups["views"] = [name for name in findings if name.startswith("view")]
    groups["status"] = [f"{reason}.{part}" for reason in reasons for part in ("status", "status", "certainty")]
    groups["role"] = [f"{reason}.{part}" for reason in reasons for part in ("role", "role", "status")]
    groups["scope"] = ["case.scope"] + [f"{reason}.{part}" for reason in reasons for part in ("scope", "responsible")]
    groups["accommodation"] = [f"accommodation.{name}" for name in accommodations]
    groups["requirements"] = ["requirements.all_met", "requirements.any_refused"]
    groups["stage"], groups["decision"] = ["case.stage"], ["case.decision"]
    groups["economics"] = ["economics.verdict", "economics.break_even_chance"]
    return groups


class _Premises:
    """Makes premises of nested any, all and not over the names that a kind of rule may read."""

    def __init__(
        self,
        rng: Random,
        terms: Mapping[str, Term],
        grids: Mapping[str, tuple[float, ...]],
        groups: Mapping[str, list[str]],
    ) -> None:
        self.rng, self.terms, self.grids, self.groups = rng, terms, grids, groups

    def premise(self, kind: str) -> Written:
        """Return a premise that all engines can take, with few enough tests for the oracle to try all outcomes."""
        while True:
            parts = tuple(self._part(kind, depth=2) for _ in range(self.rng.choice((1, 1, 2, 2, 3))))
            written: Written = parts[0] if len(parts) == 1 else ("all", parts)
            rule = _rule("any", as_condition(written), Conclusions(), 0)
            if len(list(_tests(written))) <= 9 and next(breaches([rule]), None) is None:
                return written

    def _part(self, kind: str, depth: int) -> Written:
        chance = self.rng.random()
        if depth == 0 or chance < 0.55:
            return self._test(kind)
        if chance < 0.7:
            return ("not", (self._part(kind, depth - 1),))
        parts = tuple(self._part(kind, depth - 1) for _ in range(self.rng.choice((2, 2, 3))))
        return ("any" if chance < 0.9 else "all", parts)

    def _test(self, kind: str) -> Test:
        rng = self.rng
        readable = [names for group in _READS[kind] if (names := self.groups[group])]
        term = self.terms[rng.choice(rng.choice(readable))]
        if term.type == "boolean":
            return Test(term.id, rng.choice(("is", "is", "is", "is_not")), rng.random() < 0.7)
        if term.type == "choice":
            if len(term.choices) > 2 and rng.random() < 0.4:
                return Test(term.id, "one_of", tuple(rng.sample(term.choices, rng.randint(2, len(term.choices) - 1))))
            return Test(term.id, rng.choice(("is", "is_not")), rng.choice(term.choices))
        head, _, tail = term.id.partition(".")
        limits = self.grids.get(head) or _GRIDS[tail]
        return Test(
            term.id,
            rng.choice(("is", "is_not", "at_least", "at_most", "more_than", "less_than")),
            rng.choice(limits),
        )


def as_condition(written: Written) -> Condition:
    """Return a premise as engines take it, with `not` pushed down to the tests."""
    if isinstance(written, Test):
        return written
    node, parts = written
    conditions = tuple(map(as_condition, parts))
    return negate(conditions[0]) if node == "not" else All(conditions) if node == "all" else Any(conditions)


def _tests(written: Written) -> Iterator[Test]:
    if isinstance(written, Test):
        yield written
    else:
        for part in written[1]:
            yield from _tests(part)


# --- random cases -----------------------------------------------------------------------------------------------------


def _pool(
    rng: Random, vocabulary: Mapping[str, Fact], grids: Mapping[str, tuple[float, ...]]
) -> dict[str, tuple[Observation, ...]]:
    """Return forty observations of each fact: any side, dated by a day or a year or not at all, some as ranges."""
    dates = [None, None, None, *(parse_date(day) for day in _DAYS)]
    return {
        name: tuple(Observation(name, draw(rng, fact, grids), rng.choice(SIDES), rng.choice(dates)) for _ in range(40))
        for name, fact in vocabulary.items()
    }


def draw(rng: Random, fact: Fact, grids: Mapping[str, tuple[float, ...]]) -> Value | None:
    """Draw a value of a fact; None where a side says that it does not know."""
    if rng.random() < 0.04:
        return None
    if fact.type == "boolean":
        return rng.random() < 0.6
    if fact.type == "choice":
        return rng.choice(fact.choices)
    if fact.type == "date":
        return parse_date(rng.choice(_DAYS))
    low, high = sorted((rng.choice(grids[fact.id]), rng.choice(grids[fact.id])))
    return exact(low) if rng.random() < 0.75 else Span(low, high)


def random_case(rng: Random, world: World, case_id: str = "case") -> Case:
    """Draw a case: three facts in ten are not told at all, others up to three times, by any side."""
    told: list[Observation] = []
    for name, pool in world.pool.items():
        silent = 0.1 if name in INPUTS else 0.8 if world.rulebase.vocabulary[name].derive else 0.3
        if rng.random() >= silent:
            told += rng.choices(pool, k=rng.choice((1, 1, 1, 2, 3)))
    accommodations = tuple(world.rulebase.accommodations)
    return Case(
        id=case_id,
        lost=rng.choice((None, exact(parse_date("2015-06-30").low), parse_date("2015"))),
        currency="EUR",
        observations=tuple(told),
        requirements=tuple(_requirement(rng, number, accommodations) for number in range(rng.choice((0, 1, 1, 2, 3)))),
        todays_supplier=tuple(
            SupplierTerms(name, rng.choice(("better", "equal", "worse")))
            for name in accommodations
            if rng.random() < 0.3
        ),
        costs=tuple(_cost(rng, name) for name in accommodations if rng.random() < 0.8),
        economics=_figures(rng) if rng.random() < 0.3 else None,
    )


def _figures(rng: Random) -> Figures:
    """Draw an economics block: each input that the timeline may tell as well, half the time, and mostly as a range."""
    drawn = {name: _amount(rng, grid) for name, grid in _AMOUNTS.items() if rng.random() < 0.5}
    return Figures(
        years=drawn.get("years_expected"),
        expected_margin=drawn.get("yearly_margin"),
        idle_capacity=drawn.get("idle_capacity_margin"),
        attempt=drawn.get("attempt_cost"),
        exposure=drawn.get("precedent_exposure"),
    )


def _amount(rng: Random, grid: tuple[int, ...]) -> Amount:
    low, likely, high = sorted(Decimal(rng.choice(grid)) for _ in range(3))
    return Amount(low, likely, high)


def _requirement(rng: Random, number: int, accommodations: tuple[str, ...]) -> Requirement:
    met_by = tuple(rng.sample(accommodations, min(len(accommodations), rng.choice((0, 1, 1, 2)))))
    able, willing = (rng.choice((True, True, True, False, None)) for _ in range(2))
    return Requirement(
        f"requirement {number}", met_by, rng.choice(("must", "must", "should", "could")), "customer", able, willing
    )


def _cost(rng: Random, accommodation: str) -> Cost:
    once, more = rng.choice((0.0, 10.0, 40.0)), rng.choice((0.0, 0.0, 5.0))
    yearly = rng.choice((0.0, 5.0, 20.0))
    return Cost(accommodation, Span(once, once + more), exact(yearly))


# --- the oracle -------------------------------------------------------------------------------------------------------

_OPERATORS: Mapping[str, Callable[..., bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
    "one_of": lambda value, limit: value in limit,
}


def _outcomes(test: Test, value: Value | None) -> set[bool]:
    """Return how a test can turn out: both ways where nothing is known, and at every telling point of a range."""
    if value is None:
        return {True, False}
    compare_one = _OPERATORS[test.operator]
    if not isinstance(value, Span):
        return {compare_one(value, test.limit)}
    assert isinstance(test.limit, float)
    points = {value.low, value.high, min(max(test.limit, value.low), value.high)}
    return {compare_one(point, test.limit) for point in points}


def _plainly(written: Written, truths: Iterator[bool]) -> bool:
    """Evaluate a premise with a plain true or false for each of its tests, in reading order."""
    if isinstance(written, Test):
        return next(truths)
    node, parts = written
    values = [_plainly(part, truths) for part in parts]
    return not values[0] if node == "not" else all(values) if node == "all" else any(values)


class Oracle:
    """Works out a case by asking backwards: a conclusion asks its rules, a rule asks for the values that it reads."""

    def __init__(self, world: World, memory: Memory) -> None:
        self.world, self.rulebase, self.memory = world, world.rulebase, memory
        self._values: dict[str, Value | None] = {}
        self._verdicts: dict[str, Truth] = {}

    def verdict(self, rule_id: str) -> Truth:
        """Tell whether a premise is true (or false) in whichever way each of its unknown tests turns out."""
        if rule_id not in self._verdicts:
            written = self.world.written[rule_id]
            possible = [_outcomes(test, self.value(test.name)) for test in _tests(written)]
            found = {_plainly(written, iter(truths)) for truths in product(*possible)}
            self._verdicts[rule_id] = found.pop() if len(found) == 1 else None
        return self._verdicts[rule_id]

    def value(self, name: str) -> Value | None:
        """Return the value of a fact or conclusion, or None where it is unknown."""
        if name not in self._values:
            self._values[name] = self._asked(name)
        return self._values[name]

    def _asked(self, name: str) -> Value | None:
        head, _, tail = name.partition(".")
        if name in self.rulebase.findings:
            truths = [self.verdict(rule) for rule, _ in self._rules("finding", name)]
            return True if True in truths else None if None in truths else False
        if head in self.rulebase.reasons:
            asked: Callable[[str], Value] = getattr(self, f"_{tail}")
            return asked(head)
        if name.startswith("link "):
            return self._link(*name.split()[1:])
        match head:
            case "accommodation":
                withheld, offered = self._added("withhold", tail), self._added("offer", tail)
                return "withheld" if withheld else "offered" if offered else "none"
            case "requirements":
                return self._requirements(tail)
            case "economics":
                return self._economics(tail)
            case "step":
                return self._step(tail)
            case "case":
                return self._case(tail)
        return self.memory.values.get(name)

    def _step(self, step: str) -> str:
        return "dropped" if self._added("drop", step) else "planned" if self._added("step", step) else "none"

    def _case(self, asked: str) -> str:
        if asked == "scope":
            return self._shared(self.value(f"{reason}.scope") for reason in self._with_role("root"))
        if asked == "stage":
            returned = [self.value("came_back")] == [True]
            return "back" if returned else "leaving" if self.memory.case.lost is None else "gone"
        verdicts = set(self._added("decision", ""))
        return str(verdicts.pop()) if len(verdicts) == 1 else "undecided"

    def _rules(self, kind: str, of: str) -> list[tuple[str, object]]:
        return self.world.drawn.get((kind, of), [])

    def _added(self, kind: str, of: str) -> list[object]:
        return [adds for rule, adds in self._rules(kind, of) if self.verdict(rule)]

    def _certainty(self, reason: str) -> Span:
        """Add clues up one at a time, exactly, as Shortliffe and Buchanan first did."""
        belief, disbelief = Fraction(0), Fraction(0)
        for adds in self._added("evidence", reason):
            clue = Fraction(str(adds))
            belief += (1 - belief) * max(clue, Fraction(0))
            disbelief += (1 - disbelief) * max(-clue, Fraction(0))
        return exact(float(round((belief - disbelief) / (1 - min(belief, disbelief)), 9)))

    def _exact_certainty(self, reason: str) -> Fraction:
        value = self.value(f"{reason}.certainty")
        assert isinstance(value, Span)
        return Fraction(str(value.low))

    def _status(self, reason: str) -> str:
        certainty, cuts = self._exact_certainty(reason), self.rulebase.thresholds
        if certainty <= Fraction(str(cuts.ruled_out)):
            return "ruled_out"
        at_most = [name for name in ("possible", "established") if certainty >= Fraction(str(getattr(cuts, name)))]
        return at_most[-1] if at_most else "unsupported"

    def _established(self, reason: str) -> bool:
        return self.value(f"{reason}.status") == "established"

    def _link(self, cause: str, effect: str) -> bool:
        switches = self._added("link", f"{cause} {effect}")
        declared = next(link for link in self.rulebase.links if (link.cause, link.effect) == (cause, effect))
        return False not in switches if switches else declared.always

    def _causes(self, reason: str) -> set[str]:
        """Return the established reasons that an active link joins to an established reason, from one step away."""
        return {
            link.cause
            for link in self.rulebase.links
            if link.effect == reason
            and self._established(reason)
            and self._established(link.cause)
            and self.value(f"link {link.cause} {reason}")
        }

    def _role(self, reason: str) -> str:
        if not self._established(reason):
            return "none"
        if self._causes(reason):
            return "consequence"
        first = [name for name in self.rulebase.reasons if self._established(name) and not self._causes(name)]
        strongest = max(map(self._exact_certainty, first))
        margin = Fraction(str(self.rulebase.thresholds.root_margin))
        return "root" if strongest - self._exact_certainty(reason) <= margin else "contributing"

    def _with_role(self, role: str) -> list[str]:
        return [reason for reason in self.rulebase.reasons if self.value(f"{reason}.role") == role]

    def _scope(self, reason: str) -> str:
        scopes: list[object] = self._added("scope", reason) or [self.rulebase.reasons[reason].scope]
        if scopes == ["upstream"]:
            scopes = [self.value(f"{root}.scope") for root in self._with_role("root") if root in self._behind(reason)]
        return self._shared(scopes)

    def _behind(self, reason: str) -> set[str]:
        causes = self._causes(reason)
        return causes.union(*map(self._behind, causes))

    @staticmethod
    def _shared(scopes: Iterable[object]) -> str:
        told = {str(scope) for scope in scopes if scope != "undetermined"}
        return "mixed" if len(told) > 1 else next(iter(told), "undetermined")

    def _responsible(self, reason: str) -> str:
        sides = set(self._added("responsible", reason)) or {self.rulebase.reasons[reason].responsible}
        return "both" if len(sides) > 1 else str(*sides)

    def _requirements(self, asked: str) -> bool | None:
        statuses = [(self._fulfilment(item), item.priority) for item in self.memory.case.requirements]
        if not statuses:
            return None
        if asked == "any_refused":
            return ("refused", "must") in statuses
        return all(status == "met" for status, _ in statuses)

    def _fulfilment(self, item: Requirement) -> str:
        offers = [self.value(f"accommodation.{name}") for name in item.met_by]
        if item.able is False or item.willing is False or "withheld" in offers:
            return "refused"
        if "offered" not in offers:
            return "open"
        if "none" in offers:
            return "partly_met"
        return "met" if item.able and item.willing else "open"

    def _economics(self, asked: str) -> Value | None:
        """Try every corner of the ranges: what pays at each of them pays, and the chances there bound the chance."""
        corners = list(self._corners())
        pays = {value > 0 and attempt <= value for value, attempt in corners}
        if asked == "verdict":
            return {(): "not_worked_out", (True,): "pays", (False,): "does_not_pay"}.get(tuple(pays), "depends")
        if pays != {True}:
            return None
        chances = [round(attempt / value, 9) for value, attempt in corners]
        return Span(min(chances), max(chances))

    def _corners(self) -> Iterator[tuple[float, float]]:
        """Yield value and cost of the attempt for every way in which the amounts can turn out."""
        offers = [name for name in self.rulebase.accommodations if self.value(f"accommodation.{name}") == "offered"]
        costs = {cost.accommodation: cost for cost in self.memory.case.costs}
        inputs = [self.value(name) for name in INPUTS]
        if None in inputs or not costs.keys() >= set(offers):
            return
        amounts = [value for value in inputs if isinstance(value, Span)]
        for end in (0, 1):
            once = sum(_end(costs[name].once, end) for name in offers)
            for other in (0, 1):
                yearly = sum(_end(costs[name].yearly, other) for name in offers)
                for years, margin, idle, attempt, exposure in product(*amounts):
                    yield years * (margin + idle - yearly) - once - exposure, attempt


def _end(amount: Amount | Span, end: int) -> float:
    return float((amount.low, amount.high)[end])


def _oracle_difference(world: World, trace: Trace) -> str:
    """Return the first thing that the oracle sees differently; empty where it agrees."""
    oracle, rulebase = Oracle(world, trace.memory), world.rulebase
    for rule in rulebase.rules:
        if oracle.verdict(rule) is not trace.verdicts[rule]:
            return f"{rule} is {oracle.verdict(rule)} to the oracle and {trace.verdicts[rule]} to {trace.engine}"
    for name in {*rulebase.terms, *trace.known, "case.decision"}:
        if not _same(oracle.value(name), trace.known.get(name)):
            return f"{name} is {oracle.value(name)} to the oracle and {trace.known.get(name)} to {trace.engine}"
    return ""


# --- the comparison ---------------------------------------------------------------------------------------------------


def _same(one: Value | None, other: Value | None) -> bool:
    if isinstance(one, Span) and isinstance(other, Span):
        return all(abs(a - b) <= 1e-9 for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and one == other


def differences(rulebase: Rulebase, expected: Trace, got: Trace) -> str:
    """Return the first thing in which two runs over one case differ; empty where they agree.

    Verdicts, firings and their order, and the diagnosis are equal; numbers within 1e-9.
    """
    return (
        _mapping_difference("verdict on", expected.verdicts, got.verdicts, operator.is_)
        or _firing_difference(expected, got)
        or _mapping_difference("value of", expected.known, got.known, _same)
        or _diagnosis_difference(rulebase, expected, got)
    )


def _mapping_difference(
    what: str, expected: Mapping[str, object], got: Mapping[str, object], same: Callable[..., bool]
) -> str:
    if expected == got and _types(expected, expected) == _types(expected, got):  # the quick way to nearly every answer
        return ""
    for name in {**expected, **got}:
        one, other = expected.get(name, "absent"), got.get(name, "absent")
        if not same(one, other):
            return f"{what} {name}: expected {one}, got {other}"
    return ""


def _types(names: Iterable[str], values: Mapping[str, object]) -> list[type]:
    """Return the types of values, which tell 1 from true where they count as equal."""
    return [type(values[name]) for name in names]


def _firing_difference(expected: Trace, got: Trace) -> str:
    orders = [[firing.rule for firing in trace.firings] for trace in (expected, got)]
    if orders[0] != orders[1]:
        return f"order of firing: expected {orders[0]}, got {orders[1]}"
    for one, other in zip(expected.firings, got.firings, strict=True):
        names = [name for name, _ in one.matched], [name for name, _ in other.matched]
        if names[0] != names[1]:
            return f"names that made {one.rule} fire: expected {names[0]}, got {names[1]}"
        if found := _mapping_difference(f"in {one.rule}", dict(one.matched), dict(other.matched), _same):
            return found
    return ""


def _diagnosis_difference(rulebase: Rulebase, expected: Trace, got: Trace) -> str:
    if replace(expected, engine="") == replace(got, engine=""):
        return ""  # a diagnosis is a pure function of the trace
    one, other = (conclude_case(rulebase, replace(trace, engine="")) for trace in (expected, got))
    for part in fields(one) if one != other else ():
        parts = (getattr(one, part.name), getattr(other, part.name))
        if parts[0] != parts[1]:
            return f"{part.name} of the diagnosis: expected {parts[0]}, got {parts[1]}"
    return ""


def compare(world: World, case: Case, *, ask_oracle: bool, engines: Iterable[str] = ENGINES) -> tuple[Trace, str]:
    """Run a case through engines; return the reference's trace and the first difference from it, if any."""
    rulebase = world.rulebase
    memory = remember(case, rulebase.vocabulary)
    expected = engine_for(rulebase, REFERENCE).run(memory)
    for engine in engines:
        if engine != REFERENCE and (found := differences(rulebase, expected, engine_for(rulebase, engine).run(memory))):
            return expected, f"{engine} against the reference: {found}"
    if ask_oracle:
        conclude_case(rulebase, expected)  # whatever a random case holds, it can be told
    return expected, _oracle_difference(world, expected) if ask_oracle else ""


@dataclass(frozen=True)
class Outcome:
    """What came of one rule base, or of many together."""

    rulebases: int = 0
    cases: int = 0
    verdicts: Counter[Truth] = field(default_factory=Counter)
    oracle: int = 0
    found: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.rulebases + other.rulebases,
            self.cases + other.cases,
            self.verdicts + other.verdicts,
            self.oracle + other.oracle,
            self.found + other.found,
        )

    def __str__(self) -> str:
        true, false, unknown = (self.verdicts[truth] for truth in (True, False, None))
        return (
            f"{self.rulebases:,} rule bases, {self.cases:,} cases, {self.verdicts.total():,} rule verdicts compared "
            f"({true:,} true, {false:,} false, {unknown:,} unknown), {self.oracle:,} cases held against the oracle, "
            f"{len(self.found):,} differences"
        )


def world_of(seed: int, number: int, most_rules: int = 80) -> World:
    """Return the rule base of that number."""
    return random_world(Random(f"{seed}/{number}"), most_rules)


def case_of(seed: int, number: int, place: int, world: World) -> Case:
    """Return the case of that number, of the rule base of that number."""
    return random_case(Random(f"{seed}/{number}/{place}"), world, f"case-{place}")


def run(number: int, seed: int = 1, cases: int = CASES, most_rules: int = 80) -> Outcome:
    """Compare all engines over the cases of one rule base; the first difference ends it."""
    world = world_of(seed, number, most_rules)
    verdicts: Counter[Truth] = Counter()
    traces: list[Trace] = []
    found = ""
    for place in range(cases):
        case = case_of(seed, number, place, world)
        trace, found = compare(world, case, ask_oracle=place % ORACLE_EVERY == 0, engines=ONE_BY_ONE)
        verdicts.update(trace.verdicts.values())
        traces.append(trace)
        if found:
            break
    place, found = (len(traces) - 1, found) if found else _first_difference_by_columns(world.rulebase, traces)
    if found:
        again = f"--seed {seed} --rulebase {number} --case {place} --most-rules {most_rules}"
        return Outcome(1, len(traces), verdicts, place // ORACLE_EVERY + 1, (f"{again}\n  {found}",))
    return Outcome(1, cases, verdicts, -(-cases // ORACLE_EVERY))


def _first_difference_by_columns(rulebase: Rulebase, traces: list[Trace]) -> tuple[int, str]:
    """Run all cases at once through the columnar engine; return the first that differs, and in what."""
    together = ColumnarEngine(rulebase).run_all([trace.memory for trace in traces])
    for place, (expected, got) in enumerate(zip(traces, together, strict=True)):
        if found := differences(rulebase, expected, got):
            return place, f"columnar against the reference: {found}"
    return 0, ""


# --- the command ------------------------------------------------------------------------------------------------------


def in_full(world: World, case: Case) -> str:
    """Show one case in full: each rule with its premise and verdict, and all that was known."""
    trace, found = compare(world, case, ask_oracle=True)
    rules = [f"{rule.id} {trace.verdicts[rule.id]}: {world.written[rule.id]}" for rule in world.rulebase.rules.values()]
    known = [f"{name} = {value}" for name, value in trace.known.items()]
    return "\n".join([*rules, "", *known, "", found or "all engines agree"])


def main() -> int:
    """Run the proof; 1 where a difference was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.agreement", description="Prove that all engines agree.")
    parser.add_argument("--rows", type=int, default=10_000, help="cases in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=CASES, help="cases of each rule base")
    parser.add_argument("--most-rules", type=int, default=80)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rulebase", type=int, help="only the rule base of this number")
    parser.add_argument("--case", type=int, default=0, help="with --rulebase: only the case of this number")
    asked = parser.parse_args()
    if asked.rulebase is not None:
        world = world_of(asked.seed, asked.rulebase, asked.most_rules)
        sys.stdout.write(in_full(world, case_of(asked.seed, asked.rulebase, asked.case, world)) + "\n")
        return 0
    one = partial(run, seed=asked.seed, cases=asked.cases, most_rules=asked.most_rules)
    return _run_all(one, -(-asked.rows // asked.cases), asked.cores)


def _run_all(one: Callable[[int], Outcome], wanted: int, cores: int) -> int:
    total, began, tenth = Outcome(), time.monotonic(), 1
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        for outcome in pool.imap_unordered(one, range(wanted)):
            total += outcome
            for difference in outcome.found:
                sys.stdout.write(f"{difference}\n")
            while total.rulebases * 10 >= tenth * wanted:
                sys.stdout.write(f"{tenth * 10:3} %  {time.monotonic() - began:6.0f} s  {total}\n")
                tenth += 1
            sys.stdout.flush()
    return 1 if total.found else 0


if __name__ == "__main__":
    sys.exit(main())
