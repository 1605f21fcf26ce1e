"""CSV files: how one is written, whether it is sound, and its rows as a lazy frame of text.

Reads each file once as bytes before anything is made of it, so that a bad file stops before any output.
Never knows what a column means.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from churn_rules.errors import TableFileError
from churn_rules.tables.faults import fault, short

__all__ = ["FEW_ROWS", "MOST_COLUMNS", "ROW", "Plain", "check_headings", "check_title", "read_plain", "transcoded"]

ROW = "\x00row"  # the number of a row as a spreadsheet shows it; no heading can be called that
MOST_COLUMNS = 16_384
_LONGEST_LINE = 16 * 2**20
_CHUNK = 4 * 2**20
_SNIFFED = 2**16
FEW_ROWS = 5  # below the first, by which a title is told from headings
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTED = re.compile(rb'"[^"]*"')
_ON_ONE_LINE = re.compile(rb'"[^"\n]*"|("[^"]*")')


@dataclass(frozen=True, slots=True)
class Plain:
    """A sound CSV file: its rows as text, their count, and the rows whose number of cells is not the headings'."""

    frame: pl.LazyFrame
    headings: tuple[str, ...]
    rows: int
    ragged: Mapping[int, int]


def transcoded(file: Path, shown: str, encoding: str | None, room: Path) -> Path:
    """Return the file as UTF-8 with ordinary line ends: itself where it is so already, else a copy in `room`.

    Raises:
        TableFileError: It is not in the encoding that it says, or that somebody says it is in.
    """
    with file.open("rb") as stream:
        start = stream.read(_SNIFFED)
    marked = next((name for mark, name in _BOMS if start.startswith(mark)), None)
    name = marked or encoding or "utf-8"
    is_utf8 = codecs.lookup(name).name in ("utf-8", "utf-8-sig", "ascii")
    old_ends = b"\r" in start.replace(b"\r\n", b"") and b"\n" not in start
    if is_utf8 and not old_ends:
        return file
    copy = room / "transcoded.csv"
    newline = None if old_ends else ""
    try:
        with file.open(encoding=name, newline=newline) as source, copy.open("w", encoding="utf-8", newline="") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
    except (UnicodeError, ValueError) as error:
        where = f"its mark says {name}" if marked else f"the mapping says `encoding: {name}`"
        why, fix = f"{where}, and the reader says: {short(error)}", "export it again as UTF-8"
        raise fault("M625", f"the file is not {name}", why, fix, shown) from None
    return copy


def read_plain(file: Path, shown: str, delimiter: str | None) -> Plain:
    """Read a UTF-8 file.

    Args:
        file: Where it is.
        shown: Its path as errors show it.
        delimiter: What stands between cells; None to find out.

    Raises:
        TableFileError: It is no sound CSV file.
    """
    start = _start(file)
    _refuse_title(start, delimiter, shown)
    delimiter = delimiter or _sniffed(start)
    headings = _headings(file, shown, start, delimiter)
    records = _checked(file, shown, len(headings), delimiter)
    ragged = {} if records.even else dict(_ragged(file, shown, len(headings), delimiter))
    frame = _scanned(file, headings, delimiter, truncate=bool(ragged))
    return Plain(frame, headings, records.count - 1, ragged)


def _scanned(file: Path, headings: tuple[str, ...], delimiter: str, *, truncate: bool) -> pl.LazyFrame:
    names = _as_polars_reads(file, headings, delimiter)
    frame = pl.scan_csv(
        file,
        separator=delimiter,
        schema=dict.fromkeys(names, pl.String),
        infer_schema=False,
        row_index_name=ROW,
        row_index_offset=2,
        glob=False,
        truncate_ragged_lines=truncate,
    )
    return frame if names == headings else frame.rename(dict(zip(names, headings, strict=True)))


def _as_polars_reads(file: Path, headings: tuple[str, ...], delimiter: str) -> tuple[str, ...]:
    """Return what Polars calls the columns: it leaves doubled quotes in a heading as they stand."""
    if not any('"' in heading for heading in headings):
        return headings
    found = pl.scan_csv(file, separator=delimiter, infer_schema=False, glob=False, truncate_ragged_lines=True)
    names = tuple(found.collect_schema().names())
    return names if len(names) == len(headings) else headings


# --- how it is written ------------------------------------------------------------------------------------------------


def _start(file: Path) -> str:
    with file.open("rb") as stream:
        raw = stream.read(_SNIFFED)
    return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")


def _sniffed(start: str) -> str:
    """Return the delimiter that stands most often in the first line, outside quotes."""
    first = re.sub(r'"[^"]*"', "", start.lstrip("\r\n").partition("\n")[0])
    return max(_DELIMITERS, key=first.count)


def _headings(file: Path, shown: str, start: str, delimiter: str) -> tuple[str, ...]:
    if not start.strip():
        raise fault("M622", "the file is empty", "it holds no headings and no rows", "export it again", shown)
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        try:
            csv.field_size_limit(_LONGEST_LINE)
            headings = next(csv.reader(_bounded(text, shown), delimiter=delimiter), [])
        except csv.Error as error:
            why = f"the reader says: {error}"
            raise fault("M627", "the headings cannot be read", why, "export it again", shown, 1) from None
    if not headings:
        why, fix = "the first line holds the headings, and it is blank", "remove blank lines above the headings"
        raise fault("M623", "there are no headings", why, fix, shown, 1)
    check_headings(headings, shown)
    return tuple(headings)


def _bounded(text: Iterator[str], shown: str) -> Iterator[str]:
    """Yield lines, refusing one that never ends."""
    readline = getattr(text, "readline")  # noqa: B009  # an iterator of text that is also a file
    while line := readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise _too_long(shown, 0)
        yield line


def _refuse_title(start: str, delimiter: str | None, shown: str) -> None:
    """Refuse a title above the headings, as far as the beginning of a file shows one."""
    title, _, rest = start.partition("\n")
    below = csv.reader(rest.splitlines(), delimiter=delimiter or _sniffed(rest))
    try:
        first = next(csv.reader([title], delimiter=delimiter or _sniffed(title)), [])
        check_title(first, islice(below, FEW_ROWS), shown)
    except csv.Error:  # what is wrong is said of the whole file
        return


def check_title(first: Sequence[object], below: Iterable[Sequence[object]], shown: str) -> None:
    """Refuse a first row of one cell, where the rows below have more: a title, and no headings.

    Raises:
        TableFileError: M623.
    """
    title = [cell for cell in first if str(cell or "").strip()]
    filled = [sum(bool(str("" if cell is None else cell).strip()) for cell in row) for row in below]
    wide = [(number, count) for number, count in enumerate(filled, 2) if count]
    if len(title) == 1 and wide and all(count > 1 for _, count in wide):
        row, count = wide[0]
        what = f"the first row is one cell, `{short(title[0])}`, and row {row} has {count}"
        why = "the first row holds the headings, and this looks like a title above them"
        fix = f"begin the table with its headings, which row {row} seems to hold; or add the headings that are missing"
        raise fault("M623", what, why, fix, shown, 1)


def check_headings(headings: list[str], shown: str) -> None:
    """Refuse headings that are empty, stand twice or are far too many.

    Raises:
        TableFileError: M623 or M624.
    """
    if len(headings) > MOST_COLUMNS:
        what = f"there are {len(headings):,} columns"
        why, fix = f"a table has at most {MOST_COLUMNS:,}", "export only the columns that tell something"
        raise fault("M624", what, why, fix, shown, 1)
    empty = [place for place, heading in enumerate(headings, 1) if not heading.strip()]
    if empty:
        what = f"column {empty[0]} of {len(headings)} has no heading"
        why, fix = "a column is named by its heading, in the first row", "give it one, or remove the column"
        raise fault("M623", what, why, fix, shown, 1)
    twice = next((heading for place, heading in enumerate(headings) if heading in headings[:place]), None)
    if twice is not None:
        what, why = f"the heading `{short(twice)}` stands twice", "nothing tells which of the two columns is meant"
        raise fault("M623", what, why, "rename or remove one of them", shown, 1)


# --- whether it is sound ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Records:
    """What was counted so far: records (the headings too), and whether each has as many cells as there are headings."""

    count: int = 0
    even: bool = True


def _checked(file: Path, shown: str, width: int, delimiter: str) -> _Records:
    """Read all bytes: every one is UTF-8, none is NUL, no line is endless; count records and delimiters.

    Raises:
        TableFileError: M625, M626 or M632.
    """
    records, decode, lines = _Records(), codecs.getincrementaldecoder("utf-8")().decode, 1
    mark = delimiter.encode()
    for chunk, last in _whole_records(file, shown):
        if (nul := chunk.find(b"\0")) >= 0:
            line = lines + chunk.count(b"\n", 0, nul)
            why, fix = "text holds none: the file is damaged, or no CSV at all", "export it again"
            raise fault("M626", "a NUL byte stands in the file", why, fix, shown, line)
        try:
            decode(chunk, last)
        except UnicodeDecodeError as error:
            line = lines + error.object.count(b"\n", 0, error.start)
            why = f"the byte {error.object[error.start]:#04x} here belongs to another encoding"
            fix = "save it as UTF-8, or say `encoding:` in the mapping: cp1252 and gb18030 are common"
            raise fault("M625", "the file is not UTF-8", why, fix, shown, line) from None
        bare, ends = _QUOTED.sub(b"", chunk) if b'"' in chunk else chunk, chunk.count(b"\n")
        if b'"' in bare or bare.count(b"\n") < ends:  # a line ends between quotes, as in few files
            _refuse_stray_quotes(_ON_ONE_LINE.sub(rb"\1", chunk), mark, shown, lines)
        lines += ends
        rows = bare.removesuffix(b"\n").split(b"\n")
        records.count += len(rows)
        records.even &= all(row.count(mark) == width - 1 or not row.strip(b"\r") for row in rows)
    return records


def _refuse_stray_quotes(bare: bytes, mark: bytes, shown: str, lines: int) -> None:
    """Refuse a quote within a cell that is not in quotes, where the next one stands on a later line, or nowhere.

    Polars takes all that stands between for one cell, so that rows would be lost unnoticed.

    Args:
        bare: Whole records, without what stands in quotes on one line.
        mark: What stands between cells.
        shown: The path of the file as errors show it.
        lines: The number of its first line in the file.

    Raises:
        TableFileError: M627.
    """
    end = 0
    while (start := bare.find(b'"', end)) >= 0:
        if bare[max(0, start - 1) : start] not in (b"", b"\n", b'"', mark):
            line = lines + bare.count(b"\n", 0, start)
            cell = bare[bare.rfind(b"\n", 0, start) + 1 : start + 1].rpartition(mark)[2].decode(errors="replace")
            what = f"a quote stands within a cell that does not begin with one: `{short(cell, 50)}`"
            why = "all up to the next quote, on a later line, would be taken for one cell, and rows be lost"
            raise fault("M627", what, why, 'put the cell in quotes, and double those in it: `"5"" pipe"`', shown, line)
        close = bare.find(b'"', start + 1)
        if close < 0:
            return  # it is open to the end, which Polars says
        end = close + 1


def _whole_records(file: Path, shown: str) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of a file in chunks that end where a record ends, and whether the file ends there too."""
    rest = b""
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            rest += chunk
            cut = _last_end(rest)
            if cut:
                yield rest[:cut], False
                rest = rest[cut:]
            elif len(rest) > _LONGEST_LINE:
                raise _too_long(shown, 0)
    if rest:
        yield rest, True


def _last_end(chunk: bytes) -> int:
    """Return where the last record that is whole ends, 0 where none is: after a line end outside quotes."""
    parts, end = chunk.split(b'"'), len(chunk)
    for place in range(len(parts) - 1, -1, -1):
        end -= len(parts[place])
        if place % 2 == 0 and (found := parts[place].rfind(b"\n")) >= 0:
            return end + found + 1
        end -= 1  # the quote
    return 0


def _too_long(shown: str, line: int) -> TableFileError:
    what = f"a row is longer than {_LONGEST_LINE // 2**20} MB"
    why = "no export holds so much of one account; a quote may be open since a row before, or the lines have no ends"
    return fault("M632", what, why, "export it again as CSV", shown, line)


def _ragged(file: Path, shown: str, width: int, delimiter: str) -> Iterator[tuple[int, int]]:
    """Yield the rows that have more or fewer cells than there are headings, with how many they have."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(_bounded(text, shown), delimiter=delimiter)
        try:
            for number, cells in enumerate(reader, 1):
                if cells and len(cells) != width:
                    yield number, len(cells)
        except csv.Error as error:
            why = f"the reader says: {error}"
            raise fault("M627", "the file cannot be read as CSV", why, "export it again", shown) from None
