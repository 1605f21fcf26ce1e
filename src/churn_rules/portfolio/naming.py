"""Which reason somebody means who names one: what the rules make of a stated reason, and of nothing else.

Never guesses: a stated reason that no rule takes for evidence means nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping

from churn_rules.across import STATED
from churn_rules.conditions import holds
from churn_rules.rulebase import Rulebase

__all__ = ["meant_by"]


def meant_by(rulebase: Rulebase, side: str) -> Mapping[str, tuple[str, ...]]:
    """Return for each reason that a side can state the reasons that rules take it as evidence for.

    Args:
        rulebase: Its rules say what is meant, such as `pricing` where the customer states `price`.
        side: Whose word it is.
    """
    found: dict[str, tuple[str, ...]] = {}
    for choice in rulebase.vocabulary[STATED].choices:
        told = {f"{STATED}.{side}": choice}
        fired = (rule for rule in rulebase.rules.values() if rule.then.evidence and holds(rule.premise, told))
        meant = dict.fromkeys(reason for rule in fired for reason, clue in rule.then.evidence if clue > 0)
        if meant:
            found[choice] = tuple(meant)
    return found
