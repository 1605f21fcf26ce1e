"""Layers of SQL: selects over one another, each adding columns, with premises written over what is known so far.

Never says what follows from a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from churn_rules.conditions import All, Condition, Limit, Test
from churn_rules.rulebase import DECISIONS, RESPONSIBLE, ROLES, SCOPES, STATUSES, Rulebase, Topic

__all__ = ["OFFERS", "VERDICTS", "Layers", "chosen", "code", "either", "quoted", "rule_column", "spelled"]

OFFERS = ("offered", "withheld", "none")
VERDICTS = ("pays", "does_not_pay", "depends", "not_worked_out")
_STAGES = ("leaving", "gone", "back")


@dataclass
class Layers:
    """Selects over one another, each adding columns; `known` holds the column behind each name that rules read.

    What is `coded` stands there as a small number, which is quicker to compare than a text: see `code`.
    """

    rulebase: Rulebase
    columns: frozenset[str]
    known: dict[str, str] = field(default_factory=dict)
    coded: set[str] = field(default_factory=set)
    layers: list[Mapping[str, str]] = field(default_factory=list)

    def add(self, columns: Mapping[str, str]) -> None:
        """Add a layer of columns, each an expression over the layers below."""
        if columns:
            self.layers.append(columns)

    def learn(self, values: Mapping[str, str]) -> None:
        """Add a layer of values of names, in columns of their own."""
        columns = {name: f"{name} {len(self.layers)}" for name in values}
        self.add({columns[name]: expression for name, expression in values.items()})
        self.known |= {name: quoted(column) for name, column in columns.items()}

    def choose(self, values: Mapping[str, str]) -> None:
        """Add a layer of conclusions that are one of several texts, as codes."""
        self.learn(values)
        self.coded |= set(values)

    def text(self, source: str, answer: Mapping[str, str]) -> str:
        """Write all layers, and the answer over the last of them."""
        inner = f"FROM read_parquet('{source}')"
        for columns in self.layers:
            inner = f"FROM (SELECT *, {_listed(columns)} {inner})"
        return f"SELECT {_listed(answer)} {inner}"

    def condition(self, condition: Condition) -> str:
        """Write a premise; a name that nothing tells is unknown."""
        if not isinstance(condition, Test):
            parts = f" {'AND' if isinstance(condition, All) else 'OR'} ".join(map(self.condition, condition.parts))
            return f"({parts})"
        if condition.name not in self.known:
            return "NULL::BOOLEAN"
        write = code if condition.name in self.coded else _literal
        return _tested(self.known[condition.name], condition.operator, condition.limit, write)

    def is_(self, name: str, value: str) -> str:
        """Write whether a conclusion has a value."""
        return f"{self.known[name]} = {code(value)}"

    def any_fired(self, kind: str, of: str = "", adds: object = ...) -> str:
        """Write whether a rule fired that draws a conclusion, and adds this to it."""
        drawn = self.rulebase.drawn.get(Topic(kind, of), ())
        return either(f"{rule_column(rule)} IS TRUE" for rule, added in drawn if adds in (..., added))


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{expression} AS {quoted(name)}" for name, expression in columns.items())


def quoted(name: str) -> str:
    """Write a column."""
    return f'"{name}"'


def rule_column(name: str) -> str:
    """Write the column of a rule's verdict."""
    return quoted(f"rule {name}")


def either(parts: Iterable[str]) -> str:
    """Write whether any of several holds."""
    return f"({' OR '.join(parts) or 'FALSE'})"


_CODES = {
    text: number
    for number, text in enumerate(
        sorted({*STATUSES, *ROLES, *SCOPES, *RESPONSIBLE, *DECISIONS, *OFFERS, *VERDICTS, *_STAGES})
    )
}
"""A small number for each text that a conclusion may be."""


def code(text: object) -> str:
    """Write the number of a text."""
    return f"{_CODES[str(text)]}::TINYINT"


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value)


def spelled(column: str, texts: Iterable[str]) -> str:
    """Write the text that a code stands for."""
    return f"CASE {column} {' '.join(f'WHEN {_CODES[text]} THEN {_literal(text)}' for text in texts)} END"


def chosen(cases: Mapping[str, str], otherwise: str) -> str:
    """Write the code of the text whose flag holds, the first of several."""
    whens = " ".join(f"WHEN {flag} THEN {code(text)}" for text, flag in cases.items() if flag != "(FALSE)")
    return f"CASE {whens} ELSE {otherwise} END" if whens else otherwise


def _tested(column: str, operator: str, limit: Limit, write: Callable[[object], str]) -> str:
    if isinstance(limit, bool):
        return column if limit is (operator == "is") else f"(NOT {column})"
    if isinstance(limit, tuple):
        return f"({column} {'IN' if operator == 'one_of' else 'NOT IN'} ({', '.join(map(write, limit))}))"
    return f"({column} {_COMPARISONS[operator]} {write(limit) if isinstance(limit, str) else repr(limit)})"


_COMPARISONS = {"is": "=", "is_not": "<>", "at_least": ">=", "at_most": "<=", "more_than": ">", "less_than": "<"}
