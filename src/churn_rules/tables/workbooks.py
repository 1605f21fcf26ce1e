"""Excel workbooks: whether one is safe and sound, and a sheet of it as a frame of text.

Never unpacks a workbook before it has counted what is in it, and never evaluates a formula: it takes the results that
were saved with it. Never knows what a column means.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal as Exactly
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from churn_rules.mappings import Decimal
from churn_rules.tables.faults import fault, short
from churn_rules.tables.markings import Markings, markings_of
from churn_rules.tables.parsing import as_keys, read_two_ways
from churn_rules.tables.plain import FEW_ROWS, MOST_COLUMNS, ROW, check_headings, check_title

__all__ = ["Sheet", "read_workbook"]

_MOST_BYTES = 2**30
_MOST_TIMES = 250  # how much larger than packed: spreadsheets of repeated cells reach about 60
_MOST_MEMBERS = 10_000
_SMALL = 50 * 2**20
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its cells as text, a row for each row below the headings, numbered as the sheet shows them.

    `two_ways` holds, by column, the rows whose cell is a text, and no number, that is thousands or decimals.
    `shows_all` is false where the file does not say which cells show a percent sign, a currency or an error.
    """

    frame: pl.DataFrame
    headings: tuple[str, ...]
    two_ways: Mapping[str, frozenset[int]]
    shows_all: bool


def read_workbook(
    file: Path, shown: str, sheet: str | None, decimals: Mapping[str, Decimal], telling: frozenset[str]
) -> Sheet:
    """Read a sheet of a workbook.

    Args:
        file: Where it is.
        shown: Its path as errors show it.
        sheet: Which one; None where there is only one that is visible.
        decimals: How the mapping says that figures are written as text, by column; numbers are handed on written so.
        telling: The columns in which it matters whether a cell shows a percent sign, a currency or an error; all if
            there are none.

    Raises:
        TableFileError: It is too large when unpacked, damaged, locked, or no plain table.
    """
    if zipfile.is_zipfile(file):
        _check_zip(file, shown)
    try:
        workbook = CalamineWorkbook.from_path(str(file))
        name = _chosen(workbook, shown, sheet)
        found = workbook.get_sheet_by_name(name)
        _check_merged(found, shown)
        return _table(found, shown, _Writing(decimals, telling, markings_of(file, name)))
    except PasswordError:
        why, fix = "it is locked with a password", "save it without one"
        raise fault("M633", "the workbook cannot be opened", why, fix, shown) from None
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(shown, error) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the reader gave up on the file
            raise _damaged(shown, error) from None
        raise


def _damaged(shown: str, error: BaseException) -> Exception:
    why = f"the reader says: {short(error, 160)}"
    return fault("M628", "the workbook is damaged, or cut off", why, "save it again", shown)


def _check_zip(file: Path, shown: str) -> None:
    """Refuse a workbook that would fill the memory; what the archive says of itself is counted again.

    Raises:
        TableFileError: M629, or M628 where it cannot be unpacked at all.
    """
    packed = max(1, file.stat().st_size)
    most = min(_MOST_BYTES, max(_SMALL, _MOST_TIMES * packed))
    try:
        with zipfile.ZipFile(file) as archive:
            _count(archive, most, shown)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _damaged(shown, error) from None
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise _damaged(shown, error) from None
        raise


def _count(archive: zipfile.ZipFile, most: int, shown: str) -> None:
    said = sum(member.file_size for member in archive.infolist())
    if said > most or len(archive.infolist()) > _MOST_MEMBERS:
        raise _bomb(shown, said)
    total = 0
    for member in archive.infolist():
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > most:
                    raise _bomb(shown, total)


def _bomb(shown: str, size: int) -> Exception:
    what = f"the workbook would unpack to {size / 2**20:,.0f} MB or more"
    why = "that is far more than its size on disk can hold of accounts"
    return fault("M629", what, why, "save the sheet as CSV or Parquet", shown)


def _chosen(workbook: CalamineWorkbook, shown: str, sheet: str | None) -> str:
    names = workbook.sheet_names
    if sheet is not None:
        if sheet in names:
            return sheet
        what, why = (
            f"there is no sheet `{short(sheet)}`",
            f"there are {', '.join(f'`{short(name)}`' for name in names)}",
        )
        raise fault("M634", what, why, "write `sheet:` in the mapping as the workbook has it", shown)
    visible = [one.name for one in workbook.sheets_metadata if str(one.visible).endswith("Visible")]
    visible = [name for name in visible if workbook.get_sheet_by_name(name).total_height] or visible or names
    if len(visible) != 1:
        listed = ", ".join(f"`{short(name)}`" for name in visible) or "none"
        why, fix = f"nothing tells which of them holds the accounts: {listed}", "say `sheet:` in the mapping"
        raise fault("M634", f"the workbook has {len(visible)} sheets", why, fix, shown)
    return visible[0]


def _check_merged(sheet: CalamineSheet, shown: str) -> None:
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        cells = f"{_cell(top, left)}:{_cell(bottom, right)}"
        why = "a merged cell belongs to several rows or columns, and only the first of them would get its value"
        raise fault("M630", f"the cells {cells} are merged", why, "undo the merging, and fill in each cell", shown)


def _cell(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


@dataclass(frozen=True, slots=True)
class _Writing:
    """How cells are written as text: the decimal mark by column, and what some show beside the bare number."""

    decimals: Mapping[str, Decimal]
    telling: frozenset[str]
    markings: Markings | None

    def column(self, rows: Sequence[Sequence[object]], place: int, name: str) -> list[str | None]:
        """Return the cells of a column below its heading."""
        decimal = self.decimals.get(name)
        cells = [_written(row[place], decimal) for row in rows[1:]]
        if self.markings and (not self.telling or name in self.telling):
            for row, sign in self.markings.signs.get(place, {}).items():
                if 0 < row < len(rows) and type(rows[row][place]) in (int, float):
                    cells[row - 1] = _signed(rows[row][place], sign, decimal)
            for row, error in self.markings.errors.get(place, {}).items():
                if 0 < row < len(rows) and not cells[row - 1]:
                    cells[row - 1] = error
        return cells


def _signed(cell: object, sign: str, decimal: Decimal | None) -> str | None:
    """Write a figure as the sheet shows it: what is formatted as a percentage is kept as a fraction."""
    if sign != "%":
        return f"{_written(cell, decimal)} {sign}"
    return f"{_written(float(Exactly(repr(cell)) * 100), decimal)}%"


def _table(sheet: CalamineSheet, shown: str, writing: _Writing) -> Sheet:
    if sheet.total_height == 0:
        raise fault("M622", "the sheet is empty", "it holds no headings and no rows", "check which sheet it is", shown)
    if sheet.total_width > MOST_COLUMNS:
        check_headings([str(place) for place in range(sheet.total_width)], shown)
    rows = sheet.to_python(skip_empty_area=False)
    headings = [_written(cell, None) or "" for cell in rows[0]]
    check_title(headings, rows[1 : FEW_ROWS + 1], shown)
    while headings and not headings[-1].strip() and all(row[len(headings) - 1] == "" for row in rows):
        headings.pop()  # cells that were once formatted, and hold nothing
    if not any(heading.strip() for heading in headings):
        why, fix = "the first row holds the headings, and it is blank", "remove blank rows above the headings"
        raise fault("M623", "there are no headings", why, fix, shown, 1)
    check_headings(headings, shown)
    columns = {name: writing.column(rows, place, name) for place, name in enumerate(headings)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(headings, pl.String))
    two_ways = {name: _in_two_ways(rows, place, frame[name]) for place, name in enumerate(headings)}
    two_ways = {name: at for name, at in two_ways.items() if at}
    return Sheet(frame.with_row_index(ROW, offset=2), tuple(headings), two_ways, writing.markings is not None)


def _in_two_ways(rows: Sequence[Sequence[object]], place: int, cells: pl.Series) -> frozenset[int]:
    found = cells.to_frame("cells").select(read_two_ways(as_keys(pl.col("cells"))).arg_true()).to_series()
    return frozenset(at + 2 for at in found if isinstance(rows[at + 1][place], str))


def _written(cell: object, decimal: Decimal | None) -> str | None:
    """Write a cell as a person would in a text file: whole numbers without a point, days as ISO dates."""
    if isinstance(cell, str):
        return cell or None
    for kind, write in _WRITE:
        if isinstance(cell, kind):
            return write(cell).replace(".", ",") if decimal == "comma" and isinstance(cell, float) else write(cell)
    return None if cell is None else str(cell)


_WRITE: tuple[tuple[type, Callable[..., str]], ...] = (
    (bool, lambda cell: "true" if cell else "false"),
    (float, lambda cell: str(int(cell)) if cell == int(cell) and abs(cell) < 2**53 else repr(cell)),
    (datetime, lambda cell: cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")),
    (date, date.isoformat),
    (timedelta, str),
)
