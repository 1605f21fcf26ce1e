"""Certainty: how clues add up, on one scale from surely not (-1) to surely (+1).

Never knows what the clues are about.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from churn_rules.errors import CertaintyError
from churn_rules.language import ENGLISH, Language, in_english

__all__ = ["LIMIT", "fold", "in_words"]

LIMIT = 0.99

_STRENGTHS = (("almost_certain", 0.9), ("strong", 0.75), ("suggestive", 0.4), ("weak", 0.0))
_WORDS = in_english(almost_certain="almost certain", strong="strong", suggestive="suggestive", weak="weak")


def fold(clues: Iterable[float]) -> float:
    """Add up independent clues about one reason.

    With P the product of (1 - c) over the clues for and Q the product of (1 - |d|) over the clues against, the
    result is (Q - P) / max(P, Q), rounded to nine decimals, so that neither order nor rounding can change an answer.

    Args:
        clues: Certainties from -0.99 (almost surely not) through 0.0 (no evidence) to +0.99. No unit.

    Returns:
        Combined certainty, same scale; 0.0 where there is no clue.

    Raises:
        CertaintyError: A clue lies outside -0.99 to +0.99.

    Source:
        Shortliffe & Buchanan (1975), Mathematical Biosciences 23, 351-379, as revised for EMYCIN.

    >>> fold([0.6, 0.3])
    0.72
    >>> fold([0.6, -0.3]) == fold([-0.3, 0.6])
    True
    """
    ordered = sorted(clues)
    if ordered and not -LIMIT <= ordered[0] <= ordered[-1] <= LIMIT:
        raise CertaintyError(f"a clue must lie between -{LIMIT} and +{LIMIT}, and one of {ordered} does not")
    doubt = prod(1 - clue for clue in ordered if clue > 0)
    belief = prod(1 + clue for clue in ordered if clue < 0)
    scale = max(doubt, belief)
    return round((belief - doubt) / scale, 9) if scale else 0.0  # hundreds of clues each way: nothing is left to tell


def in_words(certainty: float, language: Language = ENGLISH) -> str:
    """Name the strength of a clue, whichever way it points.

    >>> in_words(0.7), in_words(-0.2)
    ('suggestive', 'weak')
    """
    strength = next(strength for strength, limit in _STRENGTHS if abs(certainty) >= limit)
    return language.say(_WORDS[strength])
