"""The columns of the answer: everything that a diagnosis holds, for each account; see docs/decisions/013-tables.md.

Never works anything out that is not concluded already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import zip_longest
from operator import add
from typing import Any

from churn_rules.conclusions import NAMING
from churn_rules.conditions import All, Condition, Test
from churn_rules.engines.columnar.algebra import (
    Expr,
    Flag,
    Kleene,
    as_expr,
    either,
    every,
    is_column,
    is_true,
    only_one,
    opposite,
    xp,
)
from churn_rules.engines.columnar.conclusions import Concluded, as_expr_of
from churn_rules.engines.columnar.memory import ends
from churn_rules.engines.columnar.missing import missing_columns
from churn_rules.engines.columnar.premises import Cells, OneOf, Range
from churn_rules.rulebase import DECISIONS, RESPONSIBLE, SCOPES, STATUSES

__all__ = ["MASK_BITS", "result_columns"]

_LOT = 7
MASK_BITS = 4 * _LOT
"""Rules in one column of `fired`: four lots of seven, which add up quickest in the smallest integer that holds them."""

_OFFERS = ("offered", "withheld", "none")
_ROLES = ("root", "contributing", "consequence", "none")
_VERDICTS = ("pays", "does_not_pay", "depends", "not_worked_out")


class _Texts:
    """Makes columns of a few texts: as categories where the frame has them, else as plain text."""

    def __init__(self, *, categories: bool) -> None:
        self.categories = categories
        self._literals: dict[tuple[str, ...], dict[str | None, Expr]] = {}  # making one takes long

    def column(self, flags: Mapping[str, Kleene], *, exhaustive: bool = False) -> Expr:
        """Return the text whose flag is true in each row; null where none is, unless it is known that one is."""
        texts = self._of(tuple(flags))
        chosen = [(text, flag) for text, flag in flags.items() if flag is True or is_column(flag)]
        column: Expr = texts[chosen.pop()[0]] if exhaustive else texts[None]
        for text, flag in reversed(chosen):
            column = texts[text] if flag is True else xp.when(as_expr(flag)).then(texts[text]).otherwise(column)
        return column

    def _of(self, texts: tuple[str, ...]) -> dict[str | None, Expr]:
        if texts not in self._literals:
            kind = xp.Enum(texts) if self.categories else xp.String
            self._literals[texts] = {text: xp.lit(text, dtype=kind) for text in (*texts, None)}
        return self._literals[texts]


def result_columns(
    state: Concluded, called: Mapping[str, str], *, categories: bool, missing: bool
) -> Iterator[tuple[str, Expr]]:
    """Yield every column of the answer with its name.

    Args:
        state: All that is concluded.
        called: What the columns of the table are called outside.
        categories: Whether the frame can hold texts as categories.
        missing: Whether to work out what is unknown and could change something.
    """
    texts = _Texts(categories=categories)
    faults = {called[column]: flag for column, flag in state.remembered.faults.items()}
    yield from _answer(state, texts, faults)
    for reason in state.rulebase.reasons:
        yield f"{reason}.certainty", as_expr_of(state.certainty[reason])
        for part, values in (("status", STATUSES), ("role", _ROLES), ("scope", SCOPES), ("responsible", RESPONSIBLE)):
            yield f"{reason}.{part}", _of(state, f"{reason}.{part}", values, texts)
    for (cause, effect), flag in state.links.items():
        yield f"{cause}.leads_to.{effect}", as_expr(flag)
    for reason, flag in _named(state).items():
        yield f"named.{reason}", as_expr(flag)
    for item in state.rulebase.accommodations:
        yield f"accommodation.{item}", _of(state, f"accommodation.{item}", _OFFERS, texts)
    marks = _marks(state) | ({"missing": missing_columns(state)} if missing else {})
    for kind, flags in marks.items():
        for name, flag in flags.items():
            yield f"{kind}.{name}", as_expr(flag)
    yield from _masks(state)


def _of(state: Concluded, name: str, values: Sequence[str], texts: _Texts) -> Expr:
    return texts.column({value: state.flag(name, value) for value in values}, exhaustive=True)


def _answer(state: Concluded, texts: _Texts, faults: Mapping[str, Kleene]) -> Iterator[tuple[str, Expr]]:
    """Yield what comes first: what is wrong with the row, the decision, and what it rests on."""
    yield "fault", texts.column(faults)
    yield "decision", _of(state, "case.decision", DECISIONS, texts)
    yield "scope", _of(state, "case.scope", SCOPES, texts)
    yield "root", texts.column(_first_root(state))
    yield "responsible", texts.column(_responsible(state))
    yield "economics", _of(state, "economics.verdict", _VERDICTS, texts)
    worth = state.worth
    assert worth is not None, "every rule base has economics"
    for name, span in (("break_even", worth.chance), ("value", worth.value), ("attempt", worth.attempt)):
        yield f"{name}.low", span.low
        yield f"{name}.high", span.high


def _first_root(state: Concluded) -> dict[str, Flag]:
    """Return the strongest root, of equals the one that stands first in the rule base."""
    return {
        reason: every([state.flag(f"{reason}.role", "root"), as_expr_of(state.certainty[reason]) >= state.strongest])
        for reason in state.rulebase.reasons
    }


def _responsible(state: Concluded) -> dict[str, Flag]:
    told = {
        side: either(
            [
                every([state.flag(f"{one}.role", "root"), state.flag(f"{one}.responsible", side)])
                for one in state.rulebase.reasons
            ]
        )
        for side in RESPONSIBLE
    }
    told = state.flow.store(told)
    return {**only_one(told), "mixed": either(told.values())}


def _named(state: Concluded) -> dict[str, Flag]:
    """Return for each reason where a rule concludes it from nothing but somebody's naming it."""
    rules = state.rulebase.rules
    return {
        reason: either(
            [
                every([is_true(state.verdicts[rule]), _only_naming(state, rules[rule].premise)])
                for rule, _ in state.drawn("evidence", reason)
            ]
        )
        for reason in state.rulebase.reasons
    }


def _only_naming(state: Concluded, condition: Condition) -> Flag:
    """Return where nothing but what somebody names as the reason makes a condition true."""
    if isinstance(condition, Test):
        return condition.name.startswith(NAMING)
    if isinstance(condition, All):
        return every([_only_naming(state, part) for part in condition.parts])
    return every(
        [either([opposite(is_true(state.premises.truth(part))), _only_naming(state, part)]) for part in condition.parts]
    )


def _marks(state: Concluded) -> dict[str, dict[str, Flag]]:
    """Return by kind what is marked with yes or no."""
    return {
        "landmine": dict(_sore_points(state)),
        "disagreement": dict(state.remembered.disagreements),
        "warning": {rule: is_true(state.verdicts[rule]) for rule, _ in state.drawn("warning")},
        "discrepancy": dict(state.remembered.discrepancies),
    }


def _sore_points(state: Concluded) -> Iterator[tuple[str, Flag]]:
    for name, fact in {**state.rulebase.vocabulary, **state.rulebase.findings}.items():
        cell = state.known.get(name)
        if fact.sore_point is None or cell is None:
            continue
        assert not isinstance(cell, OneOf), "facts and findings stand in cells"
        yield name, is_true(_equals(cell, fact.sore_point))


def _equals(cell: Cells | Range, value: object) -> Expr:
    if isinstance(value, tuple):
        low, high = value
        cells = ends(cell)
        exactly: Expr = (cells[0] == low) & (cells[1] == high)
        return exactly
    assert isinstance(cell, Cells), "a range holds numbers and dates"
    if isinstance(value, bool):
        return cell.column if value else ~cell.column
    same: Expr = cell.column == value
    return same


def _masks(state: Concluded) -> Iterator[tuple[str, Expr]]:
    rules = list(state.rulebase.rules)
    bits = [xp.lit(2**place, dtype=xp.Int8) for place in range(_LOT)]  # each made once, which takes long
    nothing = xp.lit(0, dtype=xp.Int8)
    for number, start in enumerate(range(0, len(rules), MASK_BITS)):
        some = [state.verdicts[rule] for rule in rules[start : start + MASK_BITS]]
        lots = [_lot(some[first : first + _LOT], bits, nothing) for first in range(0, len(some), _LOT)]
        pairs = _beside(lots, _LOT, xp.Int16)
        yield f"fired.{number}", _beside(pairs, 2 * _LOT, xp.Int32)[0].cast(xp.Int32)


def _lot(verdicts: Sequence[Kleene], bits: Sequence[Expr], nothing: Expr) -> Expr:
    """Return which verdicts are true as the bits of a small integer.

    They are chosen, since to cast booleans takes five times as long.
    """
    chosen = [
        xp.when(as_expr(verdict)).then(bit).otherwise(nothing)  # where it is unknown, nothing is chosen
        for bit, verdict in zip(bits, verdicts, strict=False)
        if verdict is True or is_column(verdict)
    ]
    return reduce(add, chosen) if chosen else nothing


def _beside(parts: Sequence[Expr], width: int, kind: Any) -> list[Expr]:
    """Put integers of so many bits beside each other, two in each of a wider kind; an odd one is left as it is."""
    shift = xp.lit(2**width, dtype=kind)
    pairs = zip_longest(parts[::2], parts[1::2])
    return [low if high is None else high.cast(kind) * shift + low.cast(kind) for low, high in pairs]
