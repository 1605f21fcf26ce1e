"""The checker of certificates: it proves an honest one, and refuses whatever is bent, with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

import pytest

from churn_rules.cases import Case, Certificate, Observation, Unasked
from churn_rules.certificate import verify
from churn_rules.choosing import undecided
from churn_rules.diagnosis import diagnose_case
from churn_rules.figures import Figures
from churn_rules.interview import concluded, start
from churn_rules.loading import load, shipped
from churn_rules.money import Amount
from churn_rules.questionnaire import WANTED, Wanted, situation_of
from churn_rules.reading import read_case
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Span, exact
from tests.interviews import interviewed, told_by
from tests.openings import forged, opened_case, opened_world, played
from tests.unit.small import asking, case, rule, saw, when

OBJECTED, LATE, RUDE = (when(fact, "is", limit=True) for fact in ("objected", "late", "rude"))
SMALL = asking(
    rule("a", OBJECTED, evidence={"pricing": 0.6}),
    rule("b", LATE, evidence={"delivery": 0.3}),
    rule("c", RUDE, OBJECTED, evidence={"trust": 0.3}),
    rule("d", when("pricing.role", "is", "root"), when("can_mend", "is", limit=True), decision="pursue"),
    rule("e", when("stated", "is", "price"), OBJECTED, evidence={"pricing": 0.1}),
    only_where={"rude": LATE, "stated": OBJECTED},
)


def certified(rules: Rulebase, of: Case, wanted: tuple[Wanted, ...] = WANTED) -> Case:
    """Return a case with the certificate that its interview would end with, whether it is done or not."""
    return forged(situation_of(rules, of), wanted)


def bent(of: Case, **parts: object) -> Case:
    """Return a case with parts of its certificate changed."""
    assert of.certificate
    return replace(of, certificate=replace(of.certificate, **parts))  # type: ignore[arg-type]  # parts of a certificate


def certificate_of(of: Case) -> Certificate:
    assert of.certificate
    return of.certificate


# --- an honest one ----------------------------------------------------------------------------------------------------


@cache
def interview_about_brex() -> tuple[Rulebase, Case]:
    """Return the shipped rules and the case of Brex as an interview told it, with its certificate."""
    rules = load(Path(__file__).parents[2] / "rules")
    person = told_by(read_case(shipped("cases") / "brex-rilf.yaml", rules), rules)
    interview, _ = interviewed(person, rules, WANTED)
    return rules, replace(interview.told, certificate=interview.certify("reference"))


def test_an_honest_certificate_is_proved() -> None:
    rules, told = interview_about_brex()
    assert verify(rules, told) == ()
    assert len(certificate_of(told).unasked) > 20


def test_a_small_one_is_proved() -> None:
    told = certified(SMALL, case(objected=True, late=False, can_mend=True))
    assert verify(SMALL, told) == ()
    assert certificate_of(told).concluded["root"] == ("pricing",)
    assert certificate_of(told).unasked == (Unasked("rude", "senseless"), Unasked("stated", "settled"))


def test_a_case_without_one_is_not_proved() -> None:
    assert verify(SMALL, case()) == (
        "the case holds no certificate: it was told in no interview, or in one that is not done yet",
    )


# --- bent ones --------------------------------------------------------------------------------------------------------


def _without(told: Case, place: int) -> Case:
    unasked = certificate_of(told).unasked
    return bent(told, unasked=unasked[:place] + unasked[place + 1 :])


def _called(told: Case, place: int, because: str) -> Case:
    unasked = certificate_of(told).unasked
    changed = replace(unasked[place], because=because)  # type: ignore[arg-type]  # one of the two
    return bent(told, unasked=(*unasked[:place], changed, *unasked[place + 1 :]))


def _reach(told: Case, reason: str, low: float, high: float) -> Case:
    reach = dict(certificate_of(told).reach)
    return bent(told, reach=reach | {reason: Span(reach[reason].low + low, reach[reason].high + high)})


def _concluded(told: Case, part: str, *words: str) -> Case:
    return bent(told, concluded={**certificate_of(told).concluded, part: words})


def bent_certificates() -> dict[str, Callable[[], tuple[Rulebase, Case]]]:
    """Return well over a hundred ways to bend the certificate of Brex, by what is done to it."""
    rules, told = interview_about_brex()
    certificate = certificate_of(told)
    found: dict[str, Case] = {}
    for place, item in enumerate(certificate.unasked):
        found[f"{item.question} taken away"] = _without(told, place)
        if item.because == "settled":
            found[f"{item.question} called senseless"] = _called(told, place, "senseless")
    for reason, span in certificate.reach.items():
        found[f"{reason} missing"] = bent(
            told, reach={other: ends for other, ends in certificate.reach.items() if other != reason}
        )
        found[f"{reason} cut from above"] = _reach(told, reason, 0.0, -1e-9)
        found[f"{reason} cut from below"] = _reach(told, reason, 1e-9, 0.0)
        if span.low < span.high:
            found[f"{reason} cut in half"] = _reach(told, reason, 0.0, (span.low - span.high) / 2)
        found[f"{reason} as the root"] = _concluded(told, "root", *certificate.concluded["root"], reason)
    for part, words in certificate.concluded.items():
        found[f"{part} emptied"] = _concluded(told, part) if words else _concluded(told, part, "something")
        found[f"{part} doubled"] = _concluded(told, part, *words, *words, "more")
        found[f"{part} left out"] = bent(
            told, concluded={name: told_of for name, told_of in certificate.concluded.items() if name != part}
        )
        found[f"{part} no longer asked for"] = bent(told, wanted=tuple(one for one in WANTED if one != part))
    found["digest of other rules"] = bent(told, rulebase="sha256:" + 64 * "0")
    return {name: lambda changed=changed: (rules, changed) for name, changed in found.items()}  # type: ignore[misc]


def test_more_than_a_hundred_bent_certificates_are_refused() -> None:
    ways = bent_certificates()
    assert len(ways) > 100
    proved = []
    for name, make in ways.items():
        faults = verify(*make())
        if not faults:
            proved.append(name)
        assert all(isinstance(fault, str) and len(fault) > 20 for fault in faults)
    assert proved == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda told: bent(told, rulebase="sha256:other"), "it was made with other rules"),
        (lambda told: _concluded(told, "root", "delivery"), "the root is pricing, and not delivery"),
        (lambda told: _concluded(told, "decision", "let_go"), "the decision is pursue, and not let_go"),
        (lambda told: _concluded(told, "decision"), "the decision is pursue, and not none"),
        (lambda told: _reach(told, "pricing", 0.05, 0.0), "the certainty of `pricing` may lie from 0.6 to 0.64"),
        (lambda told: bent(told, reach={}), "it does not say how certain `contract` may become"),
        (lambda told: _without(told, 0), "`rude` was neither answered nor named as not asked"),
        (lambda told: _without(told, 1), "`stated` was neither answered nor named as not asked"),
        (lambda told: _called(told, 1, "senseless"), "`stated` may come to make sense"),
        (lambda told: bent(told, unasked=(Unasked("nose", "settled"),)), "there is no question `nose`"),
        (lambda told: bent(told, unasked=(Unasked("rude.them", "settled"),)), "there is no question `rude.them`"),
        (lambda told: bent(told, wanted=("root",)), "it concludes the accommodations, which was not asked for"),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[Case], Case], sentence: str) -> None:
    told = certified(SMALL, case(objected=True, late=False, can_mend=True))
    assert verify(SMALL, told) == ()
    assert any(fault.startswith(sentence) for fault in verify(SMALL, change(told)))


@pytest.mark.parametrize("fact", ["objected", "late", "can_mend"])
def test_another_answer_spoils_the_proof(fact: str) -> None:
    told = certified(SMALL, case(objected=True, late=False, can_mend=True))
    other = tuple(replace(item, value=not item.value) if item.fact == fact else item for item in told.observations)
    assert verify(SMALL, replace(told, observations=other))


@pytest.mark.parametrize("fact", ["objected", "late", "can_mend"])
def test_an_answer_taken_away_is_missed(fact: str) -> None:
    told = certified(SMALL, case(objected=True, late=False, can_mend=True))
    kept = tuple(item for item in told.observations if item.fact != fact)
    found = verify(SMALL, replace(told, observations=kept))
    assert f"`{fact}` was neither answered nor named as not asked" in found


def test_a_root_that_may_still_change_is_not_proved() -> None:
    found = verify(SMALL, certified(SMALL, case()))
    assert "the root may still change" in found
    assert "the decision may still change" in found
    order = asking(rule("a", OBJECTED, evidence={"pricing": 0.6}), rule("b", LATE, evidence={"delivery": 0.6}))
    order = asking(*order.rules.values(), rule("c", RUDE, evidence={"delivery": 0.2}))
    found = verify(order, certified(order, case(objected=True, late=True), ("root",)))
    assert found == ("the root may still change",)


# --- counterexamples: what the checker once took for proved -----------------------------------------------------------


def test_a_side_that_was_not_asked_is_missed_though_another_answered() -> None:
    """Our own word counted as an answer to the customer's question, which stands before ours."""
    rules = asking(
        rule("a", when("late", "is", limit=True), evidence={"delivery": 0.6}),
        rule("b", when("late.us", "is", limit=True), warning="look"),
        asked={"late": ("customer", "us")},
    )
    told = certified(rules, case(saw("late", value=True, side="us")), ("root",))
    assert verify(rules, told) == ("the root may still change",)
    assert "`late.customer` was neither answered nor named as not asked" in verify(rules, bent(told, unasked=()))


def test_an_unknown_from_another_side_is_no_answer() -> None:
    rules = asking(rule("a", LATE, evidence={"delivery": 0.6}))
    told = bent(certified(rules, Case(observations=(Observation("late", None, "customer"),)), ("root",)), unasked=())
    assert "`late` was neither answered nor named as not asked" in verify(rules, told)


def test_a_customer_may_still_have_come_back() -> None:
    rules = asking(
        rule("back", when("came_back", "is", limit=True), warning="look"),
        rule("stage", when("case.stage", "is", "back"), decision="let_go"),
    )
    assert verify(rules, certified(rules, case(), ("decision",))) == ("the decision may still change",)
    came_back = Case(observations=(Observation("came_back", value=True, side="us"),))
    assert verify(rules, certified(rules, came_back, ("decision",))) == ()


def test_the_economics_block_stands_before_the_timeline() -> None:
    rules = asking(rule("block", when("yearly_margin", "at_least", 50.0), decision="pursue"))
    told = replace(case(yearly_margin=10), economics=Figures(expected_margin=Amount.of(Decimal(90))))
    assert verify(rules, certified(rules, told, ("decision",))) == ()


def test_nobody_answers_for_it_where_there_may_be_no_root() -> None:
    rules = asking(rule("clause", OBJECTED, evidence={"contract": 0.6}))
    assert verify(rules, certified(rules, case(), ("scope",))) == ("the scope may still change",)
    assert verify(rules, certified(rules, case(objected=False), ("scope",))) == ()


def test_anybody_may_answer_a_question_that_is_asked_once() -> None:
    rules = asking(
        rule("a", LATE, evidence={"delivery": 0.6}),
        rule("b", RUDE, evidence={"trust": 0.6}),
        only_where={"rude": when("late.customer", "is", limit=True)},
    )
    told = certified(rules, case(), ("root",))
    assert {item.question: item.because for item in certificate_of(told).unasked} == {
        "late": "settled",
        "rude": "settled",
    }
    assert "`rude` may come to make sense" in verify(rules, _called(told, 1, "senseless"))


def test_what_follows_from_others_is_not_told_for_good() -> None:
    rules = asking(
        rule("rise", when("rise", "at_least", 15.0), evidence={"pricing": 0.6}),
        rule("price", when("price_before.us", "at_least", 5.0), when("price_after", "at_least", 5.0), warning="look"),
        asked={"price_before": ("record", "us")},
    )
    told = certified(rules, case(saw("price_before", 10, "us"), price_after=20), ("root",))
    assert verify(rules, told) == ("the root may still change",)
    only_price = bent(told, unasked=(Unasked("price_before.record", "settled"),))
    assert "`rise` was neither answered nor named as not asked" in verify(rules, only_price)


def test_a_condition_of_the_one_side_that_is_asked_is_found() -> None:
    rules = asking(
        rule("a", LATE, evidence={"delivery": 0.6}),
        rule("b", RUDE, evidence={"trust": 0.6}),
        only_where={"rude.us": LATE},
    )
    assert verify(rules, certified(rules, case(late=False))) == ()


# --- brute force ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", range(6))
def test_the_checker_accepts_only_where_no_answers_change_anything(chunk: int) -> None:
    """Certificates forged in the midst of interviews, on 24 random rule bases; what is accepted is told to the end."""
    accepted = refused = 0
    for number in range(chunk, 24, 6):
        world = opened_world(3, number, 20)
        of = opened_case(3, number, 0, world)
        for situation in played(Random(number), of, world).situations[::2]:
            for aim in WANTED:
                told = forged(situation, (aim,))
                if verify(world.rulebase, told):
                    refused += 1
                    assert undecided(situation, (aim,)), "the interview stops where the proof fails"
                    continue
                accepted += 1
                for way in range(4):
                    full = played(Random(way), situation.memory.case, world).case
                    found = concluded(diagnose_case(world.rulebase, full, "reference"), (aim,))
                    assert found == certificate_of(told).concluded, f"rule base {number}, way {way}"
    assert accepted
    assert refused


def test_every_way_to_answer_is_tried_on_the_small_rules() -> None:
    """All answers of three to five questions: accepted just where they all come to the same."""
    facts = {"objected": (True, False, None), "late": (True, False, None), "can_mend": (True, False, None)}
    for objected in (*facts["objected"], "open"):
        for late in (*facts["late"], "open"):
            of = Case(
                observations=tuple(
                    Observation(fact, value, "us")
                    for fact, value in (("objected", objected), ("late", late))
                    if value != "open"
                )
            )
            for aim in WANTED:
                assert bool(verify(SMALL, certified(SMALL, of, (aim,)))) == (len(every_end(of, aim)) > 1)


def every_end(of: Case, aim: Wanted) -> set[tuple[str, ...]]:
    """Return everything that may come out of a case once all that makes sense is answered, whichever way."""
    situation = situation_of(SMALL, of)
    if not situation.askable:
        return {concluded(diagnose_case(SMALL, of, "reference"), (aim,))[aim]}
    question = min(situation.askable)
    values = (*SMALL.vocabulary[question.fact].choices, None) if question.fact == "stated" else (True, False, None)
    answers = (
        replace(of, observations=(*of.observations, Observation(question.fact, value, question.side)))
        for value in values
    )
    return {end for answered in answers for end in every_end(answered, aim)}


def test_an_interview_that_is_done_is_proved_on_small_rules() -> None:
    interview = start(SMALL)
    while (question := interview.question) is not None:
        interview = interview.answer(interview.questionnaire.id_of(question), value=None)
    assert verify(SMALL, replace(interview.told, certificate=interview.certify("reference"))) == ()
    assert all(side in SIDES for _, side in interview.questionnaire.ids.values())
    assert exact(0) in interview.certify("reference").reach.values()
