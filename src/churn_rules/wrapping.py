"""How broad a text stands on a terminal, and where it may be broken: Chinese at any character, the rest at spaces.

Never prints anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

__all__ = ["breakable", "columns", "fill", "is_wide", "pieces"]

_WORD = re.compile(r"(\s*)(\S+)")
_OPENING, _CLOSING = ("Ps", "Pi"), ("Pe", "Pf", "Po")  # kinds of punctuation, by their Unicode category


def is_wide(character: str) -> bool:
    """Tell whether a character takes two columns."""
    return unicodedata.east_asian_width(character) in "WF"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) + sum(map(is_wide, text))


def pieces(word: str) -> Iterator[str]:
    """Cut a word where a line may break within it: around wide characters, never before what closes."""
    piece = ""
    for character in word:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if not (is_wide(before) or is_wide(after)):
        return False
    return unicodedata.category(before) not in _OPENING and unicodedata.category(after) not in _CLOSING


def fill(text: str, room: float, width: Callable[[str], float] = columns) -> list[str]:
    """Break a text into lines that fit into a room; what cannot be broken is cut where the room ends."""
    lines = [""]
    for gap, word in _WORD.findall(text):
        parts = (part for piece in pieces(word) for part in _cut(piece, room, width))
        for place, piece in enumerate(parts):
            before = "" if place else gap
            if lines[-1] and width(lines[-1] + before + piece) > room:
                lines.append(piece)
            else:
                lines[-1] += before + piece
    return lines


def breakable(text: str, room: int) -> str:
    """Return a text with line ends where it holds wide characters and would not fit; any other text as it is."""
    if columns(text) <= room or not any(map(is_wide, text)):
        return text
    return "\n".join(fill(text, room))


def _cut(piece: str, room: float, width: Callable[[str], float]) -> Iterator[str]:
    """Cut what is broader than the room into parts that are not."""
    part = ""
    for character in piece if width(piece) > room else ():
        if part and width(part + character) > room:
            yield part
            part = ""
        part += character
    yield part or piece
