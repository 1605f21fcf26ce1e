"""Files of translations in, as gettext keeps them, and out again for a translator.

The only module that knows the form of a .po file. Never judges whether a translation is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from churn_rules.errors import Location
from churn_rules.language import LANGUAGES, Language
from churn_rules.reading.documents import Document, read_text
from churn_rules.translating import Entry

if TYPE_CHECKING:
    import polib

__all__ = ["read_translations", "translations_as_po"]

_LINE = re.compile(r'(#.*|((msgctxt|msgid|msgstr)\s+)?"(?:[^"\\]|\\.)*")?\s*')
_PART = re.compile(r"\{[^{}]*\}")


def read_translations(file: Path, shown: str) -> tuple[dict[str, Entry], Document]:
    """Read a file of translations.

    Args:
        file: Where it is; one that is not there holds nothing.
        shown: Its path as errors show it.

    Returns:
        The entries by context, or by the English text where there is none; and the document, whose `issues` say
        what is wrong. What a translator has marked as fuzzy counts as not translated.
    """
    document = read_text(file, shown) if file.exists() else Document(shown)
    if document.issues or not _is_po(document):
        return {}, document
    found: dict[str, Entry] = {}
    for entry in _parsed(document):
        if not entry.obsolete:
            _check(entry, found, document)
            found[entry.msgctxt or entry.msgid] = Entry(entry.msgid, "" if entry.fuzzy else entry.msgstr)
    return found, document


def _is_po(document: Document) -> bool:
    """Tell whether every line has the form that it should; the library would pass over some that have not."""
    for number, line in enumerate(document.text.splitlines()):
        if not _LINE.fullmatch(line):
            why = "it is neither a comment nor `msgctxt`, `msgid` or `msgstr` with a text between double quotes"
            fix = 'close the quote, and write \\" for a quote within the text'
            document.issue("T501", "this line is no line of a .po file", why, fix, document.located((number, 0, 1)))
    return not document.issues


def _parsed(document: Document) -> Iterable[polib.POEntry]:
    import polib  # noqa: PLC0415  # only for those who ask for another language

    try:
        return polib.pofile(f"{document.text}\n")  # with a line end it cannot be taken for the name of a file
    except OSError as error:
        line = re.search(r"line (\d+)", str(error))
        at = document.located((int(line[1]) - 1, 0, 1)) if line else None
        why = "each entry has `msgctxt`, `msgid` and `msgstr` in this order"
        document.issue("T501", "this is not a .po file", why, "put the lines of the entry in order", at)
        return ()


def _check(entry: polib.POEntry, found: Mapping[str, Entry], document: Document) -> None:
    name = entry.msgctxt or entry.msgid
    if name in found:
        what, why = f"`{name}` is translated twice", "readers keep only one of the two"
        document.issue("T503", what, why, "remove one of them", _place(entry, "msgid", document))
    wanted, given = (set(_PART.findall(text)) for text in (entry.msgid, entry.msgstr))
    if not entry.msgstr or wanted == given:
        return
    lacks, adds = (", ".join(f"`{part}`" for part in sorted(parts)) for parts in (wanted - given, given - wanted))
    what = " and ".join(f"{verb} {parts}" for verb, parts in (("lacks", lacks), ("adds", adds)) if parts)
    why = "what stands in braces is filled in, and only what stands in the English text can be"
    at = _place(entry, "msgstr", document)
    document.issue("T502", f"the translation {what}", why, "write the same braces as the English text has", at)


def _place(entry: polib.POEntry, keyword: str, document: Document) -> Location:
    lines = document.text.splitlines()
    first = (entry.linenum or 1) - 1
    line = next((place for place in range(first, len(lines)) if lines[place].startswith(keyword)), first)
    return document.located((line, 0, len(keyword)))


def translations_as_po(english: Iterable[tuple[str, str]], entries: Mapping[str, Entry], language: Language) -> str:
    """Return a .po file of these texts for a translator, with the translations that there are.

    A translation of what a text said before is kept as a suggestion, marked as fuzzy, beside the earlier English.

    Args:
        english: Each text after its context, in the order of the file; no context is an empty text.
        entries: The translations, as `read_translations` returns them.
        language: What they are translated to.
    """
    import polib  # noqa: PLC0415  # as above

    file = polib.POFile(wrapwidth=0)
    file.header = f"churn-rules in {LANGUAGES[language.code]}."
    file.metadata = {
        "Project-Id-Version": "churn-rules",
        "Language": language.tag,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for context, text in english:
        entry = entries.get(context or text, Entry(text, ""))
        stale = bool(entry.text) and entry.english != text
        file.append(
            polib.POEntry(
                msgctxt=context or None,
                msgid=text,
                msgstr=entry.text,
                flags=["fuzzy"] if stale else [],
                previous_msgid=entry.english if stale else None,
            )
        )
    return f"{file}\n"
