"""From premises as they are written to conditions, with everything that is wrong in them.

Never knows what a premise is for: a rule, or a question that makes sense only after certain answers.
"""

from __future__ import annotations

import re
from typing import Any

from churn_rules.conditions import OPERATORS, All, Condition, Limit, Test, holds, negate
from churn_rules.conditions import Any as AnyOf
from churn_rules.errors import did_you_mean
from churn_rules.reading.documents import Document, Key
from churn_rules.reading.draft import Draft, accepted
from churn_rules.vocabulary import Span, Term

__all__ = ["Premises"]

_SIGNS = {">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than", "=": "is", "!=": "is_not"}
_WRITABLE = {
    "boolean": ("is", "is_not"),
    "choice": ("is", "is_not", "one_of"),
    "number": ("is", "is_not", "at_least", "at_most", "more_than", "less_than"),
    "date": (),
}


class Premises:
    """Reads the premises of one file; a premise that does not fit becomes None and an issue."""

    def __init__(self, draft: Draft, document: Document) -> None:
        self.terms, self.broken, self.document = draft.terms, draft.broken, document

    def all_of(self, data: list[Any], path: tuple[Key, ...]) -> Condition | None:
        """Read a list of premises that must all hold."""
        parts = [self.one(item, (*path, place)) for place, item in enumerate(data)]
        sound = tuple(part for part in parts if part is not None)
        return None if len(sound) < len(parts) else sound[0] if len(sound) == 1 else All(sound)

    def one(self, data: Any, path: tuple[Key, ...]) -> Condition | None:
        """Read one premise."""
        if not isinstance(data, dict) or len(data) != 1:
            what, why = "this premise does not name one thing", "each premise is `name: {operator: value}`"
            self.document.issue(
                "R104", what, why, "write each premise as a list item of its own", self.document.place(path)
            )
            return None
        name, inner = next(iter(data.items()))
        if name == "any":
            return self._any_of(inner, (*path, "any"))
        if name == "not":
            negated = self.one(inner, (*path, "not"))
            return None if negated is None else negate(negated)
        return self._tests(str(name), inner, (*path, name))

    def _any_of(self, data: Any, path: tuple[Key, ...]) -> Condition | None:
        if not isinstance(data, list) or len(data) < 2:
            why, at = "`any` holds a list of at least two premises", self.document.key(path)
            fix = "list the alternatives below it; a single one needs no `any`"
            self.document.issue("R105", "`any` has nothing to choose from", why, fix, at)
            return None
        parts = [self.one(item, (*path, place)) for place, item in enumerate(data)]
        sound = tuple(part for part in parts if part is not None)
        return AnyOf(sound) if len(sound) == len(parts) else None

    def _tests(self, name: str, data: Any, path: tuple[Key, ...]) -> Condition | None:
        term = self.terms.get(name)
        if term is None and name.partition(".")[0] in self.broken:
            return None
        if term is None:
            near = did_you_mean(name, self.terms)
            why = (
                "a rule may test only what rules/vocabulary.yaml or rules/findings.yaml declares; this could never fire"
            )
            fix = f"declare `{name}` there{near}"
            if written := re.fullmatch(r"(\w+)\s*(>=|<=|=+|!=|>|<)\s*(.+)", name):
                fix = f"write `{written[1]}: {{{_SIGNS[written[2].replace('==', '=')]}: {written[3]}}}`"
            self.document.issue("R102", f"unknown fact `{name}`", why, fix, self.document.key(path))
            return None
        if not isinstance(data, dict) or not data:
            what, why = f"`{name}` is compared with nothing", "a premise is `name: {operator: value}`"
            fix = f"write `{name}: {{is: …}}`"
            self.document.issue("R106", what, why, fix, self.document.key(path))
            return None
        parts = [self._test(term, operator, value, (*path, operator)) for operator, value in data.items()]
        sound = tuple(part for part in parts if part is not None)
        return None if len(sound) < len(parts) else sound[0] if len(sound) == 1 else All(sound)

    def _test(self, term: Term, operator: str, value: Any, path: tuple[Key, ...]) -> Test | None:
        if operator not in _WRITABLE[term.type]:
            allowed = _WRITABLE[term.type]
            why = f"`{term.id}` is a {term.type}" + (
                "" if operator in OPERATORS else f", and `{operator}` is no operator"
            )
            fix = (
                f"use one of {', '.join(allowed)}{did_you_mean(operator, allowed)}"
                if allowed
                else ("compare a number of months derived from it by `months_between`")
            )
            if (meant := _SIGNS.get(operator.replace("==", "="))) in allowed:
                fix = f"write `{meant}`"
            self.document.issue("R107", f"`{operator}` does not fit `{term.id}`", why, fix, self.document.key(path))
            return None
        limit = self._limit(term, operator, value, path)
        if limit is None:
            return None
        test = Test(term.id, operator, limit)
        return test if self._says_something(test, term, path) else None

    def _limit(self, term: Term, operator: str, value: Any, path: tuple[Key, ...]) -> Limit | None:
        if operator == "one_of":
            if not isinstance(value, list) or len(value) < 2 or len(set(map(str, value))) < len(value):
                why, at = "`one_of` takes a list of two or more different choices", self.document.place(path)
                self.document.issue("R108", "this is no list of choices", why, "write `[first, second]`", at)
                return None
            if any(map(_is_unknown, value)):
                why, at = "a rule fires only where its whole premise is known to be true", self.document.place(path)
                self.document.issue("R109", "a premise cannot ask for `unknown`", why, "ask for a value", at)
                return None
            choices = [accepted(term, item, self.document, (*path, place)) for place, item in enumerate(value)]
            return tuple(str(item) for item in choices) if None not in choices else None
        if term.type == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                why, at = f"`{term.id}` is a number", self.document.place(path)
                self.document.issue("V303", f"`{value}` is no number to compare with", why, "write the bare number", at)
                return None
            return float(value)
        if _is_unknown(value):
            why, at = "a rule fires only where its whole premise is known to be true", self.document.place(path)
            self.document.issue("R109", "a premise cannot ask for `unknown`", why, "ask for a value", at)
            return None
        value_accepted = accepted(term, value, self.document, path)
        return value_accepted if isinstance(value_accepted, bool | str) else None

    def _says_something(self, test: Test, term: Term, path: tuple[Key, ...]) -> bool:
        """Refuse a number premise that its fact's range makes always false or always true."""
        if term.type != "number":
            return True
        truth = holds(test, {term.id: Span(term.low, term.high)})
        if truth is None:
            return True
        what = "this premise always holds" if truth else "this premise can never hold"
        why = f"`{term.id}` lies between {term.low:.12g} and {term.high:.12g}"
        self.document.issue("R110", what, why, "check the figure and its unit", self.document.place(path))
        return False


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "unknown"
