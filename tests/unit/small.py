"""A rule base small enough to work out by hand, and few words to vary it: what the unit tests are written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from churn_rules import conditions
from churn_rules.asking import Asking, ChecklistItem
from churn_rules.cases import Case, Observation, remember
from churn_rules.conditions import All, Condition, Limit
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.economics import INPUTS
from churn_rules.engines import Trace, engine_for
from churn_rules.rulebase import Accommodation, Conclusions, Link, Reason, Rule, Rulebase, Thresholds, sort_into_strata
from churn_rules.vocabulary import Derivation, Fact, Side, Span, Value, accept, parse_date

__all__ = [
    "LINKS",
    "REASONS",
    "THRESHOLDS",
    "VOCABULARY",
    "asking",
    "case",
    "diagnosed",
    "knowns",
    "link",
    "premises",
    "reason",
    "rule",
    "rulebase",
    "run",
    "saw",
    "thoroughly",
    "when",
]

thoroughly = settings(deadline=None, derandomize=True, database=None, max_examples=200)
"""The same examples at every run, and none thrown out for being slow on a busy machine."""

# --- what may be said -------------------------------------------------------------------------------------------------


def _number(fact: str, title: str, **more: Any) -> Fact:
    return Fact(**{"id": fact, "title": title, "type": "number", "at": "loss", "topic": "price"} | more)


def _yes_or_no(fact: str, yes: str, no: str, **more: Any) -> Fact:
    return Fact(
        **{"id": fact, "title": fact, "type": "boolean", "at": "loss", "says": {"true": yes, "false": no}} | more
    )


def _money(fact: str) -> Fact:
    return _number(fact, fact.replace("_", " "), at="now", low=0, unit="currency")


_FACTS = (
    _number("price_before", "the price before", low=0),
    _number("price_after", "the price after", low=0),
    _number(
        "rise",
        "the price rise",
        unit="percent",
        low=-100,
        high=1000,
        tolerance=5.0,
        derive=Derivation("percent_change", ("price_before", "price_after")),
    ),
    Fact(id="rise_on", title="the date of the rise", type="date", at="loss", derive=Derivation("date_of", ("rise",))),
    Fact(id="told_on", title="the date on which they were told", type="date", at="loss"),
    _number("notice", "the notice given", unit="months", derive=Derivation("months_between", ("told_on", "rise_on"))),
    _yes_or_no("objected", "they objected", "they did not object"),
    _yes_or_no("late", "we were late", "we were in time", sore_point=True),
    _yes_or_no("rude", "we were rude", "we were civil"),
    Fact(id="stated", title="the reason given", type="choice", at="loss", choices=("price", "delivery", "other")),
    _yes_or_no("can_mend", "we can mend it", "we cannot mend it", at="now"),
    _money("yearly_margin"),
    _money("idle_capacity_margin"),
    _money("attempt_cost"),
    _money("precedent_exposure"),
    _number("years_expected", "years expected", at="now", low=0, high=100),
)
VOCABULARY: Mapping[str, Fact] = {fact.id: fact for fact in _FACTS}

_FINDINGS = {
    name: Fact(id=name, title=name, type="boolean", says={"true": f"it is {name}", "false": f"it is not {name}"})
    for name in ("steep", "pushed", "worth_it")
}


def reason(name: str, scope: str = "specific", responsible: str = "supplier") -> Reason:
    return Reason(name, name, f"what {name} means", scope, responsible, "a source")


REASONS = (
    reason("pricing", "systemic"),
    reason("delivery", "specific"),
    reason("trust", "upstream", "both"),
    reason("contract", "undetermined", "both"),
)


def link(cause: str, effect: str, *, always: bool = True) -> Link:
    return Link(cause, effect, always)


LINKS = (link("pricing", "trust"), link("delivery", "trust"), link("trust", "contract"))
THRESHOLDS = Thresholds(established=0.5, possible=0.2, ruled_out=-0.5, root_margin=0.15)

_ACCOMMODATIONS = {
    name: Accommodation(name, name, ("pricing", "delivery"), "low", ("sales",), "low", ("distributive",))
    for name in ("price_cut", "fast_lane", "apology")
}


# --- rules ------------------------------------------------------------------------------------------------------------


def when(name: str, operator: str, limit: Limit) -> conditions.Test:
    return conditions.Test(name, operator, limit)


def rule(rule_id: str, *premises: Condition, salience: int = 0, **then: Any) -> Rule:
    """Make a rule: `rule("a", when("rise", "at_least", 15), evidence={"pricing": 0.7})`."""
    draws: dict[str, Any] = {
        kind: tuple(adds.items()) if isinstance(adds, dict) else adds for kind, adds in then.items()
    }
    return Rule(
        id=rule_id,
        title=f"Title of {rule_id}",
        premise=All(premises),
        then=Conclusions(**draws),
        because=f"Because of {rule_id}.",
        source="a source",
        owner="somebody",
        theme="theme",
        salience=salience,
    )


def rulebase(
    *rules: Rule,
    reasons: Iterable[Reason] = REASONS,
    links: tuple[Link, ...] = LINKS,
    thresholds: Thresholds = THRESHOLDS,
    vocabulary: Mapping[str, Fact] = VOCABULARY,
) -> Rulebase:
    by_reason = {item.id: item for item in reasons}
    by_id = {item.id: item for item in sorted(rules, key=lambda item: item.id)}
    strata, cycle = sort_into_strata(by_id.values(), _FINDINGS, by_reason)
    assert not cycle, f"these rules wait for one another: {cycle}"
    return Rulebase(
        vocabulary=vocabulary,
        findings=_FINDINGS,
        reasons=by_reason,
        links=links,
        accommodations=_ACCOMMODATIONS,
        thresholds=thresholds,
        rules=by_id,
        shelved={},
        strata=strata,
        digest="sha256:small",
    )


def asking(
    *rules: Rule,
    asked: Mapping[str, tuple[Side, ...]] | None = None,
    only_where: Mapping[str, Condition] | None = None,
    checklist: tuple[ChecklistItem, ...] = (),
    **more: Any,
) -> Rulebase:
    """Make a rule base whose facts are asked of us, or of the sides given for them; amounts are not asked."""
    vocabulary = {**VOCABULARY, "came_back": _yes_or_no("came_back", "they came back", "they stayed away", at="now")}
    sides: dict[str, tuple[Side, ...]] = {name: () if name in INPUTS else ("us",) for name in vocabulary}
    sides.update(asked or {})
    vocabulary = {name: replace(fact, asked_of=sides[name]) for name, fact in vocabulary.items()}
    made = rulebase(*rules, vocabulary=vocabulary, **more)
    return replace(made, asking=Asking(checklist, only_where or {}), engines={})


# --- cases ------------------------------------------------------------------------------------------------------------


def saw(fact: str, value: object, side: Side = "record", on: object = None, note: str = "") -> Observation:
    """Make an observation of values as they stand in a file: `saw("rise", 30, "customer", "2009-03")`."""
    day: Span | None = None if on is None else parse_date(on)
    return Observation(fact, accept(VOCABULARY[fact], value), side, day, note)


def case(*observations: Observation, **facts: object) -> Case:
    """Make a case of observations, or of facts as the record has them: `case(rise=30, objected=True)`."""
    return Case(observations=observations + tuple(saw(fact, value) for fact, value in facts.items()))


def run(rules: Rulebase, of: Case, engine: str = "reference") -> Trace:
    return engine_for(rules, engine).run(remember(of, rules.vocabulary))


def diagnosed(rules: Rulebase, of: Case, engine: str = "reference") -> Diagnosis:
    return diagnose_case(rules, of, engine)


# --- random premises and what is known --------------------------------------------------------------------------------

_LIMITS = st.integers(-3, 3)
_WORDS = ("price", "delivery", "other")
_NUMBERS = st.builds(
    when,
    st.sampled_from(("rise", "notice")),
    st.sampled_from(("is", "is_not", "at_least", "at_most", "more_than", "less_than")),
    _LIMITS,
)
_BOOLEANS = st.builds(when, st.sampled_from(("objected", "late")), st.sampled_from(("is", "is_not")), st.booleans())
_CHOICES = st.builds(when, st.just("stated"), st.sampled_from(("is", "is_not")), st.sampled_from(_WORDS))
_SEVERAL = st.builds(
    when,
    st.just("stated"),
    st.sampled_from(("one_of", "none_of")),
    st.lists(st.sampled_from(_WORDS), min_size=2, max_size=3, unique=True).map(tuple),
)


def premises() -> st.SearchStrategy[Condition]:
    """Draw a premise of up to nine tests, nested as it may be."""
    tests: st.SearchStrategy[Condition] = st.one_of(_NUMBERS, _BOOLEANS, _CHOICES, _SEVERAL)
    return st.recursive(
        tests,
        lambda inner: st.builds(
            lambda kind, parts: kind(tuple(parts)),
            st.sampled_from((All, conditions.Any)),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=9,
    )


def knowns() -> st.SearchStrategy[dict[str, Value]]:
    """Draw what is known: exact numbers, ranges, and whatever is left out."""
    spans = st.tuples(_LIMITS, _LIMITS).map(lambda ends: Span(float(min(ends)), float(max(ends))))
    numbers = {"rise": spans, "notice": spans}
    others: dict[str, st.SearchStrategy[Any]] = {
        "objected": st.booleans(),
        "late": st.booleans(),
        "stated": st.sampled_from(_WORDS),
    }
    return st.fixed_dictionaries({}, optional=numbers | others)
