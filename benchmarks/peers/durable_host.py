"""durable-rules as its own documentation uses it, through Host: only for comparison, never in the program."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from churn_rules.cases import Memory
from churn_rules.patterns import Comparison, patterns
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, Truth, Value
from peers import Decided, Outcome, run_by_strata
from peers.translation import in_order, questions

__all__ = ["Host"]

_OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class Host:
    """Asserts every fact and conclusion as a message, in a state of its own for each case, and notes what fires.

    Its threads and `delete_state` do not go together: it may bring its process down, so it is run in one of its own.
    """

    note = "one message a fact, in a state of its own"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        from durable import engine  # noqa: PLC0415  # starts timer threads when it is imported

        self.rulebase = rulebase
        self.found: dict[str, Truth] = {}
        definition: dict[str, Any] = {}
        for number, asked in enumerate(questions(in_order(rulebase), fully=fully)):
            for turn, pattern in enumerate(patterns(asked.condition)):
                conditions = [
                    {f"m_{place}": {"$and": [{"f": name}, *map(_test, comparisons)]}}
                    for place, (name, comparisons) in enumerate(pattern)
                ]
                run = self._collector(asked.rule, truth=asked.truth)
                definition[f"q{number}_{turn}"] = {"all": conditions, "run": run}
        self._host = engine.Host()
        self._host.set_rulesets({"churn": definition})
        self._sids = itertools.count()

    def _collector(self, rule: str, *, truth: bool) -> Callable[[object], None]:
        def collect(_: object) -> None:
            self.found[rule] = truth

        return collect

    def told(self, known: Mapping[str, Value]) -> list[dict[str, Any]]:
        """Write messages."""
        names = self.rulebase.names_read
        return [{"id": name, "f": name, **_slots(value)} for name, value in known.items() if name in names]

    def decide(self, told: list[dict[str, Any]]) -> dict[str, Truth]:
        """Assert all messages in a new state, and delete that."""
        sid = self.begin()
        self.go_on(sid, told)
        self.end(sid)
        return dict(self.found)

    def begin(self) -> str:
        """Begin a case; return the name of its state."""
        self.found.clear()
        return str(next(self._sids))

    def go_on(self, sid: str, told: list[dict[str, Any]]) -> None:
        """Assert messages; what fires notes itself."""
        for message in told:
            with contextlib.suppress(Exception):  # Host raises where no rule can use a fact
                self._host.assert_fact("churn", {"sid": sid, **message})

    def end(self, sid: str) -> None:
        """Delete the state of a case."""
        with contextlib.suppress(Exception):
            self._host.delete_state("churn", sid)

    def verdicts(self, decided: Mapping[str, Truth]) -> Decided:
        """See Peer."""
        return decided.items()

    def run(self, memory: Memory) -> Outcome:
        """See Peer."""
        sid = self.begin()
        try:
            return run_by_strata(self.rulebase, memory, _Session(self, sid))
        finally:
            self.end(sid)


class _Session:
    def __init__(self, peer: Host, sid: str) -> None:
        self._peer, self._sid = peer, sid

    def learn(self, fresh: Mapping[str, Value], stratum: int) -> Decided:
        del stratum  # what waits for a conclusion fires once that is told
        self._peer.go_on(self._sid, self._peer.told(fresh))
        return self._peer.found.items()


def _test(comparison: Comparison) -> dict[str, Any]:
    test = {comparison.slot: comparison.value}
    return test if comparison.operator == "==" else {_OPERATORS[comparison.operator]: test}


def _slots(value: Value) -> dict[str, Any]:
    if isinstance(value, Span):
        return {"lo": _written(value.low), "hi": _written(value.high)}
    return {"b" if isinstance(value, bool) else "s": value}


def _written(number: float) -> float:
    """Return a number that it can read: it writes 1e-09 itself and refuses that. No limit of a rule lies between."""
    return math.copysign(1e-4, number) if 0 < abs(number) < 1e-4 else float(number)
