"""Our own engines, asked as the peers are; they take what is known as it is, and always decide fully."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_rules.cases import Memory
from churn_rules.conditions import holds
from churn_rules.engines import Engine
from churn_rules.engines.compiled import CompiledEngine
from churn_rules.engines.durable import DurableEngine
from churn_rules.engines.reference import ReferenceEngine
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Truth, Value
from peers import Decided, Outcome

__all__ = ["Compiled", "Durable", "Reference"]


class _Ours:
    note = ""
    engine: Engine

    def told(self, known: Mapping[str, Value]) -> Any:
        return dict(known)

    def verdicts(self, decided: Any) -> Decided:
        return (item for item in decided.items() if item[1] is not None)

    def run(self, memory: Memory) -> Outcome:
        trace = self.engine.run(memory)
        return Outcome(trace.verdicts, trace.known)


class Compiled(_Ours):
    """A function a stratum, generated from the rules."""

    note = "the values as the program holds them"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        del fully
        self.engine = compiled = CompiledEngine(rulebase)
        self.decide = compiled.decide_all


class Reference(_Ours):
    """The specification."""

    note = "as above"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        del fully
        self.engine = ReferenceEngine(rulebase)
        self._rules = tuple(rulebase.rules.values())

    def decide(self, known: Mapping[str, Value]) -> dict[str, Truth]:
        """Ask of every premise whether it holds."""
        return {rule.id: holds(rule.premise, known) for rule in self._rules}


class Durable(_Ours):
    """durable-rules, driven without its Host and with every guard."""

    note = "its C core, one message a fact, with all guards"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        del fully
        self.engine = durable = DurableEngine(rulebase)
        self._rules = durable._rules  # noqa: SLF001  # what a run does, without what is concluded between strata

    def decide(self, known: Mapping[str, Value]) -> Mapping[str, Truth]:
        """Assert everything at once."""
        with self._rules.case() as case:
            return case.learn(known)[0]
