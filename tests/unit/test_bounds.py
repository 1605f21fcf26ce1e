"""What could still come out: nothing ever comes out that the outlook on a partly told case had ruled out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from churn_rules.bounds import ANYTHING, Options, bounds_of, is_settled, settled_value, truth_between
from churn_rules.cases import Case, Cost, Observation, Requirement, remember
from churn_rules.choosing import told, undecided, unsettled
from churn_rules.conditions import All, Any
from churn_rules.engines import engine_for
from churn_rules.figures import Figures
from churn_rules.loading import shipped
from churn_rules.money import Amount
from churn_rules.questionnaire import (
    Question,
    Situation,
    questionnaire_of,
    situation_after,
    situation_of,
)
from churn_rules.reading import read_case
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Side, Span, Value, accept, exact
from tests.agreement import case_of
from tests.interviews import random_person
from tests.openings import faults_of, names_of, opened_case, opened_world, played, same_situation, traced
from tests.unit.small import asking, case, link, reason, rule, saw, when

OBJECTED, LATE, RUDE = (when(fact, "is", limit=True) for fact in ("objected", "late", "rude"))
CHUNKS = range(8)
SHIPPED = sorted(shipped("cases").glob("*.yaml"))


def outlook(rules: Rulebase, of: Case) -> dict[str, object]:
    """Return what each name may turn out to be."""
    situation = situation_of(rules, of)
    return {name: situation.outlook.of(name) for name in names_of(rules)}


def left(situation: Situation, name: str) -> object:
    """Return what a name may turn out to be."""
    return situation.outlook.of(name)


def answered(situation: Situation, fact: str, value: object, side: Side) -> Situation:
    """Answer a question; the shortcut must come to the same as starting from scratch."""
    rules = situation.questionnaire.rulebase
    of = told(situation.memory.case, Question(fact, side), accept(rules.vocabulary[fact], value))
    after = situation_after(situation, fact, of)
    assert not list(same_situation(after, situation_of(rules, of)))
    return after


def to_the_end(situation: Situation, answers: dict[Question, Value | None], rng: Random) -> Iterator[Situation]:
    """Yield the situations while everything that comes to be asked is answered, in random order."""
    yield situation
    while situation.askable:
        question = rng.choice(sorted(situation.askable))
        situation = answered(situation, question.fact, answers.get(question), question.side)
        yield situation


# --- a case that is told in full --------------------------------------------------------------------------------------


def assert_settled(rules: Rulebase, of: Case) -> None:
    """Nothing is left open where every fact is as it is told, and everything is as the reference has it."""
    memory = remember(of, rules.vocabulary)
    trace, seen = engine_for(rules, "reference").run(memory), bounds_of(rules).outlook(memory, {})
    assert not list(faults_of(rules, seen, trace))
    for name in rules.terms:
        assert settled_value(seen.of(name)) == trace.known.get(name), name
    assert list(seen.lowest) == list(seen.highest)
    assert all(active is not inactive for active, inactive in seen.links.values())


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in SHIPPED])
def test_a_shipped_case_taken_as_told_in_full_is_settled(path: Path, rulebase: Rulebase) -> None:
    assert_settled(rulebase, read_case(path, rulebase))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_random_case_taken_as_told_in_full_is_settled(chunk: int) -> None:
    for number in range(chunk, 40, len(CHUNKS)):
        world = opened_world(2, number)
        for place in range(4):
            assert_settled(world.rulebase, case_of(2, number, place, world))


# --- whatever is answered ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", CHUNKS)
def test_no_answers_bring_out_what_an_outlook_ruled_out(chunk: int) -> None:
    """Of 480 ways to tell 160 partly told cases to the end, on 40 rule bases; held against outlooks on the way."""
    for number in range(chunk, 40, len(CHUNKS)):
        world = opened_world(1, number)
        for place in range(4):
            of = opened_case(1, number, place, world)
            for way in range(3):
                told_to_the_end = played(Random(f"{number}/{place}/{way}"), of, world)
                last = told_to_the_end.situations[-1]
                trace = traced(world.rulebase, last)
                assert not last.open
                assert not [name for name in names_of(world.rulebase) if not last.outlook.is_settled(name)]
                for step, situation in list(enumerate(told_to_the_end.situations))[::3]:
                    found = list(faults_of(world.rulebase, situation.outlook, trace))
                    assert not found, f"rule base {number}, case {place}, way {way}, step {step}"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_an_outlook_only_narrows(chunk: int) -> None:
    for number in range(100 + chunk, 116, len(CHUNKS)):
        world = opened_world(1, number)
        found = played(Random(number), opened_case(1, number, 0, world), world).situations
        for before, after in pairwise(found):
            for name in names_of(world.rulebase):
                assert is_within(after.outlook.of(name), before.outlook.of(name)), (number, name)
            assert after.open < before.open


def is_within(inner: Options, outer: Options) -> bool:
    if isinstance(inner, Span) and isinstance(outer, Span):
        return outer.low <= inner.low <= inner.high <= outer.high
    return outer is None or (isinstance(inner, frozenset) and isinstance(outer, frozenset) and inner <= outer)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_shortcut_after_an_answer_comes_to_the_same(chunk: int) -> None:
    for number in range(200 + chunk, 224, len(CHUNKS)):
        world = opened_world(1, number)
        for situation in played(Random(number), opened_case(1, number, 1, world), world).situations:
            fresh = situation_of(world.rulebase, situation.memory.case)
            assert not list(same_situation(situation, fresh)), number


@pytest.mark.parametrize("number", range(4))
def test_the_shortcut_comes_to_the_same_on_the_shipped_rules(number: int, rulebase: Rulebase) -> None:
    rng = Random(number)
    knows, ids = random_person(rng, rulebase).knows, questionnaire_of(rulebase).ids
    answers = {question: knows[name][0] for name, question in ids.items()}
    situations = list(to_the_end(situation_of(rulebase, Case()), answers, rng))
    trace = traced(rulebase, situations[-1])
    assert len(situations) > 50
    for situation in situations[::5]:
        assert not list(faults_of(rulebase, situation.outlook, trace))


# --- counterexamples that random rule bases brought up, shrunk --------------------------------------------------------


def test_how_far_a_case_has_come_is_open_while_it_may_be_told_that_they_came_back() -> None:
    """The stage was taken for settled, since no question asks for it; `came_back` tells it."""
    rules = asking(
        rule("back", when("came_back", "is", limit=True), warning="look"),
        rule("stage", when("case.stage", "is", "back"), decision="let_go"),
    )
    start = situation_of(rules, case())
    assert left(start, "case.stage") == {"leaving", "back"}
    assert left(start, "case.decision") == {"undecided", "let_go"}
    assert set(undecided(start, ("decision",))) == {Question("came_back", "us")}
    assert settled_value(answered(start, "came_back", value=True, side="us").outlook.of("case.decision")) == "let_go"
    gone = answered(situation_of(rules, replace(case(), lost=exact(730_000))), "came_back", None, "us")
    assert left(gone, "case.stage") == {"gone"}


def test_an_amount_of_the_economics_block_stands_whatever_the_sides_say() -> None:
    """The record's word was taken for the fact's, though the block of the case stands before it."""
    rules = asking(
        rule("views", when("yearly_margin.us", "at_least", 5.0), warning="look"),
        rule("block", when("yearly_margin", "at_least", 50.0), decision="pursue"),
        asked={"yearly_margin": ("us", "customer")},
    )
    of = replace(case(yearly_margin=10), economics=Figures(expected_margin=Amount.of(Decimal(90))))
    seen = outlook(rules, of)
    assert seen["yearly_margin"] == {exact(90)}
    assert seen["case.decision"] == {"pursue"}
    assert seen["yearly_margin.us"] is ANYTHING


def test_a_question_asked_once_may_be_answered_with_any_sides_word() -> None:
    """Only the view of the side that is asked was open, though an answer may quote another side."""
    rules = asking(
        rule("late", LATE, RUDE, evidence={"delivery": 0.6}),
        only_where={"rude": when("late.customer", "is", limit=True)},
    )
    start = situation_of(rules, case())
    assert left(start, "late.customer") == {True, False, None}
    assert start.waiting == {Question("rude", "us")}
    after = answered(start, "late", value=True, side="us")
    assert not after.open


def test_what_follows_from_others_may_cease_to_follow() -> None:
    """A rise worked out of two prices was taken for answered, though another word about a price can undo it."""
    rules = asking(
        rule("rise", when("rise", "at_least", 15.0), evidence={"pricing": 0.6}),
        rule("prices", when("price_before.us", "at_least", 5.0), when("price_after", "at_least", 5.0), warning="look"),
        asked={"price_before": ("record", "us")},
    )
    start = situation_of(rules, case(saw("price_before", 10, "us"), price_after=20))
    assert start.askable == {Question("price_before", "record")}
    assert start.waiting == {Question("rise", "us")}
    assert start.outlook.of("rise") is ANYTHING
    undone = answered(start, "price_before", exact(0), "record")
    assert undone.askable == {Question("rise", "us")}
    assert not answered(undone, "rise", exact(30), "us").open
    kept = answered(start, "price_before", exact(10), "record")
    assert not kept.open
    assert settled_value(kept.outlook.of("pricing.status")) == "established"


def test_an_answer_leaves_a_date_that_followed_from_another_word_to_be_asked() -> None:
    rules = asking(
        rule("rise", when("rise.customer", "at_least", 15.0), evidence={"pricing": 0.6}),
        rule("date", when("rise_on.disputed", "is", limit=True), when("notice", "less_than", 3.0), warning="look"),
        asked={"rise": ("record", "customer")},
    )
    start = situation_of(rules, case(saw("rise", 30, "customer", "2009-03"), told_on="2009-01"))
    assert start.outlook.of("rise_on") is ANYTHING
    undated = answered(start, "rise", exact(20), "record")
    assert Question("rise_on", "us") in undated.askable


def test_a_rule_of_the_plan_is_enclosed_too() -> None:
    """One that alone read a side's view was not, since no question is asked for its sake."""
    rules = asking(
        rule("late", LATE, when("late.us", "is", limit=True), evidence={"delivery": 0.6}),
        rule("plan", when("late.record", "is", limit=True), steps=("call",)),
        asked={"late": SIDES},
    )
    start = situation_of(rules, case())
    place = bounds_of(rules).places["plan"]
    assert (start.outlook.lowest[place], start.outlook.highest[place]) == (0, 3)


def test_who_answers_for_it_hangs_on_whether_there_is_a_root_at_all() -> None:
    """One possible root, whose side is known, was taken to settle the side; without it nobody answers for anything."""
    rules = asking(rule("clause", OBJECTED, evidence={"contract": 0.6}))
    start = situation_of(rules, case())
    assert start.outlook.is_settled("case.scope")
    assert unsettled(rules, start.outlook, ("scope",)) == ("contract.role",)
    assert set(undecided(start, ("scope",))) == {Question("objected", "us")}


def test_a_question_that_is_asked_does_not_hide_what_it_may_follow_from() -> None:
    """To "I don't know" about the rise, the prices may still tell it; they were counted only then, as new questions."""
    rules = asking(
        rule("rise", when("rise", "at_least", 15.0), evidence={"pricing": 0.6}),
        rule("prices", when("price_before", "at_least", 5.0), when("price_after", "at_least", 5.0), warning="look"),
    )
    start = situation_of(rules, case())
    before = set(undecided(start, ("root",)))
    assert before == {Question(fact, "us") for fact in ("rise", "price_before", "price_after")}
    after = answered(start, "rise", None, "us")
    assert set(undecided(after, ("root",))) == before - {Question("rise", "us")}
    assert not undecided(answered(start, "rise", exact(30), "us"), ("root",))


# --- one kind of conclusion each --------------------------------------------------------------------------------------


def test_a_finding_may_be_unknown_too() -> None:
    rules = asking(rule("steep", OBJECTED, finding="steep"), rule("on", when("steep", "is", limit=True), warning="!"))
    assert outlook(rules, case())["steep"] == {True, False, None}
    assert outlook(rules, case(saw("objected", "unknown", "us")))["steep"] == {None}


def test_a_certainty_lies_between_all_clues_against_and_all_clues_for() -> None:
    rules = asking(
        rule("sure", OBJECTED, evidence={"pricing": 0.6}),
        rule("for", LATE, evidence={"pricing": 0.5}),
        rule("against", RUDE, evidence={"pricing": -0.5}),
    )
    seen = outlook(rules, case(objected=True))
    assert seen["pricing.certainty"] == Span(0.2, 0.8)
    assert seen["pricing.status"] == {"established", "possible"}
    assert seen["pricing.role"] == {"root", "none"}


def test_a_link_that_a_rule_may_switch_off_leaves_both_roles_open() -> None:
    rules = asking(
        rule("a", OBJECTED, evidence={"pricing": 0.6, "trust": 0.6}),
        rule("off", LATE, links=(link("pricing", "trust", always=False),)),
    )
    situation = situation_of(rules, case(objected=True))
    assert situation.outlook.links["pricing", "trust"] == (True, True)
    assert left(situation, "trust.role") == {"consequence", "root"}
    assert settled_value(situation.outlook.of("pricing.role")) == "root"
    assert settled_value(answered(situation, "late", value=True, side="us").outlook.of("trust.role")) == "root"


def test_a_scope_from_upstream_follows_every_root_that_may_stand_behind() -> None:
    rules = asking(
        rule("a", OBJECTED, evidence={"trust": 0.6}),
        rule("b", LATE, evidence={"delivery": 0.6}),
        rule("c", RUDE, evidence={"pricing": 0.6}),
    )
    seen = outlook(rules, case(objected=True))
    assert seen["trust.scope"] == {"undetermined", "specific", "systemic", "mixed"}
    assert seen["case.scope"] == {"undetermined", "specific", "systemic", "mixed"}
    assert outlook(rules, case(objected=True, late=True, rude=False))["trust.scope"] == {"specific"}


def test_scopes_that_one_root_may_take_do_not_mix_with_one_another() -> None:
    rules = asking(
        rule("a", OBJECTED, evidence={"pricing": 0.6}),
        rule("b", LATE, scope={"pricing": "external"}),
        rule("c", RUDE, evidence={"contract": 0.6}),
    )
    assert outlook(rules, case(objected=True))["case.scope"] == {"systemic", "external"}


def test_requirements_are_settled_where_the_accommodations_are() -> None:
    rules = asking(
        rule("cut", OBJECTED, offer={"price_cut": "pricing"}),
        rule("met", when("requirements.all_met", "is", limit=True), decision="pursue"),
    )
    of = Case(requirements=(Requirement("a lower price", ("price_cut",), able=True, willing=True),))
    start = situation_of(rules, of)
    assert left(start, "requirements.all_met") == {True, False}
    assert settled_value(answered(start, "objected", value=True, side="us").outlook.of("case.decision")) == "pursue"
    assert outlook(rules, case())["requirements.all_met"] == {None}


def test_economics_are_not_worked_out_where_an_amount_surely_lacks() -> None:
    rules = asking(
        rule("cut", OBJECTED, offer={"price_cut": "pricing"}),
        rule("pays", when("economics.verdict", "is", "pays"), decision="pursue"),
    )
    told_all = case(years_expected=2, yearly_margin=100, idle_capacity_margin=0, attempt_cost=10, precedent_exposure=0)
    assert outlook(rules, told_all)["economics.verdict"] == {"pays", "does_not_pay", "depends", "not_worked_out"}
    costed = replace(told_all, costs=(Cost("price_cut", exact(0), exact(5)),))
    start = situation_of(rules, costed)
    for value in (True, False, None):
        assert settled_value(answered(start, "objected", value, "us").outlook.of("case.decision")) == "pursue"
    lacking = replace(costed, observations=(*costed.observations[1:], Observation("years_expected", None, "us")))
    seen = outlook(rules, lacking)
    assert seen["economics.verdict"] == {"not_worked_out"}
    assert seen["case.decision"] == {"undecided"}


def test_an_offer_without_its_cost_leaves_economics_open_only_while_the_offer_is() -> None:
    rules = asking(
        rule("cut", OBJECTED, offer={"price_cut": "pricing"}),
        rule("pays", when("economics.verdict", "is", "pays"), decision="pursue"),
    )
    facts = {"years_expected": 2, "yearly_margin": 100, "idle_capacity_margin": 0, "attempt_cost": 10}
    start = situation_of(rules, case(**facts, precedent_exposure=0))
    offered = answered(start, "objected", value=True, side="us")
    assert settled_value(offered.outlook.of("economics.verdict")) == "not_worked_out"
    assert settled_value(answered(start, "objected", value=False, side="us").outlook.of("economics.verdict")) == "pays"


# --- small words ------------------------------------------------------------------------------------------------------


def test_options_with_one_value_left_are_settled() -> None:
    assert is_settled(exact(0.5))
    assert settled_value(exact(0.5)) == exact(0.5)
    assert settled_value(frozenset((None,))) is None
    for options in (ANYTHING, Span(0, 1), frozenset((True, None))):
        assert not is_settled(options)
        with pytest.raises(ValueError, match="more than one"):
            settled_value(options)


def test_a_condition_lies_between_the_truths_of_its_parts() -> None:
    left: dict[str, Options] = {"objected": frozenset((True, None)), "late": frozenset((False,)), "rise": ANYTHING}
    rise = when("rise", "at_least", 15.0)
    assert truth_between(OBJECTED, left.__getitem__) == (1, 3)
    assert truth_between(All((OBJECTED, LATE)), left.__getitem__) == (0, 0)
    assert truth_between(Any((OBJECTED, rise)), left.__getitem__) == (1, 3)


def test_a_derived_fact_is_unknown_for_good_where_a_source_is() -> None:
    rules = asking(
        rule("rise", when("rise", "at_least", 15.0), evidence={"pricing": 0.6}),
        rule("prices", when("price_before", "at_least", 5.0), when("price_after", "at_least", 5.0), warning="look"),
    )
    unknown = [Observation(fact, None, "us") for fact in ("rise", "price_before")]
    start = situation_of(rules, Case(observations=tuple(unknown)))
    assert start.askable == {Question("price_after", "us")}
    assert left(start, "rise") == {None}
    open_still = situation_of(rules, Case(observations=tuple(unknown[:1])))
    assert open_still.outlook.of("rise") is ANYTHING


def test_a_reason_that_surely_follows_is_no_root() -> None:
    rules = asking(
        rule("a", OBJECTED, evidence={"pricing": 0.6}),
        rule("b", LATE, evidence={"trust": 0.9}),
        reasons=(reason("pricing"), reason("trust")),
        links=(link("pricing", "trust"),),
    )
    seen = outlook(rules, case(objected=True))
    assert seen["pricing.role"] == {"root"}
    assert seen["trust.role"] == {"none", "consequence"}
