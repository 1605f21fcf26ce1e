from __future__ import annotations

import pytest
from hypothesis import given

from churn_rules import conditions
from churn_rules.conditions import All, Condition, holds, negate, support
from churn_rules.vocabulary import Span, Truth, Value, exact
from tests.unit.small import knowns, premises, thoroughly, when

YES, NO, UNKNOWN = when("yes", "is", limit=True), when("no", "is", limit=True), when("unknown", "is", limit=True)
KNOWN: dict[str, Value] = {"yes": True, "no": False}

# --- Kleene's tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "both", "either"),
    [
        (YES, YES, True, True),
        (YES, NO, False, True),
        (YES, UNKNOWN, None, True),
        (NO, NO, False, False),
        (NO, UNKNOWN, False, None),
        (UNKNOWN, UNKNOWN, None, None),
    ],
)
def test_kleene(first: Condition, second: Condition, both: Truth, either: Truth) -> None:
    for parts in ((first, second), (second, first)):
        assert holds(All(parts), KNOWN) is both
        assert holds(conditions.Any(parts), KNOWN) is either


@pytest.mark.parametrize(("part", "opposite"), [(YES, False), (NO, True), (UNKNOWN, None)])
def test_not(part: Condition, opposite: Truth) -> None:
    assert holds(negate(part), KNOWN) is opposite


def test_a_false_part_settles_a_whole_that_waits_for_others() -> None:
    assert holds(All((UNKNOWN, conditions.Any((NO, NO)), UNKNOWN)), KNOWN) is False
    assert holds(conditions.Any((UNKNOWN, All((YES, YES)), UNKNOWN)), KNOWN) is True
    assert holds(All((YES, conditions.Any((NO, UNKNOWN)))), KNOWN) is None


# --- comparisons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "truth"),
    [
        ("is", exact(15), True),
        ("is", exact(14), False),
        ("is", Span(10, 20), None),
        ("is", Span(15, 20), None),
        ("is", Span(16, 20), False),
        ("is_not", exact(15), False),
        ("is_not", Span(10, 20), None),
        ("is_not", Span(16, 20), True),
        ("at_least", exact(15), True),
        ("at_least", exact(14.999999999), False),
        ("at_least", Span(15, 20), True),
        ("at_least", Span(10, 15), None),
        ("at_least", Span(10, 14), False),
        ("more_than", exact(15), False),
        ("more_than", exact(15.000000001), True),
        ("more_than", Span(15, 20), None),
        ("more_than", Span(10, 15), False),
        ("at_most", exact(15), True),
        ("at_most", Span(10, 15), True),
        ("at_most", Span(15, 20), None),
        ("at_most", Span(16, 20), False),
        ("less_than", exact(15), False),
        ("less_than", Span(10, 14), True),
        ("less_than", Span(10, 15), None),
        ("less_than", Span(15, 20), False),
    ],
)
def test_a_range_satisfies_as_a_whole_or_fails_as_a_whole(operator: str, value: Span, truth: Truth) -> None:
    assert holds(when("rise", operator, 15), {"rise": value}) is truth


@pytest.mark.parametrize(
    ("operator", "limit", "truth"),
    [
        ("is", "price", True),
        ("is", "delivery", False),
        ("is_not", "price", False),
        ("is_not", "delivery", True),
        ("one_of", ("price", "other"), True),
        ("one_of", ("delivery", "other"), False),
        ("none_of", ("price", "other"), False),
        ("none_of", ("delivery", "other"), True),
    ],
)
def test_choices(operator: str, limit: str | tuple[str, ...], truth: Truth) -> None:
    assert holds(when("stated", operator, limit), {"stated": "price"}) is truth


@pytest.mark.parametrize("operator", conditions.OPERATORS)
def test_of_the_unknown_every_operator_is_unknown(operator: str) -> None:
    assert holds(when("rise", operator, 15), {}) is None


# --- opposites --------------------------------------------------------------------------------------------------------


@thoroughly
@given(premises())
def test_the_opposite_of_the_opposite_is_the_premise(premise: Condition) -> None:
    assert negate(negate(premise)) == premise


@thoroughly
@given(premises(), knowns())
def test_the_opposite_is_true_exactly_where_the_premise_is_false(premise: Condition, known: dict[str, Value]) -> None:
    truth = holds(premise, known)
    assert holds(negate(premise), known) is (None if truth is None else not truth)


@thoroughly
@given(premises(), knowns())
def test_what_becomes_known_never_takes_back_a_verdict(premise: Condition, known: dict[str, Value]) -> None:
    truth = holds(premise, known)
    for name in known:
        less = holds(premise, {other: value for other, value in known.items() if other != name})
        assert less is None or less is truth


# --- support ----------------------------------------------------------------------------------------------------------


def test_support_names_what_made_it_true_in_reading_order() -> None:
    premise = All((YES, conditions.Any((NO, UNKNOWN, negate(NO))), YES))
    assert support(premise, KNOWN) == (YES, negate(NO), YES)


@pytest.mark.parametrize("premise", [NO, UNKNOWN, All((YES, NO)), conditions.Any((NO, UNKNOWN))])
def test_nothing_supports_what_is_not_true(premise: Condition) -> None:
    assert support(premise, KNOWN) == ()


@thoroughly
@given(premises(), knowns())
def test_what_supports_a_premise_is_enough_for_it(premise: Condition, known: dict[str, Value]) -> None:
    supporting = support(premise, known)
    assert bool(supporting) is (holds(premise, known) is True)
    if supporting:
        enough = {test.name: known[test.name] for test in supporting}
        assert holds(premise, enough) is True


def test_the_tests_of_a_premise_in_reading_order() -> None:
    premise = All((YES, conditions.Any((NO, All((UNKNOWN, YES))))))
    assert [test.name for test in conditions.tests(premise)] == ["yes", "no", "unknown", "yes"]
