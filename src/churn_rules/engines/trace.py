"""What every engine hands back: the verdict on each rule, and what matched where one fired.

Never interprets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from churn_rules.cases import Memory
from churn_rules.rulebase import Rule
from churn_rules.vocabulary import Truth, Value

__all__ = ["Firing", "Trace", "in_telling_order", "telling_order"]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that did fire, and the values by name that made its premise true, in the order of their names."""

    rule: str
    matched: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One run: verdicts by rule id (None is unknown), firings in telling order, and all that is known at the end."""

    engine: str
    memory: Memory
    verdicts: Mapping[str, Truth]
    firings: tuple[Firing, ...]
    known: Mapping[str, Value]


def telling_order(rule: Rule) -> tuple[int, str]:
    """Return what rules are sorted by when they are told: salience, then id."""
    return (-rule.salience, rule.id)


def in_telling_order(
    rules: Iterable[Rule], matched: Mapping[str, Iterable[str]], known: Mapping[str, Value]
) -> list[Firing]:
    """Return the firings of a stratum by salience, then by rule id.

    Args:
        rules: The rules of the stratum.
        matched: For each rule that fired, the names that made its premise true; in any order, with or without repeats.
        known: What those names stood for.
    """
    fired = sorted((rule for rule in rules if rule.id in matched), key=telling_order)
    return [Firing(rule.id, tuple((name, known[name]) for name in sorted(set(matched[rule.id])))) for rule in fired]
