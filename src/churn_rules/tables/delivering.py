"""Writes a scored table where it belongs: CSV, Excel or Parquet, whole or not at all, and never a formula.

Never changes what was concluded.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
import xlsxwriter.exceptions

from churn_rules.errors import OutputError
from churn_rules.tables.faults import fault
from churn_rules.tables.harmless import harmless, harmless_text
from churn_rules.tables.opening import Kind, kind_of_name
from churn_rules.writing import replacing

__all__ = ["MOST_ROWS", "check_target", "copy_out", "kind_of_target", "write_csv", "write_excel", "write_sheets"]

MOST_ROWS = 1_048_575  # of Excel, below the headings
_MOST_COLUMNS = 16_384
_LONGEST_CELL = 32_767
_BATCH = 10_000
_PIPE = "-"


def kind_of_target(target: str, wanted: Kind | None) -> Kind:
    """Return what to write: what is asked for, else what the name of the file says, in a pipe CSV.

    Raises:
        TableFileError: The name says nothing that can be written.
    """
    if wanted:
        return wanted
    if target == _PIPE:
        return "csv"
    kind = kind_of_name(target)
    if kind is None or (kind == "excel" and Path(target).suffix.lower() != ".xlsx"):
        what, why = "the name does not say what to write", "a result is written as .csv, .xlsx or .parquet"
        raise fault("M613", what, why, "end the name with one of these", target)
    return kind


def check_target(target: str, source: str, others: Sequence[Path | None]) -> None:
    """Refuse to write over what is read.

    Raises:
        TableFileError: The result would take the place of the table, or of its mapping.
    """
    read = [Path(source) if source != _PIPE else None, *others]
    if target != _PIPE and _resolved(Path(target)) in [_resolved(path) for path in read if path]:
        why, fix = "the result would take its place", "write it to another file"
        raise fault("M614", "this file is read", why, fix, target)


def _resolved(path: Path) -> Path:
    """Return where a path leads to; where it leads nowhere, whoever opens it says so."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, or no name at all
        return path


def copy_out(file: Path) -> None:
    """Send a file down the pipe."""
    with file.open("rb") as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def write_csv(frame: pl.LazyFrame, target: str) -> None:
    """Write a result for people; with a byte-order mark, so that a spreadsheet knows it as UTF-8, except into a pipe.

    Raises:
        OutputError: It cannot be written; what was there before is still there.
    """
    frame = _harmless(frame)
    if target == _PIPE:
        sys.stdout.flush()
        for number, batch in enumerate(frame.collect_batches(chunk_size=_BATCH)):
            text = batch.write_csv(include_header=not number)  # Polars takes a reader who has gone for a fault
            sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    with replacing(Path(target)) as beside:
        frame.sink_csv(beside, include_bom=True, maintain_order=True, check_extension=False)


def _harmless(frame: pl.LazyFrame) -> pl.LazyFrame:
    columns = []
    for name, dtype in frame.collect_schema().items():
        is_text = dtype in (pl.String, pl.Categorical, pl.Enum)
        column = harmless(pl.col(name).cast(pl.String)) if is_text else pl.col(name)
        columns.append(column.alias(harmless_text(name)))
    return frame.select(columns)


def write_excel(frame: pl.LazyFrame, target: Path, tick: Callable[[int], None] | None) -> None:
    """Write a result for people as a workbook of one sheet, row by row, so that memory does not grow with it.

    Raises:
        TableFileError: It has more columns than a sheet holds.
        OutputError: It cannot be written; what was there before is still there.
    """
    write_sheets({"accounts": frame}, target, tick)


def write_sheets(frames: Mapping[str, pl.LazyFrame], target: Path, tick: Callable[[int], None] | None = None) -> None:
    """Write frames as the sheets of one workbook; `tick` is told of rows as they are written.

    Raises:
        TableFileError: One has more columns than a sheet holds.
        OutputError: It cannot be written; what was there before is still there.
    """
    headings = {name: frame.collect_schema().names() for name, frame in frames.items()}
    widest = max(map(len, headings.values()))
    if widest > _MOST_COLUMNS:
        what, why = f"the result has {widest:,} columns", f"a sheet holds {_MOST_COLUMNS:,}"
        raise fault("M635", what, why, "write it as .parquet", str(target))
    with replacing(target) as beside:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = xlsxwriter.Workbook(str(beside), {**options, "strings_to_numbers": False})
        for name, frame in frames.items():
            _fill(workbook, _sheet(workbook, name, headings[name]), frame, tick)
        try:
            workbook.close()
        except xlsxwriter.exceptions.XlsxWriterException as error:
            raise OutputError(f"cannot write `{target}`: {error}") from None


def _sheet(workbook: Any, name: str, headings: Sequence[str]) -> Any:
    sheet = workbook.add_worksheet(name)
    bold = workbook.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(headings):
        sheet.set_column(column, column, max(8, min(40, len(heading) + 2)))
        sheet.write_string(0, column, heading[:_LONGEST_CELL], bold)
    return sheet


def _fill(workbook: Any, sheet: Any, frame: pl.LazyFrame, tick: Callable[[int], None] | None) -> None:
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    row = 0
    for batch in frame.collect_batches(chunk_size=_BATCH):
        for cells in batch.iter_rows():
            row += 1
            for column, cell in enumerate(cells):
                _write(sheet, row, column, cell, day, moment)
        if tick:
            tick(batch.height)


def _write(sheet: Any, row: int, column: int, cell: object, day: Any, moment: Any) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, cell)
        case int() | float() if abs(cell) < 1e15:
            sheet.write_number(row, column, cell)
        case datetime():
            sheet.write_datetime(row, column, cell.replace(tzinfo=None), moment)
        case date() if cell.year >= 1900:
            sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001  # a day
        case _:
            text = str(cell)
            text = text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
            sheet.write_string(row, column, text)
