"""The command line: parse, call one function, print. Answers on stdout, complaints on stderr.

Never works anything out. Exit codes: 0 it ran and found no fault; 1 a rule, case or expectation is wrong; 2 used
wrongly; 130 interrupted. Whatever is slow to import is imported by the command that needs it.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from importlib.metadata import version as installed_version
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from churn_rules.cli.interviews import ask, verify_certificate
from churn_rules.cli.portfolio_report import portfolio
from churn_rules.cli.portfolios import explain_row, map_columns, score
from churn_rules.cli.shared import (
    asked_of,
    case_argument,
    case_of,
    conclusion_argument,
    engine_option,
    fact_option,
    format_option,
    hint_at,
    lang_option,
    load_rules,
    print_answer,
    print_lines,
    rules_option,
)
from churn_rules.errors import (
    CaseError,
    ChurnRulesError,
    LoadError,
    MissingPackageError,
    TableFileError,
    UnknownNameError,
    render_issues,
)
from churn_rules.language import LANGUAGES

if TYPE_CHECKING:
    from churn_rules.language import Language
    from churn_rules.planning import Plan
    from churn_rules.reading import Draft
    from churn_rules.rulebase import Rulebase
    from churn_rules.telling import Line

__all__ = ["cli", "main"]

_Explained = TypeVar("_Explained")
_SCHEMA_KINDS = ("rule", "case", "diagnosis", "replay", "plan")
_PLAN_FORMATS = {".txt": "text", ".md": "markdown", ".html": "html", ".ics": "ics", ".json": "json"}


def main() -> None:
    """Run the command line; every error that we foresee ends in a message and an exit code, never in a traceback."""
    warnings.showwarning = _remark
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character still gets the answer
    try:
        sys.exit(_run())
    except BrokenPipeError:  # the reader of the pipe has seen enough
        sys.stderr.close()
        sys.exit(0)


def _run() -> int:
    try:
        code = cli.main(standalone_mode=False)  # click returns what a command raised as Exit
        if sys.stdout:
            sys.stdout.flush()
    except SystemExit:  # so click ends, even here, where the reader of the pipe has seen enough
        return 0
    except (click.Abort, KeyboardInterrupt):
        return _complain("Interrupted.", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except (LoadError, CaseError, TableFileError) as error:
        asked_wrongly = all(issue.code.startswith(("F4", "M61")) for issue in error.issues)
        return _complain(render_issues(error.issues), 2 if asked_wrongly else 1)
    except (UnknownNameError, MissingPackageError) as error:
        return _complain(f"error: {error}", 2)
    except ChurnRulesError as error:
        return _complain(f"error: {error}", 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"cannot read {error.filename}" if error.filename else "cannot write the answer"
        return _complain(f"error: {what}: {error.strerror}", 2 if error.filename else 1)
    return code if isinstance(code, int) else 0


def _remark(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"note: {message}", err=True)


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Tell why a B2B customer left, and whether and how to win them back.

    Every word of an answer is traced to a rule, and every rule to a source. CASE is a case file, or the name of a
    shipped case such as brex-rilf.
    """


# --- commands ---------------------------------------------------------------------------------------------------------


@cli.command()
@case_argument
@fact_option
@click.option("--all", "everything", is_flag=True, help="List everything that is missing.")
@click.option("--trace", "with_trace", is_flag=True, help="Add every rule that fired.")
@rules_option
@lang_option
@engine_option
@format_option
def diagnose(
    *,
    case: str | None,
    facts: Sequence[str],
    everything: bool,
    with_trace: bool,
    rules: Path | None,
    lang: str,
    engine: str,
    as_: str,
) -> None:
    """Diagnose a case, or facts given with --fact."""
    from churn_rules.api import trace
    from churn_rules.diagnosis import conclude_case
    from churn_rules.telling import tell_diagnosis, tell_trace

    rulebase = load_rules(rules, lang)
    found = case_of(case, facts, rulebase)
    hint_at([found])
    run = trace(found, rulebase=rulebase, engine=engine)
    diagnosis = conclude_case(rulebase, run)
    print_answer(diagnosis, as_, lambda: tell_diagnosis(diagnosis, rulebase, found.title, everything=everything))
    if with_trace and as_ == "text":
        print_lines(tell_trace(run, rulebase))


@cli.command()
@case_argument
@fact_option
@click.option(
    "--start", "day", metavar="DATE", help="The day on which the plan starts, as 2026-03-02; today if left out."
)
@click.option(
    "--format",
    "as_",
    type=click.Choice(tuple(_PLAN_FORMATS.values())),
    help="What to make of it; if left out, what the name of the file says, or text.",
)
@click.option(
    "-o", "--output", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there."
)
@rules_option
@lang_option
@engine_option
def plan(
    *,
    case: str | None,
    facts: Sequence[str],
    day: str | None,
    as_: str | None,
    target: Path | None,
    rules: Path | None,
    lang: str,
    engine: str,
) -> None:
    """Plan what to do about a case, day by day: whom to speak to, what to ask, what to offer, how to part."""
    from churn_rules.api import plan as make_plan

    start = _start(day)
    rulebase = load_rules(rules, lang)
    found = make_plan(case_of(case, facts, rulebase), rulebase=rulebase, start=start, engine=engine)
    target = _target(target, case)
    as_ = as_ or _PLAN_FORMATS.get(target.suffix.lower() if target else "", "text")
    if target:
        from churn_rules.writing import write_whole

        write_whole(target, _plan_written(found, as_, rulebase.language))
    elif as_ == "text":
        from churn_rules.plan_pages import tell_plan

        print_lines(tell_plan(found, rulebase.language))
    else:
        written = _plan_written(found, as_, rulebase.language)
        click.echo(written.rstrip(b"\n") if as_ != "ics" else written, nl=as_ != "ics")


def _target(target: Path | None, case: str | None) -> Path | None:
    """Return where to write an answer, None for standard output; never over the case that it is an answer to."""
    from churn_rules.loading import find_case

    if target and case and target.resolve() == find_case(case).resolve():
        raise click.UsageError(f"{target} is the case itself; write the answer to another file.")
    return None if target == Path("-") else target


def _start(day: str | None) -> date:
    """Return the day on which a plan starts: the one that is given, or today."""
    from churn_rules.planning import FIRST_START, LAST_START

    if day is None:
        return date.today()  # noqa: DTZ011  # the day on the reader's own calendar
    try:
        start = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007  # a day, not a moment
    except ValueError:
        raise click.UsageError(f"`{day}` is no day to start on; write it as 2026-03-02.") from None
    if not FIRST_START <= start <= LAST_START:
        raise click.UsageError(f"A plan starts between {FIRST_START} and {LAST_START}, not on {day}.")
    return start


def _plan_written(found: Plan, as_: str, language: Language) -> bytes:
    from churn_rules.plan_calendar import plan_as_ics
    from churn_rules.plan_pages import plan_as_html, plan_as_markdown, tell_plan
    from churn_rules.schemas import as_json

    match as_:
        case "ics":
            return plan_as_ics(found, language)
        case "json":
            return f"{as_json(found)}\n".encode()
        case "html":
            return plan_as_html(found, language).encode()
        case "markdown":
            return plan_as_markdown(found, language).encode()
    page = StringIO()
    print_lines(tell_plan(found, language), page)
    return page.getvalue().encode()


@cli.command()
@click.argument("cases", nargs=-1, metavar="[CASE_OR_FOLDER]...")
@rules_option
@lang_option
@engine_option
@format_option
def replay(*, cases: Sequence[str], rules: Path | None, lang: str, engine: str, as_: str) -> None:
    """Replay cases date by date, and hold the end against what is expected; all shipped cases if none is named."""
    from churn_rules.loading import find_case, shipped
    from churn_rules.reading import case_paths, read_cases
    from churn_rules.replaying import replay_all
    from churn_rules.telling import tell_replays

    rulebase = load_rules(rules, lang)
    paths = case_paths([find_case(case) for case in cases] or [shipped("cases")])
    found = read_cases(paths, rulebase)
    hint_at(found)
    replays = replay_all(rulebase, found, engine)
    print_answer(replays, as_, lambda: tell_replays(replays, rulebase))
    if not replays.met:
        raise click.exceptions.Exit(1)


@cli.command()
@case_argument
@fact_option
@click.option(
    "-o", "--output", "target", required=True, metavar="FILE", help="Where to write it; - for standard output."
)
@click.option(
    "--start", "day", metavar="DATE", help="The day on which the plan starts, as 2026-03-02; today if left out."
)
@rules_option
@lang_option
@engine_option
def report(
    *, case: str | None, facts: Sequence[str], target: str, day: str | None, rules: Path | None, lang: str, engine: str
) -> None:
    """Write a diagnosis and its plan as one HTML page to print or to hand on; needs churn-rules[report]."""
    from churn_rules.api import trace
    from churn_rules.planning import plan_case
    from churn_rules.report import report_html, steps_of
    from churn_rules.writing import write_whole

    start = _start(day)
    rulebase = load_rules(rules, lang)
    run = trace(case_of(case, facts, rulebase), rulebase=rulebase, engine=engine)
    page = report_html(rulebase, run, steps_of(plan_case(rulebase, run, start), rulebase.language))
    if path := _target(Path(target), case):
        write_whole(path, page.encode())
        click.echo(rulebase.language.say("Wrote {file}.", file=target))
    else:
        click.echo(page, nl=False)


@cli.command()
@conclusion_argument
@fact_option
@rules_option
@lang_option
@engine_option
@format_option
def why(**asked: Any) -> None:
    """Explain a CONCLUSION of a case: decision, scope, or a reason, accommodation or finding by its id."""
    from churn_rules.api import why as explain
    from churn_rules.telling import tell_why

    _explain(explain, tell_why, **asked)


@cli.command("why-not")
@conclusion_argument
@fact_option
@rules_option
@lang_option
@engine_option
@format_option
def why_not(**asked: Any) -> None:
    """Tell why a CONCLUSION was not reached: which premises fail or are unknown, and by how much."""
    from churn_rules.api import why_not as explain
    from churn_rules.telling import tell_why_not

    _explain(explain, tell_why_not, **asked)


def _explain(
    explain: Callable[..., _Explained],
    tell: Callable[[_Explained, Language], Iterable[Line]],
    *,
    asked: Sequence[str],
    facts: Sequence[str],
    rules: Path | None,
    lang: str,
    engine: str,
    as_: str,
) -> None:
    rulebase = load_rules(rules, lang)
    case, conclusion = asked_of(asked, facts)
    explained = explain(case_of(case, facts, rulebase), conclusion, rulebase=rulebase, engine=engine)
    print_answer(explained, as_, lambda: tell(explained, rulebase.language))


@cli.command()
@click.argument("name", required=False)
@rules_option
@lang_option
@format_option
def show(*, name: str | None, rules: Path | None, lang: str, as_: str) -> None:
    """Read a rule, reason, fact, finding, accommodation or step aloud; without NAME, list what there is."""
    from churn_rules.telling import tell_contents, tell_named

    rulebase = load_rules(rules, lang)
    if name:
        print_answer(rulebase.named(name), as_, lambda: tell_named(name, rulebase))
    else:
        print_answer(rulebase.contents(), as_, lambda: tell_contents(rulebase))


@cli.command()
@click.argument("topic", required=False)
@rules_option
@lang_option
@format_option
def facts(*, topic: str | None, rules: Path | None, lang: str, as_: str) -> None:
    """List the vocabulary: every fact that a case may hold, of one TOPIC or of all."""
    from churn_rules.telling import tell_facts

    rulebase = load_rules(rules, lang)
    wanted = rulebase.facts_about(topic)
    print_answer(wanted, as_, lambda: tell_facts(wanted, rulebase.language))


@cli.command()
@rules_option
@click.option(
    "--lang",
    type=click.Choice([code for code in LANGUAGES if code != "en"]),
    help="List instead which texts are not translated, of the rules and of the program.",
)
@click.option(
    "--po",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --lang: write all texts of the rules there for a translator, with the translations that there are.",
)
@format_option
def check(*, rules: Path | None, lang: str | None, target: Path | None, as_: str) -> None:
    """Check a folder of rules: everything that is wrong in all files at once."""
    from churn_rules.checking import check as check_draft
    from churn_rules.loading import shipped, translations
    from churn_rules.reading import read_rules
    from churn_rules.schemas import as_json

    if target and not lang:
        raise click.UsageError("--po needs --lang: a file for a translator is of one language.")
    draft = read_rules(rules or shipped("rules"))
    rulebase = check_draft(draft)
    languages = [lang] if lang else [code for code in LANGUAGES if code != "en"]
    draft.issues += [issue for code in languages for issue in translations(code, rules).issues]
    wrong = rulebase is None or any(issue.severity == "error" for issue in draft.issues)
    if lang and rulebase and not wrong:
        wrong = not _translated(rulebase, lang, rules, target, as_)
    elif as_ == "json":
        click.echo(as_json(tuple(draft.issues)))
    else:
        _report(draft)
    if wrong:
        raise click.exceptions.Exit(1)


def _translated(rulebase: Rulebase, lang: str, rules: Path | None, target: Path | None, as_: str) -> bool:
    """List what is not translated, write it all out where that is asked for, and tell whether nothing is left."""
    from churn_rules.language import Language
    from churn_rules.loading import translations
    from churn_rules.phrases import phrases_of_the_program
    from churn_rules.reading import translations_as_po
    from churn_rules.schemas import as_json
    from churn_rules.translating import messages, untranslated
    from churn_rules.writing import write_whole

    found, texts = translations(lang, rules), list(messages(rulebase))
    phrases = [("", phrase) for phrase in phrases_of_the_program()]
    left = (*untranslated(texts, found.texts), *untranslated(phrases, found.phrases))
    if target:
        write_whole(target, translations_as_po(texts, found.texts, Language(lang)).encode())
    if as_ == "json":
        click.echo(as_json(left))
        return not left
    for one in left:
        was = " (the English has changed)" if one.stale else ""
        click.echo(f"{one.context or 'program'}: {one.english}{was}")
    total = len(texts) + len(phrases)
    click.echo(f"{total - len(left)} of {total} texts are in {LANGUAGES[lang]}; {len(left)} are not.")
    return not left


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
@rules_option
def schema(*, kind: str, rules: Path | None) -> None:
    """Write the JSON Schema of a rule, a case, a diagnosis, a replay or a plan."""
    from churn_rules.schemas import json_schema

    click.echo(json_schema(kind, load_rules(rules)))


@cli.command()
@rules_option
@format_option
def version(*, rules: Path | None, as_: str) -> None:
    """Tell the version of the program, of its engines and of the rule base."""
    from churn_rules.loading import versions
    from churn_rules.schemas import as_json

    found = {"churn-rules": installed_version("churn-rules")} | versions(load_rules(rules))
    click.echo(as_json(found) if as_ == "json" else "\n".join(f"{name} {value}" for name, value in found.items()))


for _command in (ask, verify_certificate, map_columns, score, explain_row, portfolio):
    cli.add_command(_command)
