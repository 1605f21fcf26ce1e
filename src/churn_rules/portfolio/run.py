"""A whole run: from an analyst's file to what its accounts say together, and its tables to files.

A bad file stops before any output. Never prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from churn_rules.errors import OutputError, TableError, UnknownNameError
from churn_rules.portfolio.survey import Stage, quiet, survey
from churn_rules.portfolio.values import Portfolio
from churn_rules.rulebase import Rulebase
from churn_rules.tables.cells import NUMBERED, free_name
from churn_rules.tables.delivering import write_csv, write_sheets
from churn_rules.tables.faults import fault
from churn_rules.tables.run import Prepared, nothing_usable, prepared

__all__ = ["OfFile", "across_file", "write_tables"]


@dataclass(frozen=True, slots=True)
class OfFile:
    """What the accounts of a file say together; `left_out` of its rows could not be used.

    `remarks` are what a reader should know about how the file was read.
    """

    portfolio: Portfolio
    left_out: int
    remarks: tuple[str, ...] = ()


def across_file(
    source: str,
    rulebase: Rulebase,
    mapping_file: Path | None = None,
    account: str | None = None,
    segments: Sequence[str] = (),
    stage: Stage = quiet,
) -> OfFile:
    """Look across the accounts of a file.

    Args:
        source: CSV, Excel or Parquet; `-` is standard input.
        rulebase: In the language that words are wanted in.
        mapping_file: Which column tells what; not needed where columns are called as facts.
        account: The column that names the account, where no mapping says so; else each row is called by its number.
        segments: Columns to set accounts apart by, beside those of the mapping.
        stage: Told which pass begins (`first`, `unsaid` or `second`), and over how many accounts.

    Raises:
        ChurnRulesError: The rule base has no portfolio.yaml.
        TableFileError: The file or its mapping cannot be used, or none of its rows can; `issues` holds all that is
            wrong with it.
    """
    with prepared(source, mapping_file, rulebase) as found:
        mapping = found.mapping
        account = account or (mapping.account if mapping else None)
        wanted = tuple(dict.fromkeys((*(mapping.segments if mapping else ()), *segments)))
        frame = found.cells.canonical(found.table.frame)
        names = frame.collect_schema().names()
        called = [_carried(heading, names, rulebase) for heading in wanted]
        name = None if account is None else _carried(account, names, rulebase)
        for heading, column in zip((account, *wanted), (name, *called), strict=True):
            if heading and column not in names:
                raise UnknownNameError("column", heading, found.cells.kept)
        kept = set(found.cells.kept) - {NUMBERED, name, *called}
        try:
            portfolio = survey(frame.drop(kept), rulebase, name, called, numbered=NUMBERED, stage=stage)
        except TableError as error:
            fix = "change its type, or say in a mapping how it is to be read"
            raise fault("M637", f"a column does not fit: {error}", "rules compare it", fix, found.table.path) from None
        left_out = found.table.rows - portfolio.rows
        none_sound = portfolio.drivers.faults == portfolio.drivers.accounts
        if none_sound and (unusable := nothing_usable(found, rulebase)):
            raise unusable
        return OfFile(portfolio, left_out - _blank(found) if left_out else 0, found.table.remarks)


def _blank(found: Prepared) -> int:
    """Count the rows in which nothing is filled in: no accounts, and no faults either."""
    counted = found.cells.keyed(found.table.frame).select(found.cells.blank.sum())
    return int(counted.collect(engine="streaming").item())


def _carried(heading: str, names: Sequence[str], rulebase: Rulebase) -> str:
    """Return the column that holds what stands in the file below a heading; `row` may be one, beside our numbers."""
    free = free_name(heading, rulebase)
    return free if free in names else heading


def write_tables(tables: Mapping[str, pl.DataFrame], target: Path) -> tuple[Path, ...]:
    """Write tables into a workbook (`.xlsx`), a sheet each, or into a folder, a CSV file each; never a formula.

    Returns:
        The files that were written.

    Raises:
        OutputError: They cannot be written.
    """
    if target.suffix.lower() == ".xlsx":
        write_sheets({name: table.lazy() for name, table in tables.items()}, target)
        return (target,)
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write into `{target}`: {error.strerror or error}") from None
    paths = {name: target / f"{name.replace(' ', '-')}.csv" for name in tables}
    for name, table in tables.items():
        write_csv(table.lazy(), str(paths[name]))
    return tuple(paths.values())
