"""The knowledge itself: pairs told apart by one fact, no case hanging on a single word, no clue counted twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

import churn_rules
from churn_rules.cases import Case, Expectation, Observation
from churn_rules.conditions import holds
from churn_rules.conditions import tests as comparisons_of  # under its own name pytest would collect it
from churn_rules.economics import INPUTS
from churn_rules.replaying import replay_case
from churn_rules.rulebase import Rule

ROOT = Path(__file__).resolve().parent.parent
CASES = sorted((ROOT / "cases").glob("*.yaml"))
PAIRS = sorted({path.stem[:-2] for path in (ROOT / "tests" / "situations").glob("pair-*.yaml")})
MOST_FACTS = 95
READ_BY_THE_PLAN = {"came_back", "came_back_on", "leaves_on"}  # stage and dates of a plan, not its rules


def _roots(case: Case, rulebase: churn_rules.Rulebase) -> tuple[str, ...]:
    return churn_rules.diagnose(case, rulebase=rulebase, engine="reference", missing=False).roots


# --- the pairs that are easily confused -------------------------------------------------------------------------------


def test_there_are_pairs() -> None:
    assert len(PAIRS) >= 11


@pytest.mark.parametrize("pair", PAIRS)
def test_one_fact_tells_a_pair_apart(pair: str, rulebase: churn_rules.Rulebase) -> None:
    first, second = (
        churn_rules.load_case(ROOT / "tests" / "situations" / f"{pair}-{place}.yaml", rulebase) for place in (1, 2)
    )
    assert first.expect
    assert second.expect
    for case in (first, second):
        assert case.expect
        assert _roots(case, rulebase) == case.expect.roots
    assert first.expect.roots != second.expect.roots
    told = [{replace(item, note="") for item in case.observations} for case in (first, second)]
    only = [next(iter(told[0] - told[1])), next(iter(told[1] - told[0]))]
    assert len(told[0] ^ told[1]) == 2
    assert only[0].fact == only[1].fact


# --- no single fact decides -------------------------------------------------------------------------------------------


def _without(case: Case, observation: Observation) -> Case:
    return replace(case, observations=tuple(item for item in case.observations if item is not observation))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_single_word_decides_a_case(path: Path, rulebase: churn_rules.Rulebase) -> None:
    case = churn_rules.load_case(path, rulebase)
    roots = _roots(case, rulebase)
    decisive = {item.fact for item in case.observations if _roots(_without(case, item), rulebase) != roots}
    assert decisive == set(case.hinges_on)


# --- a miss that is known ---------------------------------------------------------------------------------------------


def _expecting(rulebase: churn_rules.Rulebase, roots: tuple[str, ...], known_miss: str) -> Case:
    case = churn_rules.load_case(ROOT / "cases" / "heinz-tesco.yaml", rulebase)
    return replace(case, expect=Expectation(roots=roots, known_miss=known_miss))


def test_a_known_miss_is_no_failure(rulebase: churn_rules.Rulebase) -> None:
    replay = replay_case(rulebase, _expecting(rulebase, ("delivery",), "the account is too short"))
    assert replay.met
    assert [check.known_miss for check in replay.checks if not check.met] == ["the account is too short"]


def test_a_known_miss_that_is_met_is_a_failure(rulebase: churn_rules.Rulebase) -> None:
    replay = replay_case(rulebase, _expecting(rulebase, ("pricing",), "the account is too short"))
    assert not replay.met
    assert [check.what for check in replay.checks if not check.met] == ["known miss"]


def test_a_miss_that_nobody_explains_is_a_failure(rulebase: churn_rules.Rulebase) -> None:
    assert not replay_case(rulebase, _expecting(rulebase, ("delivery",), "")).met


# --- the rules among themselves ---------------------------------------------------------------------------------------


def _clues(rulebase: churn_rules.Rulebase) -> dict[tuple[str, frozenset[str]], list[tuple[float, Rule]]]:
    """Return the rules with evidence about a reason, by the reason and the facts that they rest on."""
    found: dict[tuple[str, frozenset[str]], list[tuple[float, Rule]]] = {}
    for rule in rulebase.rules.values():
        rests_on = frozenset(test.name for test in comparisons_of(rule.premise))
        for reason, certainty in rule.then.evidence:
            found.setdefault((reason, rests_on), []).append((certainty, rule))
    return found


def test_no_clue_counts_twice(rulebase: churn_rules.Rulebase) -> None:
    """Two rules on the same facts must exclude each other: no example of one may fire the other."""
    for (reason, _), rules in _clues(rulebase).items():
        for (first, one), (second, other) in combinations(rules, 2):
            if first * second > 0:
                both = [
                    example
                    for example in (*one.examples, *other.examples)
                    if holds(one.premise, example.given) and holds(other.premise, example.given)
                ]
                assert not both, f"{one.id} and {other.id} count the same for {reason}"


def test_no_weak_clue_establishes_a_reason(rulebase: churn_rules.Rulebase) -> None:
    """What somebody merely says was the reason can never establish it."""
    for (reason, rests_on), rules in _clues(rulebase).items():
        for certainty, rule in rules:
            if all(name.startswith(("stated_reason", "second_reason", "dispute_about")) for name in rests_on):
                assert certainty < rulebase.thresholds.established, f"{rule.id} establishes {reason}"


def test_every_fact_is_read(rulebase: churn_rules.Rulebase) -> None:
    read = {test.name.partition(".")[0] for rule in rulebase.rules.values() for test in comparisons_of(rule.premise)}
    grown = read | set(INPUTS) | READ_BY_THE_PLAN
    while True:
        sources = {
            source
            for name in grown
            if (fact := rulebase.vocabulary.get(name)) and fact.derive
            for source in fact.derive.sources
        }
        if sources <= grown:
            break
        grown |= sources
    assert set(rulebase.vocabulary) <= grown
    assert len(set(rulebase.vocabulary) - READ_BY_THE_PLAN - {"decision_shared"}) < MOST_FACTS


def test_what_others_caused_is_never_systemic(rulebase: churn_rules.Rulebase) -> None:
    for rule in rulebase.rules.values():
        for reason, scope in rule.then.scope:
            responsible = rulebase.reasons[reason].responsible
            assert (responsible, scope) not in {("customer", "systemic"), ("environment", "systemic")}, rule.id
