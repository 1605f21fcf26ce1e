from __future__ import annotations

import pytest

from churn_rules.cases import (
    Case,
    Cost,
    Disagreement,
    Discrepancy,
    Memory,
    Observation,
    Requirement,
    SupplierTerms,
    check_date,
    derived_in_order,
    remember,
)
from churn_rules.errors import ValueRefusedError
from churn_rules.vocabulary import Derivation, Fact, Span, exact, parse_date
from tests.unit.small import VOCABULARY, case, saw


def memory(*observations: Observation) -> Memory:
    return remember(case(*observations), VOCABULARY)


# --- whose word stands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observations", "stands"),
    [
        ([saw("rise", 3, "us"), saw("rise", 2, "customer"), saw("rise", 1, "record")], 1),
        ([saw("rise", 3, "us", 2012), saw("rise", 2, "customer", 2009)], 2),  # a side stands before a date
        ([saw("rise", 3, "us")], 3),
        ([saw("rise", 1, on=2009), saw("rise", 2, on=2010)], 2),
        ([saw("rise", 2, on=2010), saw("rise", 1, on=2009)], 2),
        ([saw("rise", 2, on=2009), saw("rise", 1)], 2),  # what bears no date is oldest
        ([saw("rise", 1, on=2009), saw("rise", 2, on="2009-12")], 2),
        ([saw("rise", 1), saw("rise", 2)], 2),  # of equals the last listed
        ([saw("rise", 1, on=2009), saw("rise", 2, on=2009)], 2),
        ([saw("rise", 1, on=2009), saw("rise", "unknown", on=2010)], 1),  # an unknown hides nothing
        ([saw("rise", "unknown"), saw("rise", 2, "us")], 2),
    ],
)
def test_precedence(observations: list[Observation], stands: float) -> None:
    assert memory(*observations).values["rise"] == exact(stands)


def test_nothing_but_unknown_is_unknown() -> None:
    remembered = memory(saw("rise", "unknown"), saw("rise", "unknown", "us"))
    assert "rise" not in remembered.values
    assert "rise" not in remembered.told


def test_each_side_keeps_its_view() -> None:
    values = memory(saw("stated", "price", "us"), saw("stated", "delivery", "customer")).values
    assert values["stated"] == values["stated.customer"] == "delivery"
    assert values["stated.us"] == "price"
    assert "stated.record" not in values


def test_the_observation_that_stands_is_remembered() -> None:
    standing = saw("rise", 30, "customer", 2009, "as the customer says")
    assert memory(saw("rise", 25, "us"), standing).told["rise"] is standing


# --- disagreement -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "disputed"),
    [
        (30, 30, False),
        (30, 35, False),  # exactly the tolerance
        (30, 35.01, True),
        ({"from": 10, "to": 20}, {"from": 15, "to": 40}, False),
        ({"from": 10, "to": 20}, 25, False),
        ({"from": 10, "to": 20}, 26, True),
    ],
)
def test_sides_disagree_beyond_the_tolerance(ours: object, theirs: object, disputed: object) -> None:
    remembered = memory(saw("rise", ours, "us"), saw("rise", theirs, "customer"))
    assert remembered.values["rise.disputed"] is disputed
    assert bool(remembered.disagreements) is disputed


def test_without_a_tolerance_any_difference_counts() -> None:
    remembered = memory(saw("late", value=False, side="us"), saw("late", value=True, side="customer"))
    assert remembered.disagreements == (Disagreement("late", (("customer", True), ("us", False))),)


def test_any_two_of_three_sides_may_disagree() -> None:
    remembered = memory(saw("rise", 30), saw("rise", 34, "customer"), saw("rise", 38, "us"))
    assert [item.fact for item in remembered.disagreements] == ["rise"]


def test_one_side_alone_disputes_nothing() -> None:
    assert "rise.disputed" not in memory(saw("rise", 1, on=2009), saw("rise", 99, on=2010)).values


# --- what follows from other facts ------------------------------------------------------------------------------------


def test_a_change_follows_from_two_prices() -> None:
    remembered = memory(saw("price_before", 100), saw("price_after", 115, "us"))
    assert remembered.values["rise"] == exact(15)
    assert "rise" not in remembered.told
    assert remembered.discrepancies == ()


def test_one_price_alone_tells_no_change() -> None:
    assert "rise" not in memory(saw("price_before", 100)).values


def test_what_was_observed_stands_before_what_follows() -> None:
    remembered = memory(saw("price_before", 100), saw("price_after", 130), saw("rise", 20, "us"))
    assert remembered.values["rise"] == exact(20)
    assert remembered.discrepancies == (Discrepancy("rise", exact(20), exact(30)),)


def test_a_difference_within_the_tolerance_is_no_discrepancy() -> None:
    assert memory(saw("price_before", 100), saw("price_after", 130), saw("rise", 25)).discrepancies == ()


def test_the_date_of_an_observation_is_a_fact() -> None:
    assert memory(saw("rise", 30, on="2009-03")).values["rise_on"] == parse_date("2009-03")
    assert "rise_on" not in memory(saw("rise", 30)).values


def test_the_date_is_that_of_the_word_that_stands() -> None:
    values = memory(saw("rise", 30, "us", 2012), saw("rise", 28, "customer", "2009-03")).values
    assert values["rise_on"] == parse_date("2009-03")


def test_what_follows_may_follow_from_what_follows() -> None:
    values = memory(saw("rise", 30, on="2010-03-15"), saw("told_on", "2009-03-15")).values
    assert values["notice"] == exact(12)


def test_facts_are_derived_after_those_that_they_follow_from() -> None:
    def fact(name: str, *sources: str) -> Fact:
        return Fact(id=name, title=name, type="number", derive=Derivation("ratio", sources) if sources else None)

    facts = {item.id: item for item in (fact("c", "b", "a"), fact("b", "a", "a"), fact("a"))}
    assert [item.id for item in derived_in_order(facts)] == ["b", "c"]


# --- dates ------------------------------------------------------------------------------------------------------------

LOSS = parse_date("2009-06")


@pytest.mark.parametrize("day", [None, 2009, "2009-06", "2009-06-30", {"from": "2009-06-30", "to": 2010}])
def test_what_may_have_been_before_the_loss_may_explain_it(day: object) -> None:
    check_date(VOCABULARY["rise"], None if day is None else parse_date(day), LOSS)


@pytest.mark.parametrize("day", ["2009-07-01", 2010])
def test_what_was_after_the_loss_may_not(day: object) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        check_date(VOCABULARY["rise"], parse_date(day), LOSS)
    assert refused.value.code == "C312"
    check_date(VOCABULARY["can_mend"], parse_date(day), LOSS)  # a fact of today may
    check_date(VOCABULARY["rise"], parse_date(day), None)  # nobody has left yet


def test_a_case_as_it_was_known_on_a_day() -> None:
    later = parse_date("2010-05")
    told = Case(
        lost=LOSS,
        observations=(saw("rise", 30, on="2009-05"), saw("late", value=True, on="2010-05"), saw("rude", value=True)),
        requirements=(Requirement("a lower price", date=later), Requirement("an apology")),
        todays_supplier=(SupplierTerms("price_cut", "worse", date=later),),
        costs=(Cost("price_cut", exact(1), exact(1), date=later),),
    )
    early = told.until(parse_date("2009-12").high)
    assert [item.fact for item in early.observations] == ["rise", "rude"]
    assert [item.requirement for item in early.requirements] == ["an apology"]
    assert (early.todays_supplier, early.costs, early.lost) == ((), (), LOSS)
    assert told.until(0).lost is None
    assert [item.fact for item in told.until(0).observations] == ["rude"]
    assert told.until(parse_date("2010-05-30").high).costs == ()  # the month has not ended
    assert told.until(parse_date("2010-05-31").high) == told


def test_a_loss_of_that_year_has_happened_once_the_year_has_begun() -> None:
    assert Case(lost=parse_date(2009)).until(parse_date("2009-01").high).lost == Span(733408, 733772)
