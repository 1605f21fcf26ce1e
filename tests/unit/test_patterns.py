from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given

from churn_rules import conditions
from churn_rules.conditions import All, Condition, holds, negate
from churn_rules.patterns import LIMITS, Breach, Comparison, Pattern, breaches, fnv1a, patterns
from churn_rules.rulebase import Rule
from churn_rules.vocabulary import Span, Value
from tests.unit.small import knowns, premises, rule, thoroughly, when

_COMPARE: dict[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]  # numbers only
    "<=": operator.le,  # type: ignore[dict-item]  # as above
    ">": operator.gt,  # type: ignore[dict-item]  # as above
    ">=": operator.ge,  # type: ignore[dict-item]  # as above
}


def matches(pattern: Pattern, known: dict[str, Value]) -> bool:
    """Match a pattern the long way: every name is known, and every comparison of its slots is true."""
    return all(name in known and all(_true(test, known[name]) for test in tests) for name, tests in pattern)


def _true(comparison: Comparison, value: Value) -> bool:
    slots = {"lo": value.low, "hi": value.high} if isinstance(value, Span) else {"b": value, "s": value}
    return _COMPARE[comparison.operator](slots[comparison.slot], comparison.value)


def any_matches(condition: Condition, known: dict[str, Value]) -> bool:
    return any(matches(pattern, known) for pattern in patterns(condition))


@thoroughly
@given(premises(), knowns())
def test_some_pattern_matches_exactly_where_the_premise_holds(premise: Condition, known: dict[str, Value]) -> None:
    truth = holds(premise, known)
    assert any_matches(premise, known) is (truth is True)
    assert any_matches(negate(premise), known) is (truth is False)


@pytest.mark.parametrize(
    ("test", "alternatives"),
    [
        (when("late", "is", limit=True), [(Comparison("b", "==", True),)]),  # noqa: FBT003  # the value itself
        (when("late", "is_not", limit=True), [(Comparison("b", "==", False),)]),  # noqa: FBT003  # as above
        (when("stated", "is", "price"), [(Comparison("s", "==", "price"),)]),
        (when("stated", "is_not", "price"), [(Comparison("s", "!=", "price"),)]),
        (when("stated", "one_of", ("a", "b")), [(Comparison("s", "==", "a"),), (Comparison("s", "==", "b"),)]),
        (when("stated", "none_of", ("a", "b")), [(Comparison("s", "!=", "a"), Comparison("s", "!=", "b"))]),
        (when("rise", "is", 15), [(Comparison("hi", "<=", 15), Comparison("lo", ">=", 15))]),
        (when("rise", "is_not", 15), [(Comparison("hi", "<", 15),), (Comparison("lo", ">", 15),)]),
        (when("rise", "at_least", 15), [(Comparison("lo", ">=", 15),)]),
        (when("rise", "more_than", 15), [(Comparison("lo", ">", 15),)]),
        (when("rise", "at_most", 15), [(Comparison("hi", "<=", 15),)]),
        (when("rise", "less_than", 15), [(Comparison("hi", "<", 15),)]),
    ],
)
def test_alternatives_of_one_test(test: conditions.Test, alternatives: list[tuple[Comparison, ...]]) -> None:
    assert patterns(test) == [((test.name, comparisons),) for comparisons in alternatives]


def test_tests_of_one_name_share_a_condition() -> None:
    between = All((when("rise", "at_least", 10), when("rise", "at_most", 20), when("late", "is", limit=True)))
    (pattern,) = patterns(between)
    assert [name for name, _ in pattern] == ["late", "rise"]
    assert set(dict(pattern)["rise"]) == {Comparison("lo", ">=", 10), Comparison("hi", "<=", 20)}


def test_the_same_alternative_is_given_once() -> None:
    late = when("late", "is", limit=True)
    assert len(patterns(conditions.Any((late, All((late, late)))))) == 1


# --- the limits of durable-rules --------------------------------------------------------------------------------------


def found(rules: Iterable[Rule]) -> set[tuple[str | None, str, int]]:
    return {(breach.rule, breach.limit, breach.reached) for breach in breaches(rules)}


def test_a_pattern_holds_fifteen_conditions_and_not_sixteen() -> None:
    tests = [when(f"fact_{number}", "is", limit=True) for number in range(16)]
    assert found([rule("wide", *tests[:15])]) == set()
    assert found([rule("wide", *tests)]) == {("wide", "conditions", 16)}


def test_alternatives_are_counted_without_being_built() -> None:
    either = [conditions.Any((when(f"a_{n}", "is", limit=True), when(f"b_{n}", "is", limit=True))) for n in range(40)]
    assert found([rule("deep", *either[:6])]) == set()
    assert found([rule("deep", *either[:7])]) == {("deep", "alternatives", 2**7)}
    assert {limit for _, limit, _ in found([rule("deep", *either)])} == {"alternatives"}  # a million million of them


def test_comparisons_of_one_name_are_counted_across_rules() -> None:
    rules = [rule(f"rule-{limit}", when("rise", "at_least", limit)) for limit in range(31)]  # each with its opposite
    assert found(rules[:30]) == set()
    assert list(breaches(rules)) == [Breach(None, "comparisons of a name", 62, "rise")]


def test_rules_that_share_a_comparison_are_counted() -> None:
    most = LIMITS["uses of a comparison"]
    shared = when("late", "is", limit=True)
    rules = [rule(f"r-{n}", shared, when(f"fact_{n}", "is", limit=True)) for n in range(most + 1)]
    assert found(rules[:most]) == set()
    assert found(rules) == {(None, "uses of a comparison", most + 1)}


@pytest.mark.parametrize(("text", "known"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_is_fnv1a(text: str, known: int) -> None:
    assert fnv1a(text) == known


def test_names_of_one_hash_are_told_apart_by_refusing_them() -> None:
    twins = ("costarring", "liquid")  # a published pair of the 32-bit hash
    assert fnv1a(twins[0]) == fnv1a(twins[1])
    rules = [rule(f"about-{name}", when(name, "is", limit=True)) for name in twins]
    assert found(rules) == {(None, "one name a hash", 2)}
