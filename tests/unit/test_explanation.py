from __future__ import annotations

import pytest

from churn_rules import conditions
from churn_rules.cases import Case
from churn_rules.conditions import All
from churn_rules.errors import UnknownNameError
from churn_rules.explanation import Why, WhyNot, conclusions_of, premise_in_words, walk, why, why_not
from tests.unit.small import case, rule, rulebase, run, saw, when

OBJECTED, LATE = (when(fact, "is", limit=True) for fact in ("objected", "late"))
STEEP = when("rise", "at_least", 15)

RULES = rulebase(
    rule("a-steep", STEEP, finding="steep"),
    rule("b-pushed", when("steep", "is", limit=True), OBJECTED, finding="pushed"),
    rule("c-priced", when("pushed", "is", limit=True), evidence={"pricing": 0.7}),
    rule("d-late", LATE, evidence={"delivery": 0.6}),
    rule("e-never-late", when("late", "is", limit=False), evidence={"delivery": -0.4}),
    rule("f-cut", when("pricing.role", "is", "root"), offer={"price_cut": "pricing"}),
    rule("g-withhold", LATE, withhold=("price_cut",)),
    rule("h-scope", OBJECTED, scope={"pricing": "specific"}),
    rule("i-pursue", when("case.scope", "is", "specific"), when("can_mend", "is", limit=True), decision="pursue"),
    rule("j-let-go", when("economics.verdict", "is", "does_not_pay"), decision="let_go"),
)
TOLD = case(
    saw("rise", 30, "customer", "2009-03", "as its chief executive says"),
    saw("objected", value=True, side="us"),
    saw("late", value=False),
    saw("can_mend", value=True),
)


def because(conclusion: str, of: Case = TOLD) -> Why:
    return why(RULES, run(RULES, of), conclusion)


def because_not(conclusion: str, of: Case = TOLD) -> WhyNot:
    return why_not(RULES, run(RULES, of), conclusion)


# --- why --------------------------------------------------------------------------------------------------------------


def test_why_reaches_down_to_the_observations() -> None:
    behind = list(walk(because("decision")))
    assert [item.conclusion for item in behind] == ["decision", "scope"]
    told = [matched for item in walk(because("pricing")) for used in item.rules for matched in used.matched]
    observed = {matched.name: (matched.side, matched.date, matched.note) for matched in told if matched.side}
    assert observed == {
        "rise": ("customer", "2009-03", "as its chief executive says"),
        "objected": ("us", None, ""),
    }


def test_every_finding_on_the_way_is_explained() -> None:
    assert [item.conclusion for item in walk(because("pricing"))] == ["pricing", "pushed", "steep"]


def test_whatever_no_side_told_has_rules_behind_it() -> None:
    for conclusion in ("decision", "pricing", "price_cut", "pushed"):
        for item in walk(because(conclusion)):
            for matched in (matched for used in item.rules for matched in used.matched):
                assert matched.side or (matched.because and matched.because.rules)


def test_why_reaches_through_a_derived_fact() -> None:
    of = case(saw("price_before", 100), saw("price_after", 130), saw("objected", value=True))
    told = [matched for item in walk(because("steep", of)) for used in item.rules for matched in used.matched]
    assert [source.name for matched in told for source in matched.derived_from] == ["price_before", "price_after"]


def test_the_view_of_a_side_bears_its_own_date_and_note() -> None:
    rules = rulebase(rule("a", when("stated.us", "is", "price"), evidence={"pricing": 0.15}))
    of = case(saw("stated", "delivery", "customer"), saw("stated", "price", "us", 2009, "our guess"))
    (used,) = why(rules, run(rules, of), "pricing").rules
    assert (used.matched[0].side, used.matched[0].date, used.matched[0].note) == ("us", "2009", "our guess")


def test_a_rule_gives_its_reason_and_its_source() -> None:
    (used,) = because("steep").rules
    assert (used.rule, used.title, used.because, used.source) == (
        "a-steep",
        "Title of a-steep",
        "Because of a-steep.",
        "a source",
    )


@pytest.mark.parametrize(
    ("conclusion", "value", "rules"),
    [
        ("pricing", 0.7, ["c-priced"]),
        ("delivery", -0.4, ["e-never-late"]),
        ("scope", "specific", ["h-scope"]),
        ("pricing.scope", "specific", ["h-scope"]),
        ("decision", "pursue", ["i-pursue"]),
        ("price_cut", "offered", ["f-cut"]),
        ("steep", True, ["a-steep"]),
        ("trust", 0, []),
    ],
)
def test_why_each_kind_of_conclusion(conclusion: str, value: object, rules: list[str]) -> None:
    found = because(conclusion)
    assert (found.value, [used.rule for used in found.rules]) == (value, rules)


def test_everything_that_can_be_asked_can_be_answered() -> None:
    for conclusion in conclusions_of(RULES):
        assert because(conclusion).conclusion == because_not(conclusion).conclusion == conclusion


@pytest.mark.parametrize("ask", [because, because_not])
def test_of_an_unknown_conclusion_a_near_one_is_named(ask: object) -> None:
    with pytest.raises(UnknownNameError, match="did you mean `pricing`"):
        ask("pricng")  # type: ignore[operator]  # both are functions of a name


# --- why not ----------------------------------------------------------------------------------------------------------


def test_how_far_a_number_missed() -> None:
    (unfired,) = because_not("steep", case(rise=10)).rules
    (left,) = unfired.open
    assert (unfired.state, left.name, left.state, left.value, left.missed_by) == ("fails", "rise", "fails", 10, 5)


@pytest.mark.parametrize(
    ("rise", "state", "missed_by"),
    [({"from": 5, "to": 12}, "fails", 3), ({"from": 10, "to": 20}, "unknown", 0)],
)
def test_a_range_missed_by_its_nearer_end(rise: object, state: str, missed_by: float) -> None:
    (unfired,) = because_not("steep", case(rise=rise)).rules
    assert (unfired.open[0].state, unfired.open[0].missed_by) == (state, missed_by)


def test_what_is_unknown_is_named_and_misses_by_nothing() -> None:
    (unfired,) = because_not("steep", case()).rules
    assert (unfired.state, unfired.open[0].state, unfired.open[0].missed_by) == ("unknown", "unknown", None)


def test_premises_that_hold_are_told_apart() -> None:
    (unfired,) = because_not("pushed", case(rise=10, objected=True)).rules
    assert unfired.holds == ("they objected",)
    assert [left.name for left in unfired.open] == ["steep"]


def test_the_rule_nearest_to_firing_comes_first() -> None:
    rules = rulebase(
        rule("a-two-open", OBJECTED, LATE, evidence={"pricing": 0.9}),
        rule("b-weak", OBJECTED, evidence={"pricing": 0.1}),
        rule("c-strong", OBJECTED, evidence={"pricing": 0.6}),
    )
    found = why_not(rules, run(rules, case()), "pricing").rules
    assert [unfired.rule for unfired in found] == ["c-strong", "b-weak", "a-two-open"]


def test_what_counts_against_a_reason() -> None:
    found = because_not("delivery")
    assert [used.rule for used in found.against] == ["e-never-late"]
    assert [unfired.rule for unfired in found.rules] == ["d-late"]


def test_what_counts_against_an_offer() -> None:
    found = because_not("price_cut", case(late=True))
    assert found.value == "withheld"
    assert [used.rule for used in found.against] == ["g-withhold"]
    assert [unfired.rule for unfired in found.rules] == ["f-cut"]


def test_alternatives_stay_together() -> None:
    rules = rulebase(rule("a", conditions.Any((OBJECTED, LATE)), evidence={"pricing": 0.5}))
    (unfired,) = why_not(rules, run(rules, case(late=False)), "pricing").rules
    assert [(left.name, left.state) for left in unfired.open] == [("objected or late", "unknown")]


# --- premises in words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("premise", "words"),
    [
        (STEEP, "the price rise was at least 15 percent"),
        (when("rise", "more_than", 14.5), "the price rise was more than 14.5 percent"),
        (when("rise", "is_not", 15), "the price rise was not 15 percent"),
        (OBJECTED, "they objected"),
        (when("objected", "is_not", limit=True), "they did not object"),
        (when("stated", "one_of", ("price", "other")), "the reason given is price or the reason given is other"),
        (All((OBJECTED, LATE)), "they objected and we were late"),
        (
            All((STEEP, conditions.Any((OBJECTED, LATE)))),
            "the price rise was at least 15 percent and (they objected or we were late)",
        ),
    ],
)
def test_premises_in_words(premise: conditions.Condition, words: str) -> None:
    assert premise_in_words(premise, RULES) == words
