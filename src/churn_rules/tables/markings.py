"""What an .xlsx workbook shows beside the bare number in a cell: a percent sign, a currency, or an error.

The reader of workbooks hands on 0.3 where a sheet shows 30 %, and an empty cell where it shows #DIV/0!. Never reads a
value that is none of these, and never follows anything out of the file.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from churn_rules.tables.parsing import CURRENCIES

__all__ = ["ERRORS", "Markings", "markings_of"]

ERRORS = frozenset(
    {
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#spill!", "#calc!", "#field!", "#busy!"),
        *("#blocked!", "#connect!", "#unknown!", "#getting_data", "#error!"),
    }
)
"""What a spreadsheet shows where a formula fails, in lower case; all but #N/A, which says that nobody knows."""


_CHUNK = 4 * 2**20
_PERCENT_IDS = ("9", "10")  # the formats 0% and 0.00%, which no file has to define
_ATTRIBUTE = re.compile(r'([\w:]+)\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_STYLE = re.compile(rb"\bs\s*=\s*[\"'](\d+)[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?v>([^<]{1,40})<")


@dataclass(frozen=True, slots=True)
class Markings:
    """What cells are marked with, by column and then row, both from 0: `signs` are `%` or a code, `errors` as shown."""

    signs: Mapping[int, Mapping[int, str]]
    errors: Mapping[int, Mapping[int, str]]


def markings_of(file: Path, sheet: str) -> Markings | None:
    """Read what a sheet of a workbook marks its cells with; None where the file is no .xlsx and does not say.

    Args:
        file: A workbook that was found sound.
        sheet: The name of the sheet.
    """
    if not zipfile.is_zipfile(file):
        return None
    with zipfile.ZipFile(file) as archive:
        parts = _parts(archive, sheet)
        if parts is None:
            return None
        part, styles = parts[0], _signs_of_styles(_text(archive, parts[1]))
        signs: dict[int, dict[int, str]] = {}
        errors: dict[int, dict[int, str]] = {}
        for row, column, sign, error in _marked_cells(archive, part, styles):
            (errors if error else signs).setdefault(column, {})[row] = error or sign
        return Markings(signs, errors)


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        return archive.read(name).decode("utf-8", errors="replace")
    except KeyError:
        return ""


def _tags(text: str, name: str) -> Iterator[Mapping[str, str]]:
    """Yield the attributes of each element of a name, without the prefixes of their names."""
    for tag in re.finditer(rf"<(?:\w+:)?{name}\b([^>]*)>", text):
        found = _ATTRIBUTE.findall(tag[1])
        yield {key.rpartition(":")[2]: unescape(double or single) for key, double, single in found}


def _parts(archive: zipfile.ZipFile, sheet: str) -> tuple[str, str] | None:
    """Return the names of the parts that hold a sheet and the styles, None where there is no such sheet."""
    named = {one.get("name"): one.get("id", "") for one in _tags(_text(archive, "xl/workbook.xml"), "sheet")}
    links = list(_tags(_text(archive, "xl/_rels/workbook.xml.rels"), "Relationship"))
    pages = {one.get("Id"): one.get("Target", "") for one in links}
    styles = [one.get("Target", "") for one in links if one.get("Type", "").endswith("/styles")]
    page = _resolved(pages.get(named.get(sheet), ""))
    return (page, _resolved(styles[0]) if styles else "") if page in archive.namelist() else None


def _resolved(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


# --- which styles show a sign -----------------------------------------------------------------------------------------


def _signs_of_styles(text: str) -> dict[bytes, str]:
    """Return the styles that show a sign beside a figure, by their numbers as cells name them."""
    formats = {one.get("numFmtId", ""): one.get("formatCode", "") for one in _tags(text, "numFmt")}
    signs = {number: sign for number, code in formats.items() if (sign := _sign(code))}
    signs |= {number: "%" for number in _PERCENT_IDS if number not in formats}
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", text, re.DOTALL)
    found = {}
    for place, style in enumerate(_tags(cells[0] if cells else "", "xf")):
        if shown := signs.get(style.get("numFmtId", "")):
            found[str(place).encode()] = shown
    return found


def _sign(code: str) -> str:
    """Return the sign that a number format shows: `%`, the code of a currency, or none.

    >>> _sign("0.0%"), _sign("[$€-413] #,##0.00"), _sign('"$"#,##0'), _sign('0.0"%"'), _sign("[$-409]d mmm")
    ('%', 'EUR', 'USD', '', '')
    """
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code)
    if "%" in bare:
        return "%"
    shown = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r" \1 ", code).lower()
    for currency, marks in CURRENCIES.items():
        if any(mark in shown if not mark.isalpha() else re.search(rf"\b{mark}\b", shown) for mark in marks):
            return currency
    return ""


# --- which cells have them --------------------------------------------------------------------------------------------


def _marked_cells(
    archive: zipfile.ZipFile, part: str, styles: Mapping[bytes, str]
) -> Iterator[tuple[int, int, str, str]]:
    """Yield the cells with a sign or an error: row, column, the sign, and the error."""
    either = rb"\bt\s*=\s*[\"']e[\"']"
    if styles:
        either += rb"|\bs\s*=\s*[\"'](?:" + b"|".join(styles) + rb")[\"']"
    cell = re.compile(rb"<(?:\w+:)?c\s(?=[^>]*(?:" + either + rb"))([^>]*)>")
    is_error = re.compile(rb"\bt\s*=\s*[\"']e[\"']")
    for chunk in _whole_rows(archive, part):
        for found in cell.finditer(chunk):
            place = _PLACE.search(found[1])
            if not place:
                continue  # the file leaves out where its cells are, as no spreadsheet does
            row, column = int(place[2]) - 1, _column(place[1])
            if is_error.search(found[1]):
                error = _ERROR.search(chunk, found.end(), max(found.end(), chunk.find(b"c>", found.end())))
                yield row, column, "", unescape(error[1].decode("utf-8", errors="replace")) if error else "#ERROR!"
            elif style := _STYLE.search(found[1]):
                yield row, column, styles[style[1]], ""


def _whole_rows(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            rest += chunk
            cut = rest.rfind(b"row>") + 4
            if cut > 3:
                yield rest[:cut]
                rest = rest[cut:]
    yield rest


def _column(letters: bytes) -> int:
    """Return the place of a column by its letters.

    >>> _column(b"A"), _column(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1
