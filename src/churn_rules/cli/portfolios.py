"""The commands for a file of accounts: propose a mapping, score every row, explain one of them.

Never works anything out: it parses, calls one function and prints.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    from churn_rules.tables.run import Outcome, Stage

__all__ = ["explain_row", "map_columns", "mapping_option", "progress", "score", "tables_needed"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_REJECTS = "Where rows go that cannot be used; if left out, beside OUT: scored.rejects.csv for scored.csv."
_KINDS: dict[str, Literal["csv", "excel", "parquet"]] = {"csv": "csv", "xlsx": "excel", "parquet": "parquet"}
_STAGES = {
    "scoring": "Scoring accounts",
    "writing": "Writing rows",
    "first": "Diagnosing each account",
    "unsaid": "Without what was stated",
    "second": "With what others share",
}


@contextmanager
def tables_needed(wanted: str) -> Iterator[None]:
    """Say what to install where a package is missing that tables need, and have Polars read little ahead."""
    from churn_rules.errors import MissingPackageError

    os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_SIZE", "1")  # about as fast, in half the memory
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("polars", "narwhals", "python_calamine", "xlsxwriter"):
            raise
        raise MissingPackageError(wanted, error.name, "portfolio") from None


def mapping_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --mapping to a command."""
    words = "Which column tells what; `churn-rules map` proposes one. Not needed where columns are called as facts."
    return click.option("--mapping", "mapping_file", type=_FILE, metavar="FILE", help=words)(command)


@click.command()
@click.argument("source", metavar="IN")
@click.option("-o", "--output", "target", required=True, metavar="OUT", help="Where to write it; - for a pipe.")
@mapping_option
@click.option("--rejects", type=_FILE, metavar="FILE", help=_REJECTS)
@click.option("--to", "as_", type=click.Choice(list(_KINDS)), help="What to write; if left out, what OUT says.")
@click.option("--full", is_flag=True, help="Put all typed columns into CSV and Excel too; Parquet always has them.")
@rules_option
@lang_option
def score(
    *,
    source: str,
    target: str,
    mapping_file: Path | None,
    rejects: Path | None,
    as_: str | None,
    full: bool,
    rules: Path | None,
    lang: str,
) -> None:
    """Score every account of a file: CSV, Excel or Parquet in and out, - for a pipe; needs churn-rules[portfolio].

    Rows that cannot be used are not scored: they go to the rejects, each with why and how to mend it.
    """
    with tables_needed("scoring a table"):
        from churn_rules.tables.run import score_file
        from churn_rules.tables.summary import tell_summary

    rulebase = load_rules(rules, lang)
    with progress() as stage:
        outcome = score_file(
            source,
            target,
            rulebase=rulebase,
            mapping_file=mapping_file,
            rejects_file=rejects,
            kind=_KINDS[as_] if as_ else None,
            full=full,
            stage=stage,
        )
    _tell_rejects(outcome)
    piped = target == "-"
    if not piped:
        click.echo(rulebase.language.say("Wrote {file}.", file=target))
    print_lines(tell_summary(outcome.summary, rulebase), err=piped)


def _tell_rejects(outcome: Outcome) -> None:
    for remark in outcome.remarks:
        click.echo(f"note: {remark}", err=True)
    if not outcome.rejected or not outcome.worst:
        return
    told = f"{outcome.rejects} says" if outcome.rejects else "--rejects FILE writes"
    where = f"; {told} which, why and how to mend them"
    many = f"{outcome.rejected:,} of {outcome.rows:,} rows were rejected and are not scored{where}"
    click.echo(f"note: {many}", err=True)
    column, why, count = outcome.worst
    if 2 * outcome.rejected > outcome.rows:
        click.echo(f"note: the mapping fits hardly any row: in {count:,} the column `{column}`: {why}", err=True)
    if not outcome.rejects:
        for row, name, cell, reason in outcome.first:
            click.echo(f"note: row {row}, column `{name}`, `{cell}`: {reason}", err=True)


@contextmanager
def progress() -> Iterator[Stage]:
    """Show on stderr how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _name, _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def begin(name: str, rows: int) -> Callable[[int], None]:
            for earlier in shown.task_ids:
                shown.update(earlier, visible=False)
            task = shown.add_task(_STAGES[name], total=rows)
            return lambda done: shown.advance(task, done)

        yield begin


@click.command("map")
@click.argument("source", metavar="IN")
@click.option("-o", "--output", "target", type=_FILE, metavar="FILE", help="Write it there.")
@click.option("--sheet", metavar="NAME", help="Which sheet of a workbook, where it has several.")
@click.option("--encoding", metavar="NAME", help="The encoding of a CSV file, where it is not UTF-8.")
@rules_option
def map_columns(
    *, source: str, target: Path | None, sheet: str | None, encoding: str | None, rules: Path | None
) -> None:
    """Propose a mapping: which column of IN tells which fact, what was guessed and why, and what nothing tells."""
    with tables_needed("proposing a mapping"):
        from churn_rules.tables.proposing import propose
    from churn_rules.writing import write_whole

    rulebase = load_rules(rules)
    proposal = propose(source, rulebase, sheet=sheet, encoding=encoding)
    if target and str(target) != "-":
        if source != "-" and target.resolve() == Path(source).resolve():
            raise click.UsageError(f"{target} is the table itself; write the mapping to another file.")
        write_whole(target, proposal.text.encode())
        click.echo(f"Wrote {target}: {proposal.told}. Read it before you use it:")
        click.echo(f"  churn-rules score {source} --mapping {target} -o scored.csv")
    else:
        click.echo(proposal.text, nl=False)


@click.command("explain-row")
@click.argument("source", metavar="IN")
@click.argument("row", metavar="ROW")
@mapping_option
@click.option("--scored", metavar="OUT", help="Check that this result of `score` says the same of the row.")
@click.option("--all", "everything", is_flag=True, help="List everything that is missing.")
@click.option("--trace", "with_trace", is_flag=True, help="Add every rule that fired.")
@rules_option
@lang_option
@engine_option
@format_option
def explain_row(
    *,
    source: str,
    row: str,
    mapping_file: Path | None,
    scored: str | None,
    everything: bool,
    with_trace: bool,
    rules: Path | None,
    lang: str,
    engine: str,
    as_: str,
) -> None:
    """Diagnose one row of a file, as `diagnose` does a case. ROW is an account, or the number of the row, as in #14."""
    with tables_needed("explaining a row"):
        from churn_rules.tables.row import case_in_row, compare_scored
    from churn_rules.api import trace
    from churn_rules.diagnosis import conclude_case
    from churn_rules.telling import tell_diagnosis, tell_trace

    rulebase = load_rules(rules, lang)
    found = case_in_row(source, row, mapping_file, rulebase)
    run = trace(found.case, rulebase=rulebase, engine=engine)
    diagnosis = conclude_case(rulebase, run)
    print_answer(diagnosis, as_, lambda: tell_diagnosis(diagnosis, rulebase, found.case.title, everything=everything))
    if with_trace and as_ == "text":
        print_lines(tell_trace(run, rulebase))
    if scored:
        told = compare_scored(scored, found, run, diagnosis, rulebase)
        click.echo(told.text, err=as_ == "json" or not told.same)
        if not told.same:
            raise click.exceptions.Exit(1)
