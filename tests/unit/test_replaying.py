from __future__ import annotations

from dataclasses import replace

import pytest

from churn_rules.cases import Case, Expectation, Outcome, Requirement
from churn_rules.replaying import Replay, replay_all, replay_case
from churn_rules.vocabulary import parse_date
from tests.unit.small import case, diagnosed, rule, rulebase, saw, when

RULES = rulebase(
    rule("a-objected", when("objected", "is", limit=True), evidence={"pricing": 0.3}),
    rule("b-steep", when("rise", "at_least", 15), evidence={"pricing": 0.6}),
    rule("c-mild", when("rise", "less_than", 15), evidence={"pricing": -0.3}),
    rule("d-mend", when("can_mend", "is", limit=True), when("pricing.role", "is", "root"), decision="pursue"),
)
TOLD = Case(
    id="told",
    title="A case",
    source="a source",
    lost=parse_date(2010),
    observations=(
        saw("can_mend", value=True, on=2012),
        saw("rise", 30, "customer", 2010, "by their account"),
        saw("objected", value=True, side="us"),
        saw("rise", 10, "customer", 2009),
    ),
)


def replayed(engine: str, **expected: object) -> Replay:
    expect = Expectation(**expected) if expected else None  # type: ignore[arg-type]  # its fields by name
    return replay_case(RULES, replace(TOLD, expect=expect), engine)


# --- steps ------------------------------------------------------------------------------------------------------------


def test_steps_follow_the_calendar_from_what_bears_no_date(engine: str) -> None:
    assert [step.date for step in replayed(engine).steps] == [None, "2009", "2010", "2012"]


def test_what_was_learned(engine: str) -> None:
    steps = replayed(engine).steps
    assert [[(learned.side, learned.says, learned.note) for learned in step.learned] for step in steps] == [
        [("us", "they objected", "")],
        [("customer", "the price rise was 10 percent", "")],
        [("customer", "the price rise was 30 percent", "by their account")],
        [("record", "we can mend it", "")],
    ]


def test_what_fired_and_what_no_longer_does(engine: str) -> None:
    steps = replayed(engine).steps
    assert [step.fired for step in steps] == [("a-objected",), ("c-mild",), ("b-steep",), ("d-mend",)]
    assert [step.no_longer_fires for step in steps] == [(), (), ("c-mild",), ()]


def test_what_each_step_changed(engine: str) -> None:
    changes = [
        [(change.certainty, change.status, change.role) for change in step.changes] for step in replayed(engine).steps
    ]
    assert changes == [
        [((0.0, 0.3), ("unsupported", "possible"), (None, None))],
        [((0.3, 0.0), ("possible", "unsupported"), (None, None))],
        [((0.0, 0.72), ("unsupported", "established"), (None, "root"))],
        [],
    ]


def test_roots_and_decision_by_then(engine: str) -> None:
    steps = replayed(engine).steps
    assert [step.roots for step in steps] == [(), (), ("pricing",), ("pricing",)]
    assert [step.decision for step in steps] == ["undecided", "undecided", "undecided", "pursue"]


def test_the_end_is_the_diagnosis(engine: str) -> None:
    assert replayed(engine).diagnosis == diagnosed(RULES, TOLD, engine)


def test_a_date_on_which_only_a_requirement_was_told_is_a_step(engine: str) -> None:
    told = replace(TOLD, requirements=(Requirement("a lower price", date=parse_date("2011-05")),))
    assert [step.date for step in replay_case(RULES, told, engine).steps][3] in ("2011-05", "2011-05-31")


def test_an_empty_case_has_no_steps(engine: str) -> None:
    empty = replay_case(RULES, case(), engine)
    assert (empty.steps, empty.checks, empty.met, empty.lost, empty.outcome) == ((), (), True, None, None)


# --- expectations -----------------------------------------------------------------------------------------------------


def test_without_expectations_there_is_nothing_to_meet(engine: str) -> None:
    assert replayed(engine).checks == ()
    assert replayed(engine).met


def test_what_is_expected_and_met(engine: str) -> None:
    replay = replayed(
        engine,
        roots=("pricing",),
        chain=("pricing",),
        scope="systemic",
        responsible=("supplier",),
        decision="pursue",
        fired=("b-steep",),
    )
    assert replay.met
    assert [check.what for check in replay.checks] == ["roots", "chain", "scope", "responsible", "decision", "fired"]


@pytest.mark.parametrize(
    ("what", "expected", "shown", "actual"),
    [
        ("roots", ("delivery",), "delivery", "pricing"),
        ("roots", (), "none", "pricing"),
        ("chain", ("pricing", "trust"), "pricing, trust", "pricing"),
        ("scope", "specific", "specific", "systemic"),
        ("responsible", ("customer",), "customer", "supplier"),
        ("decision", "let_go", "let_go", "pursue"),
        ("fired", ("c-mild",), "c-mild", "not fired"),
        ("requirements", "all_met", "all_met", "open"),
    ],
)
def test_what_is_expected_and_not_met(what: str, expected: object, shown: str, actual: str, engine: str) -> None:
    replay = replayed(engine, **{what: expected})
    (check,) = replay.checks
    assert (check.what, check.expected, check.actual, check.met) == (what, shown, actual, False)
    assert not replay.met


def test_one_unmet_case_is_enough(engine: str) -> None:
    wrong = replace(TOLD, expect=Expectation(decision="let_go"))
    assert replay_all(RULES, [TOLD, TOLD], engine).met
    found = replay_all(RULES, [TOLD, wrong], engine)
    assert not found.met
    assert [replay.met for replay in found.replays] == [True, False]


def test_the_outcome_is_reported_and_read_by_no_rule(engine: str) -> None:
    told = replace(TOLD, outcome=Outcome("won_back", parse_date(2013), "they came back"))
    replay = replay_case(RULES, told, engine)
    assert replay.outcome is not None
    assert (replay.outcome.result, replay.outcome.date, replay.outcome.note) == ("won_back", "2013", "they came back")
    assert replay.diagnosis == replayed(engine).diagnosis
