"""How much hangs on each fact, told from the rule base alone: what a question about it could settle.

Never looks at a case; `diagnosis.missing_facts` weighs the same by what is known of one.
"""

from __future__ import annotations

from churn_rules.conditions import tests
from churn_rules.economics import INPUTS
from churn_rules.rulebase import Rule, Rulebase, Topic, topic_of

__all__ = ["hangs_on", "weight_of"]


def weight_of(rule: Rule) -> float:
    """Tell how much hangs on a rule: a verdict most, then evidence by its strength."""
    if rule.then.decision or rule.then.finding:
        return 1.0
    return max((abs(certainty) for _, certainty in rule.then.evidence), default=0.2)


def hangs_on(rulebase: Rulebase) -> dict[str, float]:
    """Return how much hangs on each fact, or on one side's view of it where a rule reads that (`fact.side`).

    It is the weight of every rule that reads it, shared among all that the rule reads.
    """
    found: dict[str, float] = {}
    for rule in rulebase.rules.values():
        names = set() if rule.only_plans else _read_by(rule, rulebase)
        for name in names:
            found[name] = found.get(name, 0.0) + weight_of(rule) / len(names)
    return found


def _read_by(rule: Rule, rulebase: Rulebase) -> set[str]:
    """Return the facts that a rule reads, through the findings that it reads."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [test.name for test in tests(rule.premise)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        fact, _, part = name.partition(".")
        if name in rulebase.findings:
            drawn = rulebase.drawn.get(Topic("finding", name), ())
            waiting += [test.name for one in drawn for test in tests(rulebase.rules[one.rule].premise)]
        elif name.startswith("economics."):
            found |= set(INPUTS)
        elif fact in rulebase.vocabulary and topic_of(name, rulebase.findings, rulebase.reasons) is None:
            sides = rulebase.vocabulary[fact].asked_of
            found |= {f"{fact}.{side}" for side in sides} if part == "disputed" else {name}
    return found
