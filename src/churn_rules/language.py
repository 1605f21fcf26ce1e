"""The language of an answer: which one it is, and what the program's own English sentences are in it.

Never knows a sentence, and never reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType

__all__ = ["ENGLISH", "LANGUAGES", "Language", "in_english"]

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "nl": "Dutch", "zh": "Chinese"})
"""The languages that answers come in, by code; a translation may lack a text, and then English stands in."""

_TAGS = {"zh": "zh-Hans"}  # which of the two ways to write Chinese, so that a page is set in the right glyphs


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code, and for each English sentence of the program the same sentence in it.

    The English sentence in the code is the key, as in gettext. A sentence that is not translated stays English.
    """

    code: str
    phrases: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    def say(self, english: str, /, **parts: object) -> str:
        """Say a sentence of the program, its parts filled in.

        >>> Language("nl", {"It pays {amount}.": "Het levert {amount} op."}).say("It pays {amount}.", amount=30)
        'Het levert 30 op.'
        """
        return self.phrases.get(english, english).format(**parts)

    def word(self, code: str, words: Mapping[str, str], /) -> str:
        """Say the word for a code; a code without one, from a case that no file holds, is told as it stands."""
        return self.say(words[code]) if code in words else code.replace("_", " ")

    def joined(self, separator: str, items: Iterable[str], /) -> str:
        """Put items one after another, with what stands between them in this language."""
        return self.phrases.get(separator, separator).join(items)

    def all_of(self, clauses: Iterable[str], /) -> str:
        """Put clauses together that hold at once; things are put together with `joined`."""
        return reduce(lambda one, other: self.say("{one} and {other}", one=one, other=other), clauses)

    @property
    def tag(self) -> str:
        """The language as pages name it (BCP 47)."""
        return _TAGS.get(self.code, self.code)


ENGLISH = Language("en")


def in_english(**sentences: str) -> Mapping[str, str]:
    """Return what to say for each code, in English; it is written this way so that translators are told of it."""
    return MappingProxyType(sentences)
