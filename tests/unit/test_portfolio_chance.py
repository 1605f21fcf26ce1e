"""Clusters are told from chance: the test is exact, false ones stay below the rate, and a planted one is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import comb

import pytest

from churn_rules.portfolio.chance import discovery_rates, tail
from churn_rules.portfolio.clusters import Counted
from churn_rules.portfolio.clusters import tested_together as all_tested
from churn_rules.portfolio.values import Cluster

REASONS = ("pricing", "delivery", "quality", "neglect", "support", "billing")
RATE = 0.05


def exactly(seen: int, group: int, marked: int, everybody: int) -> Fraction:
    most = min(group, marked)
    ways = sum(comb(marked, x) * comb(everybody - marked, group - x) for x in range(seen, most + 1))
    return Fraction(ways, comb(everybody, group))


@pytest.mark.parametrize("seed", range(4))
def test_the_tail_is_exact(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(150):
        everybody = dice.randint(1, 900)
        marked, group = dice.randint(0, everybody), dice.randint(0, everybody)
        lowest, highest = max(0, group + marked - everybody), min(group, marked)
        seen = dice.randint(lowest, highest)
        assert tail(seen, group, marked, everybody) == pytest.approx(
            float(exactly(seen, group, marked, everybody)), 1e-9
        )


def test_what_must_be_has_the_chance_one_and_what_cannot_be_none() -> None:
    assert tail(0, 5, 3, 20) == 1.0
    assert tail(15, 18, 17, 20) == tail(14, 18, 17, 20) == 1.0  # at least 15 of them have to be there
    assert tail(4, 5, 3, 20) == 0.0


@pytest.mark.parametrize(
    ("seen", "group", "marked", "everybody", "known"),
    [  # held against scipy.stats.hypergeom.sf of SciPy 1.17 in an environment of its own
        (20300, 200000, 100000, 1000000, 0.006344609658961601),
        (1100, 10000, 1000000, 10000000, 0.0005268056543481452),
    ],
)
def test_millions_of_accounts(seen: int, group: int, marked: int, everybody: int, known: float) -> None:
    assert tail(seen, group, marked, everybody) == pytest.approx(known, rel=1e-6)


def test_discovery_rates_are_those_of_benjamini_and_yekutieli() -> None:
    chances = [0.04, 0.001, 0.9, 0.001, 0.012]
    penalty = 5 * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5)
    expected = [0.04 * penalty / 4, 0.001 * penalty / 2, 1.0, 0.001 * penalty / 2, 0.012 * penalty / 3]
    assert discovery_rates(chances) == pytest.approx(expected)
    assert discovery_rates([]) == []


def test_a_rate_is_never_below_that_of_a_surer_test() -> None:
    dice = random.Random(7)
    chances = [dice.random() ** 4 for _ in range(200)]
    rates = [rate for _, rate in sorted(zip(chances, discovery_rates(chances), strict=True))]
    assert rates == sorted(rates)
    assert max(rates) <= 1


# --- simulated accounts -----------------------------------------------------------------------------------------------


def counted(segment: str, values: Sequence[str], roots: Sequence[str]) -> Counted:
    pairs, groups = Counter(zip(values, roots, strict=True)), Counter(values)
    return Counted(
        segment,
        len(roots),
        {reason: roots.count(reason) for reason in REASONS},
        {value: (size, {reason: pairs[value, reason] for reason in REASONS}) for value, size in groups.items()},
    )


def found(dice: random.Random, planted: float = 0.0) -> list[Cluster]:
    """Look for clusters among 400 accounts: reps belong to regions, so that the tests hang together."""
    reps = [dice.randrange(12) for _ in range(400)]
    regions = [f"region {rep % 4}" for rep in reps]
    roots = dice.choices(REASONS, weights=(6, 5, 4, 3, 2, 1), k=400)
    for place, region in enumerate(regions):
        if region == "region 2" and dice.random() < planted:
            roots[place] = "delivery"
    tables = [counted("region", regions, roots), counted("rep", [f"rep {rep}" for rep in reps], roots)]
    return [cluster for cluster in all_tested(tables, 5) if cluster.rate <= RATE]


def test_without_any_association_the_share_of_false_clusters_stays_below_the_rate() -> None:
    dice, runs = random.Random(11), 400
    false = sum(bool(found(dice)) for _ in range(runs))  # all that is found is false: its share is then 0 or 1
    assert false / runs <= RATE


def test_a_planted_cluster_is_found_where_it_was_planted() -> None:
    dice, runs = random.Random(12), 60
    there = {"region 2", "rep 2", "rep 6", "rep 10"}
    astray = 0.0
    for _ in range(runs):
        places = [one.value for one in found(dice, planted=0.5) if one.reason == "delivery"]
        assert "region 2" in places
        astray += sum(place not in there for place in places) / len(places)
    assert astray / runs <= RATE


def test_what_is_too_small_is_not_tested() -> None:
    table = Counted(
        "rep",
        100,
        {"pricing": 50, "delivery": 4},
        {"A": (60, {"pricing": 40, "delivery": 4}), "B": (4, {"pricing": 4, "delivery": 0})},
    )
    assert [(one.value, one.reason) for one in all_tested([table], 5)] == [("A", "pricing")]


def test_the_only_value_of_a_segment_is_compared_with_nothing() -> None:
    table = Counted("rep", 100, {"pricing": 50}, {"A": (100, {"pricing": 50})})
    assert all_tested([table], 5) == ()
