"""Rewrites the files of translations of the rules and of the program: every text in its place, what there is kept.

Never translates: what is new has an empty translation, and what has changed keeps its old one as a suggestion.
"""

from __future__ import annotations

from pathlib import Path

import churn_rules
from churn_rules.language import LANGUAGES, Language
from churn_rules.loading import translations
from churn_rules.phrases import phrases_of_the_program
from churn_rules.reading import translations_as_po
from churn_rules.translating import messages

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write both files of each language."""
    texts = list(messages(churn_rules.load(ROOT / "rules")))
    phrases = [("", phrase) for phrase in phrases_of_the_program()]
    for code in LANGUAGES:
        if code != "en":
            found, language = translations(code, ROOT / "rules"), Language(code)
            of_rules = translations_as_po(texts, found.texts, language)
            of_program = translations_as_po(phrases, found.phrases, language)
            (ROOT / "rules" / "languages" / f"{code}.po").write_text(of_rules, encoding="utf-8")
            (ROOT / "src" / "churn_rules" / "languages" / f"{code}.po").write_text(of_program, encoding="utf-8")


if __name__ == "__main__":
    main()
