"""The command line: parse, call one function, print. Answers on stdout, complaints on stderr.

Never works anything out. Exit codes: 0 it ran and found no fault; 1 a rule, case or expectation is wrong; 2 used
wrongly; 130 interrupted. Whatever is slow to import is imported by the command that needs it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from churn_rules.errors import (
    CaseError,
    ChurnRulesError,
    LoadError,
    MissingPackageError,
    UnknownNameError,
    render_issues,
)

if TYPE_CHECKING:
    from churn_rules.cases import Case
    from churn_rules.reading import Draft
    from churn_rules.rulebase import Rulebase
    from churn_rules.telling import Line

__all__ = ["cli", "main"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SCHEMA_KINDS = ("rule", "case", "diagnosis", "replay")


def main() -> None:
    """Run the command line; every error that we foresee ends in a message and an exit code, never in a traceback."""
    warnings.showwarning = _remark
    try:
        sys.exit(_run())
    except BrokenPipeError:  # the reader of the pipe has seen enough
        sys.stderr.close()
        sys.exit(0)


def _run() -> int:
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _complain("Interrupted.", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except (LoadError, CaseError) as error:
        asked_wrongly = all(issue.code.startswith("F4") for issue in error.issues)
        return _complain(render_issues(error.issues), 2 if asked_wrongly else 1)
    except (UnknownNameError, MissingPackageError) as error:
        return _complain(f"error: {error}", 2)
    except ChurnRulesError as error:
        return _complain(f"error: {error}", 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _complain(f"error: cannot write the answer: {error.strerror}", 1)
    return 0


def _remark(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"note: {message}", err=True)


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


# --- options that several commands share ------------------------------------------------------------------------------


def _rules_option(command: _Command) -> _Command:
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    words = "Folder of rules; the shipped ones if left out."
    return click.option("--rules", type=folder, metavar="DIR", help=words)(command)


def _engine_option(command: _Command) -> _Command:
    names = click.Choice(["durable", "reference"])
    words = "Who decides the rules."
    return click.option("--engine", type=names, default="durable", show_default=True, help=words)(command)


def _format_option(command: _Command) -> _Command:
    kinds = click.Choice(["text", "json"])
    words = "For people or for programs."
    return click.option("--format", "as_", type=kinds, default="text", show_default=True, help=words)(command)


def _fact_option(command: _Command) -> _Command:
    words = "A fact, as in price_increase=30 or stated_reason.customer=price; may be repeated."
    return click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help=words)(command)


def _case_argument(command: _Command) -> _Command:
    return click.argument("case", required=False, metavar="[CASE]")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Tell why a B2B customer left, and whether and how to win them back.

    Every word of an answer is traced to a rule, and every rule to a source. CASE is a case file, or the name of a
    shipped case such as brex-rilf.
    """


# --- commands ---------------------------------------------------------------------------------------------------------


@cli.command()
@_case_argument
@_fact_option
@click.option("--all", "everything", is_flag=True, help="List everything that is missing.")
@click.option("--trace", "with_trace", is_flag=True, help="Add every rule that fired.")
@_rules_option
@_engine_option
@_format_option
def diagnose(
    *,
    case: str | None,
    facts: Sequence[str],
    everything: bool,
    with_trace: bool,
    rules: Path | None,
    engine: str,
    as_: str,
) -> None:
    """Diagnose a case, or facts given with --fact."""
    from churn_rules.api import trace  # noqa: PLC0415
    from churn_rules.diagnosis import conclude_case  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_diagnosis, tell_trace  # noqa: PLC0415

    rulebase = _load(rules)
    found = _case(case, facts, rulebase)
    run = trace(found, rulebase=rulebase, engine=engine)
    diagnosis = conclude_case(rulebase, run)
    if as_ == "json":
        click.echo(as_json(diagnosis))
        return
    _print(tell_diagnosis(diagnosis, rulebase, found.title, everything=everything))
    if with_trace:
        _print(tell_trace(run, rulebase))


@cli.command()
@click.argument("cases", nargs=-1, metavar="[CASE_OR_FOLDER]...")
@_rules_option
@_engine_option
@_format_option
def replay(*, cases: Sequence[str], rules: Path | None, engine: str, as_: str) -> None:
    """Replay cases date by date, and hold the end against what is expected; all shipped cases if none is named."""
    from churn_rules.loading import shipped  # noqa: PLC0415
    from churn_rules.reading import case_paths, read_cases  # noqa: PLC0415
    from churn_rules.replaying import replay_all  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_replays  # noqa: PLC0415

    rulebase = _load(rules)
    paths = case_paths([_found(case) for case in cases] or [shipped("cases")])
    replays = replay_all(rulebase, read_cases(paths, rulebase), engine)
    if as_ == "json":
        click.echo(as_json(replays))
    else:
        _print(tell_replays(replays, rulebase))
    if not replays.met:
        raise click.exceptions.Exit(1)


@cli.command()
@_case_argument
@_fact_option
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write the page; - for standard output.")
@_rules_option
@_engine_option
def report(*, case: str | None, facts: Sequence[str], output: str, rules: Path | None, engine: str) -> None:
    """Write a diagnosis as one HTML page to print or to hand on; needs churn-rules[report]."""
    from churn_rules.api import trace  # noqa: PLC0415
    from churn_rules.report import report_html  # noqa: PLC0415

    rulebase = _load(rules)
    page = report_html(rulebase, trace(_case(case, facts, rulebase), rulebase=rulebase, engine=engine))
    if output == "-":
        click.echo(page, nl=False)
    else:
        _write(Path(output), page)
        click.echo(f"Wrote {output}.")


@cli.command()
@_case_argument
@click.argument("conclusion")
@_fact_option
@_rules_option
@_engine_option
@_format_option
def why(*, case: str | None, conclusion: str, facts: Sequence[str], rules: Path | None, engine: str, as_: str) -> None:
    """Explain a CONCLUSION of a case: decision, scope, or a reason, accommodation or finding by its id."""
    from churn_rules.api import why as explain  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_why  # noqa: PLC0415

    rulebase = _load(rules)
    explained = explain(_case(case, facts, rulebase), conclusion, rulebase=rulebase, engine=engine)
    if as_ == "json":
        click.echo(as_json(explained))
    else:
        _print(tell_why(explained))


@cli.command("why-not")
@_case_argument
@click.argument("conclusion")
@_fact_option
@_rules_option
@_engine_option
@_format_option
def why_not(
    *, case: str | None, conclusion: str, facts: Sequence[str], rules: Path | None, engine: str, as_: str
) -> None:
    """Tell why a CONCLUSION was not reached: which premises fail or are unknown, and by how much."""
    from churn_rules.api import why_not as explain  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_why_not  # noqa: PLC0415

    rulebase = _load(rules)
    explained = explain(_case(case, facts, rulebase), conclusion, rulebase=rulebase, engine=engine)
    if as_ == "json":
        click.echo(as_json(explained))
    else:
        _print(tell_why_not(explained))


@cli.command()
@click.argument("name", required=False)
@_rules_option
@_format_option
def show(*, name: str | None, rules: Path | None, as_: str) -> None:
    """Read a rule, reason, fact, finding or accommodation aloud; without NAME, list what there is."""
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_contents, tell_named  # noqa: PLC0415

    rulebase = _load(rules)
    if as_ == "json":
        click.echo(as_json(rulebase.named(name) if name else rulebase.contents()))
    else:
        _print(tell_named(name, rulebase) if name else tell_contents(rulebase))


@cli.command()
@click.argument("topic", required=False)
@_rules_option
@_format_option
def facts(*, topic: str | None, rules: Path | None, as_: str) -> None:
    """List the vocabulary: every fact that a case may hold, of one TOPIC or of all."""
    from churn_rules.schemas import as_json  # noqa: PLC0415
    from churn_rules.telling import tell_facts  # noqa: PLC0415

    wanted = _load(rules).facts_about(topic)
    if as_ == "json":
        click.echo(as_json(wanted))
    else:
        _print(tell_facts(wanted))


@cli.command()
@_rules_option
@_format_option
def check(*, rules: Path | None, as_: str) -> None:
    """Check a folder of rules: everything that is wrong in all files at once."""
    from churn_rules.checking import check as check_draft  # noqa: PLC0415
    from churn_rules.loading import shipped  # noqa: PLC0415
    from churn_rules.reading import read_rules  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415

    draft = read_rules(rules or shipped("rules"))
    sound = check_draft(draft) is not None
    if as_ == "json":
        click.echo(as_json(tuple(draft.issues)))
    else:
        _report(draft)
    if not sound:
        raise click.exceptions.Exit(1)


def _report(draft: Draft) -> None:
    if draft.issues:
        click.echo(render_issues(draft.issues), err=True)
    examples = sum(len(rule.examples) for rule in draft.rules.values())
    faults = "something is wrong" if any(issue.severity == "error" for issue in draft.issues) else "no fault found"
    counts = (
        f"{len(draft.rules)} rules, {examples} examples, {len(draft.vocabulary)} facts, {len(draft.reasons)} reasons"
    )
    click.echo(f"Checked {draft.files} files: {counts}: {faults}.")


@cli.command()
@click.argument("kind", type=click.Choice(_SCHEMA_KINDS))
@_rules_option
def schema(*, kind: str, rules: Path | None) -> None:
    """Write the JSON Schema of a rule, a case, a diagnosis or a replay."""
    from churn_rules.schemas import json_schema  # noqa: PLC0415

    click.echo(json_schema(kind, _load(rules)))


@cli.command()
@_rules_option
@_format_option
def version(*, rules: Path | None, as_: str) -> None:
    """Tell the version of the program, of its engines and of the rule base."""
    from churn_rules.loading import versions  # noqa: PLC0415
    from churn_rules.schemas import as_json  # noqa: PLC0415

    found = {"churn-rules": installed_version("churn-rules")} | versions(_load(rules))
    click.echo(as_json(found) if as_ == "json" else "\n".join(f"{name} {value}" for name, value in found.items()))


# --- what commands have in common -------------------------------------------------------------------------------------


def _load(rules: Path | None) -> Rulebase:
    from churn_rules.loading import load  # noqa: PLC0415

    return load(rules)


def _found(case: str) -> Path:
    """Return the path of a case file or folder, or of the shipped case of that name."""
    from churn_rules.loading import shipped  # noqa: PLC0415

    named = shipped("cases") / f"{case}.yaml"
    return named if not Path(case).exists() and Path(case).name == case and named.is_file() else Path(case)


def _case(case: str | None, facts: Sequence[str], rulebase: Rulebase) -> Case:
    """Return the case that is named, or made of facts typed in."""
    from churn_rules.reading import case_from_facts, case_paths, read_case  # noqa: PLC0415

    if bool(case) == bool(facts):
        raise click.UsageError(
            "Give either a CASE (a file, or a name such as brex-rilf) or facts with --fact NAME=VALUE."
        )
    if case:
        paths = case_paths([_found(case)])
        if len(paths) > 1:
            raise click.UsageError(f"{case} holds {len(paths)} cases; name one of them, or use `churn-rules replay`.")
        return read_case(paths[0], rulebase)
    typed: dict[str, object] = {}
    for fact in facts:
        name, equals, value = fact.partition("=")
        if not equals or not value.strip():
            raise click.UsageError(f"`{fact}` is no fact; write NAME=VALUE, as in price_increase=30.")
        if name.strip() in typed:
            raise click.UsageError(
                f"`{name.strip()}` is given twice; give it once, or one value a side (NAME.customer=…)."
            )
        typed[name.strip()] = value
    try:
        return case_from_facts(typed, rulebase, typed_in=True)
    except CaseError as error:
        raise click.UsageError(render_issues(error.issues)) from None


def _write(path: Path, text: str) -> None:
    from churn_rules.report import write_whole  # noqa: PLC0415

    try:
        write_whole(path, text)
    except OSError as error:
        left = "" if path.is_dir() or not path.exists() else " What was there before is still there."
        raise ChurnRulesError(f"cannot write `{path}`: {error.strerror}.{left}") from error


def _print(lines: Iterable[Line]) -> None:
    """Print lines for people: wrapped to the terminal (80 columns in a pipe), styled only on a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, markup=False, emoji=False)
    styles = {"heading": "bold", "good": "green", "bad": "red", "dim": "dim"}
    width = min(console.width, 110)
    for line in lines:
        room = max(20, width - line.indent - line.hang)
        wrapped = Text(line.text, style=styles.get(line.style, "")).wrap(console, room)
        for number, part in enumerate(wrapped or [Text("")]):
            part.rstrip()
            indent = line.indent + (line.hang if number else 0)
            console.print(Text(" " * indent if part.plain else "") + part, soft_wrap=True)
