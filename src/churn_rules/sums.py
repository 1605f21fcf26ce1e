"""Cost and benefit as a table of at most eighty columns: one line a figure, its low, likely and high amount.

Never works anything out, and tells only what is known; what is unknown is named by the line that lacks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from churn_rules.diagnosis import EconomicsReport
from churn_rules.economics import Chance, Sensitivity, Way
from churn_rules.language import Language, in_english
from churn_rules.money import Amount
from churn_rules.rulebase import Rulebase
from churn_rules.worth import Worth
from churn_rules.wrapping import columns

__all__ = ["grouped", "table_of"]

_LABEL, _COLUMN = 31, 13
_WAYS = in_english(
    for_this_customer="An exception for this customer:", for_everybody="Changing the business model for all:"
)
_SIDES = in_english(us="us", customer="customer", record="record")
_INPUTS = in_english(
    model_change="the change of the business model",
    model_change_once="the change of the business model, once",
    model_change_yearly="the change of the business model, yearly",
    referrals="the customers that it brings",
    replacement="the customers in its place",
)
_COSTS = in_english(both="the cost of {offer}", once="the cost of {offer}, once", yearly="the cost of {offer}, yearly")


def table_of(found: EconomicsReport, rulebase: Rulebase) -> Iterator[str]:
    """Yield the lines of the table; none where the case tells nothing beyond what the verdict says already."""
    say = rulebase.language.say
    worth = list(_worth(found.worth, rulebase.language))
    ways = [line for way in found.ways for line in _way(way, rulebase)] if len(found.ways) > 1 or worth else []
    if worth or any(way.value for way in found.ways):
        currency = say("In {currency}", currency=found.currency) if found.currency else say("Figures")
        yield ""
        yield _row(currency, say("low"), say("likely"), say("high"))
        yield from worth
        yield from ways
    yield from _moves(found, rulebase)


def grouped(number: Decimal | None) -> str:
    """Return a number with separators between thousands; a dash where it is unknown.

    >>> grouped(Decimal("1234567.5"))
    '1,234,567.50'
    """
    if number is None:
        return "-"
    decimals = len(f"{number:f}".partition(".")[2])
    return f"{number:,.{max(2, decimals) if decimals else 0}f}"


def _row(label: str, *cells: str) -> str:
    padded = label + " " * (_LABEL - columns(label))
    return padded + "".join(" " + " " * (_COLUMN - columns(cell)) + cell for cell in cells)


def _amount(label: str, amount: Amount | None) -> Iterator[str]:
    if amount:
        yield _row(label, grouped(amount.low), grouped(amount.likely), grouped(amount.high))


def _worth(worth: Worth, language: Language) -> Iterator[str]:
    say = language.say
    for entry in worth.margins:
        margin = say("Margin of {year} ({side})", year=entry.year, side=say(_SIDES[entry.side]))
        yield from _amount(margin, entry.amount)
    concentration = worth.concentration
    told = any((worth.margins, concentration.top_three, worth.replacement, worth.referrals, worth.until_renewal))
    for label, amount in (
        (say("Expected yearly margin"), worth.expected_margin if told or worth.margin_at_stake else None),
        (say("Margin at stake over all years"), worth.margin_at_stake),
        (say("Share of our turnover, %"), concentration.share if concentration.year else None),
        (say("Our three largest customers, %"), concentration.top_three),
        (say("Past investments"), worth.past_investments),
        (say("Replacing it (counted)" if worth.counted else "Replacing it (beside)"), worth.replacement),
        (say("Customers it brings (counted)" if worth.counted else "Customers it brings (beside)"), worth.referrals),
        (say("The customer's own yearly gain"), worth.customer_gain),
        (say("Forgone until the next renewal"), worth.until_renewal),
    ):
        yield from _amount(label, amount)
    if concentration.one_of_top_three:
        yield say("It is one of our three largest customers.")
    elif concentration.one_of_top_three is False:
        yield say("It is not one of our three largest customers.")


def _way(way: Way, rulebase: Rulebase) -> Iterator[str]:
    language, say = rulebase.language, rulebase.language.say
    yield say(_WAYS[way.way])
    if way.missing:
        inputs = language.joined(", ", (_input(name, rulebase) for name in way.missing))
        yield f"  {say('not worked out; unknown: {inputs}', inputs=inputs)}"
        return
    yield from _amount(f"  {say('Value won back')}", way.value)
    yield from _amount(f"  {say('Cost of the attempt')}", way.attempt)
    if way.pays is False:
        yield f"  {say('It never pays.')}"
    elif way.chance:
        yield _chance(way, way.chance, language)


def _input(name: str, rulebase: Rulebase) -> str:
    """Name an input of the sum: a fact, what an offer costs, or something of the block itself."""
    language = rulebase.language
    if name in rulebase.vocabulary:
        return rulebase.vocabulary[name].title
    if name.startswith("cost of "):
        offer, _, when = name.removeprefix("cost of ").partition(" ")
        return language.say(_COSTS[when or "both"], offer=rulebase.accommodations[offer].title)
    return language.say(_INPUTS[name.replace(" ", "_")])


def _chance(way: Way, chance: Chance, language: Language) -> str:
    """Tell the chances; `never` where it would not pay even if the customer were sure to return."""
    unknown = not way.value or way.value.likely is None or not way.attempt or way.attempt.likely is None
    likely = "-" if unknown else _percent(chance.likely, language)
    label = f"  {language.say('Break-even chance, %')}"
    return _row(label, _percent(chance.low, language), likely, _percent(chance.high, language))


def _percent(chance: Decimal | None, language: Language) -> str:
    return language.say("never") if chance is None else f"{100 * chance:.1f}"


def _moves(found: EconomicsReport, rulebase: Rulebase) -> Iterator[str]:
    moving = [move for move in found.sensitivity if (move.at_low, move.at_high) != (None, None)]
    if moving:
        yield ""
        yield rulebase.language.say("What moves the break-even chance most, the rest at its likely figures:")
        yield from (_moved(move, rulebase) for move in moving)


def _moved(move: Sensitivity, rulebase: Rulebase) -> str:
    say = rulebase.language.say
    low, high = (
        say("never pays") if end is None else say("{percent} %", percent=f"{100 * end:.1f}")
        for end in (move.at_low, move.at_high)
    )
    moved = say(
        "{input}: {low} at its low end, {high} at its high end", input=_input(move.input, rulebase), low=low, high=high
    )
    return f"  {moved}"
