"""Two hundred files that are no tables: each ends in one clear message, and nothing is half written.

And two hundred cells that a spreadsheet would run: each comes out as text.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from churn_rules.cli import _run
from churn_rules.errors import TableFileError, render_issues
from churn_rules.tables.run import Outcome, score_file
from tests.table_faults import MAPPING, SHIPPED, SOUND, bomb, locked_workbook, mapping_of, table_of, workbook_of

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ROWS = [["id", "rise", "said"], ["A-1", 30, "price"], ["A-2", 5, "quality"], ["A-3", None, "other"]]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- two hundred bad inputs -------------------------------------------------------------------------------------------

TEXT = SOUND.decode()
TEXTS: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n \n",
    "only headings": b"id,rise,said\n",
    "heading twice": b"id,rise,rise,said\nA-1,30,30,price\n",
    "no heading": b"id,,said\nA-1,30,price\n",
    "blank first line": b"\nid,rise,said\nA-1,30,price\n",
    "a title": b"Lost accounts\nid,rise,said\nA-1,30,price\n",
    "a title in a wide row": b"Lost accounts,,\n,,\nid,rise,said\nA-1,30,price\n",
    "column not there": b"id,rises,said\nA-1,30,price\n",
    "a nul byte": SOUND + b"A-3,\x00,price\n",
    "nothing but nul bytes": bytes(1000),
    "latin-1": TEXT.replace("quality", "qualité").encode("latin-1"),
    "two encodings": SOUND + "A-3,3,é\n".encode() + "A-4,4,é\n".encode("latin-1"),
    "gb18030": "客户,涨价,原因\n甲,30,太贵\n".encode("gb18030"),
    "half a character": SOUND + "é".encode()[:1],
    "open quote": SOUND + b'A-3,3,"price\nA-4,4,price\n',
    "quote inside a cell": SOUND + b'A-3,3,"price"less\n',
    "open quote in a heading": b'id,rise,"said\nA-1,30,price\n',
    "utf-16 cut in half": TEXT.encode("utf-16")[:-1],
    "a mark of utf-32": TEXT.encode("utf-32")[:-2],
    "no row fits": b"id,rise,said\nA-1,thirty,price\n",
    "no value is known": b"id,rise,said\nA-1,30,costly\nA-2,3,dear\n",
    "no account has a name": b"id,rise,said\n,30,price\n,20,price\n",
    "all rows too short": b"id,rise,said\nA-1\nA-2,3\n",
    "all rows too long": b"id,rise,said\nA-1,3,price,x\n",
    "blank rows only": b"id,rise,said\n,,\n,,\n",
    "a huge cell": b"id,rise,said\nA-1,3," + b"x" * 200_000 + b"\n",
    "out of range": b"id,rise,said\nA-1,3000000,price\n",
    "cut off in the first row": b"id,rise,said\nA-1,3",
    "a date for a number": b"id,rise,said\nA-1,2025-03-31,price\n",
}
FOREIGN: dict[str, bytes] = {
    "pdf": b"%PDF-1.7\n%\xe2\xe3\n",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(40),
    "json": b'{"id": "A-1", "rise": 30}\n',
    "json list": b'[{"id": "A-1"}]\n',
    "web page": b"<!DOCTYPE html><html><table></table></html>",
    "xml": b'<?xml version="1.0"?><rows/>',
    "sqlite": b"SQLite format 3\x00" + bytes(80),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "text": SOUND,
}


def text(raw: bytes, delimiter: str, name: str) -> str:
    return table_of(name, raw.replace(b",", delimiter.encode()))


def workbook(**how: object) -> str:
    return workbook_of("in.xlsx", **{"rows": ROWS, **how})  # type: ignore[arg-type]  # as its own arguments


def cut(name: str, share: float) -> str:
    if name.endswith(".xlsx"):
        workbook()
    else:
        good_parquet()
    raw = Path(name).read_bytes()
    return table_of(name, raw[: int(len(raw) * share)])


def scrambled(name: str, at: float) -> str:
    """Write a file with some bytes in its middle turned over."""
    if name.endswith(".xlsx"):
        workbook()
    else:
        good_parquet()
    raw = bytearray(Path(name).read_bytes())
    start = int(len(raw) * at)
    raw[start : start + 40] = bytes(255 - byte for byte in raw[start : start + 40])
    return table_of(name, bytes(raw))


def good_parquet(**more: object) -> str:
    frame = pl.DataFrame({"id": ["A-1", "A-2"], "rise": [30.0, 5.0], "said": ["price", "quality"], **more})
    frame.write_parquet("in.parquet")
    return "in.parquet"


def not_quite_zip() -> str:
    with zipfile.ZipFile("in.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return "in.xlsx"


def lying_zip() -> str:
    """Write a workbook whose directory says that it is small, though it is not."""
    raw = Path(bomb("in.xlsx")).read_bytes()
    size = (300 * 2**20).to_bytes(4, "little")
    assert size in raw
    return table_of("in.xlsx", raw.replace(size, (1000).to_bytes(4, "little")))


def many_members() -> str:
    with zipfile.ZipFile("in.xlsx", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"xl/{number}.xml", "")
    return "in.xlsx"


def a_link_in_a_circle() -> str:
    Path("in.csv").symlink_to("in.csv")
    return "in.csv"


def a_folder() -> str:
    Path("in.csv").mkdir()
    return "in.csv"


def inputs() -> Iterator[tuple[str, Callable[[], str]]]:
    for fault, raw in TEXTS.items():
        for mark, delimiter in DELIMITERS.items():
            yield f"{fault}, {mark}", partial(text, raw, delimiter, "in.csv")
    for fault, raw in FOREIGN.items():
        for name in (
            ("in.xlsx", "in.parquet", "in.xls") if fault == "text" else ("in.csv", "in.xlsx", "in.parquet", "in")
        ):
            yield f"{fault} called {name}", partial(table_of, name, raw)
    for name in ("in.xlsx", "in.parquet"):
        for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
            yield f"{name} cut off at {share:.0%}", partial(cut, name, share)
    yield "a workbook called csv", lambda: str(Path(workbook()).rename("in.csv"))
    yield "a workbook called parquet", lambda: str(Path(workbook()).rename("in.parquet"))
    yield "parquet called csv", lambda: str(Path(good_parquet()).rename("in.csv"))
    yield "parquet called xlsx", lambda: str(Path(good_parquet()).rename("in.xlsx"))
    yield "parquet scrambled at its end", partial(scrambled, "in.parquet", 0.97)
    yield "a workbook scrambled at its end", partial(scrambled, "in.xlsx", 0.995)
    yield "merged headings", partial(workbook, merge="B1:C1")
    yield "merged cells", partial(workbook, merge="A5:A9")
    yield "two sheets", partial(workbook, sheets=("2024", "2025"))
    yield "an empty sheet", partial(workbook, rows=[])
    yield "headings only", partial(workbook, rows=ROWS[:1])
    yield "a blank first row", partial(workbook, rows=[[], *ROWS])
    yield "a title, workbook", partial(workbook, rows=[["Lost accounts"], [], *ROWS])
    yield "heading twice, workbook", partial(workbook, rows=[["id", "id", "said"], *ROWS[1:]])
    yield "no heading, workbook", partial(workbook, rows=[["id", None, "said"], *ROWS[1:]])
    yield (
        "17 thousand columns",
        lambda: text(",".join(f"c{n}" for n in range(17_000)).encode() + b"\n1\n", ",", "in.csv"),
    )
    yield (
        "a million columns",
        lambda: text(",".join(f"c{n}" for n in range(1_000_000)).encode() + b"\n1\n", ",", "in.csv"),
    )
    yield "a bomb", partial(bomb, "in.xlsx")
    yield "a bomb that lies", lying_zip
    yield "ten thousand members", many_members
    yield "a locked workbook", partial(locked_workbook, "in.xlsx")
    yield "a zip archive", not_quite_zip
    yield "a cell of lists", lambda: good_parquet(orders=[[1], [2]])
    yield "a cell of records", lambda: good_parquet(who=[{"a": 1}, {"a": 2}])
    yield "a cell of bytes", lambda: good_parquet(raw=[b"1", b"2"])
    yield "a cell of arrays", lambda: good_parquet(raw=pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)))
    yield "parquet without rows", lambda: (pl.DataFrame({"id": []}).write_parquet("in.parquet"), "in.parquet")[1]
    yield "an endless line", partial(table_of, "in.csv", b"x" * 20_000_000)
    yield "an endless cell", partial(table_of, "in.csv", b'id,rise,said\nA-1,3,"' + b"x\n" * 9_000_000)
    yield "no such file", lambda: "nowhere.csv"
    yield "no such folder", lambda: "no/where.csv"
    yield "no name at all", lambda: "in\0.csv"
    yield "a name far too long", lambda: "x" * 5000 + ".csv"
    yield "a folder", a_folder
    yield "a link in a circle", a_link_in_a_circle
    yield "a device", lambda: "/dev/null"


INPUTS = dict(inputs())


def left_behind() -> list[str]:
    return [
        path.name for path in Path().iterdir() if path.name.startswith((".", "out.")) and "rejects" not in path.name
    ]


def test_there_are_two_hundred_bad_inputs() -> None:
    assert len(INPUTS) >= 200


@pytest.mark.parametrize("name", INPUTS)
def test_a_bad_input_ends_in_one_clear_message(name: str) -> None:
    source = INPUTS[name]()
    target = ("out.csv", "out.xlsx", "out.parquet")[len(name) % 3]
    with pytest.raises(TableFileError) as caught:
        score_file(source, target, rulebase=SHIPPED, mapping_file=mapping_of())
    for issue in caught.value.issues:
        assert issue.code.startswith("M")
        assert all((issue.what, issue.why, issue.fix))
    message = render_issues(caught.value.issues)
    assert "Traceback" not in message
    assert len(message) < 2000 + len(source)
    assert left_behind() == []


@pytest.mark.parametrize("source", ["nowhere.csv", "in.csv"])
def test_on_the_command_line_it_is_a_message_and_an_exit_code(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table_of("in.csv", TEXTS["heading twice"])
    Path("out.csv").write_text("of yesterday")
    monkeypatch.setattr(sys, "argv", ["churn-rules", "score", source, "-o", "out.csv", "--mapping", str(mapping_of())])
    assert _run() == (2 if source == "nowhere.csv" else 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "why: " in err
    assert "fix: " in err
    assert Path("out.csv").read_text() == "of yesterday"


def test_what_comes_through_a_pipe_is_read_as_a_file(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SOUND)))
    found = score_file("-", "-", rulebase=SHIPPED, mapping_file=mapping_of())
    assert found.summary.accounts == 2
    sys.stdout.flush()
    rows = list(csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode())))
    assert [row["id"] for row in rows] == ["A-1", "A-2"]


# --- bad rows ---------------------------------------------------------------------------------------------------------


def run(raw: bytes, target: str = "out.csv", mapping: str = MAPPING) -> Outcome:
    return score_file(table_of("in.csv", raw), target, rulebase=SHIPPED, mapping_file=mapping_of(mapping))


def test_bad_rows_are_not_scored_and_told_with_row_cell_why_and_remedy() -> None:
    raw = b"id,rise,said\nA-1,30,price\nA-2,thirty,price\n\nA-3,3,dear\nA-4,4\nA-5,99999,price\nA-6,5,price,7\nA-7,,\n"
    found = run(raw)
    assert (found.rows, found.rejected, found.summary.accounts) == (8, 5, 2)
    with Path("out.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        rejects = list(csv.DictReader(file))
    assert sorted((row["row"], row["column"], row["cell"]) for row in rejects) == [
        ("3", "rise", "thirty"),
        ("5", "said", "dear"),
        ("6", "", "2 cells"),
        ("7", "rise", "99999"),
        ("8", "", "4 cells"),
    ]
    assert all(row["why"] and row["how to mend it"] for row in rejects)


def test_without_bad_rows_there_are_no_rejects_and_old_ones_are_emptied() -> None:
    Path("out.rejects.csv").write_text("of yesterday")
    assert run(SOUND).rejects is None
    assert Path("out.rejects.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "row,column,cell,why,how to mend it"
    ]
    Path("out.rejects.csv").unlink()
    run(SOUND)
    assert not Path("out.rejects.csv").exists()


# --- two hundred formulas ---------------------------------------------------------------------------------------------

STARTS = ("=", "+", "-", "@", "\t=", "\r=", " =", "\N{FULLWIDTH EQUALS SIGN}", "-+", "=-")
BODIES = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://x.example","y")',
    "SUM(A1:A9)",
    "IMPORTXML(CONCAT(1,2))",
    "DDE(1;2)",
    "A1",
    "(2)",
    "2*3",
    "\N{CJK UNIFIED IDEOGRAPH-4E00}",
    "webservice(1)",
    "@SUM(1)",
    "+1 312",
    "NOW()",
    "x",
    '"a"&"b"',
    "$A$1",
    "'x'!A1",
    "1e3+A1",
    "{1,2}",
)
PAYLOADS = [start + body for start in STARTS for body in BODIES]
RUNS = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def formulas(target: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "=1+2", "said", "figure"])
    writer.writerows([payload, payload, "price", "-12.5"] for payload in PAYLOADS)
    mapping = 'account: id\nkeep: ["=1+2", figure]\ncolumns: {said: {fact: stated_reason}}\n'
    found = run(text.getvalue().encode(), target, mapping)
    assert found.summary.accounts == len(PAYLOADS) == 200


def test_formulas_come_out_of_a_csv_file_as_text() -> None:
    formulas("out.csv")
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 201
    assert not any(RUNS.match(heading) for heading in rows[0])
    for row, payload in zip(rows[1:], PAYLOADS, strict=True):
        assert row[1] == row[2] == f"'{payload}"
        assert row[3] == "-12.5"
        assert not any(RUNS.match(cell) for cell in row if not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell))


def test_formulas_come_out_of_a_workbook_as_text() -> None:
    formulas("out.xlsx")
    with zipfile.ZipFile("out.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert not any("hyperlink" in name.lower() or "externalLink" in name for name in archive.namelist())
    assert b"<f" not in sheet.replace(b"<formatCode", b"")
    assert b"<hyperlink" not in sheet
    rows = CalamineWorkbook.from_path("out.xlsx").get_sheet_by_index(0).to_python()
    assert [str(row[1]).replace("_x000D_", "\r") for row in rows[1:]] == PAYLOADS
    assert rows[0][2] == "=1+2"


@pytest.mark.parametrize("target", ["out.csv", "out.xlsx"])
def test_formulas_in_columns_of_choices_come_out_as_text(target: str) -> None:
    texts = ["=1+1", "+1+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", "sound"]
    frame = pl.DataFrame({"price_increase": [30.0] * len(texts), "enum": texts, "category": texts})
    frame = frame.with_columns(pl.col("enum").cast(pl.Enum(texts)), pl.col("category").cast(pl.Categorical))
    frame.write_parquet("in.parquet")
    score_file("in.parquet", target, rulebase=SHIPPED)
    rows: Sequence[Sequence[object]]
    if target == "out.csv":
        with Path(target).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        expected = [text if text == "sound" else f"'{text}" for text in texts]
    else:
        with zipfile.ZipFile(target) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        rows = CalamineWorkbook.from_path(target).get_sheet_by_index(0).to_python()
        expected = texts
    for name in ("enum", "category"):
        place = list(rows[0]).index(name)
        assert [str(row[place]).replace("_x000D_", "\r") for row in rows[1:]] == expected


def test_formulas_in_rejects_are_text_too() -> None:
    run(b"id,rise,said\nA-1,=1+1,price\nA-2,2,price\n")
    assert "'=1+1" in Path("out.rejects.csv").read_text(encoding="utf-8-sig")


def test_numbers_and_days_stay_what_they_are_in_a_workbook() -> None:
    frame = pl.DataFrame({"id": ["a"], "loss": [-3.5], "on": [date(2025, 3, 31)], "trust_lost": [True]})
    frame.write_parquet("in.parquet")
    score_file("in.parquet", "out.xlsx", rulebase=SHIPPED)
    headings, row = CalamineWorkbook.from_path("out.xlsx").get_sheet_by_index(0).to_python()
    told = dict(zip(headings, row, strict=True))
    assert (told["loss"], told["on"], told["row"]) == (-3.5, date(2025, 3, 31), 2)
