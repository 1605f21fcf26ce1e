"""durable-rules as its own documentation uses it, through Host: only for comparison, never in the program."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Mapping
from typing import Any

from churn_rules.patterns import patterns
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, Value

_OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class HostRun:
    """One case through Host: it asserts every fact and every conclusion, and collects the rules that fire.

    Strata and opposites are left out, which spares Host work: the reference engine's conclusions are asserted as facts.
    """

    def __init__(self, rulebase: Rulebase, known: Mapping[str, Value]) -> None:
        from durable import engine  # noqa: PLC0415  # starts timer threads when it is imported

        self.fired: set[str] = set()
        definition: dict[str, Any] = {}
        for rule in rulebase.rules.values():
            for number, pattern in enumerate(patterns(rule.premise)):
                conditions = [
                    {f"m_{place}": {"$and": [{"f": name}, *map(_test, comparisons)]}}
                    for place, (name, comparisons) in enumerate(pattern)
                ]
                definition[f"{rule.id}_{number}"] = {"all": conditions, "run": self._collector(rule.id)}
        names = {name for rule in rulebase.rules.values() for pattern in patterns(rule.premise) for name, _ in pattern}
        self.messages = [{"id": name, "f": name, **_slots(value)} for name, value in known.items() if name in names]
        self.host = engine.Host()
        self.host.set_rulesets({"churn": definition})
        self.sids = itertools.count()

    def _collector(self, rule: str) -> Any:
        def collect(_: object) -> None:
            self.fired.add(rule)

        return collect

    def __call__(self) -> set[str]:
        """Run the case once in a state of its own; return the rules that fired."""
        self.fired.clear()
        sid = str(next(self.sids))
        for message in self.messages:
            with contextlib.suppress(Exception):  # Host raises where no rule can use a fact
                self.host.assert_fact("churn", {"sid": sid, **message})
        with contextlib.suppress(Exception):
            self.host.delete_state("churn", sid)
        return set(self.fired)


def _test(comparison: Any) -> dict[str, Any]:
    test = {comparison.slot: comparison.value}
    return test if comparison.operator == "==" else {_OPERATORS[comparison.operator]: test}


def _slots(value: Value) -> dict[str, Any]:
    if isinstance(value, Span):
        return {"lo": value.low, "hi": value.high}
    return {"b" if isinstance(value, bool) else "s": json.loads(json.dumps(value))}
