"""From a case file to hints on its wording, each with its line and column.

Never finds a fault: what is hinted at is for the author to judge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from churn_rules.errors import Location
from churn_rules.reading.documents import Document, Key
from churn_rules.wording import Found, Hint, Wording

__all__ = ["hints_on"]

_CHECKED = ("note", "title")


def hints_on(document: Document, wording: Wording) -> tuple[Hint, ...]:
    """Return a hint for each note or title of a case that prescribes or blames, in the order of the file."""
    if not wording.lists:
        return ()
    found = [(path, words) for path, text in _texts(document.data, ()) if (words := wording.find(text))]
    if not found:
        return ()
    marks = (*document.places.values(), *document.keys.values())
    starts = sorted((line + 1, column + 1) for line, column, _ in marks)
    lines = document.text.splitlines()
    return tuple(_hint(path, words, _place_of(document.place(path), words[0], lines, starts)) for path, words in found)


def _texts(data: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if key in _CHECKED and isinstance(value, str):
            yield (*path, key), value
        else:
            yield from _texts(value, (*path, key))


def _hint(path: tuple[Key, ...], found: tuple[Found, ...], at: Location) -> Hint:
    kinds = tuple(dict.fromkeys(one.kind for one in found))
    words = tuple(dict.fromkeys(one.words for one in found))
    return Hint(str(at), _about(path), kinds, words)


def _about(path: tuple[Key, ...]) -> str:
    """Name a text as a person would: `title`, or `note of timeline 3`."""
    around = " ".join(str(step + 1) if isinstance(step, int) else step for step in path[:-1])
    return f"{path[-1]} of {around}" if around else str(path[-1])


def _place_of(at: Location, found: Found, lines: list[str], starts: list[tuple[int, int]]) -> Location:
    """Return where the words stand in the file; where the text begins, if it is written with escapes between."""
    after = bisect_right(starts, (at.line, at.column))
    last, column = starts[after] if after < len(starts) else (len(lines) + 1, 1)
    own = lines[at.line - 1 : last]
    if last <= len(lines):
        own[-1] = own[-1][: column - 1]
    own[0] = " " * (at.column - 1) + own[0][at.column - 1 :]
    text = "\n".join(own)
    match = re.search(r"\s+".join(map(re.escape, found.words.split())), text)
    if match is None:
        return at
    before = text[: match.start()]
    return Location(at.path, at.line + before.count("\n"), match.start() - before.rfind("\n"))
