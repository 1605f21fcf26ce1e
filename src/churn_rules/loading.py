"""From a folder to a rule base that is ready to run, and where the shipped rules and cases lie.

Never keeps what it loaded: whoever loads holds the rule base.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from churn_rules.checking import finish
from churn_rules.errors import ChurnRulesError, Issue, LoadError, UnknownNameError
from churn_rules.language import LANGUAGES, Language
from churn_rules.reading import LANGUAGES_FOLDER, read_rules, read_translations
from churn_rules.rulebase import Rulebase
from churn_rules.translating import Entry, messages, translated, untranslated

__all__ = [
    "Translations",
    "find_case",
    "given_or_shipped",
    "in_language",
    "load",
    "shipped",
    "translations",
    "versions",
]


def shipped(name: str) -> Path:
    """Return the folder of the shipped `rules` or `cases`: in the package, or at the top of a checkout."""
    inside = Path(str(files("churn_rules"))) / "_shipped" / name
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / name


def find_case(case: str | Path) -> Path:
    """Return the path of a case file or folder, or of the shipped case of that name.

    Raises:
        UnknownNameError: It is a bare name, and no shipped case is called that.
    """
    if isinstance(case, Path) or "/" in case or case.endswith(".yaml") or _exists(case):
        return Path(case)
    names = [path.stem for path in sorted(shipped("cases").glob("*.yaml"))]
    if case not in names:
        raise UnknownNameError("case", case, names)
    return shipped("cases") / f"{case}.yaml"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for the system, or no name at all
        return False


def load(path: str | Path | None = None, language: str = "en") -> Rulebase:
    """Load a rule base, and check it.

    Args:
        path: A folder of rules; without it, the shipped rules.
        language: The language that every answer from it comes in: `en`, `nl` or `zh`. What is not translated stays
            English, and a warning says how much that is.

    Raises:
        LoadError: Something is wrong with it, or with its translation; `issues` holds all of it.
        UnknownNameError: There is no such language.
    """
    rulebase = finish(read_rules(_folder(path)))
    return rulebase if language == "en" else in_language(rulebase, language, path)


def given_or_shipped(rulebase: Rulebase | None) -> Rulebase:
    """Return the rule base that a caller hands over, or the shipped one, loaded anew, where there is none.

    Raises:
        ChurnRulesError: What is handed over is no rule base.
        LoadError: Something is wrong with the shipped rules.
    """
    if rulebase is None:
        return load()
    if not isinstance(rulebase, Rulebase):
        what = f"`rulebase` is a rule base, and not {type(rulebase).__name__}"
        raise ChurnRulesError(f"{what}; hand over what churn_rules.load() returns (load(path) for a folder of rules)")
    return rulebase


def _folder(path: str | Path | None) -> Path:
    return Path(path) if path is not None else shipped("rules")


def in_language(rulebase: Rulebase, code: str, path: str | Path | None = None) -> Rulebase:
    """Return the same rule base with every text in another language, so that every answer from it is in it too.

    Args:
        rulebase: In English. It is left as it is.
        code: `nl` or `zh`.
        path: The folder of rules that it was loaded from; without it, the shipped rules.

    Raises:
        LoadError: Something is wrong with a file of translations; `issues` holds all of it.
        UnknownNameError: There is no such language.
        ChurnRulesError: The rule base is in another language already.
    """
    if code not in LANGUAGES:
        raise UnknownNameError("language", code, LANGUAGES)
    if code == rulebase.language.code:
        return rulebase
    if rulebase.language.code != "en":
        name = LANGUAGES[rulebase.language.code]
        raise ChurnRulesError(f"a rule base is translated from English, and this one is in {name}: load it anew")
    found = translations(code, path)
    if found.issues:
        raise LoadError(found.issues)
    if lacking := len(untranslated(messages(rulebase), found.texts)):
        name = LANGUAGES[code]
        words = f"{lacking} texts are not yet in {name} and stand in English"
        words = f"1 text is not yet in {name} and stands in English" if lacking == 1 else words
        them = "it" if lacking == 1 else "them"
        warnings.warn(f"{words}; churn-rules check --lang {code} lists {them}", stacklevel=2)
    phrases = {entry.english: entry.text for entry in found.phrases.values() if entry.text}
    return translated(rulebase, Language(code, phrases), found.texts)


@dataclass(frozen=True, slots=True)
class Translations:
    """The translations of a rule base (by context) and of the program's phrases, and what is wrong in their files."""

    texts: Mapping[str, Entry]
    phrases: Mapping[str, Entry]
    issues: tuple[Issue, ...]


def translations(code: str, path: str | Path | None = None) -> Translations:
    """Read what there is of a language, for a folder of rules and for the program."""
    folder = _folder(path).resolve()
    inside = Path(LANGUAGES_FOLDER, f"{code}.po")
    texts, of_rules = read_translations(folder / inside, f"{folder.name}/{inside.as_posix()}")
    package = Path(str(files("churn_rules")))
    phrases, of_program = read_translations(package / inside, f"churn_rules/{inside.as_posix()}")
    return Translations(texts, phrases, (*of_rules.issues, *of_program.issues))


def versions(rulebase: Rulebase) -> dict[str, str]:
    """Return the version of durable-rules (`not installed` without it), and size and digest of a rule base."""
    try:
        durable = version("durable-rules")
    except PackageNotFoundError:
        durable = "not installed; the reference engine takes over"
    return {"durable-rules": durable, "rules": f"{len(rulebase.rules)} accepted", "rulebase": rulebase.digest}
