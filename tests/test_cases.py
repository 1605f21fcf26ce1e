"""Every shipped case and every made-up situation comes out as its author expects, on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn_rules.reading import read_case
from churn_rules.replaying import replay_case
from churn_rules.rulebase import Rulebase

ROOT = Path(__file__).resolve().parent.parent
CASES = sorted((ROOT / "cases").glob("*.yaml"))
SITUATIONS = sorted((ROOT / "tests" / "situations").glob("*.yaml"))
every_case = pytest.mark.parametrize("path", CASES + SITUATIONS, ids=lambda path: path.stem)


def test_there_are_cases() -> None:
    assert {"brex-rilf", "duplicator-contract"} <= {path.stem for path in CASES}
    assert SITUATIONS


@every_case
def test_as_expected(path: Path, rulebase: Rulebase, engine: str) -> None:
    replay = replay_case(rulebase, read_case(path, rulebase), engine)
    assert [check for check in replay.checks if not (check.met or check.known_miss)] == []
    assert any(check.met for check in replay.checks)


@every_case
def test_a_case_tells_its_source_and_expects_its_roots(path: Path, rulebase: Rulebase) -> None:
    case = read_case(path, rulebase)
    assert case.source
    assert case.expect is not None
    assert bool(case.expect.roots) != bool(case.expect.acceptable_roots), "one root set, or all that readers accept"
    assert set(case.expect.fired) <= set(rulebase.rules)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_really_happened_has_a_date_a_scope_and_an_outcome(path: Path, rulebase: Rulebase) -> None:
    case = read_case(path, rulebase)
    assert case.outcome is not None
    assert case.lost is not None
    assert case.expect is not None
    assert case.expect.acceptable_scopes or (case.expect.scope and case.expect.decision)


@every_case
def test_every_step_of_the_replay_can_be_accounted_for(path: Path, rulebase: Rulebase) -> None:
    """Adding up the steps gives the end: certainties join, and no rule fires twice without having stopped."""
    replay = replay_case(rulebase, read_case(path, rulebase), "reference")
    certainty = dict.fromkeys(rulebase.reasons, 0.0)
    firing: set[str] = set()
    for step in replay.steps:
        assert not firing & set(step.fired)
        firing = (firing | set(step.fired)) - set(step.no_longer_fires)
        for change in step.changes:
            assert certainty[change.reason] == change.certainty[0]
            certainty[change.reason] = change.certainty[1]
    assert certainty == {report.reason: report.certainty for report in replay.diagnosis.reasons}
    assert {item.rule for report in replay.diagnosis.reasons for item in report.evidence} <= firing
