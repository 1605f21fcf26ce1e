"""How broad a text is at most, and how to break it into lines that fit: for drawings, which cannot wrap by themselves.

Never knows which font the reader has; the widths are those of a common sans serif, rounded up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

__all__ = ["SIZE", "width_of", "wrap"]

SIZE = 12.0
"""The size of all text in a drawing, in its own units."""

_NARROW = frozenset("iljtfrI.,:;'|!()[]/- ")
_BROAD = frozenset("mwMW@%\N{EM DASH}\N{HORIZONTAL ELLIPSIS}")


def width_of(text: str, size: float = SIZE) -> float:
    """Return how broad a text is at most, in a common sans serif, in units of the drawing."""
    return size * sum(map(_advance, text))


def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.02
    if character in _NARROW:
        return 0.31
    if character in _BROAD:
        return 0.87
    return 0.72 if character.isupper() or ord(character) > 0x2FF else 0.56


def wrap(text: str, room: float, most: int = 4, size: float = SIZE) -> tuple[str, ...]:
    """Break a text into lines that fit into a room; what goes beyond `most` lines is cut with an ellipsis."""
    lines = [""]
    for piece in (part for word in text.split() for part in _fitting(word, room, size)):
        longer = f"{lines[-1]} {piece}".lstrip()
        if lines[-1] and width_of(longer, size) > room:
            lines.append(piece)
        else:
            lines[-1] = longer
    if len(lines) > most:
        kept = lines[most - 1]
        while kept and width_of(f"{kept}…", size) > room:
            kept = kept[:-1]
        lines[most - 1 :] = [f"{kept}…"]
    return tuple(lines)


def _fitting(word: str, room: float, size: float) -> Iterator[str]:
    """Cut a word that is broader than the room into pieces that are not."""
    piece = ""
    for character in word:
        if piece and width_of(piece + character, size) > room:
            yield piece
            piece = ""
        piece += character
    yield piece
