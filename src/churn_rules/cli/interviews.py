"""The commands of an interview: hold one at the terminal or in a pipe, and prove a certificate anew.

Never works anything out: it parses, calls one function and prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from churn_rules.cli.shared import (
    engine_option,
    format_option,
    lang_option,
    load_rules,
    print_answer,
    print_lines,
    rules_option,
)

if TYPE_CHECKING:
    from churn_rules.interview import Interview
    from churn_rules.questionnaire import Wanted
    from churn_rules.rulebase import Rulebase
    from churn_rules.telling import Line

__all__ = ["ask", "verify_certificate"]

_AIMS = ("root", "scope", "decision", "accommodations")
_CHECKLIST_SECONDS, _QUESTION_SECONDS = 60, 20  # what people take, when --minutes counts


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path), metavar="[FILE]")
@click.option("--from", "start_from", metavar="CASE", help="Ask only what this case lacks.")
@click.option(
    "--for",
    "aims",
    type=click.Choice(_AIMS),
    multiple=True,
    help="Ask only what this hangs on; may be repeated. All four if left out.",
)
@click.option("--minutes", type=click.IntRange(1, 600), metavar="N", help="Ask what fits, and say how sure that is.")
@click.option("--title", metavar="TEXT", help="What the case is called.")
@click.option("--lost", metavar="DATE", help="When the customer left, as 2009, 'March 2009' or 2009-03-31.")
@click.option(
    "--answers",
    "answers_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Answers by question, `price_increase: 30`; or the file of another interview.",
)
@click.option("--no-input", is_flag=True, help="Ask nobody: what --answers does not tell is not known.")
@rules_option
@lang_option
@engine_option
@format_option
def ask(
    *,
    file: Path | None,
    start_from: str | None,
    aims: Sequence[Wanted],
    minutes: int | None,
    title: str | None,
    lost: str | None,
    answers_file: Path | None,
    no_input: bool,
    rules: Path | None,
    lang: str,
    engine: str,
    as_: str,
) -> None:
    """Interview you about a lost customer, asking no more than the answer needs, and diagnose the case.

    FILE is the case file that the interview is kept in, saved after every answer; where it is there already, the
    interview goes on from it.
    """
    from churn_rules.conversation import converse, introduce
    from churn_rules.interviewing import answered, check_file, opened
    from churn_rules.loading import find_case
    from churn_rules.saving import Kept

    rulebase = load_rules(rules, lang)
    today = date.today()  # noqa: DTZ011  # the reader's own calendar
    target = file or Path(f"interview-{today.isoformat()}.yaml")
    talk = _Terminal(to_stderr=as_ == "json")
    asks = not no_input
    check_file(target)
    if asks and not (target.exists() or start_from or title or lost or answers_file):
        title, lost = _heard(lambda: introduce(talk, rulebase.language), target)
    most = None if minutes is None else max(0, (60 * minutes - _CHECKLIST_SECONDS) // _QUESTION_SECONDS)
    with Kept(target) as kept:
        begun = opened(
            rulebase,
            target,
            today=today,
            start_from=find_case(start_from) if start_from else None,
            wanted=tuple(aims) or None,
            title=title or "",
            lost=lost or "",
        )
        for remark in begun.remarks:
            click.echo(f"note: {remark}", err=True)
        kept.plain_case = begun.plain_case
        interview, ending = begun.interview, "left"
        if answers_file or no_input:
            interview, needless = answered(interview, answers_file, everything=no_input)
            if needless:
                click.echo(f"note: other answers leave no sense in these: {', '.join(needless)}", err=True)
            ending = "done"
        if ending == "done" or not target.exists():
            kept.save(interview)  # the name and the date are answers too
        if asks:
            interview, ending = _heard(lambda: converse(interview, talk, kept.save, most), target)
    if ending in ("left", "unsaved"):
        talk.tell(_leaving(target, rulebase, saved=ending == "left"))
    else:
        _conclude(interview, target, engine, as_)


@dataclass(frozen=True, slots=True)
class _Terminal:
    """The terminal, or a pipe, as somebody to talk with."""

    to_stderr: bool

    def tell(self, lines: Iterable[Line]) -> None:
        print_lines(lines, err=self.to_stderr)

    def ask(self, prompt: str) -> str:
        click.echo(f"  {prompt}", nl=False, err=self.to_stderr)
        try:
            text = input()
        except RuntimeError:  # there is no standard input, or no standard output
            raise EOFError from None
        if not sys.stdin.isatty():  # nobody typed it here, so that the talk would be hard to read
            click.echo(text, err=self.to_stderr)
        return text


_Heard = TypeVar("_Heard")


def _heard(talk: Callable[[], _Heard], target: Path) -> _Heard:
    """Talk; where the talk is broken off, say that all is saved and how to go on."""
    told = f"Every answer so far is saved. Go on with: churn-rules ask {target}"
    try:
        return talk()
    except KeyboardInterrupt:
        click.echo(f"\n{told}" if target.exists() else "", err=True)
        raise
    except EOFError:
        what = "The input ended before the interview did."
        click.echo(f"\n{what} {told}" if target.exists() else f"\n{what}", err=True)
        raise click.exceptions.Exit(1) from None


def _leaving(target: Path, rulebase: Rulebase, *, saved: bool) -> Iterable[Line]:
    from churn_rules.telling import Line

    yield Line("", 0)
    if not saved:
        yield Line(rulebase.language.say("Your last answer is not saved; all answers before it are."), 0, 2)
        return
    yield Line(rulebase.language.say("Every answer is saved. Go on with: churn-rules ask {file}", file=target), 0, 2)


def _conclude(interview: Interview, target: Path, engine: str, as_: str) -> None:
    from churn_rules.telling import Line, tell_diagnosis
    from churn_rules.telling.interviews import tell_sureness

    rulebase = interview.rulebase
    if not interview.is_done and as_ == "text":
        print_lines(tell_sureness(interview))
        print_lines([Line("", 0)])
    diagnosis = interview.conclude(engine)
    print_answer(diagnosis, as_, lambda: tell_diagnosis(diagnosis, rulebase, interview.case.title))
    if as_ == "text":
        print_lines(_last_words(interview, target))


def _last_words(interview: Interview, target: Path) -> Iterable[Line]:
    from churn_rules.telling import Line

    say = interview.rulebase.language.say
    yield Line("", 0)
    yield Line(say("The case is in {file}; churn-rules replay {file} runs it again.", file=target), 0, 2)
    if interview.is_done:
        words = say("Why no more was asked, proved anew: churn-rules verify-certificate {file}", file=target)
        yield Line(words, 0, 2)
    else:
        yield Line(say("What is left to ask: churn-rules ask {file}", file=target), 0, 2)


@click.command("verify-certificate")
@click.argument("file", metavar="CASE")
@rules_option
@format_option
def verify_certificate(*, file: str, rules: Path | None, as_: str) -> None:
    """Prove anew that no answer to a question that was not asked can change what a case concludes."""
    from churn_rules.certificate import verify
    from churn_rules.loading import find_case
    from churn_rules.reading import case_paths, read_case
    from churn_rules.schemas import as_json

    rulebase = load_rules(rules)
    case = read_case(case_paths([find_case(file)])[0], rulebase)
    faults = verify(rulebase, case)
    if as_ == "json":
        click.echo(as_json({"case": case.id, "proved": not faults, "faults": list(faults)}))
    elif not faults:
        assert case.certificate, "what is proved is there"
        _print_proof(case.certificate.concluded, len(case.certificate.unasked))
    for fault in faults:
        click.echo(f"not proved: {fault}", err=True)
    if faults:
        raise click.exceptions.Exit(1)


def _print_proof(concluded: Mapping[str, Sequence[str]], unasked: int) -> None:
    click.echo(f"Proved: whatever the answers to the {unasked} questions not asked, in any combination,")
    for aim, told in concluded.items():
        click.echo(f"  {aim}: {', '.join(told) or 'none'}")
