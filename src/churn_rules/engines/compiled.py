"""A Python function generated from the rules of each stratum: for whoever asks about many cases, or many what-ifs.

Never pastes source text: a function is made of `ast` nodes, in which all that a rule says (ids, names, limits) is a
constant. Never doubts a value: it is of the type that the vocabulary declares, as reading has made sure.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import CodeType, FunctionType
from typing import NamedTuple

from churn_rules.cases import Memory
from churn_rules.conclusions import conclude
from churn_rules.conditions import All, Any, Condition, Limit, Test, support
from churn_rules.engines.trace import Firing, Trace, telling_order
from churn_rules.rulebase import Added, Rule, Rulebase
from churn_rules.vocabulary import Truth, Value

__all__ = ["CompiledEngine"]


class CompiledEngine:
    """Decides rules by calling one generated function a stratum; see docs/decisions/010-compiled-engine.md."""

    name = "compiled"

    def __init__(self, rulebase: Rulebase) -> None:
        self.rulebase = rulebase
        self._strata = tuple(_Decider.of(stratum.rules) for stratum in rulebase.strata)
        self._unknown: dict[str, Truth] = dict.fromkeys(rule.id for one in rulebase.strata for rule in one.rules)

    def run(self, memory: Memory) -> Trace:
        """Run the whole rule base over what is known of a case."""
        known: dict[str, Value] = dict(memory.values)
        verdicts = self._unknown.copy()
        firings: list[Firing] = []
        added: Added = {}
        for stratum, (rules, decide) in zip(self.rulebase.strata, self._strata, strict=True):
            fired: set[int] = set()
            decide(known, verdicts, fired.add)
            firings += [rules[place].firing(known) for place in sorted(fired)]
            conclude(self.rulebase, memory, stratum, verdicts, known, added)
        return Trace(self.name, memory, verdicts, tuple(firings), known)

    def decide(self, rule: Rule, known: Mapping[str, Value]) -> Truth:
        """Decide one rule on its own, as its examples do."""
        if self.rulebase.rules.get(rule.id) is rule:
            return self.decide_all(known)[rule.id]
        verdicts: dict[str, Truth] = {rule.id: None}
        _generate([rule])(known, verdicts, set[int]().add)
        return verdicts[rule.id]

    def decide_all(self, known: Mapping[str, Value]) -> dict[str, Truth]:
        """Decide all rules where all that can be known already is: `run` without what it concludes between strata."""
        verdicts = self._unknown.copy()
        fired: set[int] = set()
        for _, decide in self._strata:
            decide(known, verdicts, fired.add)
        return verdicts


_Decide = Callable[[Mapping[str, Value], dict[str, Truth], Callable[[int], None]], None]
"""Writes into the verdicts what is true or false by what is known, and tells the place of each rule that fires."""


class _Decider(NamedTuple):
    """The rules of a stratum in telling order, and the function that decides them."""

    rules: tuple[_Fires, ...]
    decide: _Decide

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> _Decider:
        told = sorted(rules, key=telling_order)
        return cls(tuple(_Fires(rule, _matching(rule.premise)) for rule in told), _generate(told))


class _Fires(NamedTuple):
    """A rule, and the names that make it fire, in order; None where these differ from case to case."""

    rule: Rule
    names: tuple[str, ...] | None

    def firing(self, known: Mapping[str, Value]) -> Firing:
        names = self.names
        if names is None:
            names = tuple(sorted({test.name for test in support(self.rule.premise, known)}))
        return Firing(self.rule.id, tuple((name, known[name]) for name in names))


# --- what a premise hangs on ------------------------------------------------------------------------------------------


def _parts_first(condition: Condition) -> list[Condition]:
    """Return a condition and all within it, each after its parts; never recursive, so that it may be nested deeply."""
    found: list[Condition] = []
    waiting = [condition]
    while waiting:
        one = waiting.pop()
        found.append(one)
        if not isinstance(one, Test):
            waiting += one.parts
    return found[::-1]


def _tests(condition: Condition) -> list[Test]:
    return [one for one in _parts_first(condition) if isinstance(one, Test)]


def _names(condition: Condition) -> set[str]:
    return {test.name for test in _tests(condition)}


def _needed(condition: Condition, *, truth: bool) -> set[str]:
    """Return the names that must be known for a condition to be true, or to be false."""
    found: dict[int, set[str]] = {}  # by the identity of a part
    for one in _parts_first(condition):
        if isinstance(one, Test):
            found[id(one)] = {one.name}
        else:
            parts = [found[id(part)] for part in one.parts] or [set()]
            every = isinstance(one, All) is truth
            found[id(one)] = parts[0].union(*parts) if every else parts[0].intersection(*parts)
    return found[id(condition)]


def _matching(premise: Condition) -> tuple[str, ...] | None:
    """Return the names that make a premise true, in order; None where that depends on their values."""
    names = _names(premise)
    return tuple(sorted(names)) if names == _needed(premise, truth=True) else None


# --- the function -----------------------------------------------------------------------------------------------------


def _generate(rules: Sequence[Rule]) -> _Decide:
    definition = _definition(rules)
    module = _placed(ast.Module([definition], []))
    code = next(item for item in compile(module, "<rules>", "exec").co_consts if isinstance(item, CodeType))
    return FunctionType(code, {}, definition.name, (False,) * (len(definition.args.args) - len(_GIVEN)))


def _placed(module: ast.Module) -> ast.Module:
    """Say of every node that it stands in line 1, as `ast.fix_missing_locations` does, only sooner."""
    waiting: list[ast.AST] = [module]
    while waiting:
        inside = vars(waiting.pop())
        for part in inside.values():
            waiting += part if isinstance(part, list) else (part,) if isinstance(part, ast.AST) else ()
        inside.update(_PLACE)
    return module


_PLACE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_GIVEN = ("known", "verdicts", "fire")


def _definition(rules: Sequence[Rule]) -> ast.FunctionDef:
    """Return a function that decides rules, as a tree.

    Of each test and premise it asks two plain questions: is it true, is it false? Where both answers are no, it is
    unknown: so two-valued code decides three-valued rules. It looks a name up once, and what cannot be settled without
    that name stands in its block: so what is unknown is skipped.

        def decide(known, verdicts, fire, true_0):
            if 'price_increase' in known:
                value = known['price_increase']
                if value.low >= 15.0:
                    true_0 = True
                elif value.high < 15.0:
                    verdicts['steep-rise-kept-after-objection'] = False
            if 'customer_objected_to_price' in known:
                value = known['customer_objected_to_price']
                if value is True:
                    if true_0:
                        verdicts['steep-rise-kept-after-objection'] = True
                        fire(17)
                else:
                    verdicts['steep-rise-kept-after-objection'] = False
    """
    writer = _Writer(dict.fromkeys(test.name for rule in rules for test in _tests(rule.premise)))
    for place, rule in enumerate(rules):
        writer.add(place, rule)
    parameters = [ast.arg(name) for name in (*_GIVEN, *writer.variables.values())]
    return ast.FunctionDef("decide", ast.arguments([], parameters, None, [], [], None, []), writer.body(), [])


_Steps = list[ast.stmt]
_Answer = tuple[Test, bool]  # yes, a test is true; or yes, it is false

_DEEPEST = 20  # operators within one another in an expression: Python's compiler is recursive, and premises may be deep


class _Writer:
    """Writes the body of a function that looks names up in a given order, a block each."""

    def __init__(self, names: Iterable[str]) -> None:
        self.order = {name: place for place, name in enumerate(names)}
        self.tests: dict[str, dict[Test, None]] = {name: {} for name in self.order}
        self.variables: dict[_Answer, str] = {}  # of the answers that something further down asks for
        self.on_answer: dict[_Answer, _Steps] = {}
        self.in_block: dict[str, _Steps] = {name: [] for name in self.order}
        self.after_block: dict[str | None, _Steps] = {name: [] for name in (None, *self.order)}

    def add(self, place: int, rule: Rule) -> None:
        """Add a rule: each thing that alone makes it true, then each that alone makes it false."""
        for test in _tests(rule.premise):
            self.tests[test.name][test] = None
        whole, fire = rule.premise, ast.Expr(ast.Call(_load("fire"), [ast.Constant(place)], []))
        for truth, splits, also in ((True, Any, [fire]), (False, All, [])):
            for one in whole.parts if isinstance(whole, splits) else (whole,):
                self._settle(one, [_verdict(rule.id, truth=truth), *also], truth=truth)

    def _settle(self, condition: Condition, steps: _Steps, *, truth: bool) -> None:
        """Put steps that follow from a condition where the last name is looked up without which it cannot be told."""
        if isinstance(condition, Test):
            self.on_answer.setdefault((condition, truth), []).extend(steps)
            return
        last = max(_names(condition), key=self.order.__getitem__, default=None)
        if last is None or last not in _needed(condition, truth=truth):
            self.after_block[last] += self._when(condition, steps, truth=truth)
            return
        *others, final = sorted(condition.parts, key=lambda part: last in _names(part))
        rest = type(condition)(tuple(others))
        if isinstance(final, Test) and isinstance(condition, All) is truth and last not in _names(rest):
            self.on_answer.setdefault((final, truth), []).extend(self._when(rest, steps, truth=truth))
        else:
            self.in_block[last] += self._when(condition, steps, truth=truth)

    def _when(self, condition: Condition, steps: _Steps, *, truth: bool) -> _Steps:
        """Return steps that are taken only where a condition is true, or only where it is false."""
        before: _Steps = []
        found: dict[int, tuple[ast.expr, int]] = {}  # by the identity of a part: its expression, and how deep that is
        for one in _parts_first(condition):
            if isinstance(one, Test):
                variable = self.variables.setdefault((one, truth), f"{truth}_{len(self.variables)}".lower())
                found[id(one)] = _load(variable), 0
                continue
            parts = [found[id(part)] for part in one.parts]
            expression = _joined([part for part, _ in parts], every=isinstance(one, All) is truth)
            depth = 1 + max((depth for _, depth in parts), default=0)
            if depth > _DEEPEST:
                before.append(_assign(f"node_{len(before)}", expression))
                expression, depth = _load(f"node_{len(before) - 1}"), 0
            found[id(one)] = expression, depth
        return [*before, ast.If(found[id(condition)][0], steps, [])]

    def body(self) -> _Steps:
        """Return all statements, once all rules are added."""
        blocks = ((self._block(name), *self.after_block[name]) for name in self.order)
        return [*self.after_block[None], *chain.from_iterable(blocks), ast.Pass()]

    def _block(self, name: str) -> ast.stmt:
        value = _assign("value", ast.Subscript(_load("known"), ast.Constant(name), ast.Load()))
        answers = (_ask(test, self._on(test, truth=True), self._on(test, truth=False)) for test in self.tests[name])
        is_known = ast.Compare(ast.Constant(name), [ast.In()], [_load("known")])
        return ast.If(is_known, [value, *answers, *self.in_block[name]], [])

    def _on(self, test: Test, *, truth: bool) -> _Steps:
        variable = self.variables.get((test, truth))
        noted = [_assign(variable, ast.Constant(value=True))] if variable else []
        return [*noted, *self.on_answer.get((test, truth), ())]


def _ask(test: Test, true: _Steps, false: _Steps) -> ast.stmt:
    """Return the question whether a known value passes a test, compared as in `conditions`, and what follows."""
    limit = _constant(test.limit)
    value = _load("value")
    low, high = (ast.Attribute(value, end, ast.Load()) for end in ("low", "high"))
    yes, no = (false, true) if test.operator in ("is_not", "less_than", "at_most", "none_of") else (true, false)
    match test.operator:
        case "one_of" | "none_of":
            return _branch(ast.Compare(value, [ast.In()], [limit]), yes, no)
        case "is" | "is_not" if isinstance(test.limit, bool | str):
            same = ast.Is() if isinstance(test.limit, bool) else ast.Eq()
            return _branch(ast.Compare(value, [same], [limit]), yes, no)
        case "is" | "is_not":
            everywhere = ast.Compare(low, [ast.Eq(), ast.Eq()], [high, limit])
            somewhere = ast.Compare(low, [ast.LtE(), ast.LtE()], [limit, high])
            return _branch(everywhere, yes, [_branch(somewhere, [], no)])
    passed, failed = (ast.GtE(), ast.Lt()) if test.operator in ("at_least", "less_than") else (ast.Gt(), ast.LtE())
    return _branch(ast.Compare(low, [passed], [limit]), yes, [_branch(ast.Compare(high, [failed], [limit]), no, [])])


# --- nodes ------------------------------------------------------------------------------------------------------------


def _joined(parts: list[ast.expr], *, every: bool) -> ast.expr:
    if len(parts) < 2:
        return parts[0] if parts else ast.Constant(every)
    return ast.BoolOp(ast.And() if every else ast.Or(), parts)


def _branch(condition: ast.expr, yes: _Steps, no: _Steps) -> ast.stmt:
    return ast.If(condition, yes or [ast.Pass()], no)


def _constant(limit: Limit) -> ast.expr:
    if isinstance(limit, tuple):
        return ast.Set([ast.Constant(choice) for choice in limit])  # the compiler makes a constant of it
    return ast.Constant(limit)


def _load(variable: str) -> ast.expr:
    return ast.Name(variable, ast.Load())


def _assign(variable: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def _verdict(rule: str, *, truth: bool) -> ast.stmt:
    return ast.Assign([ast.Subscript(_load("verdicts"), ast.Constant(rule), ast.Store())], ast.Constant(truth))
