"""All engines give what the reference gives: on random rule bases, on shuffled ones, and on all that is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from churn_rules.cases import Case, Observation, remember
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.engines import engine_for
from churn_rules.loading import load, shipped
from churn_rules.reading import read_case
from churn_rules.rulebase import Rule, Rulebase, sort_into_strata
from churn_rules.vocabulary import Side
from tests import agreement
from tests.agreement import Outcome, World

SHIPPED = load()
SITUATIONS = sorted([*shipped("cases").glob("*.yaml"), *(Path(__file__).parent / "situations").glob("*.yaml")])
RULEBASES, CASES, MOST_RULES, CHUNK = 200, 250, 30, 20


# --- random rule bases ------------------------------------------------------------------------------------------------


@pytest.mark.proof
@pytest.mark.one_python
@pytest.mark.parametrize("first", range(0, RULEBASES, CHUNK))
def test_engines_and_oracle_agree(first: int) -> None:
    one = partial(agreement.run, seed=2, cases=CASES, most_rules=MOST_RULES)
    total = sum(map(one, range(first, first + CHUNK)), Outcome())
    assert not total.found, "\n".join(total.found)
    assert total.cases == CHUNK * CASES
    assert min(total.verdicts.values()) * 10 > total.verdicts.total(), "each truth value is well represented"


# --- order says nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(12))
def test_order_of_observations_says_nothing(engine: str, number: int) -> None:
    world, rng = agreement.world_of(5, number, MOST_RULES), Random(number)
    for place in range(20):
        case = agreement.case_of(5, number, place, world)
        expected = diagnose_case(world.rulebase, case, engine)
        got = diagnose_case(world.rulebase, _observations_shuffled(case, rng), engine)
        assert _without_order_of_telling(got) == _without_order_of_telling(expected)


def _observations_shuffled(case: Case, rng: Random) -> Case:
    """Shuffle what is told, but keep what one side tells of one fact: of equals, the last listed counts."""
    told: dict[tuple[str, Side], list[Observation]] = {}
    for observation in case.observations:
        told.setdefault((observation.fact, observation.side), []).append(observation)
    turns = [key for key, group in told.items() for _ in group]
    rng.shuffle(turns)
    return replace(case, observations=tuple(told[key].pop(0) for key in turns))


def _without_order_of_telling(diagnosis: Diagnosis) -> Diagnosis:
    """Sort the disagreements, which are reported in the order in which they were told."""
    return replace(diagnosis, landmines=tuple(sorted(diagnosis.landmines, key=lambda mine: (mine.kind, mine.name))))


@pytest.mark.parametrize("number", range(12))
def test_order_of_rules_says_nothing(engine: str, number: int) -> None:
    world, rng = agreement.world_of(6, number, MOST_RULES), Random(number)
    shuffled = _rules_shuffled(world, rng)
    assert shuffled.strata == world.rulebase.strata
    for place in range(20):
        memory = remember(agreement.case_of(6, number, place, world), world.rulebase.vocabulary)
        expected = engine_for(world.rulebase, engine).run(memory)
        got = engine_for(shuffled, engine).run(memory)
        assert (got.verdicts, got.firings, got.known) == (expected.verdicts, expected.firings, expected.known)


def _rules_shuffled(world: World, rng: Random) -> Rulebase:
    rules = list(world.rulebase.rules.values())
    rng.shuffle(rules)
    by_id: Mapping[str, Rule] = {rule.id: rule for rule in rules}
    strata, _ = sort_into_strata(rules, world.rulebase.findings, world.rulebase.reasons)
    return replace(world.rulebase, rules=by_id, strata=strata, engines={}, digest="shuffled")


# --- what is shipped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule_id", SHIPPED.rules)
def test_examples(rule_id: str, engine: str) -> None:
    rule, decider = SHIPPED.rules[rule_id], engine_for(SHIPPED, engine)
    assert {example.title: decider.decide(rule, example.given) for example in rule.examples} == {
        example.title: example.fires for example in rule.examples
    }


@pytest.mark.parametrize("path", SITUATIONS, ids=lambda path: path.stem)
def test_cases(path: Path, engine: str) -> None:
    memory = remember(read_case(path, SHIPPED), SHIPPED.vocabulary)
    expected = engine_for(SHIPPED, agreement.REFERENCE).run(memory)
    assert agreement.differences(SHIPPED, expected, engine_for(SHIPPED, engine).run(memory)) == ""
