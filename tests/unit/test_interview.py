"""The interview as a value: what is asked, what an answer changes, and what falls away."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from churn_rules.asking import ChecklistItem
from churn_rules.cases import Case, Observation
from churn_rules.conditions import Any
from churn_rules.errors import UnknownNameError, ValueRefusedError
from churn_rules.interview import Answer, Interview, start
from churn_rules.questionnaire import WANTED, Question, situation_of
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, exact
from tests.interviews import random_person
from tests.openings import opened_case, opened_world, random_answer, same_situation
from tests.unit.small import asking, case, rule, saw, when

OBJECTED, LATE, RUDE = (when(fact, "is", limit=True) for fact in ("objected", "late", "rude"))
STEEP = when("rise", "at_least", 15.0)
CHECKLIST = (
    ChecklistItem("price", "the price rose, or they objected", (("rise", exact(0)), ("objected", False))),
    ChecklistItem("delivery", "we were late", (("late", False),)),
)
RULES = (
    rule("a", OBJECTED, STEEP, evidence={"pricing": 0.6}),
    rule("b", LATE, evidence={"delivery": 0.6}),
    rule("c", RUDE, LATE, evidence={"delivery": 0.3, "trust": 0.6}),
    rule("d", when("stated", "is", "price"), OBJECTED, evidence={"pricing": 0.2}),
    rule("e", when("pricing.role", "is", "root"), when("can_mend", "is", limit=True), decision="pursue"),
)
SMALL = asking(*RULES, only_where={"rude": LATE, "stated": OBJECTED}, checklist=CHECKLIST)
PLAIN = asking(*RULES, only_where={"rude": LATE, "stated": OBJECTED})


def asked(interview: Interview) -> str:
    """Return the name of the next question."""
    assert interview.question
    return interview.questionnaire.id_of(interview.question)


def answers(interview: Interview) -> dict[str, object]:
    return {answer.asked: answer.value for answer in interview.answers}


def to_the_end(interview: Interview, rng: Random) -> list[Interview]:
    """Return an interview after each answer, which are drawn at random, until it is done."""
    found = [interview]
    while interview.question:
        fact = interview.rulebase.vocabulary[interview.question.fact]
        values = {"boolean": (True, False, None), "choice": (*fact.choices, None)}.get(fact.type, (0, 30, None))
        interview = interview.answer(asked(interview), rng.choice(values))
        found.append(interview)
    return found


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_asked_twice_and_ever_less_is_left(seed: int) -> None:
    way = to_the_end(start(PLAIN), Random(seed))
    names = [answer.asked for answer in way[-1].answers]
    assert len(set(names)) == len(names) == len(way) - 1
    left = [interview.most_left for interview in way]
    assert left == sorted(set(left), reverse=True)
    assert left[-1] == 0
    assert way[-1].is_done
    assert not any(interview.is_done for interview in way[:-1])


@pytest.mark.parametrize("chunk", range(4))
def test_the_same_holds_on_random_rule_bases(chunk: int) -> None:
    for number in range(chunk, 12, 4):
        world, rng = opened_world(4, number, 25), Random(number)
        interview = start(world.rulebase, opened_case(4, number, 0, world))
        left, names = interview.most_left, set[str]()
        while question := interview.question:
            name = asked(interview)
            assert name not in names
            names.add(name)
            interview = interview.answer(name, random_answer(rng, question.fact, world))
            assert interview.most_left < left, f"rule base {number}: after {name}"
            left = interview.most_left
        assert left == 0


def test_the_checklist_comes_first() -> None:
    interview = start(SMALL)
    assert [item.id for item in interview.checklist] == ["price", "delivery"]
    assert interview.question is None
    assert not interview.is_done
    ticked = interview.tick(["price"])
    assert not ticked.checklist
    assert answers(ticked) == {"price": "yes", "delivery": "no"}
    assert Observation("late", value=False, side="us", note="not ticked on the checklist") in ticked.told.observations
    assert Question("rude", "us") not in ticked.situation.open


def test_an_unknown_line_leaves_nothing_to_ask_about_it() -> None:
    interview = start(SMALL).tick(["delivery"], unknown=["price"])
    assert {(item.fact, item.value) for item in interview.told.observations} == {("rise", None), ("objected", None)}
    assert Question("stated", "us") not in interview.situation.open


def test_only_lines_that_matter_are_shown() -> None:
    assert [item.id for item in start(SMALL, case(late=False)).checklist] == ["price"]
    assert [item.id for item in start(SMALL, case(objected=False)).checklist] == ["delivery"]


def test_a_partly_told_case_is_asked_only_what_it_lacks() -> None:
    of = case(saw("objected", "unknown", "us"), late=True, can_mend=True)
    for interview in to_the_end(start(PLAIN, of), Random(1)):
        assert interview.question not in {Question(fact, "us") for fact in ("objected", "late", "can_mend")}
        assert interview.told.observations[:3] == of.observations


def test_what_a_case_tells_is_not_overwritten_by_the_checklist() -> None:
    interview = start(SMALL, case(rise=30)).tick([])
    assert [item.fact for item in interview.told.observations] == ["rise", "late"]  # a line known in part is not shown
    assert interview.memory.values["rise"] == exact(30)


def test_an_aim_that_is_settled_from_the_start_asks_nothing() -> None:
    interview = start(SMALL, case(objected=False, late=False), ("root",))
    assert interview.is_done
    assert interview.checklist == ()
    assert interview.most_left == 0
    assert interview.certify("reference").concluded == {"root": ()}
    with pytest.raises(UnknownNameError, match="aim"):
        start(SMALL, wanted=())
    assert start(asking(rule("a", OBJECTED, warning="look"))).is_done


def test_nothing_is_asked_that_the_aim_does_not_hang_on() -> None:
    for interview in to_the_end(start(PLAIN, wanted=("root",)), Random(2)):
        assert interview.question != Question("can_mend", "us")


def test_an_interview_that_is_not_done_is_not_certified() -> None:
    with pytest.raises(ValueError, match="not done"):
        start(PLAIN).certify()


# --- back and anew ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_back_undoes_the_last_answer(seed: int) -> None:
    way = to_the_end(start(PLAIN), Random(seed))
    for before, after in pairwise(way):
        assert after.back().answers == before.answers
        assert after.back().question == before.question
    assert way[0].back().answers == ()


def test_back_from_the_first_question_leads_to_the_checklist() -> None:
    ticked = start(SMALL).tick(["price"])
    assert ticked.answer("rise", 30).back().answers == ticked.answers
    assert ticked.back().answers == ()
    assert len(ticked.back().checklist) == 2


def test_back_from_the_checklist_keeps_what_was_answered_before_it() -> None:
    """A line answered by itself, after a question, took the question's answer with it."""
    before = start(SMALL).answer("can_mend", value=True)
    assert before.answer("price", "no").back().answers == before.answers
    assert before.tick(["price"]).back().answers == before.answers


@pytest.mark.parametrize("seed", range(10))
def test_replaying_the_answers_resumes_the_interview(seed: int, rulebase: Rulebase) -> None:
    rng = Random(seed)
    way = to_the_end(start(PLAIN), rng)
    for interview in way:
        resumed = start(PLAIN)
        for answer in interview.answers:
            resumed = resumed.answer(answer.asked, answer.value, answer.side)
        assert resumed.answers == interview.answers
        assert resumed.question == interview.question
        assert resumed.told == interview.told
        assert not list(same_situation(resumed.situation, interview.situation))
    if seed == 0:  # once with the shipped rules and their checklist
        person, interview = random_person(rng, rulebase), start(rulebase)
        interview = interview.tick([item.id for item in interview.checklist][::4])
        for _ in range(5):
            interview = interview.answer(asked(interview), person.value(asked(interview)))
        resumed = replace(start(rulebase), answers=interview.answers)
        assert resumed.question == interview.question


def test_an_answer_given_anew_stands_in_its_old_place() -> None:
    interview = start(PLAIN).answer("objected", value=True).answer("rise", 30).answer("can_mend", value=True)
    anew = interview.answer("rise", 20)
    assert [answer.asked for answer in anew.answers] == ["objected", "rise", "can_mend"]
    assert anew.memory.values["rise"] == exact(20)
    assert interview.memory.values["rise"] == exact(30)


def test_follow_ups_fall_away_with_what_they_followed() -> None:
    interview = start(PLAIN)
    for name, value in (("objected", True), ("stated", "price"), ("late", True), ("rude", True), ("can_mend", True)):
        interview = interview.answer(name, value)
    assert list(answers(interview)) == ["objected", "stated", "late", "rude", "can_mend"]
    assert list(answers(interview.answer("objected", value=False))) == ["objected", "late", "rude", "can_mend"]
    assert list(answers(interview.answer("late", value=None))) == ["objected", "stated", "late", "can_mend"]


def test_a_line_changed_to_no_drops_its_details_and_what_followed_them() -> None:
    interview = start(SMALL).tick(["price", "delivery"])
    for name, value in (("rise", 30), ("objected", True), ("stated", "price"), ("late", True), ("can_mend", True)):
        interview = interview.answer(name, value)
    for tick in ("no", "unknown"):
        changed = interview.answer("price", tick)
        assert answers(changed) == {"price": tick, "delivery": "yes", "late": True, "can_mend": True}
    again = interview.tick(["price"])
    assert list(answers(again)) == ["price", "delivery", "rise", "objected", "stated", "can_mend"]


def test_a_chain_of_follow_ups_falls_away_together() -> None:
    rules = asking(
        rule("a", OBJECTED, LATE, RUDE, evidence={"pricing": 0.6}),
        only_where={"late": OBJECTED, "rude": LATE},
    )
    interview = start(rules).answer("objected", value=True).answer("late", value=True).answer("rude", value=True)
    assert list(answers(interview.answer("objected", value=False))) == ["objected"]


def test_an_answer_stands_that_makes_sense_once_another_fell_away() -> None:
    """Both were held against all answers at once, and the one dropped that the fall of the other brings back."""
    rules = asking(
        rule("a", RUDE, when("late.customer", "is", limit=True), evidence={"delivery": 0.6}),
        rule("b", OBJECTED, when("late.record", "is", limit=True), evidence={"pricing": 0.6}),
        only_where={"late.record": OBJECTED, "rude": Any((LATE, OBJECTED))},
        asked={"late": ("record", "customer")},
    )
    interview = start(rules).answer("objected", value=True).answer("late.customer", value=True)
    interview = interview.answer("late.record", value=False).answer("rude", value=True)
    assert list(answers(interview)) == ["objected", "late.customer", "late.record", "rude"]
    changed = interview.answer("objected", value=False)
    assert list(answers(changed)) == ["objected", "late.customer", "rude"]


def test_what_is_done_may_be_opened_again() -> None:
    done = start(PLAIN, wanted=("root",)).answer("objected", value=False).answer("late", value=False)
    assert done.is_done
    assert not done.answer("objected", value=True).is_done


# --- whose word -------------------------------------------------------------------------------------------------------

SIDED = asking(
    rule("a", LATE, when("late.disputed", "is", limit=False), evidence={"delivery": 0.6}),
    rule("b", when("late.customer", "is", limit=True), OBJECTED, evidence={"trust": 0.6}),
    asked={"late": ("record", "customer")},
)


def test_each_side_is_asked_by_itself_where_rules_read_its_word() -> None:
    assert set(start(SIDED).questionnaire.ids) == {"late.record", "late.customer", "objected"}
    interview = start(SIDED).answer("late.record", value=True).answer("late.customer", value=False)
    assert [item.fact for item in interview.disagreements] == ["late"]


def test_a_question_that_is_asked_once_takes_anybodys_word() -> None:
    interview = start(PLAIN).answer("late", value=True, side="customer")
    assert interview.told.observations == (Observation("late", value=True, side="customer"),)
    assert interview.answers == (Answer("late", value=True, side="customer"),)
    assert Question("late", "us") not in interview.situation.open
    unknown = start(PLAIN).answer("late", value=None, side="customer")
    assert Question("late", "us") not in unknown.situation.open


def test_a_question_that_waits_for_another_sides_word_does_not_end_the_interview() -> None:
    """The way from a side's word to the one question that may tell it was missed, and the interview stopped early."""
    rules = asking(
        rule("a", RUDE, evidence={"delivery": 0.6}),
        rule("b", LATE, warning="look"),
        only_where={"rude": when("late.customer", "is", limit=True)},
    )
    interview = start(rules, wanted=("root",))
    assert interview.question == Question("late", "us")
    assert interview.answer("late", value=True).is_done
    assert interview.answer("late", value=True, side="customer").question == Question("rude", "us")


# --- what is refused --------------------------------------------------------------------------------------------------


def test_another_side_of_a_question_that_each_side_is_asked_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match="asked of another side") as caught:
        start(SIDED).answer("late.record", value=True, side="customer")
    assert caught.value.fix == "answer `late.customer`"


@pytest.mark.parametrize(
    ("name", "near"), [("objcted", "`objected`"), ("late.customer", "`late`"), ("pric", "`price`"), ("rise_on", "")]
)
def test_an_unknown_question_is_refused(name: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        start(SMALL).answer(name, value=True)
    assert near in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("objected", "yes", "V301"),
        ("stated", "weather", "V302"),
        ("rise", "steep", "V303"),
        ("rise", 5000, "V304"),
        ("price", "maybe", "Q501"),
        ("price", True, "Q501"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, value: object, code: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        start(SMALL).answer(name, value)
    assert caught.value.code == code


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError):
        start(SMALL, wanted=("roots",))  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(UnknownNameError):
        start(SMALL).tick(["pricing"])
    with pytest.raises(UnknownNameError):
        start(SMALL).tick([], unknown=["pricing"])
    with pytest.raises(UnknownNameError):
        start(SMALL).answer("late", value=True, side="them")  # type: ignore[arg-type]  # that is what is tested


def test_the_unknown_is_an_answer() -> None:
    for value in (None, "unknown", "Unknown "):
        interview = start(PLAIN).answer("late", value)
        assert answers(interview) == {"late": None}
        assert Question("late", "us") not in interview.situation.open
    assert answers(start(SMALL).answer("price", value=None)) == {"price": "unknown"}


def test_names_and_aims_are_what_they_are_said_to_be() -> None:
    assert start(PLAIN).wanted == WANTED
    assert start(PLAIN, wanted=("root", "root")).wanted == ("root",)
    assert situation_of(PLAIN, Case()).open == start(PLAIN).open_at_first
    assert {question.side for question in start(PLAIN).questionnaire.ids.values()} <= set(SIDES)
