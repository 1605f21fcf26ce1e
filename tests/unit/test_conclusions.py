"""What is concluded between strata, asked of every engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from churn_rules.cases import Case, Requirement
from churn_rules.conclusions import status_at
from churn_rules.diagnosis import Diagnosis
from churn_rules.rulebase import Rule
from churn_rules.vocabulary import Truth
from tests.unit.small import LINKS, REASONS, THRESHOLDS, case, diagnosed, link, reason, rule, rulebase, run, when

OBJECTED, LATE, RUDE = (when(fact, "is", limit=True) for fact in ("objected", "late", "rude"))
ALWAYS = when("rude", "is_not", limit=True)  # true of every case below that says they were civil


def clue(name: str, certainty: float) -> Rule:
    return rule(f"clue-{name}", ALWAYS, evidence={name: certainty})


def found(*rules: Rule, engine: str, links: tuple[object, ...] = LINKS, of: Case | None = None) -> Diagnosis:
    rules_with_links = rulebase(*rules, links=links)  # type: ignore[arg-type]  # links all
    return diagnosed(rules_with_links, of or case(rude=False), engine)


def roles(diagnosis: Diagnosis) -> dict[str, str]:
    return {report.reason: report.role for report in diagnosis.reasons if report.role}


# --- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objected", "late", "steep"),
    [
        (True, False, True),
        (True, None, True),
        (False, False, False),
        (False, None, None),
        (None, None, None),
    ],
)
def test_a_finding_is_false_only_where_all_its_rules_are(
    objected: object, late: object, steep: object, engine: str
) -> None:
    rules = rulebase(rule("a", OBJECTED, finding="steep"), rule("b", LATE, finding="steep"))
    facts = {name: value for name, value in (("objected", objected), ("late", late)) if value is not None}
    assert run(rules, case(**facts), engine).known.get("steep") is steep


# --- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certainty", "status"),
    [
        (0.99, "established"),
        (0.5, "established"),
        (0.499999999, "possible"),
        (0.2, "possible"),
        (0.199999999, "unsupported"),
        (0.0, "unsupported"),
        (-0.499999999, "unsupported"),
        (-0.5, "ruled_out"),
        (-0.99, "ruled_out"),
    ],
)
def test_status_at_the_limits(certainty: float, status: str, engine: str) -> None:
    assert status_at(certainty, THRESHOLDS) == status
    assert found(clue("pricing", certainty), engine=engine).reason("pricing").status == status


def test_only_what_fired_counts(engine: str) -> None:
    rules = (clue("pricing", 0.3), rule("b", OBJECTED, evidence={"pricing": 0.9}))
    assert found(*rules, engine=engine).reason("pricing").certainty == 0.3


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stronger", "weaker", "role"),
    [
        (0.75, 0.6, "root"),  # exactly the margin
        (0.85, 0.7, "root"),
        (0.7, 0.55, "root"),
        (0.65, 0.5, "root"),
        (0.75, 0.599999999, "contributing"),
        (0.9, 0.5, "contributing"),
    ],
)
def test_root_margin(stronger: float, weaker: float, role: str, engine: str) -> None:
    diagnosis = found(clue("delivery", stronger), clue("pricing", weaker), engine=engine)
    assert roles(diagnosis) == {"delivery": "root", "pricing": role}
    assert diagnosis.roots == (("delivery", "pricing") if role == "root" else ("delivery",))


def test_roots_as_strong_as_each_other_stand_as_in_the_rule_base(engine: str) -> None:
    assert found(clue("delivery", 0.6), clue("pricing", 0.6), engine=engine).roots == ("pricing", "delivery")


def test_a_consequence_of_a_consequence(engine: str) -> None:
    diagnosis = found(clue("pricing", 0.6), clue("trust", 0.9), clue("contract", 0.95), engine=engine)
    assert roles(diagnosis) == {"pricing": "root", "trust": "consequence", "contract": "consequence"}
    assert diagnosis.chain == ("pricing", "trust", "contract")
    assert diagnosis.reason("trust").leads_to == ("contract",)


def test_what_is_only_possible_leads_to_nothing(engine: str) -> None:
    assert roles(found(clue("pricing", 0.4), clue("trust", 0.6), engine=engine)) == {"trust": "root"}


def test_a_chain_does_not_reach_over_a_reason_that_is_not_established(engine: str) -> None:
    diagnosis = found(clue("pricing", 0.6), clue("contract", 0.6), engine=engine)
    assert roles(diagnosis) == {"pricing": "root", "contract": "root"}


def test_a_rule_switches_a_link_off(engine: str) -> None:
    off = rule("off", ALWAYS, links=(link("pricing", "trust", always=False),))
    diagnosis = found(clue("pricing", 0.6), clue("trust", 0.6), off, engine=engine)
    assert roles(diagnosis) == {"pricing": "root", "trust": "root"}


@pytest.mark.parametrize(("shown", "role"), [(True, "consequence"), (False, "root")])
def test_a_rule_switches_a_link_on(shown: object, role: str, engine: str) -> None:
    weak = (link("pricing", "delivery", always=False),)
    switch = rule("switch", OBJECTED, links=(link("pricing", "delivery"),))
    of = case(rude=False, objected=shown)
    diagnosis = found(clue("pricing", 0.6), clue("delivery", 0.6), switch, engine=engine, links=weak, of=of)
    assert diagnosis.reason("delivery").role == role


def test_of_two_switches_off_wins(engine: str) -> None:
    switches = [rule(name, ALWAYS, links=(link("pricing", "trust", always=name == "on"),)) for name in ("off", "on")]
    diagnosis = found(clue("pricing", 0.6), clue("trust", 0.6), *switches, engine=engine)
    assert diagnosis.reason("trust").role == "root"


def test_nothing_established(engine: str) -> None:
    diagnosis = found(clue("pricing", 0.4), engine=engine)
    assert (diagnosis.roots, diagnosis.chain, diagnosis.scope, diagnosis.responsible) == ((), (), "undetermined", ())


# --- scope and who answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "merged"),
    [
        (("systemic",), "systemic"),
        (("systemic", "systemic"), "systemic"),
        (("systemic", "specific"), "mixed"),
        (("undetermined", "specific"), "specific"),
        (("undetermined",), "undetermined"),
        (("mixed", "specific"), "mixed"),
        (("external", "systemic"), "mixed"),
    ],
)
def test_rules_override_the_scope_of_a_reason(scopes: tuple[str, ...], merged: str, engine: str) -> None:
    rules = [rule(f"scope-{n}", ALWAYS, scope={"pricing": scope}) for n, scope in enumerate(scopes)]
    diagnosis = found(clue("pricing", 0.6), *rules, engine=engine)
    assert diagnosis.reason("pricing").scope == merged
    assert diagnosis.scope == merged


@pytest.mark.parametrize(
    ("established", "scope"),
    [
        (("pricing",), "systemic"),
        (("delivery",), "specific"),
        (("pricing", "delivery"), "mixed"),
        (("pricing", "contract"), "systemic"),  # undetermined is ignored
        (("contract",), "undetermined"),
    ],
)
def test_the_case_takes_the_scope_of_its_roots(established: tuple[str, ...], scope: str, engine: str) -> None:
    assert found(*(clue(name, 0.6) for name in established), engine=engine).scope == scope


@pytest.mark.parametrize(
    ("behind", "scope"),
    [((), "undetermined"), (("pricing",), "systemic"), (("delivery",), "specific"), (("pricing", "delivery"), "mixed")],
)
def test_broken_trust_takes_the_scope_of_the_roots_behind_it(behind: tuple[str, ...], scope: str, engine: str) -> None:
    diagnosis = found(clue("trust", 0.6), *(clue(name, 0.6) for name in behind), engine=engine)
    assert diagnosis.reason("trust").scope == scope


def test_the_scope_comes_from_the_root_however_far_back(engine: str) -> None:
    end = (*REASONS[:3], replace(REASONS[3], scope="upstream"))
    rules = rulebase(clue("pricing", 0.6), clue("trust", 0.6), clue("contract", 0.6), reasons=end)
    assert diagnosed(rules, case(rude=False), engine).reason("contract").scope == "systemic"


def test_a_rule_overrides_upstream_too(engine: str) -> None:
    rules = (clue("pricing", 0.6), clue("trust", 0.6), rule("scope", ALWAYS, scope={"trust": "specific"}))
    assert found(*rules, engine=engine).reason("trust").scope == "specific"


@pytest.mark.parametrize(
    ("told", "answers"),
    [
        ((), "supplier"),
        (("customer",), "customer"),
        (("customer", "customer"), "customer"),
        (("customer", "environment"), "both"),
    ],
)
def test_who_answers(told: tuple[str, ...], answers: str, engine: str) -> None:
    rules = [rule(f"who-{n}", ALWAYS, responsible={"pricing": side}) for n, side in enumerate(told)]
    diagnosis = found(clue("pricing", 0.6), *rules, engine=engine)
    assert diagnosis.responsible == (answers,)


# --- accommodations, requirements and the verdict ---------------------------------------------------------------------

OFFER = rule("offer", ALWAYS, offer={"price_cut": "pricing", "apology": "pricing"})
WITHHOLD = rule("withhold", OBJECTED, withhold=("apology",))


def test_withheld_wins(engine: str) -> None:
    diagnosis = found(OFFER, WITHHOLD, engine=engine, of=case(rude=False, objected=True))
    assert [offer.accommodation for offer in diagnosis.accommodations] == ["price_cut"]
    assert [(held.accommodation, held.rules) for held in diagnosis.withheld] == [("apology", ("withhold",))]


@pytest.mark.parametrize(
    ("met_by", "able", "willing", "status"),
    [
        (("price_cut",), True, True, "met"),
        (("price_cut",), None, True, "open"),
        (("price_cut",), True, None, "open"),
        (("price_cut",), False, True, "refused"),
        (("price_cut",), True, False, "refused"),
        (("price_cut", "apology"), True, True, "refused"),  # the apology is withheld
        (("price_cut", "fast_lane"), True, True, "partly_met"),
        (("fast_lane",), True, True, "open"),
        ((), True, True, "open"),
    ],
)
def test_requirements(met_by: tuple[str, ...], able: Truth, willing: Truth, status: str, engine: str) -> None:
    wants = Requirement("something", met_by, able=able, willing=willing)
    of = replace(case(rude=False, objected=True), requirements=(wants,))
    (report,) = found(OFFER, WITHHOLD, engine=engine, of=of).requirements
    assert report.status == status


@pytest.mark.parametrize(
    ("refused", "all_met", "any_refused"), [(None, True, False), ("must", False, True), ("should", False, False)]
)
def test_only_a_must_that_is_refused_counts_as_refused(
    refused: str | None, all_met: object, any_refused: object, engine: str
) -> None:
    wants = [Requirement("a", ("price_cut",), able=True, willing=True)]
    wants += [Requirement("b", (), refused, willing=False)] if refused else []
    known = run(rulebase(OFFER), replace(case(rude=False), requirements=tuple(wants)), engine).known
    assert (known["requirements.all_met"], known["requirements.any_refused"]) == (all_met, any_refused)


def test_of_no_requirements_nothing_is_known(engine: str) -> None:
    known = run(rulebase(OFFER), case(rude=False), engine).known
    assert "requirements.all_met" not in known


def test_rules_that_disagree_leave_it_undecided(engine: str) -> None:
    rules = [rule(name, ALWAYS, decision=name) for name in ("pursue", "let_go")]
    decision = found(*rules, engine=engine).decision
    assert (decision.verdict, decision.because) == ("undecided", ("let_go", "pursue"))


def test_rules_that_agree_decide_together(engine: str) -> None:
    rules = [rule(name, ALWAYS, decision="let_go") for name in ("b", "a")]
    decision = found(*rules, engine=engine).decision
    assert (decision.verdict, decision.because) == ("let_go", ("a", "b"))


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [(100, "pays"), (10, "does_not_pay"), ({"from": 10, "to": 100}, "depends"), (None, "not_worked_out")],
)
def test_a_verdict_may_rest_on_cost_and_benefit(margin: object, verdict: str, engine: str) -> None:
    facts = {"rude": False, "years_expected": 1, "idle_capacity_margin": 0, "attempt_cost": 50, "precedent_exposure": 0}
    reads = rule("reads", when("economics.verdict", "is", verdict), decision="let_go")
    of = case(**facts, **({} if margin is None else {"yearly_margin": margin}))
    assert found(reads, engine=engine, of=of).decision.verdict == "let_go"


def test_the_break_even_chance_is_a_number_that_rules_may_read(engine: str) -> None:
    facts = {"years_expected": 1, "idle_capacity_margin": 0, "attempt_cost": 25, "precedent_exposure": 0}
    reads = rule("reads", when("economics.break_even_chance", "at_most", 0.25), decision="pursue")
    decision = found(reads, engine=engine, of=case(**facts, yearly_margin=100)).decision
    assert (decision.verdict, decision.break_even_chance) == ("pursue", 0.25)


def test_salience_orders_the_telling_and_changes_no_answer(engine: str) -> None:
    first = (rule("a", ALWAYS, evidence={"pricing": 0.5}), rule("b", ALWAYS, evidence={"pricing": 0.2}))
    turned = (replace(first[0], salience=-5), replace(first[1], salience=5))
    assert [firing.rule for firing in run(rulebase(*first), case(rude=False), engine).firings] == ["a", "b"]
    assert [firing.rule for firing in run(rulebase(*turned), case(rude=False), engine).firings] == ["b", "a"]
    assert found(*first, engine=engine) == found(*turned, engine=engine)


def test_reason_without_rules_is_unsupported(engine: str) -> None:
    rules = rulebase(reasons=(*REASONS, reason("weather", "external", "environment")))
    report = diagnosed(rules, case(), engine).reason("weather")
    assert (report.certainty, report.status, report.role, report.scope) == (0, "unsupported", None, "external")
