"""A line to print, and the small words that all answers share.

Never knows what the answer is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from churn_rules.language import Language
from churn_rules.vocabulary import Plain

__all__ = ["Line", "because", "dated", "heading", "lowered", "money", "number", "percent", "sentence"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line to print: it wraps with `hang` further columns of indentation. `style` is heading, good, bad or dim."""

    text: str
    indent: int = 2
    hang: int = 0
    style: str = ""


def heading(text: str) -> Iterator[Line]:
    """Yield a heading, set apart from what stands above it."""
    yield Line("", 0)
    yield Line(text, 0, style="heading")


def sentence(text: str) -> str:
    """Begin a text with a capital."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """Begin a text without a capital, so that it can go on a sentence."""
    return text[:1].lower() + text[1:]


def because(reason: str, language: Language) -> str:
    """Say the reason of a rule, a full sentence, as what follows `because`."""
    return language.say("because {sentence}", sentence=lowered(reason))


def number(certainty: float) -> str:
    """Say a certainty with its sign; it is the same in every language."""
    return f"{certainty:+.2f}" if certainty else "0.00"


def dated(date: Plain, language: Language) -> str:
    """Say a date, or a range of dates."""
    if isinstance(date, dict):
        return language.say("{low} to {high}", low=date["from"], high=date["to"])
    return str(date)


def money(amount: Plain | None, currency: str, language: Language) -> str:
    """Say an amount, or a range of amounts, in a currency."""
    if isinstance(amount, dict):
        ends = language.say("{low} to {high}", low=f"{amount['from']:,}", high=f"{amount['to']:,}")
        return f"{ends} {currency}".strip()
    return f"{amount:,} {currency}".strip()


def percent(chance: Plain, language: Language) -> str:
    """Say a chance from 0 to 1, or a range of chances, in percent."""
    if isinstance(chance, dict):
        low, high = (f"{round(100 * float(end), 1):g}" for end in chance.values())
        return language.say("{percent} %", percent=language.say("{low} to {high}", low=low, high=high))
    return language.say("{percent} %", percent=f"{round(100 * float(str(chance)), 1):g}")
