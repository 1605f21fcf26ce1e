"""CLIPS through clipspy: one fact a name, one rule a question, and a text in which firings note themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import clips

from churn_rules.cases import Memory
from churn_rules.conditions import All, Condition, Test
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, Value
from peers import Decided, Outcome, run_by_strata
from peers.translation import Names, identifier, in_order, questions

__all__ = ["Clips"]


class Clips:
    """Its routers in Python are taken away: CLIPS asks them at every character it reads, at six times the cost.

    Facts are loaded as text, which is faster than one call a fact, and than one fact with a slot for each name.
    """

    note = "Rete; facts loaded as text; no router in Python"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        self.rulebase, self.names = rulebase, Names(rulebase)
        rules = in_order(rulebase)
        self.ids = [rule.id for rule in rules]
        places = {rule: place for place, rule in enumerate(self.ids)}
        self._environment = environment = clips.Environment()
        for router in list(environment.routers()):
            router.delete()
        self.reset, self._eval = environment.reset, environment.eval
        self._load, self._run = environment.load_facts, environment.run
        environment.build(f'(defglobal {_FIRED} = "")')
        for number, asked in enumerate(questions(rules, fully=fully)):
            code = places[asked.rule] if asked.truth else ~places[asked.rule]
            patterns = _Patterns().of(asked.condition)
            environment.build(f'(defrule q{number} {patterns} => (bind {_FIRED} (str-cat {_FIRED} " {code}")))')

    def told(self, known: Mapping[str, Value]) -> str:
        """Write facts as text."""
        return " ".join(self._facts(known))

    def _facts(self, known: Mapping[str, Value]) -> Iterator[str]:
        for name, value in known.items():
            if isinstance(value, Span):
                if name in self.names.numbers:
                    yield f"({identifier(name)} {float(value.low)!r} {float(value.high)!r})"
            elif name in self.names.simple:
                yield f"({identifier(name)} {_symbol(value)})"

    def decide(self, told: str) -> list[int]:
        """Load, run and read what fired."""
        self.reset()
        return self.go_on(told)

    def go_on(self, told: str) -> list[int]:
        """Load more, run, and read all that has fired."""
        self._load(told)
        self._run()
        return [int(code) for code in self._eval(_FIRED).split()]

    def verdicts(self, decided: Any) -> Decided:
        """See Peer."""
        return ((self.ids[code if code >= 0 else ~code], code >= 0) for code in decided)

    def run(self, memory: Memory) -> Outcome:
        """See Peer."""
        self.reset()
        return run_by_strata(self.rulebase, memory, _Session(self))


_FIRED = "?*fired*"


class _Session:
    def __init__(self, peer: Clips) -> None:
        self._peer = peer

    def learn(self, fresh: Mapping[str, Value], stratum: int) -> Decided:
        del stratum  # what waits for a conclusion fires once that is a fact
        return self._peer.verdicts(self._peer.go_on(self._peer.told(fresh)))


class _Patterns:
    """Writes the left-hand side of one rule; each number that it compares has a variable of its own."""

    def __init__(self) -> None:
        self._numbers = count()

    def of(self, condition: Condition) -> str:
        if not isinstance(condition, Test):
            kind = "and" if isinstance(condition, All) else "or"
            return f"({kind} {' '.join(map(self.of, condition.parts))})"
        name, operator, limit = identifier(condition.name), condition.operator, condition.limit
        if isinstance(limit, float):
            return self._number(name, operator, limit)
        if isinstance(limit, tuple):
            return f"({name} {'|'.join(limit) if operator == 'one_of' else '&'.join(f'~{one}' for one in limit)})"
        if isinstance(limit, bool):
            return f"({name} {_symbol(limit is (operator == 'is'))})"
        return f"({name} {limit})" if operator == "is" else f"({name} ~{limit})"

    def _number(self, name: str, operator: str, limit: float) -> str:
        match operator:
            case "at_least" | "more_than":
                return f"({name} {self._end('>=' if operator == 'at_least' else '>', limit)} ?)"
            case "at_most" | "less_than":
                return f"({name} ? {self._end('<=' if operator == 'at_most' else '<', limit)})"
            case "is":
                return f"({name} {self._end('>=', limit)} {self._end('<=', limit)})"
        return f"(or ({name} {self._end('>', limit)} ?) ({name} ? {self._end('<', limit)}))"

    def _end(self, comparison: str, limit: float) -> str:
        variable = f"?v{next(self._numbers)}"
        return f"{variable}&:({comparison} {variable} {limit!r})"


def _symbol(value: bool | str) -> str:  # noqa: FBT001  # a value, not a switch
    return str(value).upper() if isinstance(value, bool) else value
