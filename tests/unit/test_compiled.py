"""The compiled engine: every comparison as `conditions` has it, and nothing of a rule is ever run as code."""

from __future__ import annotations

import ast
import pickle
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

import churn_rules
from churn_rules import conditions
from churn_rules.cases import Memory, remember
from churn_rules.conditions import All, Condition, holds, negate
from churn_rules.engines import Trace, compiled, engine_for
from churn_rules.rulebase import Rule, Rulebase, Stratum
from churn_rules.vocabulary import Span, Truth, Value, exact
from tests.unit.small import case, knowns, premises, rule, rulebase, thoroughly, when


def decided(premise: Condition, known: Mapping[str, Value]) -> Truth:
    one = replace(rule("only", evidence={"pricing": 0.5}), premise=premise)
    return engine_for(rulebase(), "compiled").decide(one, known)


def alone(premise: Condition) -> tuple[Rule, Rulebase]:
    """Return a rule and the rule base of nothing else, whose engine generates it once for all that may be known."""
    one = replace(rule("only", evidence={"pricing": 0.5}), premise=premise)
    strata = (Stratum((one,), rulebase().strata[0].topics),)
    return one, replace(rulebase(), rules={"only": one}, strata=strata, engines={})


def traces(rules: Rulebase, known: Mapping[str, Value]) -> tuple[Trace, Trace]:
    memory: Memory = replace(remember(case(), rules.vocabulary), values=known)
    reference, ours = (engine_for(rules, engine).run(memory) for engine in ("reference", "compiled"))
    return reference, ours


# --- comparisons ------------------------------------------------------------------------------------------------------

_LIMITS: Mapping[str, tuple[conditions.Limit, ...]] = {
    "boolean": (True, False),
    "choice": ("price", "Price", "", "🙂", "\ud800", "a'b\"c\\d\n"),
    "choices": (("price",), ("price", "other"), ()),
    "number": (15, 15.0, 0, -0.0, -3.5, 1e-07, 2.0**53, 1e300, float("inf"), float("nan")),
}
_VALUES: Mapping[str, tuple[Value, ...]] = {
    "boolean": (True, False),
    "choice": ("price", "Price", "", "🙂", "\ud800", "a'b\"c\\d\n", "elsewhere"),
    "number": tuple(
        Span(float(low), float(high))
        for low, high in product((-1e300, -3.5, 0, 1e-07, 14.999999999, 15, 16, 2.0**53), repeat=2)
        if low <= high
    ),
}
_OPERATORS = {
    "boolean": ("is", "is_not"),
    "choice": ("is", "is_not"),
    "choices": ("one_of", "none_of"),
    "number": ("is", "is_not", "at_least", "at_most", "more_than", "less_than"),
}


def _comparisons() -> Iterator[tuple[str, str, conditions.Limit]]:
    for kind, operators in _OPERATORS.items():
        yield from ((kind, operator, limit) for operator in operators for limit in _LIMITS[kind])


def test_every_operator_is_tried() -> None:
    assert {operator for _, operator, _ in _comparisons()} == set(conditions.OPERATORS)


@pytest.mark.parametrize(("kind", "operator", "limit"), tuple(_comparisons()), ids=ascii)
def test_every_operator_on_every_value(kind: str, operator: str, limit: conditions.Limit) -> None:
    test = when("it", operator, limit)
    assert decided(test, {}) is None
    for value in _VALUES["choice" if kind == "choices" else kind]:
        assert decided(test, {"it": value}) is holds(test, {"it": value}), value


@thoroughly
@given(premises(), knowns())
def test_every_premise_on_all_that_can_be_known(premise: Condition, known: dict[str, Value]) -> None:
    assert decided(premise, known) is holds(premise, known)
    assert decided(negate(premise), known) is holds(negate(premise), known)


@thoroughly
@given(st.lists(premises(), min_size=1, max_size=6), knowns())
def test_rules_that_share_names_and_tests(some: list[Condition], known: dict[str, Value]) -> None:
    rules = [replace(rule(f"r{place}", salience=place % 2), premise=premise) for place, premise in enumerate(some)]
    reference, ours = traces(rulebase(*rules), known)
    assert (ours.verdicts, ours.firings, ours.known) == (reference.verdicts, reference.firings, reference.known)


@pytest.mark.parametrize("premise", [All(()), conditions.Any(()), All((conditions.Any(()), All(())))])
def test_a_premise_of_nothing(premise: Condition) -> None:
    assert decided(premise, {}) is holds(premise, {})


# --- names and strings may be anything --------------------------------------------------------------------------------

_ODD = (
    '__import__("os").abort()',
    "known",
    "value",
    "true_0",
    "node_0",
    "fire",
    "verdicts",
    "None",
    "",
    " ",
    "\n    raise SystemExit\n#",
    '\'"""\\',
    "{0}%s{known}",
    "\x00",
    "\ud800",
    "日本",
    "ﬁre",  # Python would read this identifier as `fire`
)


@pytest.mark.parametrize("odd", _ODD, ids=ascii)
def test_an_odd_name_is_just_a_name(odd: str) -> None:
    for premise in (when(odd, "is", odd), when(odd, "one_of", (odd, "other")), when(odd, "is_not", odd)):
        both = All((premise, when("rise", "at_least", 15)))
        one = replace(rule(odd, evidence={"pricing": 0.5}), premise=both)
        cases: list[dict[str, Value]] = [
            {},
            {odd: odd},
            {odd: "other", "rise": exact(20)},
            {odd: odd, "rise": exact(20)},
        ]
        for known in cases:
            reference, ours = traces(rulebase(one), known)
            assert (ours.verdicts, ours.firings) == (reference.verdicts, reference.firings)


def test_nothing_of_a_rule_stands_where_code_could() -> None:
    """Names, ids and limits are constants; what is no constant we named, and it can reach nothing but its arguments."""
    rules = [replace(rule(odd), premise=All((when(odd, "is", odd), when("rise", "is", 1)))) for odd in _ODD]
    tree = compiled._definition(rules)  # noqa: SLF001  # what is generated is the point
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert all(name.rstrip("0123456789") in _OURS for name in named), named
    assert {type(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)} == {ast.Name}
    assert compiled._generate(rules).__globals__.keys() <= {"__builtins__"}  # noqa: SLF001


_OURS = {"known", "verdicts", "fire", "value", "low", "high", "true_", "false_", "node_"}


def test_what_is_generated() -> None:
    """The function that the docstring of `_definition` shows."""
    steep = All((when("price_increase", "at_least", 15.0), when("customer_objected_to_price", "is", limit=True)))
    rules = [rule("another")] * 17 + [replace(rule("steep-rise-kept-after-objection"), premise=steep)]
    writer = compiled._Writer([test.name for test in steep.parts if isinstance(test, conditions.Test)])  # noqa: SLF001
    writer.add(17, rules[17])
    written = ast.unparse(ast.fix_missing_locations(ast.Module(writer.body(), [])))
    assert compiled._definition.__doc__ is not None  # noqa: SLF001
    shown = compiled._definition.__doc__.partition("true_0):\n")[2]  # noqa: SLF001
    assert written == dedent(shown).strip() + "\npass"


# --- as large as the reference takes ----------------------------------------------------------------------------------


def _nested(depth: int) -> Condition:
    """Return alternating `all` and `any`, one within the other."""
    premise: Condition = when("innermost", "is", limit=True)
    for level in range(depth):
        premise = (All, conditions.Any)[level % 2]((when(f"flag_{level % 7}", "is", level % 3 > 0), premise))
    return premise


@pytest.mark.parametrize("room", [12, 60])
def test_as_deeply_nested_as_the_reference_takes(room: int) -> None:
    deep = _nested(sys.getrecursionlimit() - _frames() - room)
    one, rules = alone(deep)
    for known in ({}, {"innermost": True}, {f"flag_{number}": number % 2 > 0 for number in range(7)}):
        assert engine_for(rules, "compiled").decide(one, known) is holds(deep, known)


def _frames() -> int:
    frame, count = sys._getframe(), 0  # noqa: SLF001  # there is no other way to tell
    while frame.f_back:
        frame, count = frame.f_back, count + 1
    return count


@pytest.mark.parametrize("whole", [All, conditions.Any])
def test_a_premise_of_many_parts(whole: type[All | conditions.Any]) -> None:
    wide = whole(tuple(when(f"flag_{number}", "is", limit=True) for number in range(5000)))
    half = {f"flag_{number}": True for number in range(0, 5000, 2)}
    one, rules = alone(wide)
    for known in ({}, half, dict.fromkeys(half, False), {f"flag_{number}": whole is All for number in range(5000)}):
        assert engine_for(rules, "compiled").decide(one, known) is holds(wide, known)


# --- shared, copied, on its own ---------------------------------------------------------------------------------------


def test_threads_see_only_their_own_case(rulebase: Rulebase) -> None:
    fresh = replace(rulebase, engines={})
    cases = [remember(churn_rules.load_case({"price_increase": rise}, fresh), fresh.vocabulary) for rise in range(40)]
    expected = [engine_for(fresh, "reference").run(memory) for memory in cases]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda memory: engine_for(fresh, "compiled").run(memory), cases * 5))
    assert [(one.verdicts, one.firings) for one in found] == [(one.verdicts, one.firings) for one in expected] * 5


def test_a_rule_base_whose_engine_is_ready_can_be_pickled(rulebase: Rulebase) -> None:
    engine = engine_for(rulebase, "compiled")
    copied = pickle.loads(pickle.dumps(rulebase))
    memory = remember(churn_rules.load_case("brex-rilf", rulebase), rulebase.vocabulary)
    assert engine_for(copied, "compiled").run(memory).firings == engine.run(memory).firings
    assert engine_for(rulebase, "compiled") is engine


def test_a_rule_that_only_shares_its_id_is_decided_by_its_own_premise(rulebase: Rulebase) -> None:
    accepted = next(iter(rulebase.rules.values()))
    changed: Rule = replace(accepted, premise=when("anything", "is", limit=True))
    assert engine_for(rulebase, "compiled").decide(changed, {"anything": True}) is True
    assert engine_for(rulebase, "compiled").decide(changed, {}) is None


def test_all_rules_at_once(rulebase: Rulebase) -> None:
    memory = remember(churn_rules.load_case("brex-rilf", rulebase), rulebase.vocabulary)
    trace = engine_for(rulebase, "reference").run(memory)
    engine = engine_for(rulebase, "compiled")
    assert isinstance(engine, compiled.CompiledEngine)
    assert engine.decide_all(trace.known) == trace.verdicts
