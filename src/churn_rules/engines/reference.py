"""The specification: every engine must give what this one gives.

Never clever. Strata from the bottom up; each rule's premise is asked whether it holds, then the stratum is concluded.
"""

from __future__ import annotations

from collections.abc import Mapping

from churn_rules.cases import Memory
from churn_rules.conclusions import conclude
from churn_rules.conditions import holds, support
from churn_rules.engines.trace import Firing, Trace, in_telling_order
from churn_rules.rulebase import Added, Rule, Rulebase
from churn_rules.vocabulary import Truth, Value

__all__ = ["ReferenceEngine"]


class ReferenceEngine:
    """Decides rules by evaluating their premises one after another."""

    name = "reference"

    def __init__(self, rulebase: Rulebase) -> None:
        self.rulebase = rulebase

    def run(self, memory: Memory) -> Trace:
        """Run the whole rule base over what is known of a case."""
        known: dict[str, Value] = dict(memory.values)
        verdicts: dict[str, Truth] = {}
        firings: list[Firing] = []
        added: Added = {}
        for stratum in self.rulebase.strata:
            verdicts |= {rule.id: holds(rule.premise, known) for rule in stratum.rules}
            fired = [rule for rule in stratum.rules if verdicts[rule.id]]
            matched = {rule.id: [test.name for test in support(rule.premise, known)] for rule in fired}
            firings += in_telling_order(fired, matched, known)
            conclude(self.rulebase, memory, stratum, verdicts, known, added)
        return Trace(self.name, memory, verdicts, tuple(firings), known)

    def decide(self, rule: Rule, known: Mapping[str, Value]) -> Truth:
        """Decide one rule on its own, as its examples do."""
        return holds(rule.premise, known)
