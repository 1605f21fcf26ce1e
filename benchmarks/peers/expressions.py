"""A peer that is one expression a stratum, evaluated over a dict: what most of them are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from churn_rules.cases import Memory
from churn_rules.rulebase import Rule, Rulebase
from churn_rules.vocabulary import Value
from peers import Decided, Outcome, run_by_strata
from peers.translation import Names, in_order, known_of

__all__ = ["ExpressionPeer"]

Evaluate = Callable[[Any], Any]


class ExpressionPeer:
    """Evaluates one compiled expression over all rules, or one a stratum; each gives a list of one value a rule.

    `compiled` makes a function of rules and `form` puts plain values into what that function takes.
    """

    note = ""

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        self.rulebase, self.fully = rulebase, fully
        self.names = Names(rulebase)
        every = in_order(rulebase)
        self.ids = [rule.id for rule in every]
        self.decide = self.compiled(every)
        self.strata = [([rule.id for rule in one.rules], self.compiled(one.rules)) for one in rulebase.strata]

    def compiled(self, rules: Sequence[Rule]) -> Evaluate:
        """Compile rules into a function of a case in this engine's form."""
        raise NotImplementedError

    def form(self, plain: dict[str, Any]) -> Any:
        """Put plain values by identifier into the form that this engine takes."""
        return plain

    def told(self, known: Mapping[str, Value]) -> Any:
        """See Peer."""
        return self.form(self.names.plain(known))

    def verdicts(self, decided: Any) -> Decided:
        """See Peer."""
        return known_of(self.ids, decided)

    def run(self, memory: Memory) -> Outcome:
        """See Peer."""
        return run_by_strata(self.rulebase, memory, _Session(self))


class _Session:
    def __init__(self, peer: ExpressionPeer) -> None:
        self._peer = peer
        self._plain: dict[str, Any] = {}

    def learn(self, fresh: Mapping[str, Value], stratum: int) -> Decided:
        self._plain |= self._peer.names.plain(fresh)
        rules, evaluate = self._peer.strata[stratum]
        return known_of(rules, evaluate(self._peer.form(self._plain)))
