"""The words that every part of the page shares: names, counts, shares and amounts in the language of the answer.

Never computes anything but a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import floor

from churn_rules.language import in_english
from churn_rules.portfolio.told import Cell, Table
from churn_rules.portfolio.values import Margin, Portfolio
from churn_rules.rulebase import Rulebase
from churn_rules.telling import money, percent
from churn_rules.words import ANSWERS, DECISION, SCOPE

__all__ = ["CONCLUSIONS", "TOLD_BY", "Words", "number"]

TOLD_BY = in_english(record="the code on record", us="our own account", customer="the customer's own words")
CONCLUSIONS = in_english(root="root cause", scope="scope", responsible="who answers for it", decision="decision")
_SURE = 1_000_000


def number(count: float) -> str:
    """Write a count or an amount with marks between thousands; it is the same in every language.

    >>> number(1234567.4)
    '1,234,567'
    """
    return f"{round(count):,}"


class Words:
    """Says names and figures of one portfolio in the language of its rule base."""

    def __init__(self, rulebase: Rulebase, portfolio: Portfolio) -> None:
        self.rulebase, self.portfolio = rulebase, portfolio
        self.language = rulebase.language
        self.say, self.joined = self.language.say, self.language.joined

    # --- names

    def reason(self, name: str | None) -> str:
        """Name a reason, or say that none is established."""
        if name is None:
            return self.say("insufficient evidence")
        return self.rulebase.reasons[name].title if name in self.rulebase.reasons else name

    def conclusion(self, what: str, code: str | None) -> str:
        """Name what was concluded, or say that nothing was."""
        if what == "root" or code is None:
            return self.reason(code if what == "root" else None)
        if what == "responsible":
            return self.say("different sides answer") if code == "mixed" else self.language.word(code, ANSWERS)
        return self.language.word(code, SCOPE if what == "scope" else DECISION)

    def segment(self, name: str) -> str:
        """Name a segment: a fact by its title, the date of the loss by what it was cut into, a column as it stands."""
        if name == "lost":
            return self.say("quarter of the loss")
        return self.rulebase.vocabulary[name].title if name in self.rulebase.vocabulary else name

    def states(self, choice: str) -> str:
        """Say what was stated."""
        return self.rulebase.says("stated_reason", choice)

    def offers(self, names: Iterable[str]) -> str:
        """Name offers, or say that no rule offers anything."""
        known = self.rulebase.accommodations
        return self.joined("; ", (known[name].title for name in names)) or self.say(
            "none yet; the value bears no cost of one"
        )

    def nameless(self) -> str:
        """Say how many rows name no account, and what becomes of them; nothing where all do."""
        found = self.portfolio
        if not found.nameless:
            return ""
        return self.say(
            "Rows without the name of an account: {count} of {all}. Each is an account of its own, called by its "
            "number, as in #14.",
            count=number(found.nameless),
            all=number(found.rows),
        )

    # --- accounts to pursue

    def without_offer(self) -> Iterator[str]:
        """Say to how many of the accounts worth winning back no rule offers anything, and what that means."""
        count = self.portfolio.shortlist.without_offer
        if count:
            yield self.say(
                "Without an offer yet: {count} of them. No rule offers anything there, so the value bears no cost of "
                "one.",
                count=number(count),
            )

    def pursued_besides(self) -> Iterator[str]:
        """Say how many accounts the rules would pursue that are not surely worth it, by what is in the way."""
        say, found = self.say, self.portfolio.shortlist
        unknown, depends, never = found.pursued - found.worked_out, found.depends, found.pays_not
        parts = [say("{count} whose value is not worked out", count=number(unknown))] if unknown else []
        parts += (
            [say("{count} where it hangs on the figures whether it pays", count=number(depends))] if depends else []
        )
        parts += [say("{count} where the attempt would not pay", count=number(never))] if never else []
        if parts:
            yield say("To be pursued, though not surely worth it: {parts}.", parts=self.joined("; ", parts))

    def input(self, name: str) -> str:
        """Name an input of cost and benefit."""
        if name.startswith("cost."):
            title = self.rulebase.accommodations[name.removeprefix("cost.")].title
            return self.say("the cost of {title}", title=title)
        return self.rulebase.vocabulary[name].title

    def in_mapping(self, name: str) -> str:
        """Write an input of cost and benefit as a mapping names it; it is the same in every language."""
        return name.replace("cost.", "costs: ", 1)

    # --- figures

    def share(self, part: float, whole: float) -> str:
        """Say a part of a whole in percent; more exactly where it is small. It stays on one line."""
        return self._share(part, whole).replace(" %", "\N{NO-BREAK SPACE}%")

    def _share(self, part: float, whole: float) -> str:
        if not whole:
            return self.say("{percent} %", percent="0")
        found = part / whole
        if 0 < found < 0.0005:
            return self.say("under {percent} %", percent="0.1")
        return percent(round(found, 2 if found >= 0.1 else 3), self.language)

    def amount(self, low: float, high: float) -> str:
        """Say an amount, or a range of amounts, in the currency of the table."""
        ends: object = round(low) if round(low) == round(high) else {"from": round(low), "to": round(high)}
        return money(ends, "", self.language)  # type: ignore[arg-type]  # a whole number is plain

    def margin(self, margin: Margin) -> str:
        """Say a sum of margins; nothing where none is known."""
        return self.amount(margin.low, margin.high) if margin.known else self.say("not known")

    def sureness(self, rate: float) -> str:
        """Say a false-discovery rate in words."""
        of = floor(1 / rate) if rate * _SURE >= 1 else 0
        if not of:
            return self.say("fewer than 1 in 1,000,000 findings as sure as this would be false")
        return self.say("at most 1 in {count} findings as sure as this would be false", count=number(of))

    # --- tables

    def table(
        self,
        caption: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[str | Cell]],
        style: str = "",
        note: str = "",
    ) -> Table:
        """Put texts into a table; what consists of figures is set to the right."""
        cells = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
        return Table(caption, tuple(columns), cells, style, note)
