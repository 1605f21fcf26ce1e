"""What is known of each account before any rule has fired, as columns: `cases.remember` restated for a table.

Never concludes why a customer left.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from churn_rules.accounts import Ends, FactTold, Layout
from churn_rules.cases import derived_in_order
from churn_rules.engines.columnar.algebra import Expr, Flag, Flow, as_expr, either, every, is_true, opposite, xp
from churn_rules.engines.columnar.premises import Cells, OneOf, Range
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import LARGEST, Derivation, Fact

__all__ = ["Cost", "Remembered", "remember_columns"]

Cell = Cells | Range
_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Cost:
    """What an accommodation would cost, once and per year: null where it is not known, None where it costs nothing."""

    once: Range | None
    yearly: Range | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known from the start, by name; by fact, where the sides disagree, and where the told and the derived do.

    `faults` tells for each column where its cell is no value of its fact, or is dated after the loss.
    """

    known: Mapping[str, Cells | Range | OneOf]
    costs: Mapping[str, Cost]
    disagreements: Mapping[str, Flag]
    discrepancies: Mapping[str, Flag]
    faults: Mapping[str, Flag]


@dataclass(frozen=True, slots=True)
class _Word:
    """One side's word on a fact, and the date on which it was told."""

    side: str
    value: Cell
    on: Range | None


def remember_columns(flow: Flow, layout: Layout, rulebase: Rulebase, checked: Container[str] = ()) -> Remembered:
    """Work out what is known of each account.

    Args:
        flow: The table, with the columns of the layout in it; it is added to.
        layout: Which column tells what.
        rulebase: Its vocabulary says which facts there are, and how some follow from others.
        checked: The columns that can hold nothing but values of their facts.
    """
    vocabulary = rulebase.vocabulary
    lost = _range(layout.lost) if layout.lost else None
    faults = _faults(flow, layout, vocabulary, lost, checked)
    words = _words(flow, layout, vocabulary, faults)
    known: dict[str, Cells | Range | OneOf] = {}
    known |= {f"{fact}.{word.side}": word.value for fact, told in words.items() for word in told}
    known |= _standing(flow, words)
    disputed = flow.store({fact: _disputed(told, vocabulary[fact]) for fact, told in words.items() if told[1:]})
    known |= {f"{fact}.disputed": Cells(column) for fact, column in disputed.items()}
    discrepancies = _derive(flow, known, words, vocabulary)
    known["case.stage"] = _stage(flow, known.get("came_back"), lost)
    return Remembered(
        known,
        {
            cost.accommodation: Cost(
                *(_amount(amount, faults) if amount else None for amount in (cost.once, cost.yearly))
            )
            for cost in layout.costs
        },
        {fact: is_true(column) for fact, column in disputed.items()},
        discrepancies,
        faults,
    )


def ends(cell: Cell) -> tuple[Expr, Expr]:
    """Return the lower and the upper end of a value; the same where it is exact."""
    return (cell.low, cell.high) if isinstance(cell, Range) else (cell.column, cell.column)


# --- what the columns say ---------------------------------------------------------------------------------------------


def _range(told: Ends) -> Range:
    """Return both ends: where no upper one is told, the value is exact; where no lower one is, nothing is told."""
    low = xp.col(told.low)
    high = xp.when(~low.is_null()).then(xp.coalesce(xp.col(told.high), low)) if told.high else low
    return Range(low, high)


def _amount(told: Ends, faults: Mapping[str, Flag]) -> Range:
    """Return both ends of a cost, unknown where the cell is at fault."""
    amount, wrong = _range(told), faults.get(told.low, False)
    if wrong is False:
        return amount
    low = xp.when(~as_expr(wrong)).then(amount.low)
    return Range(low, low if amount.high is amount.low else xp.when(~as_expr(wrong)).then(amount.high))


def _raw(told: FactTold, fact: Fact) -> Cell:
    exact = fact.type in ("boolean", "choice") or (fact.type == "number" and not told.value.high)
    return Cells(xp.col(told.value.low)) if exact else _range(told.value)


def _faults(
    flow: Flow, layout: Layout, vocabulary: Mapping[str, Fact], lost: Range | None, checked: Container[str]
) -> dict[str, Flag]:
    """Return by column where its cell is no value of its fact, or is dated after the loss that it should explain."""
    found: dict[str, Flag] = {}
    for told in layout.facts:
        fact = vocabulary[told.fact]
        if told.value.low not in checked:
            found[told.value.low] = _no_value(_raw(told, fact), fact)
        if told.on:
            later = [xp.col(told.on.low) > lost.high] if lost and fact.at == "loss" else []
            found[told.on.low] = _any_true([*later, *_upside_down(_range(told.on))])
    for cost in layout.costs:
        for amount in (cost.once, cost.yearly):
            if amount:
                found[amount.low] = _any_true(
                    [*_upside_down(_range(amount)), *_beyond(_range(amount), -LARGEST, LARGEST)]
                )
    if layout.lost and lost:
        found[layout.lost.low] = _any_true(_upside_down(lost))
    return flow.store({column: flag for column, flag in found.items() if flag is not False})


def _no_value(cell: Cell, fact: Fact) -> Flag:
    if isinstance(cell, Cells) and fact.type == "choice":
        return is_true(~cell.column.is_in(list(fact.choices)) & ~cell.column.is_null())
    if fact.type == "boolean":
        return False
    beyond = _beyond(cell, max(fact.low, -LARGEST), min(fact.high, LARGEST)) if fact.type == "number" else []
    return _any_true([*beyond, *_upside_down(cell)])


def _beyond(cell: Cell, least: float, most: float) -> list[Expr]:
    low, high = ends(cell)
    return [low < least, high > most]


def _upside_down(cell: Cell) -> list[Expr]:
    low, high = ends(cell)
    return [] if low is high else [low > high]


def _any_true(tests: Iterable[Expr]) -> Flag:
    return either([is_true(test) for test in tests])


def _words(
    flow: Flow, layout: Layout, vocabulary: Mapping[str, Fact], faults: Mapping[str, Flag]
) -> dict[str, list[_Word]]:
    """Return each side's word on each fact, in order of standing; unknown where the cell is at fault."""
    raw = {told.value.low: _raw(told, vocabulary[told.fact]) for told in layout.facts}
    columns: dict[tuple[str, str], Expr] = {}
    for told in layout.facts:
        name, value = told.value.low, raw[told.value.low]
        wrong = either([faults.get(column, False) for column in (name, told.on.low if told.on else "")])
        low, high = ends(value)
        for end, column in (("low", low), *((("high", high),) if high is not low else ())):
            if wrong is not False:
                columns[name, end] = xp.when(~as_expr(wrong)).then(column)
            elif end == "high":
                columns[name, end] = column
    sound = flow.store(columns)
    words: dict[str, list[_Word]] = {}
    for fact, several in layout.by_fact.items():
        for told in several:
            name, value = told.value.low, raw[told.value.low]
            low = sound.get((name, "low"), ends(value)[0])
            high = sound.get((name, "high"), low)
            on = _range(told.on) if told.on else None
            words.setdefault(fact, []).append(
                _Word(told.side, Range(low, high) if isinstance(value, Range) else Cells(low), on)
            )
    return words


# --- whose word stands ------------------------------------------------------------------------------------------------


def _standing(flow: Flow, words: Mapping[str, Sequence[_Word]]) -> dict[str, Cell]:
    """Return the word that stands of each fact: the first of its sides that is known."""
    alone = {fact: told[0].value for fact, told in words.items() if len(told) == 1}
    several = {fact: [ends(word.value) for word in told] for fact, told in words.items() if len(told) > 1}
    ranges = {fact for fact in several if any(isinstance(word.value, Range) for word in words[fact])}
    lows = flow.store({fact: xp.coalesce(*(low for low, _ in told)) for fact, told in several.items()})
    highs = flow.store({fact: _of_first_known(told) for fact, told in several.items() if fact in ranges})
    return alone | {fact: Range(low, highs[fact]) if fact in ranges else Cells(low) for fact, low in lows.items()}


def _of_first_known(told: Sequence[tuple[Expr, Expr]]) -> Expr:
    return xp.coalesce(*(high for _, high in told))  # INVARIANT: known where the lower end is, and only there


def _disputed(told: Sequence[_Word], fact: Fact) -> Expr:
    """Return whether two sides tell a fact differently, beyond its tolerance; unknown where fewer than two tell it."""
    pairs = [_differ(one.value, other.value, fact) for one, other in combinations(told, 2)]
    told_twice = either([~pair.is_null() for pair in pairs])
    return xp.when(as_expr(told_twice)).then(as_expr(_any_true(pairs)))


def _differ(one: Cell, other: Cell, fact: Fact) -> Expr:
    """Return whether two words lie further apart than the tolerance; ranges by the gap between them."""
    if fact.type in ("boolean", "choice"):
        return ends(one)[0] != ends(other)[0]
    (low, high), (other_low, other_high) = ends(one), ends(other)
    return _further(low, other_high, fact) | _further(other_low, high, fact)


def _further(later: Expr, earlier: Expr, fact: Fact) -> Expr:
    if fact.type == "date":
        return later > earlier.dt.offset_by(f"{int(fact.tolerance)}d") if fact.tolerance >= 1 else later > earlier
    return later - earlier > fact.tolerance


# --- what follows from other facts ------------------------------------------------------------------------------------


def _derive(
    flow: Flow,
    known: dict[str, Cells | Range | OneOf],
    words: Mapping[str, Sequence[_Word]],
    vocabulary: Mapping[str, Fact],
) -> dict[str, Flag]:
    """Add what follows from other facts; a told value stands, and where it differs is returned."""
    differing: dict[str, Flag] = {}
    for fact in derived_in_order(vocabulary):
        assert fact.derive is not None
        derived = _derived(flow, fact.derive, known, words)
        if derived is None:
            continue
        columns = flow.store(
            {"low": derived.low} if derived.low is derived.high else {"low": derived.low, "high": derived.high}
        )
        value = Range(columns["low"], columns.get("high", columns["low"]))
        told = known.get(fact.id)
        if told is not None:
            assert not isinstance(told, OneOf), "facts are told in cells"
            differing[fact.id] = is_true(_differ(told, value, fact))
            (low, high), exact = ends(told), ends(told)[0] is ends(told)[1] and value.low is value.high
            low = flow.keep(xp.coalesce(low, value.low))
            value = Range(low, low if exact else flow.keep(xp.coalesce(high, value.high)))
        known[fact.id] = Cells(value.low) if value.low is value.high and fact.type == "number" else value
    return flow.store(differing)


def _derived(
    flow: Flow, derive: Derivation, known: Mapping[str, Cells | Range | OneOf], words: Mapping[str, Sequence[_Word]]
) -> Range | None:
    if derive.function == "date_of":
        return _told_on(words.get(derive.sources[0], ()))
    first, second = (known.get(source) for source in derive.sources)
    if first is None or second is None:
        return None
    assert not isinstance(first, OneOf), "facts follow from facts"
    assert not isinstance(second, OneOf), "facts follow from facts"
    return _DERIVE[derive.function](flow, first, second)


def _told_on(told: Sequence[_Word]) -> Range | None:
    """Return the date of the word that stands; unknown where that bears none."""
    if all(word.on is None for word in told):
        return None
    day = xp.lit(None, dtype=xp.Date)
    low = high = day
    for word in reversed(told):
        stands = ~ends(word.value)[0].is_null()
        low = xp.when(stands).then(word.on.low if word.on else day).otherwise(low)
        high = xp.when(stands).then(word.on.high if word.on else day).otherwise(high)
    return Range(low, high)


def _percent_change(_: Flow, before: Cell, after: Cell) -> Range:
    (before_low, before_high), (after_low, after_high) = ends(before), ends(after)
    low = _finite(before_low > 0, 100.0 * (after_low / before_high - 1.0))
    if before_low is before_high and after_low is after_high:
        return Range(low, low)
    return _both_known(low, _finite(before_low > 0, 100.0 * (after_high / before_low - 1.0)))


def _ratio(_: Flow, part: Cell, whole: Cell) -> Range:
    (part_low, part_high), (whole_low, whole_high) = ends(part), ends(whole)
    sensible = (whole_low > 0) & (part_low >= 0)
    low = _finite(sensible, part_low / whole_high)
    if part_low is part_high and whole_low is whole_high:
        return Range(low, low)
    return _both_known(low, _finite(sensible, part_high / whole_low))


def _months_between(flow: Flow, first: Cell, second: Cell) -> Range:
    (first_low, first_high), (second_low, second_high) = ends(first), ends(second)
    low = _months(flow, first_high, second_low)
    if first_low is first_high and second_low is second_high:
        return Range(low, low)
    return Range(low, _months(flow, first_low, second_high))


def _months(flow: Flow, start: Expr, end: Expr) -> Expr:
    (start_month, start_day), (end_month, end_day) = _calendar(flow, start), _calendar(flow, end)
    return (end_month - start_month + (end_day - start_day) / 31.0).round(_DECIMALS)


def _calendar(flow: Flow, day: Expr) -> tuple[Expr, Expr]:
    """Return the month of a day, counted through the years, and its place in the month; worked out once a column."""
    if id(day) not in flow.calendars:
        year, month = day.dt.year().cast(xp.Float64), day.dt.month().cast(xp.Float64)
        parts = flow.store({"month": year * 12.0 + month, "day": day.dt.day().cast(xp.Float64)})
        flow.calendars[id(day)] = (day, parts["month"], parts["day"])
    return flow.calendars[id(day)][1:]


def _finite(sensible: Expr, value: Expr) -> Expr:
    """Return a quotient rounded to nine decimals, where it makes sense and can be told."""
    return xp.when(sensible & value.is_finite()).then(value.round(_DECIMALS))


def _both_known(low: Expr, high: Expr) -> Range:
    return Range(xp.when(~high.is_null()).then(low), xp.when(~low.is_null()).then(high))


_DERIVE: Mapping[str, Callable[[Flow, Cell, Cell], Range]] = {
    "percent_change": _percent_change,
    "ratio": _ratio,
    "months_between": _months_between,
}


def _stage(flow: Flow, came_back: Cells | Range | OneOf | None, lost: Range | None) -> OneOf:
    back = is_true(came_back.column) if isinstance(came_back, Cells) else False
    gone = ~lost.low.is_null() if lost else False
    stored = flow.store(
        {"back": back, "gone": every([gone, opposite(back)]), "leaving": every([opposite(gone), opposite(back)])}
    )
    return OneOf(stored)
