"""Opens a table of accounts, whatever it is kept in, as one lazy frame whose rows are numbered as in the file.

What a file is, its first bytes say; where its name says otherwise, that is a fault. Never knows what a column means.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from churn_rules.mappings import TableMapping
from churn_rules.tables.faults import fault, foreseen, short
from churn_rules.tables.plain import ROW, check_headings, read_plain, transcoded
from churn_rules.tables.workbooks import read_workbook

__all__ = ["ROW", "Kind", "Table", "kind_of_name", "opened"]

Kind = Literal["csv", "excel", "parquet"]
_ENDINGS: Mapping[str, Kind] = {
    **dict.fromkeys((".csv", ".txt", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}
_MARKS: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "excel"),
    (b"PK\x05\x06", "excel"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
)
_CALLED: Mapping[Kind, str] = {"csv": "text", "excel": "an Excel workbook", "parquet": "Parquet"}
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "XML"),
    (b"{", "JSON"),
    (b"[{", "JSON"),
)
_UNREADABLE: Mapping[object, str] = {
    pl.List: "lists",
    pl.Array: "lists",
    pl.Struct: "records",
    pl.Binary: "bytes",
    pl.Object: "objects of a program",
}
_LARGEST_FOOTER = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is open: its rows (as text where it is CSV or Excel), numbered in ROW as the file shows them.

    `rows` counts them, blank ones too; `ragged` holds, of CSV, the rows whose number of cells is not the headings'.
    `two_ways` holds, of Excel, the rows whose cell is a text such as `1.234`, by column: of numbers that is no doubt.
    `shows_all` is false where cells may show percent signs, currencies or errors that nobody can read: .xls and others.
    `times` holds, of Parquet, the columns of lengths of time and times of day, and which they are.
    """

    path: str
    kind: Kind
    frame: pl.LazyFrame
    headings: tuple[str, ...]
    rows: int
    ragged: Mapping[int, int] = field(default_factory=dict)
    two_ways: Mapping[str, frozenset[int]] = field(default_factory=dict)
    shows_all: bool = True
    times: Mapping[str, str] = field(default_factory=dict)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know about how the table was read."""
        if self.shows_all:
            return ()
        unseen = "a workbook that is no .xlsx does not tell which cells show a percent sign, a currency or an error"
        return (f"{unseen}: 30 % is read as 0.3, and #DIV/0! as an empty cell; save it as .xlsx if it has any",)


def kind_of_name(path: str | Path) -> Kind | None:
    """Return what a file is by the end of its name, None where that says nothing."""
    return _ENDINGS.get(Path(path).suffix.lower())


@contextmanager
def opened(path: str, mapping: TableMapping | None = None) -> Iterator[Table]:
    """Open a table; `-` is standard input.

    Args:
        path: Where it is.
        mapping: Says its encoding, its delimiter and its sheet, where anybody has to.

    Raises:
        TableFileError: It cannot be opened, or is no sound table.
    """
    mapping = mapping or TableMapping()
    with tempfile.TemporaryDirectory(prefix="churn-rules-") as room:
        file, shown = (_spooled(Path(room)), "standard input") if path == "-" else (_plain_file(path), path)
        kind = _kind(file, shown)
        with foreseen(shown):
            table = _table(file, shown, kind, mapping, Path(room))
            if not table.rows:
                what, why = "there are no rows", "there are headings, and nothing below them"
                raise fault("M622", what, why, "export it again", shown)
            yield table


def _table(file: Path, shown: str, kind: Kind, mapping: TableMapping, room: Path) -> Table:
    if kind == "parquet":
        return _parquet(file, shown)
    if kind == "excel":
        sheet = read_workbook(file, shown, mapping.sheet, mapping.decimals, mapping.telling)
        frame, headings = sheet.frame.lazy(), sheet.headings
        return Table(
            shown, kind, frame, headings, sheet.frame.height, two_ways=sheet.two_ways, shows_all=sheet.shows_all
        )
    plain = read_plain(transcoded(file, shown, mapping.encoding, room), shown, mapping.delimiter)
    return Table(shown, kind, plain.frame, plain.headings, plain.rows, plain.ragged)


def _plain_file(path: str) -> Path:
    file = Path(path)
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise fault("M611", "this is a folder", "a table is one file", "name the file in it", path)
        if not stat.S_ISREG(mode):
            raise fault("M611", "this is no plain file", "a pipe is read as `-`", "pipe it in: … | … -", path)
        file.open("rb").close()
    except (OSError, ValueError) as error:
        what = f"cannot read the file: {getattr(error, 'strerror', None) or error}"
        raise fault("M611", what, "the system refused it", "check path and rights", path) from None
    return file


def _spooled(room: Path) -> Path:
    """Keep what comes through a pipe, since it is read more than once."""
    file = room / "standard-input"
    with file.open("wb") as out:
        if sys.stdin:
            shutil.copyfileobj(sys.stdin.buffer, out)
    return file


def _kind(file: Path, shown: str) -> Kind:
    with file.open("rb") as stream:
        start = stream.read(64)
    kind: Kind = next((kind for mark, kind in _MARKS if start.startswith(mark)), "csv")
    named = kind_of_name(shown)
    if kind == "csv" and (foreign := next((what for mark, what in _FOREIGN if start.lstrip().startswith(mark)), None)):
        why, fix = "a table is CSV, Excel or Parquet", "export it as one of these"
        raise fault("M621", f"this is {foreign}", why, fix, shown)
    if named and named != kind:
        what = f"the file is called `{Path(shown).suffix}`, and holds {_CALLED[kind]}"
        if not start:
            raise fault("M622", "the file is empty", "it holds no headings and no rows", "export it again", shown)
        why = "what a file is called says how to read it, and here that would be wrong"
        raise fault("M621", what, why, "rename it, or export it again", shown)
    return kind


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _parquet(file: Path, shown: str) -> Table:
    _check_footer(file, shown)
    frame = pl.scan_parquet(file, row_index_name=ROW, row_index_offset=2, glob=False, low_memory=True)
    with foreseen(shown):
        schema = frame.collect_schema()
        rows = int(frame.select(pl.len()).collect().item())
    headings = [name for name in schema if name != ROW]
    check_headings(headings, shown)
    for name in headings:
        if schema[name].is_nested() or schema[name] in _UNREADABLE:
            what = f"the column `{short(name)}` holds {_UNREADABLE.get(schema[name].base_type(), 'something else')}"
            why = "a cell holds one value: a text, a number, a date, or true or false"
            raise fault("M631", what, why, "spread it over columns of its own, or leave it out", shown)
    spans = {name: "lengths of time" for name in headings if schema[name] == pl.Duration}
    times = spans | {name: "times of day" for name in headings if schema[name] == pl.Time}
    frame = frame.with_columns(pl.col(name).dt.to_string("iso") for name in spans)  # which nothing else can write
    return Table(shown, "parquet", frame, tuple(headings), rows, times=times)


def _check_footer(file: Path, shown: str) -> None:
    """Refuse a Parquet file whose end says that it is cut off, or that its description alone fills the memory."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(max(0, size - 8), os.SEEK_SET)
        end = stream.read()
    if size < 12 or end[4:] != b"PAR1":
        why, fix = "a Parquet file ends with its description, and this one does not", "export it again"
        raise fault("M628", "the file is damaged, or cut off", why, fix, shown)
    if int.from_bytes(end[:4], "little") > min(size, _LARGEST_FOOTER):
        what, why = "the file describes far too many columns", "its description is larger than any table needs"
        raise fault("M624", what, why, "export only the columns that tell something", shown)
