"""The shipped rule base with fewer or more rules, of the same shape: to see how cost grows with rules.

Fewer are drawn at random. More are copies under new ids whose premises read other facts of the same type, time and
choices, so that no two copies test the same; what they conclude, and what they read of conclusions, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from random import Random

from churn_rules.conditions import All, Condition, Test
from churn_rules.conditions import Any as Either
from churn_rules.rulebase import Rule, Rulebase, sort_into_strata
from churn_rules.vocabulary import SIDES

__all__ = ["grown"]


def grown(rulebase: Rulebase, rules: int, *, seed: int = 1) -> Rulebase:
    """Return a rule base of exactly that many rules."""
    rng = Random(seed)
    chosen = dict(rulebase.rules)
    if rules <= len(chosen):
        chosen = {name: chosen[name] for name in sorted(rng.sample(sorted(chosen), rules))}
    for turn in count(1):
        names = _shuffled(rulebase, rng)
        for rule in rulebase.rules.values():
            if len(chosen) >= rules:
                return _with(rulebase, chosen)
            copy = f"{rule.id}-{turn}"
            chosen[copy] = replace(rule, id=copy, premise=_renamed(rule.premise, names), examples=())
    raise AssertionError("counting never ends")


def _with(rulebase: Rulebase, rules: Mapping[str, Rule]) -> Rulebase:
    strata, cycle = sort_into_strata(rules.values(), rulebase.findings, rulebase.reasons)
    assert not cycle, "facts cannot close a cycle"
    return replace(rulebase, rules=dict(sorted(rules.items())), strata=strata, engines={}, digest=f"{len(rules)} rules")


def _shuffled(rulebase: Rulebase, rng: Random) -> dict[str, str]:
    """Return for each fact, and each side's word on it, another one of its kind."""
    kinds: dict[tuple[object, ...], list[str]] = {}
    for fact in rulebase.vocabulary.values():
        kinds.setdefault((fact.type, fact.at, fact.choices), []).append(fact.id)
    others = {
        one: other for kind in kinds.values() for one, other in zip(kind, rng.sample(kind, len(kind)), strict=True)
    }
    return others | {f"{one}.{side}": f"{other}.{side}" for one, other in others.items() for side in SIDES}


def _renamed(condition: Condition, names: Mapping[str, str]) -> Condition:
    if isinstance(condition, Test):
        return replace(condition, name=names.get(condition.name, condition.name))
    parts = tuple(_renamed(part, names) for part in condition.parts)
    return All(parts) if isinstance(condition, All) else Either(parts)
