"""Interviews of random people and about the shipped cases: what is not asked could not have changed a thing.

A hundred people, fifty for each aim, and every shipped case for both; `python -m tests.interviews` asks thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest

from churn_rules.loading import shipped
from churn_rules.rulebase import Rulebase
from tests.interviews import AIMS, Person, checked, random_person, shipped_people

pytestmark = pytest.mark.one_python

CHUNKS = 10
PEOPLE = 5  # of each chunk, for each aim
CASES = sorted(path.stem for path in shipped("cases").glob("*.yaml"))


@pytest.mark.proof
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("aim", AIMS)
def test_random_people_are_asked_enough(aim: str, chunk: int, rulebase: Rulebase) -> None:
    first = (chunk + CHUNKS * list(AIMS).index(aim)) * PEOPLE
    for number in range(first, first + PEOPLE):
        session = checked(random_person(Random(f"7/{number}"), rulebase), rulebase, AIMS[aim])
        assert session.faults == (), f"python -m tests.interviews --seed 7 --session {number}"
        assert session.questions > 0


@pytest.fixture(scope="module")
def people(rulebase: Rulebase) -> Mapping[str, Person]:
    return shipped_people(rulebase)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("aim", AIMS)
def test_whoever_knows_a_shipped_case_is_asked_enough(
    aim: str, case: str, rulebase: Rulebase, people: Mapping[str, Person]
) -> None:
    assert checked(people[case], rulebase, AIMS[aim]).faults == ()
