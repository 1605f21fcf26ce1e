"""Which lines of a case file something rests on.

Never words anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from churn_rules.engines import Trace
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.vocabulary import SIDES

__all__ = ["Basis"]


class Basis:
    """Traces the names of one run back to observations, which are numbered by their places in the case."""

    def __init__(self, rulebase: Rulebase, trace: Trace) -> None:
        self.rulebase, self.memory, self.case = rulebase, trace.memory, trace.memory.case
        self.firings = {firing.rule: firing for firing in trace.firings}
        self.added = rulebase.add({}, sorted(self.firings))

    def observed(self, name: str) -> set[int]:
        """Return the observations that a name rests on, through findings and derivations."""
        found: set[int] = set()
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                found |= set(self.told(name))
                waiting += self._rests_on(name)
        return found

    def _rests_on(self, name: str) -> Iterator[str]:
        head = name.partition(".")[0]
        if name in self.rulebase.findings:
            for rule, _ in self.added.get(Topic("finding", name), ()):
                yield from (matched for matched, _ in self.firings[rule].matched)
        elif head in self.rulebase.vocabulary and head not in self.memory.told:
            derive = self.rulebase.vocabulary[head].derive
            yield from derive.sources if derive else ()

    def told(self, name: str) -> Iterator[int]:
        """Yield the observations whose word stands for a fact, for one side's view of it, or in a dispute about it."""
        fact, _, part = name.partition(".")
        standing = self.memory.told.get(fact)
        if standing is None:
            return
        sides = (part,) if part in SIDES else SIDES if part == "disputed" else (standing.side,)
        for place, item in enumerate(self.case.observations):
            if item.fact == fact and item.side in sides and self.memory.values.get(f"{fact}.{item.side}") == item.value:
                yield place
