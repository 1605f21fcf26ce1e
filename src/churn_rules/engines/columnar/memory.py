"""What is known of each account before any rule has fired, as columns: `cases.remember` restated for a table.

Never concludes why a customer left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from churn_rules.accounts import Ends, FactTold, Layout
from churn_rules.cases import derived_in_order
from churn_rules.engines.columnar.algebra import (
    Expr,
    Flag,
    Flow,
    Kleene,
    any_of,
    as_expr,
    either,
    every,
    in_months_of_31,
    is_true,
    opposite,
    rounded,
    xp,
)
from churn_rules.engines.columnar.premises import Cells, OneOf, Range, apart, stored
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Derivation, Fact

__all__ = ["Cost", "Remembered", "remember_columns"]

Cell = Cells | Range


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
    faults: Mapping[str, Kleene]


@dataclass(frozen=True, slots=True)
class _Word:
    """One side's word on a fact, and the date on which it was told."""

    side: str
    value: Cell
    on: Range | None


def remember_columns(flow: Flow, layout: Layout, rulebase: Rulebase, refused: Mapping[str, Kleene]) -> Remembered:
    """Work out what is known of each account.

    Args:
        flow: The table, with the columns of the layout in it; it is added to.
        layout: Which column tells what.
        rulebase: Its vocabulary says which facts there are, and how some follow from others.
        refused: For each column, where a cell was no value of its fact.
    """
    vocabulary = rulebase.vocabulary
    lost = _range(layout.lost) if layout.lost else None
    faults = _faults(flow, layout, vocabulary, lost, refused)
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
                *(_sound(amount, faults) if amount else None for amount in (cost.once, cost.yearly))
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


def _sound(told: Ends, faults: Mapping[str, Kleene]) -> Range:
    """Return both ends, unknown where one of them is at fault; what is exact is so already."""
    span = _range(told)
    if not told.high or told.low not in faults:
        return span
    sound = as_expr(opposite(is_true(faults[told.low])))
    return Range(xp.when(sound).then(span.low), xp.when(sound).then(span.high))


def _raw(told: FactTold, fact: Fact) -> Cell:
    exact = fact.type in ("boolean", "choice") or (fact.type == "number" and not told.value.high)
    return Cells(xp.col(told.value.low)) if exact else _range(told.value)


def _faults(
    flow: Flow, layout: Layout, vocabulary: Mapping[str, Fact], lost: Range | None, refused: Mapping[str, Kleene]
) -> dict[str, Kleene]:
    """Return by column where its cell is no value of its fact, or is dated after the loss that it should explain.

    Unknown where nothing is told, which is no fault either.
    """
    found: dict[str, Kleene] = {}
    for told in layout.facts:
        found[told.value.low] = _no_value(told.value, refused)
        if told.on:
            late = lost is not None and vocabulary[told.fact].at == "loss"
            later = [xp.col(told.on.low) > lost.high] if lost and late else []
            found[told.on.low] = any_of([*later, _no_value(told.on, refused)])
    amounts = [amount for cost in layout.costs for amount in (cost.once, cost.yearly)]
    found |= {amount.low: _no_value(amount, refused) for amount in (layout.lost, *amounts) if amount}
    return flow.store({column: flag for column, flag in found.items() if flag is not False})


def _no_value(told: Ends, refused: Mapping[str, Kleene]) -> Kleene:
    """Return where an end was refused, or a range is upside down."""
    return any_of([*(refused[column] for column in told.columns), *_upside_down(_range(told))])


def _upside_down(cell: Cell) -> list[Expr]:
    low, high = ends(cell)
    return [] if low is high else [low > high]


def _words(
    flow: Flow, layout: Layout, vocabulary: Mapping[str, Fact], faults: Mapping[str, Kleene]
) -> dict[str, list[_Word]]:
    """Return each side's word on each fact, in order of standing; unknown where the cell is at fault."""
    raw = {told.value.low: _raw(told, vocabulary[told.fact]) for told in layout.facts}
    columns: dict[tuple[str, str], Expr] = {}
    for told in layout.facts:
        name, value = told.value.low, raw[told.value.low]
        joint = ([name] if told.value.high else []) + ([told.on.low] if told.on else [])  # told by several columns
        wrong = is_true(any_of([faults.get(column, False) for column in joint]))
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
    # INVARIANT: an upper end is known where the lower is, and only there, so that both are of the same word.
    first = flow.store(
        {
            (fact, place): xp.coalesce(*(pair[place] for pair in told))
            for fact, told in several.items()
            for place in ((0, 1) if fact in ranges else (0,))
        }
    )
    return alone | {
        fact: Range(first[fact, 0], first[fact, 1]) if fact in ranges else Cells(first[fact, 0]) for fact in several
    }


def _disputed(told: Sequence[_Word], fact: Fact) -> Expr:
    """Return whether two sides tell a fact differently, beyond its tolerance; unknown where fewer than two tell it."""
    pairs = [_differ(one.value, other.value, fact) for one, other in combinations(told, 2)]
    told_twice = either([~pair.is_null() for pair in pairs])
    return xp.when(as_expr(told_twice)).then(as_expr(either([is_true(pair) for pair in pairs])))


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
    calendar = _Calendar(flow)
    waiting = {fact.id: fact.derive for fact in derived_in_order(vocabulary) if fact.derive}
    while waiting:
        ready = {name: derive for name, derive in waiting.items() if not waiting.keys() & set(derive.sources)}
        waiting = {name: derive for name, derive in waiting.items() if name not in ready}
        calendar.hold(_compared_dates(ready.values(), known))
        spans = {name: _derived(derive, known, words, calendar) for name, derive in ready.items()}
        raw = stored(flow, {name: span for name, span in spans.items() if span})
        dates = {name: span for name, span in raw.items() if ready[name].function == "date_of"}
        found = dates | stored(flow, {name: _settled(span) for name, span in raw.items() if name not in dates})
        told = {name: known[name] for name in found if name in known}
        differing |= {name: is_true(_differ(_cell(told[name]), found[name], vocabulary[name])) for name in told}
        found |= stored(flow, {name: _or_else(_cell(told[name]), found[name]) for name in told})
        for name, span in found.items():
            exact = span.low is span.high and vocabulary[name].type == "number"
            known[name] = Cells(span.low) if exact else span
    return flow.store(differing)


def _cell(known: Cells | Range | OneOf) -> Cell:
    assert not isinstance(known, OneOf), "facts are told in cells, and follow from facts"
    return known


def _or_else(told: Cell, derived: Range) -> Range:
    """Return what is told, and what follows where nothing is."""
    (low, high), exact = ends(told), ends(told)[0] is ends(told)[1] and derived.low is derived.high
    first = xp.coalesce(low, derived.low)
    return Range(first, first if exact else xp.coalesce(high, derived.high))


class _Calendar:
    """Counts months between dates, each of which is taken apart once."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._held: dict[int, Expr] = {}  # by identity, which no other can have while they are
        self._days: dict[int, Expr] = {}

    def hold(self, dates: Iterable[Expr]) -> None:
        """Take dates apart, in one step."""
        fresh = {id(date): date for date in dates if id(date) not in self._held}
        self._held |= fresh
        self._days |= in_months_of_31(self.flow, fresh)

    def months(self, start: Expr, end: Expr) -> Expr:
        """Return the months from a date to another, both of them held; a day counts for one in 31."""
        return (self._days[id(end)] - self._days[id(start)]) / 31.0


def _compared_dates(several: Iterable[Derivation], known: Mapping[str, Cells | Range | OneOf]) -> Iterator[Expr]:
    for derive in several:
        cells = [known.get(source) for source in derive.sources]
        if derive.function == "months_between" and all(cells):
            yield from (end for cell in cells if isinstance(cell, Range) for end in apart(cell))


def _derived(
    derive: Derivation,
    known: Mapping[str, Cells | Range | OneOf],
    words: Mapping[str, Sequence[_Word]],
    calendar: _Calendar,
) -> Range | None:
    if derive.function == "date_of":
        return _told_on(words.get(derive.sources[0], ()))
    first, second = (known.get(source) for source in derive.sources)
    if first is None or second is None:
        return None
    match derive.function:
        case "percent_change":
            return _percent_change(_cell(first), _cell(second))
        case "ratio":
            return _ratio(_cell(first), _cell(second))
        case "months_between":
            return _months_between(_cell(first), _cell(second), calendar)
    raise AssertionError(f"no file can hold {derive.function}")


def _told_on(told: Sequence[_Word]) -> Range | None:
    """Return the date of the word that stands; unknown where that bears none."""
    if all(word.on is None for word in told):
        return None
    day = xp.lit(None, dtype=xp.Date)
    dates = [word.on or Range(day, day) for word in told]
    low = high = day
    for word, on in zip(reversed(told), reversed(dates), strict=True):
        stands = ~ends(word.value)[0].is_null()
        low = xp.when(stands).then(on.low).otherwise(low)
        high = xp.when(stands).then(on.high).otherwise(high)
    return Range(low, low if all(on.low is on.high for on in dates) else high)


def _percent_change(before: Cell, after: Cell) -> Range:
    (before_low, before_high), (after_low, after_high) = ends(before), ends(after)
    low = xp.when(before_low > 0).then(100.0 * (after_low / before_high - 1.0))
    if before_low is before_high and after_low is after_high:
        return Range(low, low)
    return Range(low, xp.when(before_low > 0).then(100.0 * (after_high / before_low - 1.0)))


def _ratio(part: Cell, whole: Cell) -> Range:
    (part_low, part_high), (whole_low, whole_high) = ends(part), ends(whole)
    sensible = (whole_low > 0) & (part_low >= 0)
    low = xp.when(sensible).then(part_low / whole_high)
    if part_low is part_high and whole_low is whole_high:
        return Range(low, low)
    return Range(low, xp.when(sensible).then(part_high / whole_low))


def _months_between(first: Cell, second: Cell, calendar: _Calendar) -> Range:
    (first_low, first_high), (second_low, second_high) = ends(first), ends(second)
    low = calendar.months(first_high, second_low)
    if first_low is first_high and second_low is second_high:
        return Range(low, low)
    return Range(low, calendar.months(first_low, second_high))


def _settled(span: Range) -> Range:
    """Return a number rounded, and unknown where one of its ends is, or is too large to be told."""
    known = every([end.is_finite() for end in apart(span)])
    low = rounded(span.low, known)
    return Range(low, low if span.low is span.high else rounded(span.high, known))


def _stage(flow: Flow, came_back: Cells | Range | OneOf | None, lost: Range | None) -> OneOf:
    back = is_true(came_back.column) if isinstance(came_back, Cells) else False
    gone = ~lost.low.is_null() if lost else False
    stored = flow.store(
        {"back": back, "gone": every([gone, opposite(back)]), "leaving": every([opposite(gone), opposite(back)])}
    )
    return OneOf(stored)
