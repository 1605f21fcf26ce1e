"""From what a case file says about money to exact amounts, with everything that is wrong in it.

Never passes an amount through a float: it is read from the digits as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from churn_rules.errors import ValueRefusedError
from churn_rules.figures import Change, Each, Figures, Turnover, Yearly
from churn_rules.money import DECIMALS, Amount
from churn_rules.reading.documents import Document, Key
from churn_rules.reading.shapes import EconomicsShape, TurnoverShape, YearlyShape
from churn_rules.vocabulary import Span, Term, accept

__all__ = ["Amounts", "read_figures"]

_MOST = 1e12
_AMOUNT = Term(id="amount", title="the amount", type="number", unit="currency", low=0, high=_MOST)
_SIGNED = Term(id="amount", title="the amount", type="number", unit="currency", low=-_MOST, high=_MOST)
_COUNT = Term(id="amount", title="the number", type="number", unit="customers", low=0, high=1e6)
_YEARS = Term(id="amount", title="the time", type="number", unit="years", low=0, high=100)
_RENEWAL = Term(id="amount", title="the time", type="number", unit="years", low=0, high=50)
_PERCENT = Term(id="amount", title="the share", type="number", unit="percent", low=0, high=100)
_ENDS = ("low", "likely", "high")
_CLOSED = ("from", "to", "at_least", "at_most")

Path = tuple[Key, ...]


class Amounts:
    """Reads amounts of one file; what does not fit becomes an issue of the document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def needed(self, raw: Any, path: Path, term: Term = _AMOUNT) -> Amount | None:
        """Read an amount that cannot be unknown: then the whole entry is left out."""
        if isinstance(raw, str) and raw.strip().lower() == "unknown":
            why, at = "what is unknown is left out", self.document.place(path)
            self.document.issue("V303", "`unknown` is no amount", why, "leave the whole entry out", at)
            return None
        return self.read(raw, path, term)

    def read(self, raw: Any, path: Path, term: Term = _AMOUNT) -> Amount | None:
        """Read a number, a range or {low, likely, high}.

        Args:
            raw: As it stands in the file; None where it is not given.
            path: Where it stands.
            term: Says the unit and the bounds.

        Returns:
            The exact amount, or None where it is unknown, or does not fit and an issue says why.
        """
        if raw is None:
            return None
        try:
            if isinstance(raw, dict) and set(raw) & set(_ENDS):
                return self._three(raw, path, term)
            span = accept(term, raw)
            return self._exactly(span, raw, path) if isinstance(span, Span) else None
        except ValueRefusedError as error:
            self._refuse(error, path)
            return None

    def _three(self, raw: dict[str, Any], path: Path, term: Term) -> Amount:
        """Read {low, likely, high}; without `likely` it is a range of which nobody said what is likely."""
        if set(raw) - set(_ENDS) or not {"low", "high"} <= set(raw):
            what, why = f"`{{{', '.join(raw)}}}` is no amount", "it has `low`, `high` and, where it is known, `likely`"
            raise ValueRefusedError("V305", what, why, "write {low: 80, likely: 100, high: 150}")
        ends = {}
        for name, number in raw.items():
            if isinstance(number, dict) or accept(term, number) is None:
                what, why = f"`{name}` is no number", "each of low, likely and high is a number"
                raise ValueRefusedError("V303", what, why, "write the bare number, or leave the whole amount out")
            ends[name] = self._digits((*path, name))
        low, likely, high = ends["low"], ends.get("likely"), ends["high"]
        if not low <= (low if likely is None else likely) <= high:
            shown = ", ".join(f"{name}: {ends[name]}" for name in _ENDS if name in ends)
            why = "low comes first, high last, and the likely figure lies between them"
            raise ValueRefusedError("V305", f"`{{{shown}}}` is out of order", why, "put them in order")
        return Amount(low, low if low == high else likely, high)

    def _exactly(self, span: Span, raw: Any, path: Path) -> Amount:
        """Return the digits as they are written; what only the span knows, such as an open end, is read from it."""
        if not isinstance(raw, dict):
            return Amount.of(self._digits(path))
        rough = Amount.read(span)
        written = {name: self._digits((*path, name)) for name in raw if name in _CLOSED}
        low = written.get("from", written.get("at_least", rough.low))
        high = written.get("to", written.get("at_most", rough.high))
        return Amount(low, low if low == high else None, high)

    def _digits(self, path: Path) -> Decimal:
        digits = self.document.numbers.get(path, "0")  # a cost that is left out stands nowhere in the file
        if len(digits.partition(".")[2]) > DECIMALS:
            what, why = f"`{digits}` has too many decimals", f"an amount has at most {DECIMALS}"
            raise ValueRefusedError("V307", what, why, "shorten it")
        return Amount.of(Decimal(digits)).low

    def _refuse(self, error: ValueRefusedError, path: Path) -> None:
        what = error.what.replace("no value of `amount`", "no amount")
        fix = "write a number or a range, or leave the cost out" if error.code == "V303" else error.fix
        if error.code == "V304":
            fix = "check the figure and its sign"
        self.document.issue(error.code, what, error.why, fix, self.document.place(path))


def read_figures(shape: EconomicsShape, document: Document, date: Span | None) -> Figures:
    """Read the economics block of a case; whatever does not fit becomes an issue of the document."""
    return _FiguresReader(document).read(shape, date)


class _FiguresReader:
    def __init__(self, document: Document) -> None:
        self.document, self.amounts = document, Amounts(document)

    def read(self, shape: EconomicsShape, date: Span | None) -> Figures:
        idle, gain = shape.idle_capacity, shape.customer_gain
        replacement, referrals, change = shape.replacement, shape.referrals, shape.model_change
        return Figures(
            date=date,
            margin=tuple(self._yearly(shape.margin, "margin", _SIGNED)),
            turnover=tuple(self._turnover(shape.turnover)),
            past_investments=tuple(self._yearly(shape.past_investments, "past_investments", _AMOUNT)),
            largest_customers=tuple(self._largest(shape)),
            largest_in=shape.largest_in,
            expected_margin=self._at("expected_margin", shape.expected_margin, _SIGNED),
            idle_capacity=self._at("idle_capacity.yearly", idle.yearly) if idle else None,
            years=self._at("years", shape.years, _YEARS),
            attempt=self._at("attempt", shape.attempt),
            exposure=self._at("exposure", shape.exposure),
            replacement=self._each("replacement", replacement.customers, "cost_each", replacement.cost_each)
            if replacement
            else None,
            referrals=self._each("referrals", referrals.customers, "margin_each", referrals.margin_each)
            if referrals
            else None,
            count_referrals=shape.count_referrals,
            customer_gain=self._at("customer_gain.yearly", gain.yearly, _SIGNED) if gain else None,
            model_change=self._change(change.once, change.yearly) if change else None,
            years_to_next_renewal=self._at("years_to_next_renewal", shape.years_to_next_renewal, _RENEWAL),
        )

    def _at(self, name: str, raw: Any, term: Term = _AMOUNT) -> Amount | None:
        return self.amounts.read(raw, ("economics", *name.split(".")), term)

    def _each(self, name: str, customers: Any, of: str, each: Any) -> Each | None:
        count, amount = self._at(f"{name}.customers", customers, _COUNT), self._at(f"{name}.{of}", each)
        return Each(count, amount) if count and amount else None

    def _change(self, once: Any, yearly: Any) -> Change | None:
        cost, net = self._at("model_change.once", once), self._at("model_change.yearly", yearly, _SIGNED)
        return Change(cost, net) if cost and net else None

    def _yearly(self, items: Sequence[YearlyShape], key: str, term: Term) -> Iterator[Yearly]:
        self._once_a_year(items, key)
        for place, item in enumerate(items):
            amount = self.amounts.needed(item.amount, ("economics", key, place, "amount"), term)
            if amount:
                yield Yearly(item.year, amount, item.side, item.note or "")

    def _turnover(self, items: Sequence[TurnoverShape]) -> Iterator[Turnover]:
        self._once_a_year(items, "turnover")
        for place, item in enumerate(items):
            path: Path = ("economics", "turnover", place)
            amount = self.amounts.needed(item.amount, (*path, "amount"))
            whole = self.amounts.read(item.total, (*path, "total"))
            if amount and whole and amount.low > whole.high:
                why, at = "what one customer buys is part of all that we sell", self.document.place((*path, "total"))
                what = "the total lies below what this customer bought"
                self.document.issue("C310", what, why, "check the two, and their unit", at)
            elif amount:
                yield Turnover(item.year, amount, whole, item.side, item.note or "")

    def _largest(self, shape: EconomicsShape) -> Iterator[Amount]:
        term = _PERCENT if shape.largest_in == "percent" else _AMOUNT
        for place, raw in enumerate(shape.largest_customers or ()):
            if amount := self.amounts.needed(raw, ("economics", "largest_customers", place), term):
                yield amount

    def _once_a_year(self, items: Sequence[YearlyShape | TurnoverShape], key: str) -> None:
        seen: set[tuple[int, str]] = set()
        for place, item in enumerate(items):
            if (item.year, item.side) in seen:
                what = f"{item.year} stands twice in `{key}`"
                why = "one side gives one amount a year, and nothing tells which of the two is meant"
                fix = "keep one, or say by `side` who tells which"
                self.document.issue("C308", what, why, fix, self.document.place(("economics", key, place, "year")))
            seen.add((item.year, item.side))
