"""CEL in Rust: one list expression over plain variables, compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cel

from churn_rules.rulebase import Rule, Rulebase
from peers.expressions import Evaluate, ExpressionPeer
from peers.translation import Infix, ternaries

__all__ = ["Cel"]

_LANGUAGE = Infix(both="&&", either="||", negated="!({})")


class Cel(ExpressionPeer):
    """A context made beforehand is twice as fast as a dict, and variables are faster than the members of one map."""

    note = "one list expression, compiled; its own Context in"

    def __init__(self, rulebase: Rulebase, *, fully: bool) -> None:
        super().__init__(rulebase, fully=fully)
        self._unknown = self.names.unknown()

    def compiled(self, rules: Sequence[Rule]) -> Evaluate:
        """Compile; every name must be declared, and an unknown number lies beyond every limit."""
        evaluate: Evaluate = cel.compile(ternaries(rules, _LANGUAGE, fully=self.fully)).execute
        return evaluate

    def form(self, plain: dict[str, Any]) -> cel.Context:
        """Declare every name."""
        return cel.Context({**self._unknown, **plain})
