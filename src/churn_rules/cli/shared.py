"""What several commands have in common: their options, how they load what they need, and how they print.

Never works anything out. Whatever is slow to import is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from churn_rules.engines import DEFAULT, ENGINES
from churn_rules.errors import CaseError, render_issue
from churn_rules.language import LANGUAGES

if TYPE_CHECKING:
    from churn_rules.cases import Case
    from churn_rules.rulebase import Rulebase
    from churn_rules.telling import Line

__all__ = [
    "asked_of",
    "case_argument",
    "case_of",
    "conclusion_argument",
    "engine_option",
    "fact_option",
    "format_option",
    "hint_at",
    "lang_option",
    "load_rules",
    "print_answer",
    "print_lines",
    "rules_option",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

# --- options that several commands share ------------------------------------------------------------------------------


def rules_option(command: _Command) -> _Command:
    """Add --rules to a command."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    words = "Folder of rules; the shipped ones if left out."
    return click.option("--rules", type=folder, metavar="DIR", help=words)(command)


def engine_option(command: _Command) -> _Command:
    """Add --engine to a command."""
    words = "Who decides the rules."
    return click.option("--engine", type=click.Choice(ENGINES), default=DEFAULT, show_default=True, help=words)(command)


def format_option(command: _Command) -> _Command:
    """Add --format to a command."""
    kinds = click.Choice(["text", "json"])
    words = "For people or for programs."
    return click.option("--format", "as_", type=kinds, default="text", show_default=True, help=words)(command)


def lang_option(command: _Command) -> _Command:
    """Add --lang to a command."""
    words = "Language of the answer; its codes are the same in all."
    return click.option("--lang", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help=words)(
        command
    )


def fact_option(command: _Command) -> _Command:
    """Add --fact to a command."""
    words = "A fact, as in price_increase=30 or stated_reason.customer=price; may be repeated."
    return click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help=words)(command)


def case_argument(command: _Command) -> _Command:
    """Let a command take a case, or none."""
    return click.argument("case", required=False, metavar="[CASE]")(command)


def conclusion_argument(command: _Command) -> _Command:
    """Let a command take a conclusion, with or without a case before it."""
    return click.argument("asked", nargs=-1, required=True, metavar="[CASE] CONCLUSION")(command)


def asked_of(words: Sequence[str], facts: Sequence[str]) -> tuple[str | None, str]:
    """Return the case, if one is named, and the conclusion; click itself would take a lone word for the case."""
    if len(words) == 1 and not facts:
        raise click.UsageError("Give a CASE and a CONCLUSION, or a CONCLUSION and facts: --fact NAME=VALUE.")
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]})")
    return (words[0] if len(words) == 2 else None), words[-1]


# --- what commands have in common -------------------------------------------------------------------------------------


def load_rules(rules: Path | None, lang: str = "en") -> Rulebase:
    """Return the rule base of a folder, or the shipped one, in a language."""
    from churn_rules.loading import load

    return load(rules, lang) if lang != "en" else load(rules)


def case_of(case: str | None, facts: Sequence[str], rulebase: Rulebase) -> Case:
    """Return the case that is named, with the facts typed in put in place of what it says of them; or these alone."""
    from churn_rules.api import load_case
    from churn_rules.loading import find_case
    from churn_rules.reading import case_from_facts, case_paths

    if not case and not facts:
        raise click.UsageError("Give a CASE (a file, or a name such as brex-rilf), or facts: --fact NAME=VALUE.")
    try:
        typed = case_from_facts(_typed_in(facts), rulebase, typed_in=True) if facts else None
    except CaseError as error:
        raise click.UsageError("\n\n".join(map(render_issue, error.issues))) from None
    if not case:
        assert typed is not None, "facts were given"
        return typed
    if find_case(case).is_dir():
        raise click.UsageError(f"{case} is a folder; name a case in it, or use `churn-rules replay`.")
    named = load_case(case_paths([find_case(case)])[0], rulebase)
    return named.changed_by(typed) if typed else named


def _typed_in(facts: Sequence[str]) -> dict[str, object]:
    typed: dict[str, object] = {}
    for fact in facts:
        name, equals, value = fact.partition("=")
        if not equals or not value.strip():
            raise click.UsageError(f"`{fact}` is no fact; write NAME=VALUE, as in price_increase=30.")
        if name.strip() in typed:
            raise click.UsageError(f"`{name.strip()}` is given twice; give it once, or once a side (NAME.customer=…).")
        typed[name.strip()] = value
    return typed


def hint_at(cases: Iterable[Case]) -> None:
    """Ask on stderr for another wording where a note prescribes or blames."""
    from churn_rules.telling import tell_hint

    for case in cases:
        for hint in case.hints:
            click.echo(tell_hint(hint), err=True)


def print_answer(value: object, as_: str, tell: Callable[[], Iterable[Line]]) -> None:
    """Print an answer as JSON for programs, or told for people."""
    from churn_rules.schemas import as_json

    if as_ == "json":
        click.echo(as_json(value))
    else:
        print_lines(tell())


def print_lines(lines: Iterable[Line], page: StringIO | None = None, *, err: bool = False) -> None:
    """Print lines for people: wrapped to the terminal (80 columns elsewhere), styled only on a terminal."""
    from rich.console import Console
    from rich.text import Text

    from churn_rules.wrapping import breakable

    console = Console(highlight=False, markup=False, emoji=False, file=page, stderr=err, width=80 if page else None)
    console.width = max(20, console.width)
    styles = {"heading": "bold", "good": "green", "bad": "red", "dim": "dim"}
    width = min(console.width, 110)
    for line in lines:
        room = max(20, width - line.indent - line.hang)
        text = Text(breakable(line.text, room), style=styles.get(line.style, ""))
        for number, part in enumerate(text.wrap(console, room) or [Text("")]):
            part.rstrip()
            indent = line.indent + (line.hang if number else 0)
            console.print(Text(" " * indent if part.plain else "") + part, soft_wrap=True)
