"""How broad a text is at most, and how to break it into lines that fit: for drawings, which cannot wrap by themselves.

Never knows which font the reader has; the widths are those of a common sans serif, rounded up.
"""

from __future__ import annotations

from churn_rules.wrapping import fill, is_wide

__all__ = ["SIZE", "width_of", "wrap"]

SIZE = 12.0
"""The size of all text in a drawing, in its own units."""

_NARROW = frozenset("iljtfrI.,:;'|!()[]/- ")
_BROAD = frozenset("mwMW@%\N{EM DASH}\N{HORIZONTAL ELLIPSIS}")


def width_of(text: str, size: float = SIZE) -> float:
    """Return how broad a text is at most, in a common sans serif, in units of the drawing."""
    return size * sum(map(_advance, text))


def _advance(character: str) -> float:
    if is_wide(character):
        return 1.02
    if character in _NARROW:
        return 0.31
    if character in _BROAD:
        return 0.87
    return 0.72 if character.isupper() or ord(character) > 0x2FF else 0.56


def wrap(text: str, room: float, most: int = 4, size: float = SIZE) -> tuple[str, ...]:
    """Break a text into lines that fit into a room; what goes beyond `most` lines is cut with an ellipsis."""
    lines = fill(" ".join(text.split()), room, lambda part: width_of(part, size))
    if len(lines) > most:
        kept = lines[most - 1]
        while kept and width_of(f"{kept}…", size) > room:
            kept = kept[:-1]
        lines[most - 1 :] = [f"{kept}…"]
    return tuple(lines)
