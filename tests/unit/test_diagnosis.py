from __future__ import annotations

from dataclasses import replace

import pytest

from churn_rules.cases import SupplierTerms
from churn_rules.diagnosis import Diagnosis, Missing
from churn_rules.errors import UnknownNameError
from churn_rules.vocabulary import Fact
from tests.unit.small import REASONS, VOCABULARY, case, diagnosed, link, rule, rulebase, saw, when

OBJECTED, LATE, RUDE, CAN_MEND = (when(fact, "is", limit=True) for fact in ("objected", "late", "rude", "can_mend"))
STEEP = when("rise", "at_least", 15)


def missing(diagnosis: Diagnosis) -> dict[str, tuple[str, ...]]:
    assert diagnosis.missing is not None
    return {item.fact: item.could_change for item in diagnosis.missing}


# --- what is missing --------------------------------------------------------------------------------------------------


def test_an_unknown_fact_of_an_undecided_rule_is_missing() -> None:
    rules = rulebase(rule("a", STEEP, OBJECTED, evidence={"pricing": 0.7}))
    assert missing(diagnosed(rules, case(rise=30))) == {"objected": ("pricing",)}


def test_a_rule_that_has_failed_waits_for_nothing() -> None:
    rules = rulebase(rule("a", STEEP, OBJECTED, evidence={"pricing": 0.7}))
    assert missing(diagnosed(rules, case(rise=10))) == {}
    assert missing(diagnosed(rules, case(rise=30, objected=False))) == {}


def test_a_range_that_decides_nothing_is_missing_an_exact_figure() -> None:
    rules = rulebase(rule("a", STEEP, evidence={"pricing": 0.7}))
    assert missing(diagnosed(rules, case(rise={"from": 10, "to": 20}))) == {"rise": ("pricing",)}
    assert missing(diagnosed(rules, case(rise={"from": 15, "to": 20}))) == {}


@pytest.mark.parametrize(
    ("open_clue", "listed"), [(0.1, False), (0.19, False), (0.2, True), (-0.5, True), (-0.4, False)]
)
def test_evidence_that_cannot_move_the_status_is_passed_over(open_clue: float, listed: object) -> None:
    rules = rulebase(rule("open", OBJECTED, evidence={"pricing": open_clue}))
    assert ("objected" in missing(diagnosed(rules, case()))) is listed


def test_clues_that_move_it_only_together_are_all_missing() -> None:
    rules = rulebase(rule("a", OBJECTED, evidence={"pricing": 0.15}), rule("b", LATE, evidence={"pricing": 0.15}))
    assert set(missing(diagnosed(rules, case()))) == {"objected", "late"}


def test_evidence_that_can_make_a_root_is_missing() -> None:
    rules = rulebase(
        rule("a", OBJECTED, evidence={"pricing": 0.9}),
        rule("b", OBJECTED, evidence={"delivery": 0.6}),
        rule("c", LATE, evidence={"delivery": 0.7}),
    )
    assert diagnosed(rules, case(objected=True)).roots == ("pricing",)
    assert diagnosed(rules, case(objected=True, late=True)).roots == ("pricing", "delivery")
    assert "late" in missing(diagnosed(rules, case(objected=True)))


def test_a_finding_that_is_true_already_waits_for_nothing() -> None:
    rules = rulebase(
        rule("a", OBJECTED, finding="steep"),
        rule("b", LATE, finding="steep"),
        rule("c", when("steep", "is", limit=True), evidence={"pricing": 0.7}),
    )
    assert missing(diagnosed(rules, case(objected=True))) == {}
    assert missing(diagnosed(rules, case(objected=False))) == {"late": ("pricing",)}


def test_a_finding_that_changes_nothing_is_passed_over() -> None:
    assert missing(diagnosed(rulebase(rule("a", OBJECTED, finding="steep")), case())) == {}


def test_a_rule_waits_through_a_chain_of_findings() -> None:
    rules = rulebase(
        rule("a", STEEP, finding="steep"),
        rule("b", when("steep", "is", limit=True), finding="pushed"),
        rule("c", when("pushed", "is", limit=True), decision="pursue"),
    )
    assert missing(diagnosed(rules, case())) == {"rise": ("decision",)}


def test_an_offer_that_is_withheld_waits_for_nothing() -> None:
    rules = rulebase(rule("a", LATE, offer={"price_cut": "pricing"}), rule("b", OBJECTED, withhold=("price_cut",)))
    assert missing(diagnosed(rules, case(objected=True))) == {}
    assert missing(diagnosed(rules, case(objected=False))) == {"late": ("price_cut",)}
    assert missing(diagnosed(rules, case(late=True))) == {"objected": ("price_cut",)}


def test_the_amounts_behind_cost_and_benefit_are_missing() -> None:
    rules = rulebase(rule("a", when("economics.break_even_chance", "at_most", 0.5), decision="pursue"))
    found = missing(diagnosed(rules, case(yearly_margin=10)))
    assert set(found) == {"years_expected", "idle_capacity_margin", "attempt_cost", "precedent_exposure"}


def test_the_most_consequential_comes_first() -> None:
    rules = rulebase(
        rule("a", LATE, evidence={"delivery": 0.3}),
        rule("b", OBJECTED, evidence={"pricing": 0.6}),
        rule("c", CAN_MEND, decision="pursue"),
    )
    assert list(missing(diagnosed(rules, case()))) == ["can_mend", "objected", "late"]


def test_one_sides_view_is_missing_as_such() -> None:
    rules = rulebase(rule("a", when("stated.customer", "is", "price"), evidence={"pricing": 0.3}))
    found = diagnosed(rules, case(saw("stated", "price", "us"))).missing
    assert found == (Missing("stated.customer", ("pricing",)),)


# --- the chain --------------------------------------------------------------------------------------------------------


def test_each_reason_of_the_chain_stands_after_all_that_led_to_it() -> None:
    links = (
        link("pricing", "contract"),
        link("pricing", "trust"),
        link("delivery", "trust"),
        link("trust", "contract"),
    )
    rules = rulebase(rule("a", OBJECTED, evidence={item.id: 0.6 for item in REASONS}), links=links)
    assert diagnosed(rules, case(objected=True)).chain == ("pricing", "delivery", "trust", "contract")


def test_what_only_contributes_is_not_of_the_chain() -> None:
    rules = rulebase(rule("a", OBJECTED, evidence={"pricing": 0.9, "delivery": 0.5}))
    found = diagnosed(rules, case(objected=True))
    assert (found.chain, found.reason("delivery").role) == (("pricing",), "contributing")


def test_reasons_come_most_certain_first() -> None:
    rules = rulebase(rule("a", OBJECTED, evidence={"trust": 0.9, "delivery": 0.3, "pricing": -0.6}))
    found = diagnosed(rules, case(objected=True))
    assert [item.reason for item in found.reasons] == ["trust", "delivery", "contract", "pricing"]


def test_there_is_no_report_on_a_reason_that_does_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="weather"):
        diagnosed(rulebase(), case()).reason("weather")


def test_evidence_names_the_facts_behind_it() -> None:
    rules = rulebase(rule("a", STEEP, OBJECTED, evidence={"pricing": 0.7}))
    (evidence,) = diagnosed(rules, case(rise={"from": 20, "to": 30}, objected=True)).reason("pricing").evidence
    assert evidence.facts == {"objected": True, "rise": {"from": 20, "to": 30}}


# --- landmines, offers and the rest -----------------------------------------------------------------------------------


def test_a_sore_point_is_a_landmine_and_its_opposite_is_not() -> None:
    mines = diagnosed(rulebase(), case(saw("late", value=True, side="customer"))).landmines
    assert [(mine.kind, mine.name, mine.told) for mine in mines] == [("sore_point", "late", {"customer": True})]
    assert diagnosed(rulebase(), case(late=False)).landmines == ()


def test_a_disagreement_is_a_landmine() -> None:
    mines = diagnosed(rulebase(), case(saw("rise", 10, "us"), saw("rise", 30, "customer"))).landmines
    assert [(mine.kind, mine.name, dict(mine.told)) for mine in mines] == [
        ("disagreement", "rise", {"customer": 30, "us": 10})
    ]
    assert diagnosed(rulebase(), case(saw("rise", 30, "us"), saw("rise", 35, "customer"))).landmines == ()


def test_a_finding_may_be_a_sore_point() -> None:
    rules = rulebase(rule("a", OBJECTED, finding="steep"))
    sore: dict[str, Fact] = {"steep": replace(rules.findings["steep"], sore_point=True)}
    mines = diagnosed(replace(rules, findings={**rules.findings, **sore}), case(objected=True)).landmines
    assert [(mine.name, mine.told) for mine in mines] == [("steep", {"rules": True})]


def test_figures_that_do_not_agree_are_reported() -> None:
    (found,) = diagnosed(rulebase(), case(price_before=100, price_after=130, rise=10)).discrepancies
    assert (found.fact, found.observed, found.derived) == ("rise", 10, 30)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("worse", "better"), ("equal", "equal"), ("better", "worse"), (None, "unknown")]
)
def test_an_offer_against_todays_supplier(theirs: str | None, ours: str) -> None:
    rules = rulebase(rule("a", OBJECTED, offer={"price_cut": "pricing"}))
    terms = (SupplierTerms("price_cut", theirs),) if theirs else ()
    (offer,) = diagnosed(rules, replace(case(objected=True), todays_supplier=terms)).accommodations
    assert (offer.than_todays_supplier, offer.rule, offer.reason) == (ours, "a", "pricing")


def test_warnings_name_their_rule() -> None:
    (caution,) = diagnosed(rulebase(rule("a", OBJECTED, warning="Mind the step.")), case(objected=True)).warnings
    assert (caution.rule, caution.text) == ("a", "Mind the step.")


def test_no_amount_is_invented() -> None:
    found = diagnosed(rulebase(), case(attempt_cost=10))
    assert (found.economics.value, found.economics.pays, found.decision.break_even_chance) == (None, None, None)
    assert found.economics.attempt == 10
    assert "yearly_margin" in found.economics.missing


def test_the_vocabulary_is_not_changed_by_a_diagnosis() -> None:
    before = dict(VOCABULARY)
    diagnosed(rulebase(), case(rise=30))
    assert dict(VOCABULARY) == before
