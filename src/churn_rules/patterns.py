"""Premises as patterns: the alternatives that make one true or false, each a conjunction of plain comparisons.

This is the form that durable-rules can be trusted with, and here stand the limits within which it can. Never runs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from typing import NamedTuple

from churn_rules.conditions import All, Any, Condition, Limit, Test, negate
from churn_rules.rulebase import Rule

__all__ = ["LIMITS", "Breach", "Comparison", "Pattern", "breaches", "fnv1a", "patterns"]

LIMITS = {
    "conditions": 15,  # in one pattern; 17 fail
    "alternatives": 64,  # of one premise, so that a deep nesting of any and all cannot explode
    "comparisons of a name": 60,  # 65 true of one message and it is lost
    "uses of a comparison": 250,  # 256 rules sharing one test and it is lost
    "names": 400,
    "patterns": 3000,  # 4,095 rules a ruleset
    "characters": 1024,  # of a choice; strings of 64 KiB compare by their length
}
"""What durable-rules 2.0.28 was measured to do right, with a margin."""


class Comparison(NamedTuple):
    """A comparison of one slot of a value: `b` boolean, `s` choice, `lo` and `hi` the ends of a span."""

    slot: str
    operator: str
    value: bool | str | float


Pattern = tuple[tuple[str, tuple[Comparison, ...]], ...]  # by name; all must hold


class Breach(NamedTuple):
    """A limit that is passed, by which rule (None: by all together), and how far it went."""

    rule: str | None
    limit: str
    reached: int
    name: str = ""


def patterns(condition: Condition) -> list[Pattern]:
    """Return the alternatives of a condition: it is true where at least one of them matches."""
    merged: dict[Pattern, None] = {}
    for alternative in _alternatives(condition):
        by_name: dict[str, dict[Comparison, None]] = {}
        for name, comparison in alternative:
            by_name.setdefault(name, {})[comparison] = None
        merged[tuple((name, tuple(sorted(by_name[name], key=repr))) for name in sorted(by_name))] = None
    return list(merged)


_Literal = tuple[str, Comparison]


def _alternatives(condition: Condition) -> list[tuple[_Literal, ...]]:
    if isinstance(condition, Test):
        return [
            tuple((condition.name, part) for part in parts) for parts in _compared(condition.operator, condition.limit)
        ]
    parts = [_alternatives(part) for part in condition.parts]
    if isinstance(condition, Any):
        return [alternative for part in parts for alternative in part]
    return [tuple(literal for choice in combination for literal in choice) for combination in product(*parts)]


def _compared(operator: str, limit: Limit) -> list[tuple[Comparison, ...]]:
    """Return the alternatives of one test; a span satisfies it only as a whole, so each end has a slot of its own."""
    match operator, limit:
        case (("is" | "is_not"), bool()):
            return [(Comparison("b", "==", limit is (operator == "is")),)]
        case "is", str():
            return [(Comparison("s", "==", limit),)]
        case "is_not", str():
            return [(Comparison("s", "!=", limit),)]
        case "one_of", tuple():
            return [(Comparison("s", "==", choice),) for choice in limit]
        case "none_of", tuple():
            return [tuple(Comparison("s", "!=", choice) for choice in limit)]
        case "is", int() | float():
            return [(Comparison("lo", ">=", limit), Comparison("hi", "<=", limit))]
        case "is_not", int() | float():
            return [(Comparison("hi", "<", limit),), (Comparison("lo", ">", limit),)]
        case (("at_least" | "more_than"), int() | float()):
            return [(Comparison("lo", ">=" if operator == "at_least" else ">", limit),)]
        case (("at_most" | "less_than"), int() | float()):
            return [(Comparison("hi", "<=" if operator == "at_most" else "<", limit),)]
    raise AssertionError(f"no file can hold {operator} {limit!r}")


def breaches(rules: Iterable[Rule]) -> Iterator[Breach]:
    """Yield every limit that these rules pass."""
    found: set[Pattern] = set()
    for rule in rules:
        for condition in (rule.premise, negate(rule.premise)):
            if (count := _count(condition)) > LIMITS["alternatives"]:
                yield Breach(rule.id, "alternatives", min(count, 1_000_000))
                continue
            for pattern in patterns(condition):
                found.add(pattern)
                if len(pattern) > LIMITS["conditions"]:
                    yield Breach(rule.id, "conditions", len(pattern))
    yield from _joint_breaches(found)


def _count(condition: Condition) -> int:
    """Count alternatives without building them."""
    match condition:
        case Test():
            return len(_compared(condition.operator, condition.limit))
        case All():
            return prod(_count(part) for part in condition.parts)
        case Any():
            return sum(_count(part) for part in condition.parts)


def _joint_breaches(found: set[Pattern]) -> Iterator[Breach]:
    uses = Counter(
        (name, comparison) for pattern in found for name, comparisons in pattern for comparison in comparisons
    )
    names = {name for name, _ in uses}
    for name, count in Counter(name for name, _ in uses).items():
        if count > LIMITS["comparisons of a name"]:
            yield Breach(None, "comparisons of a name", count, name)
    for (name, _), count in uses.items():
        if count > LIMITS["uses of a comparison"]:
            yield Breach(None, "uses of a comparison", count, name)
    for limit, count in (("names", len(names)), ("patterns", len(found))):
        if count > LIMITS[limit]:
            yield Breach(None, limit, count)
    texts = [comparison.value for _, comparison in uses if isinstance(comparison.value, str)]
    if (longest := max(map(len, texts), default=0)) > LIMITS["characters"]:
        yield Breach(None, "characters", longest)
    hashes: dict[int, str] = {fnv1a("$case"): "$case"}
    for name in sorted(names):
        twin = hashes.setdefault(fnv1a(name), name)
        if twin != name:
            yield Breach(None, "one name a hash", 2, f"{twin} and {name}")


def fnv1a(name: str) -> int:
    """Return the 32-bit hash by which durable-rules compares names; two names that share it are one to it."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
