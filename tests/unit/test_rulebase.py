from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_rules.errors import UnknownNameError
from churn_rules.rulebase import Rule, Topic, drawn_by, sort_into_strata, topic_of
from tests.unit.small import link, rule, rulebase, thoroughly, when

FINDINGS, REASONS = ("steep", "pushed", "worth_it"), ("pricing", "delivery", "trust", "contract")


def strata(rules: Iterable[Rule]) -> list[tuple[list[str], list[str]]]:
    found, cycle = sort_into_strata(rules, FINDINGS, REASONS)
    assert cycle == ()
    return [
        ([item.id for item in level.rules], [" ".join(filter(None, topic)) for topic in level.topics])
        for level in found
    ]


def cycle_of(*rules: Rule) -> set[str]:
    found, cycle = sort_into_strata(rules, FINDINGS, REASONS)
    assert found == ()
    return set(cycle)


STEEP = rule("a-steep", when("rise", "at_least", 15), finding="steep")
PUSHED = rule("b-pushed", when("steep", "is", limit=True), finding="pushed")
PRICED = rule("c-priced", when("pushed", "is", limit=True), evidence={"pricing": 0.7})
ROOTED = rule("d-rooted", when("pricing.role", "is", "root"), scope={"pricing": "specific"})
SCOPED = rule("e-scoped", when("case.scope", "is", "specific"), offer={"price_cut": "pricing"})
PAYS = rule("f-pays", when("economics.verdict", "is", "pays"), decision="pursue")
ALL = (STEEP, PUSHED, PRICED, ROOTED, SCOPED, PAYS)


def place(rules: Iterable[Rule], what: str) -> int:
    """Return the stratum in which a rule is decided, or a topic concluded."""
    return next(place for place, (ids, topics) in enumerate(strata(rules)) if what in (*ids, *topics))


def test_each_rule_waits_for_what_it_reads() -> None:
    order = [place(ALL, item.id) for item in ALL]
    assert order == sorted(set(order))


def test_a_finding_of_no_rule_keeps_nobody_waiting() -> None:
    assert "worth_it" in " ".join(topic for _, topics in strata(ALL)[:1] for topic in topics)


def test_rules_that_wait_for_nothing_share_the_first_stratum_with_rules() -> None:
    rules = [rule(name, when("late", "is", limit=True), evidence={"delivery": 0.5}) for name in ("c", "a", "b")]
    assert next(ids for ids, _ in strata(rules) if ids) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("reason pricing", "roles"),
        ("links", "roles"),
        ("roles", "scopes"),
        ("accommodations", "requirements"),
        ("accommodations", "economics"),
        ("scopes", "decision"),
        ("requirements", "decision"),
        ("economics", "decision"),
    ],
)
def test_what_is_concluded_from_conclusions_comes_after_them(earlier: str, later: str) -> None:
    topics = [topic for _, level in strata(ALL) for topic in level]
    assert topics.index(earlier) < topics.index(later)


def test_a_rule_may_read_the_status_of_another_reason_but_waits_for_it() -> None:
    reader = rule("reader", when("delivery.status", "is", "ruled_out"), evidence={"pricing": 0.3})
    about = rule("zz-about", when("late", "is", limit=False), evidence={"delivery": -0.7})
    assert place([reader, about], "zz-about") < place([reader, about], "reader")
    assert place([reader, about], "reader") <= place([reader, about], "reason pricing")


@thoroughly
@given(st.permutations(ALL))
def test_the_order_in_which_rules_are_listed_changes_nothing(rules: list[Rule]) -> None:
    assert strata(rules) == strata(ALL)


def test_a_warning_is_no_topic_that_anything_could_wait_for() -> None:
    warns = rule("warns", when("pushed", "is", limit=True), warning="Mind the step.")
    assert place([*ALL, warns], "warns") == place(ALL, "c-priced")
    assert strata([*ALL, warns])[-1] == strata(ALL)[-1]


# --- cycles -----------------------------------------------------------------------------------------------------------


def test_a_rule_that_reads_what_it_concludes_is_a_cycle() -> None:
    assert cycle_of(rule("own-tail", when("steep", "is", limit=True), finding="steep")) == {"own-tail"}


def test_a_cycle_names_its_rules_and_no_others() -> None:
    back = rule("back", when("pushed", "is", limit=True), finding="steep")
    assert cycle_of(PUSHED, back, PRICED, ROOTED) == {"b-pushed", "back"}


def test_a_role_cannot_decide_the_status_that_it_waits_for() -> None:
    assert cycle_of(rule("early", when("pricing.role", "is", "root"), evidence={"delivery": 0.5})) == {"early"}


def test_what_is_offered_cannot_rest_on_what_it_costs() -> None:
    offer = rule("greedy", when("economics.verdict", "is", "pays"), offer={"price_cut": "pricing"})
    assert cycle_of(offer) == {"greedy"}


def test_printed_it_counts_what_it_holds() -> None:
    shown = repr(rulebase(*ALL))
    assert shown.startswith(f"Rulebase(rules={len(ALL)}, reasons=")
    assert "language='en'" in shown
    assert len(shown) < 120


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("rise", None),
        ("stated.us", None),
        ("stated.disputed", None),
        ("steep", Topic("finding", "steep")),
        ("pricing.status", Topic("reason", "pricing")),
        ("pricing.certainty", Topic("reason", "pricing")),
        ("pricing.role", Topic("roles")),
        ("pricing.scope", Topic("scopes")),
        ("pricing.responsible", Topic("scopes")),
        ("case.scope", Topic("scopes")),
        ("accommodation.price_cut", Topic("accommodations")),
        ("requirements.all_met", Topic("requirements")),
        ("economics.verdict", Topic("economics")),
    ],
)
def test_what_settles_a_name(name: str, topic: Topic | None) -> None:
    assert topic_of(name, FINDINGS, REASONS) == topic


def test_all_that_a_rule_draws() -> None:
    both = rule(
        "both",
        evidence={"pricing": 0.5, "delivery": -0.2},
        links=(link("pricing", "trust", always=False),),
        offer={"price_cut": "pricing"},
        withhold=("apology",),
        warning="Mind the step.",
        decision="pursue",
    )
    assert list(drawn_by(both.then)) == [
        (Topic("evidence", "pricing"), 0.5),
        (Topic("evidence", "delivery"), -0.2),
        (Topic("link", "pricing trust"), False),
        (Topic("offer", "price_cut"), "pricing"),
        (Topic("withhold", "apology"), None),
        (Topic("warning"), "Mind the step."),
        (Topic("decision"), "pursue"),
    ]


def test_every_name_that_a_premise_may_use_has_a_term() -> None:
    terms = rulebase().terms
    assert all(terms[name].id == name for name in terms)
    for name in ("rise", "rise.us", "rise.disputed", "steep", "pricing.role", "accommodation.apology", "case.scope"):
        assert name in terms
    assert (terms["rise.us"].unit, terms["rise.us"].high) == ("percent", 1000)
    assert "case.decision" not in terms or terms["case.decision"].type == "choice"


def test_conclusions_are_drawn_in_the_order_of_rule_ids() -> None:
    rules = [rule(name, evidence={"pricing": 0.1}) for name in ("b", "c", "a")]
    drawn = rulebase(*rules).drawn[Topic("evidence", "pricing")]
    assert [item.rule for item in drawn] == ["a", "b", "c"]


def test_anything_is_found_by_its_name() -> None:
    rules = rulebase(STEEP)
    for name in ("a-steep", "pricing", "rise", "steep", "price_cut"):
        assert rules.named(name).id == name
    with pytest.raises(UnknownNameError, match="did you mean `pricing`"):
        rules.named("pricng")


def test_facts_by_topic() -> None:
    rules = rulebase()
    assert {fact.topic for fact in rules.facts_about("price")} == {"price"}
    assert len(rules.facts_about()) == len(rules.vocabulary)
    with pytest.raises(UnknownNameError, match="did you mean `price`"):
        rules.facts_about("prise")
