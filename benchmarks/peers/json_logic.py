"""JSONLogic in Rust (datalogic): one array rule, compiled once and evaluated in a session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import datalogic_py

from churn_rules.cases import Memory
from churn_rules.conditions import All, Condition, Test
from churn_rules.conditions import Any as Either
from churn_rules.rulebase import Rule, Rulebase
from churn_rules.vocabulary import Value
from peers import Decided, Outcome, run_by_strata
from peers.expressions import Evaluate, ExpressionPeer
from peers.translation import LARGE, Names, Question, identifier, in_order, questions

__all__ = ["JsonLogic", "Planned"]

Logic = Any
"""A JSONLogic rule: a constant, a list, or a mapping from one operator to its arguments."""

_ENGINE = datalogic_py.Engine()


class JsonLogic(ExpressionPeer):
    """An array of one value a rule; merging the numbers of what fires, text and integers of bits were all slower."""

    note = "one array rule, compiled; a session; a dict in"

    def compiled(self, rules: Sequence[Rule]) -> Evaluate:
        """Compile."""
        return _evaluator([_verdict(questions([rule], fully=self.fully)) for rule in rules])


def _evaluator(logic: Logic) -> Evaluate:
    session, rule = _ENGINE.session(), _ENGINE.compile(logic)
    return lambda plain: session.evaluate(rule, plain)


def _verdict(asked: Iterable[Question]) -> Logic:
    steps = [part for one in asked for part in (_logic(one.condition), one.truth)]
    return {"if": [*steps, None]}


def _logic(condition: Condition) -> Logic:
    if not isinstance(condition, Test):
        return {"and" if isinstance(condition, All) else "or": [_logic(part) for part in condition.parts]}
    value = {"var": identifier(condition.name)}
    match condition.operator, condition.limit:
        case operator, bool() as limit:
            return value if limit is (operator == "is") else {"===": [value, False]}
        case _, float():
            return _number(condition)
        case "is", limit:
            return {"===": [value, limit]}
        case "one_of", tuple() as limit:
            return {"in": [value, [*limit]]}
        case _, limit:  # a loose `!= null` would take false and 0 for null
            choices = limit if isinstance(limit, tuple) else (limit,)
            return {"and": [{"!==": [value, None]}, *({"!==": [value, choice]} for choice in choices)]}


def _number(test: Test) -> Logic:
    name, limit = identifier(test.name), test.limit
    low, high = {"var": [f"{name}_lo", -LARGE]}, {"var": [f"{name}_hi", LARGE]}
    match test.operator:
        case "at_least" | "more_than":
            return {">=" if test.operator == "at_least" else ">": [low, limit]}
        case "at_most" | "less_than":
            return {"<=" if test.operator == "at_most" else "<": [high, limit]}
        case "is":
            return {"and": [{">=": [low, limit]}, {"<=": [high, limit]}]}
    return {"or": [{">": [low, limit]}, {"<": [high, limit]}]}


# --- our plan, in JSONLogic -------------------------------------------------------------------------------------------


class Planned:
    """The plan of our compiled engine written in JSONLogic: what cannot be settled without a name stands in its block.

    Nobody writes rules like this: it tells what the language could do under a compiler such as ours. It gives the
    places of rules that are true, and of those that are false their complements.
    """

    note = "our compiled engine's order of asking, as one nested rule"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        self.rulebase, self.names = rulebase, Names(rulebase)
        self.ids = [rule.id for rule in in_order(rulebase)]
        places = {rule: place for place, rule in enumerate(self.ids)}
        parts = [_parts(one.rules, places, fully=fully) for one in rulebase.strata]
        self.decide = _evaluator(_plan([part for some in parts for part in some], self.names))
        self.strata = [_evaluator(_plan(some, self.names)) for some in parts]

    def told(self, known: Mapping[str, Value]) -> Any:
        """See Peer."""
        return self.names.plain(known)

    def verdicts(self, decided: Any) -> Decided:
        """See Peer."""
        return ((self.ids[code if code >= 0 else ~code], code >= 0) for code in decided)

    def run(self, memory: Memory) -> Outcome:
        """See Peer."""
        return run_by_strata(self.rulebase, memory, _Session(self))


class _Session:
    def __init__(self, peer: Planned) -> None:
        self._peer = peer
        self._plain: dict[str, Any] = {}

    def learn(self, fresh: Mapping[str, Value], stratum: int) -> Decided:
        self._plain |= self._peer.names.plain(fresh)
        return self._peer.verdicts(self._peer.strata[stratum](self._plain))


_Part = tuple[int, Condition]  # what settles a rule: its place, or the complement of it where it is then false


def _parts(rules: Sequence[Rule], places: Mapping[str, int], *, fully: bool) -> list[_Part]:
    return [
        (places[asked.rule] if asked.truth else ~places[asked.rule], part)
        for asked in questions(rules, fully=fully)
        for part in (asked.condition.parts if isinstance(asked.condition, Either) else (asked.condition,))
    ]


def _plan(parts: list[_Part], names: Names) -> Logic:
    blocks: list[Logic] = []
    while counts := Counter(name for _, condition in parts for name in _needed(condition)):
        name = counts.most_common(1)[0][0]
        of_name = [part for part in parts if name in _needed(part[1])]
        value = {"var": names.ends[name][0] if name in names.ends else names.simple[name]}
        blocks.append({"if": [{"!==": [value, None]}, _block(name, of_name), []]})
        parts = [part for part in parts if name not in _needed(part[1])]
    return {"merge": [*blocks, *(_when(condition, code) for code, condition in parts)]}


def _block(name: str, parts: list[_Part]) -> Logic:
    """Return what a name settles: each of its tests is asked once, and what hangs on it stands within."""
    by_test: dict[Test, list[_Part]] = {}
    rest: list[_Part] = []
    for code, condition in parts:
        tested = condition.parts if isinstance(condition, All) else (condition,)
        test = next((one for one in tested if isinstance(one, Test) and one.name == name), None)
        if test is None:
            rest.append((code, condition))
        else:
            by_test.setdefault(test, []).append((code, All(tuple(one for one in tested if one is not test))))
    nested = [
        {"if": [_logic(test), {"merge": [_when(other, code) for code, other in some]}, []]}
        for test, some in by_test.items()
    ]
    return {"merge": [*(_when(condition, code) for code, condition in rest), *nested]}


def _when(condition: Condition, code: int) -> Logic:
    if isinstance(condition, Test):
        return {"if": [_logic(condition), code, []]}
    if len(condition.parts) < 2:
        return code if not condition.parts else _when(condition.parts[0], code)
    return {"if": [_logic(condition), code, []]}


def _needed(condition: Condition) -> set[str]:
    """Return the names without which a condition cannot be true."""
    if isinstance(condition, Test):
        return {condition.name}
    parts = [_needed(part) for part in condition.parts]
    return set.union(*parts) if isinstance(condition, All) else set.intersection(*parts)
