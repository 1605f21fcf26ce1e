"""durable-rules behind our own words: all its quirks end here.

Never uses its Host, timers, events, joins or negation; only facts of one typed slot set each, asserted one at a time
into one state that is deleted after every case. What each guard is for stands in docs/decisions/003-durable-rules.md.
"""

from __future__ import annotations

import json
import locale
import os
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

from churn_rules.cases import Memory
from churn_rules.conclusions import conclude
from churn_rules.conditions import negate
from churn_rules.engines.trace import Firing, Trace, in_telling_order
from churn_rules.errors import EngineError
from churn_rules.patterns import Breach, Comparison, Pattern, breaches, patterns
from churn_rules.rulebase import Added, Rule, Rulebase
from churn_rules.vocabulary import Span, Truth, Value

__all__ = ["DurableEngine"]


def _import_core() -> Any:
    """Import the C core; from Python 3.13 on it names a symbol that is gone but never called: hence lazy binding."""
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_LAZY)
    try:
        import durable_rules_engine  # noqa: PLC0415  # only under these flags
    finally:
        sys.setdlopenflags(flags)
    return durable_rules_engine


_core = _import_core()
_LOCK = threading.Lock()  # the C code shares memory between rulesets, so one live case a process
_NUMBERS = count()
_OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_CASE = "$case"
_OPEN = "$open"  # fires in every case: a state that never ran an action cannot be deleted


def _renew_lock() -> None:
    """Give a forked child a lock of its own: the parent's may have been held by a thread that the child lacks."""
    global _LOCK  # noqa: PLW0603  # the one thing that a fork must replace
    _LOCK = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class DurableEngine:
    """Decides rules with durable-rules: each premise, and each premise's opposite, as a family of patterns."""

    name = "durable"

    def __init__(self, rulebase: Rulebase) -> None:
        """Compile a rule base.

        Raises:
            EngineError: It is past what durable-rules can be trusted with.
        """
        self.rulebase = rulebase
        self._rules = _Ruleset(rulebase.rules.values())

    def run(self, memory: Memory) -> Trace:
        """Run the whole rule base over what is known of a case."""
        known: dict[str, Value] = dict(memory.values)
        verdicts: dict[str, Truth] = {}
        firings: list[Firing] = []
        added: Added = {}
        with self._rules.case() as case:
            fresh: Iterable[str] = known
            for stratum in self.rulebase.strata:
                decided, matched = case.learn({name: known[name] for name in fresh})
                verdicts |= {rule.id: decided.get(rule.id) for rule in stratum.rules}
                firings += in_telling_order(stratum.rules, matched, known)
                fresh = conclude(self.rulebase, memory, stratum, verdicts, known, added)
        return Trace(self.name, memory, verdicts, tuple(firings), known)

    def decide(self, rule: Rule, known: Mapping[str, Value]) -> Truth:
        """Decide one rule on its own, as its examples do."""
        ours = self.rulebase.rules.get(rule.id) is rule
        with (self._rules if ours else _Ruleset([rule])).case() as case:
            decided, _ = case.learn(known)
        return decided.get(rule.id)


class _Ruleset:
    """Patterns compiled into one durable-rules ruleset; a pattern that several rules share is compiled once."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = tuple(rules)
        if breach := next(breaches(rules), None):
            raise EngineError(_words(breach))
        self.meaning: dict[str, tuple[list[tuple[str, bool]], tuple[str, ...]]] = {}
        numbers: dict[Pattern, str] = {}
        definition = {_OPEN: '{"all":[{"m_0":{"f":"$case"}}],"pri":0}'}
        for rule in rules:
            for truth, condition in ((True, rule.premise), (False, negate(rule.premise))):
                for pattern in patterns(condition):
                    number = numbers.setdefault(pattern, f"p{len(numbers)}")
                    definition[number] = _compiled(pattern)
                    names = tuple(name for name, _ in pattern)
                    self.meaning.setdefault(number, ([], names))[0].append((rule.id, truth))
        used = {_CASE} | {name for pattern in numbers for name, _ in pattern}
        self.messages = {name: f'{{"sid":"0","id":{_text(name)},"f":{_text(name)},' for name in sorted(used)}
        text = "{" + ",".join(f"{_text(number)}:{rule}" for number, rule in definition.items()) + "}"
        with _LOCK:
            self.handle = _core.create_ruleset(f"churn-rules-{next(_NUMBERS)}", text)
        self._dirty = False
        finalizer = weakref.finalize(self, _core.delete_ruleset, self.handle)
        finalizer.atexit = False
        with self.case() as case:  # warm-up: gives the first state an action before anything is deleted
            case.learn({})

    @contextmanager
    def case(self) -> Iterator[_Case]:
        """Open the one live case of this process, and delete its state whatever happens."""
        if locale.localeconv()["decimal_point"] != ".":
            raise EngineError(
                "durable-rules reads 30.5 and 30.9 as equal under this locale's decimal comma; "
                'set LC_NUMERIC to "C", or use the reference engine'
            )
        with _LOCK:
            self._reset()
            self._dirty = True
            try:
                yield _Case(self)
            finally:
                self._reset()

    def _reset(self) -> None:
        if self._dirty:
            with suppress(_core.error):  # 309: there is no such state
                _core.delete_state(self.handle, "0")
            self._dirty = False


class _Case:
    """One live case: what it is told, and what that settles."""

    def __init__(self, ruleset: _Ruleset) -> None:
        self._ruleset = ruleset
        self._state = self._assert(_CASE, '"b":true')
        self._decided: dict[str, bool] = {}
        self._matched: dict[str, list[str]] = {}

    def learn(self, values: Mapping[str, Value]) -> tuple[Mapping[str, bool], Mapping[str, list[str]]]:
        """Assert values; return all verdicts so far, and for rules that fired the names that matched."""
        for name in self._ruleset.messages:
            if name in values:
                self._assert(name, _slots(values[name]))
        handle = self._ruleset.handle
        state = _core.start_action_for_state(handle, self._state)
        firing = state and state[1]
        while firing:
            number = firing[2 : firing.index('"', 2)]
            if number != _OPEN:
                self._note(number)
            firing = _core.complete_and_start_action(handle, self._state)
        return self._decided, self._matched

    def _note(self, number: str) -> None:
        meanings, names = self._ruleset.meaning[number]
        for rule, truth in meanings:
            if self._decided.setdefault(rule, truth) is not truth:
                raise EngineError(f"durable-rules found `{rule}` both true and false; use the reference engine")
            if truth:
                self._matched.setdefault(rule, []).extend(names)

    def _assert(self, name: str, slots: str) -> int:
        status, state = _core.assert_fact(self._ruleset.handle, f"{self._ruleset.messages[name]}{slots}}}")
        if status not in (0, 1):  # 1: no pattern can use this value; 2: the name collides with another
            raise EngineError(f"durable-rules refused `{name}` with status {status}; use the reference engine")
        return int(state)


def _compiled(pattern: Pattern) -> str:
    conditions = (
        f'{{"m_{place}":{{"$and":[{{"f":{_text(name)}}},{",".join(map(_comparison, comparisons))}]}}}}'
        for place, (name, comparisons) in enumerate(pattern)
    )
    return f'{{"all":[{",".join(conditions)}],"pri":1}}'


def _comparison(comparison: Comparison) -> str:
    test = f'{{"{comparison.slot}":{_literal(comparison.value)}}}'
    return test if comparison.operator == "==" else f'{{"{_OPERATORS[comparison.operator]}":{test}}}'


def _slots(value: Value) -> str:
    if isinstance(value, Span):
        return f'"lo":{_literal(value.low)},"hi":{_literal(value.high)}'
    return f'"{"b" if isinstance(value, bool) else "s"}":{_literal(value)}'


def _literal(value: bool | str | float) -> str:  # noqa: FBT001  # a value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    number = repr(float(value))
    text = format(Decimal(number), "f") if "e" in number else number  # the C parser rejects 1e-07
    return text if "." in text else f"{text}.0"  # and cuts whole numbers at 2**63


@lru_cache(maxsize=1024)
def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _words(breach: Breach) -> str:
    whose = f"rule `{breach.rule}`" if breach.rule else f"`{breach.name}`" if breach.name else "the rule base"
    return f"durable-rules cannot be trusted with {whose}: {breach.reached} {breach.limit}; use the reference engine"
