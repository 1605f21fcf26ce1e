"""The command that looks across the accounts of a file and writes a page about them.

Never works anything out: it parses, calls one function and prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from churn_rules.cli.portfolios import mapping_option, progress, tables_needed
from churn_rules.cli.shared import lang_option, load_rules, print_lines, rules_option

if TYPE_CHECKING:
    from churn_rules.portfolio.run import OfFile

__all__ = ["portfolio"]


@click.command()
@click.argument("source", metavar="IN")
@click.option(
    "-o", "--output", "target", required=True, metavar="FILE", help="Where to write the page; - for standard output."
)
@mapping_option
@click.option("--account", metavar="COLUMN", help="The column that names the account, where no mapping says so.")
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="COLUMN",
    help="Set accounts apart by it (region, product, rep …), beside those of the mapping; may be repeated.",
)
@click.option(
    "--tables",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.xlsx",
    help="Write all tables too: into a folder as CSV, or into a workbook.",
)
@rules_option
@lang_option
def portfolio(
    *,
    source: str,
    target: str,
    mapping_file: Path | None,
    account: str | None,
    segments: Sequence[str],
    tables: Path | None,
    rules: Path | None,
    lang: str,
) -> None:
    """Look across all accounts of a file, and write a page about them; needs churn-rules[portfolio,report].

    What drives them away, where that clusters beyond chance, what others bear witness of, and whom to win back.
    """
    with tables_needed("looking across accounts"):
        from churn_rules.portfolio import headlines, portfolio_html
        from churn_rules.portfolio.run import across_file, write_tables
    from churn_rules.report.page import require_jinja
    from churn_rules.telling import Line
    from churn_rules.writing import write_whole

    require_jinja()
    _refuse_to_write_over(source, mapping_file, target, tables)
    rulebase = load_rules(rules, lang)
    with progress() as stage:
        found = across_file(source, rulebase, mapping_file, account, segments, stage)
    page = portfolio_html(rulebase, found.portfolio, Path(source).name if source != "-" else "", found.left_out)
    if target == "-":
        click.echo(page, nl=False)
    else:
        write_whole(Path(target), page.encode())
    written = write_tables(found.portfolio.tables, tables) if tables else ()
    if target != "-":
        print_lines(Line(sentence) for sentence in headlines(rulebase, found.portfolio))
        for path in (target, *written):
            click.echo(rulebase.language.say("Wrote {file}.", file=path))
    for note in _notes(found):
        click.echo(f"note: {note}", err=True)


def _notes(found: OfFile) -> Iterator[str]:
    """Yield what is wrong with the file or its rows, and what became of them."""
    yield from found.remarks
    told = found.portfolio
    if told.repeated:
        many = f"{told.repeated:,} of {told.rows:,} rows repeat an account and were set aside"
        yield f"{many}; the row with the latest loss stands, or the first where none is dated"
    if told.nameless:
        many = f"no account is named in {told.nameless:,} of {told.rows:,} rows"
        yield f"{many}; each is an account of its own, called by its number, as in #14"
    if found.left_out:
        many = f"{found.left_out:,} of {told.rows + found.left_out:,} rows could not be used and are left out"
        yield f"{many}; churn-rules score says which, why and how to mend them"
    if 2 * found.left_out > told.rows + found.left_out:
        yield "the mapping fits hardly any row: the page tells of the few that it fits"
    if faults := told.drivers.faults:
        many = f"in {faults:,} of {told.drivers.accounts:,} accounts a cell is no value of its fact"
        yield f"{many} and counts as unknown; churn-rules score says which"


def _refuse_to_write_over(source: str, mapping_file: Path | None, target: str, tables: Path | None) -> None:
    read = [Path(source).resolve()] if source != "-" else []
    read += [mapping_file.resolve()] if mapping_file else []
    for path in (Path(target) if target != "-" else None, tables):
        if path and path.resolve() in read:
            raise click.UsageError(f"{path} is read; write the answer to another file.")
    if tables and target != "-" and tables.resolve() == Path(target).resolve():
        raise click.UsageError(f"{tables} is to hold the page; write the tables to another place.")
