"""What translations share: which questions a rule base asks, and how values and premises look to other engines.

Never evaluates anything. A name becomes an identifier, and a span its two ends, since no peer knows ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from churn_rules.conditions import All, Condition, Limit, Test, negate, tests
from churn_rules.rulebase import Rule, Rulebase
from churn_rules.vocabulary import Span, Truth, Value

__all__ = ["LARGE", "Infix", "Names", "Question", "identifier", "in_order", "known_of", "questions", "ternaries"]

LARGE = 1e300
"""Stands for an end of an unknown number where a peer needs a number: below, or above, every limit."""


class Question(NamedTuple):
    """Whether a rule is true, or whether it is false: a condition in which an unknown test counts as not satisfied.

    `not` stands at the leaves, so that asking both tells true, false and unknown apart (Kleene) in two-valued logic.
    """

    rule: str
    truth: bool
    condition: Condition


def questions(rules: Iterable[Rule], *, fully: bool) -> list[Question]:
    """Return the questions that decide these rules; see `peer_for` for `fully`."""
    found = []
    for rule in rules:
        found.append(Question(rule.id, True, rule.premise))  # noqa: FBT003  # the truth that is asked for
        if fully or rule.then.finding:
            found.append(Question(rule.id, False, negate(rule.premise)))  # noqa: FBT003
    return found


class Names:
    """The names that rules read, as identifiers; a number has two, for its ends."""

    def __init__(self, rulebase: Rulebase) -> None:
        read = [test for rule in rulebase.rules.values() for test in tests(rule.premise)]
        self.numbers = {test.name for test in read if type(test.limit) is float}
        self.simple = {test.name: identifier(test.name) for test in read if test.name not in self.numbers}
        self.ends = {name: (f"{identifier(name)}_lo", f"{identifier(name)}_hi") for name in self.numbers}

    def plain(self, known: Mapping[str, Value]) -> dict[str, bool | str | float]:
        """Return what is known of these names, and nothing else, as plain values by identifier."""
        found: dict[str, bool | str | float] = {}
        for name, value in known.items():
            if isinstance(value, Span):
                if name in self.ends:
                    low, high = self.ends[name]
                    found[low], found[high] = float(value.low), float(value.high)
            elif name in self.simple:
                found[self.simple[name]] = value
        return found

    def unknown(self) -> dict[str, float | None]:
        """Return every identifier with what stands for an unknown value: null, or an end beyond every limit."""
        ends = {end: sign * LARGE for pair in self.ends.values() for end, sign in zip(pair, (-1, 1), strict=True)}
        return {**dict.fromkeys(self.simple.values()), **ends}


def identifier(name: str) -> str:
    """Return a name without its dots, which most languages read as steps into a map."""
    return name.replace(".", "__")


@dataclass(frozen=True)
class Infix:
    """How conditions look in an expression language of the usual kind."""

    both: str = "and"
    either: str = "or"
    negated: str = "not ({})"
    member: str = "{name} in [{choices}]"
    known: str = "{name} != null"
    guarded: bool = False  # whether comparing null with a number is an error

    def condition(self, condition: Condition) -> str:
        """Write a condition."""
        if not isinstance(condition, Test):
            joint = f" {self.both if isinstance(condition, All) else self.either} "
            return f"({joint.join(map(self.condition, condition.parts))})"
        name, operator, limit = identifier(condition.name), condition.operator, condition.limit
        if isinstance(limit, bool):
            return f"{name} == {'true' if limit is (operator == 'is') else 'false'}"
        if isinstance(limit, float):
            return self._number(name, operator, repr(limit))
        return self._choice(name, operator, limit)

    def _choice(self, name: str, operator: str, limit: Limit) -> str:
        known = self.known.format(name=name)
        if isinstance(limit, tuple):
            member = self.member.format(name=name, choices=", ".join(f"'{choice}'" for choice in limit))
            return f"({member})" if operator == "one_of" else f"({known} {self.both} {self.negated.format(member)})"
        return f"{name} == '{limit}'" if operator == "is" else f"({known} {self.both} {name} != '{limit}')"

    def _number(self, name: str, operator: str, limit: str) -> str:
        low, high = f"{name}_lo", f"{name}_hi"
        match operator:
            case "at_least" | "more_than":
                return self._end(low, ">=" if operator == "at_least" else ">", limit)
            case "at_most" | "less_than":
                return self._end(high, "<=" if operator == "at_most" else "<", limit)
            case "is":
                return f"({self._end(low, '>=', limit)} {self.both} {self._end(high, '<=', limit)})"
        return f"({self._end(low, '>', limit)} {self.either} {self._end(high, '<', limit)})"

    def _end(self, end: str, comparison: str, limit: str) -> str:
        compared = f"{end} {comparison} {limit}"
        return f"({self.known.format(name=end)} {self.both} {compared})" if self.guarded else compared


def ternaries(rules: Iterable[Rule], language: Infix, *, fully: bool) -> str:
    """Write a list of one value a rule: true, false or null."""
    written = []
    for rule in rules:
        true, *false = (language.condition(asked.condition) for asked in questions([rule], fully=fully))
        written.append(f"({true} ? true : ({false[0]} ? false : null))" if false else f"({true} ? true : null)")
    return f"[{', '.join(written)}]"


def known_of(rules: Sequence[str], truths: Iterable[Any]) -> Iterator[tuple[str, Truth]]:
    """Yield what is true or false, where a peer gives one value a rule."""
    return ((rule, truth) for rule, truth in zip(rules, truths, strict=True) if truth is not None)


def in_order(rulebase: Rulebase) -> list[Rule]:
    """Return all rules, stratum by stratum."""
    return [rule for stratum in rulebase.strata for rule in stratum.rules]
