"""Prescriptive and blaming words in what people write about a case: which stand there, and where in the text.

Never refuses anything: a note that tells what should have happened gets a question, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

__all__ = ["QUESTION", "Found", "Hint", "Phrases", "Wording"]

QUESTION = "what happened instead?"

_SPACE = r"\s+"
_FULL_WIDTH = "\u3002\uff01\uff1f\uff1b"  # what ends a sentence in Chinese: full stop, ! ? ;
_GAP = rf"[^.!?;{_FULL_WIDTH}]{{0,40}}?"
_SENTENCE_END = re.compile(rf"[.!?](?=\s|$)|[;{_FULL_WIDTH}]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of one language and kind: `prescriptive` or `blaming`."""

    language: str
    kind: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One phrase in a text: the words as they stand there, and from where to where."""

    language: str
    kind: str
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hint:
    """A text of a case that prescribes or blames: where it begins to, what it is, and the words."""

    where: str
    about: str
    kinds: tuple[str, ...]
    words: tuple[str, ...]
    question: str = QUESTION


@dataclass(frozen=True)
class Wording:
    """The word lists of a rule base; without any nothing is ever found.

    `within` are phrases that hold a listed one and mean something else; `told_by` say who says it, which makes the
    sentence a report of what was said.
    """

    lists: tuple[Phrases, ...] = ()
    within: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()

    def find(self, text: str) -> tuple[Found, ...]:
        r"""Find the words that prescribe or blame, in the order in which they stand.

        Args:
            text: A note or title; line breaks count as spaces.

        Returns:
            What was found; of words that overlap only the longest. Nothing in a sentence that says who says it.

        Source:
            Cespedes & Poblete 2019: ruthlessly descriptive, not prescriptive.

        >>> Wording((Phrases("en", "prescriptive", ("should have",)),)).find("They Should have\\n called.")
        (Found(language='en', kind='prescriptive', words='Should have', start=5, end=16),)
        """
        excused = [match.span() for match in self._matches(text, self._within)]
        excused += [_sentence_around(text, match.start()) for match in self._matches(text, self._told_by)]
        found = [
            Found(listed.language, listed.kind, " ".join(match[0].split()), *match.span())
            for listed, pattern in self._patterns
            for match in pattern.finditer(text)
            if not any(start <= match.start() and match.end() <= end for start, end in excused)
        ]
        return tuple(_longest(found))

    def _matches(self, text: str, pattern: re.Pattern[str] | None) -> Iterator[re.Match[str]]:
        return pattern.finditer(text) if pattern else iter(())

    @cached_property
    def _patterns(self) -> tuple[tuple[Phrases, re.Pattern[str]], ...]:
        return tuple((listed, pattern) for listed in self.lists if (pattern := _any_of(listed.phrases)))

    @cached_property
    def _within(self) -> re.Pattern[str] | None:
        return _any_of(self.within)

    @cached_property
    def _told_by(self) -> re.Pattern[str] | None:
        return _any_of(self.told_by)


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern of any of the phrases, the longest first; None for no phrase."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile("|".join(map(_pattern, longest_first)), re.IGNORECASE) if phrases else None


def _pattern(phrase: str) -> str:
    """Return the pattern of one phrase: whole words where it is written in a Latin script, else any place."""
    latin = bool(_LATIN.search(phrase))
    parts = [_SPACE.join(map(_word, part.split())) for part in phrase.split("…")]
    gap = rf"\b{_GAP}\b" if latin else _GAP
    joined = gap.join(parts)
    return rf"(?<!\w){joined}(?!\w)" if latin else joined


def _word(word: str) -> str:
    return re.escape(word).replace("'", "['\N{RIGHT SINGLE QUOTATION MARK}]")


def _sentence_around(text: str, place: int) -> tuple[int, int]:
    start = max((match.end() for match in _SENTENCE_END.finditer(text, 0, place)), default=0)
    end = _SENTENCE_END.search(text, place)
    return start, end.end() if end else len(text)


def _longest(found: list[Found]) -> Iterator[Found]:
    """Yield what does not overlap with something longer, or as long and earlier in the lists."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: one.start - one.end):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    yield from sorted(kept, key=lambda one: one.start)
