"""`churn-rules portfolio` as an analyst runs it: a page, all tables, no formula, and nothing over what it reads."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook

import churn_rules.loading
from churn_rules import Rulebase, across_accounts
from churn_rules.cli import cli
from churn_rules.errors import ChurnRulesError, TableFileError
from churn_rules.portfolio.run import across_file, write_tables
from tests.unit.portfolios import accounts

FOLDER = Path(__file__).parent / "portfolio"
MADE_UP = [str(FOLDER / "accounts.csv"), "--mapping", str(FOLDER / "mapping.yaml")]
TABLES = {
    "drivers",
    "conclusions",
    "segments",
    "changed by others",
    "stated against derived",
    "stated by two sides",
    "shortlist",
    "not worked out",
    "missing",
}


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch, rulebase: Rulebase) -> None:
    """Let the command have the shipped rules that were loaded before."""
    loads = churn_rules.loading.load
    monkeypatch.setattr(
        churn_rules.loading, "load", lambda path=None, *lang: loads(path, *lang) if path or lang else rulebase
    )


def ran(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["portfolio", *map(str, words)])


def run(*words: str | Path) -> str:
    result = ran(*words)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_mapped_file_becomes_a_page_and_tables(tmp_path: Path) -> None:
    told = run(*MADE_UP, "-o", tmp_path / "report.html", "--tables", tmp_path / "tables")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Why customers leave: 60 accounts" in page
    assert "Source: accounts.csv." in page
    assert "The most frequent root cause is" in told
    assert {path.stem.replace("-", " ") for path in (tmp_path / "tables").iterdir()} == TABLES
    for name in ("region", "product", "rep", "quarter", "size"):  # the segments of the mapping
        assert f'<th scope="row">{name}</th>' in page


def test_a_page_comes_out_of_a_pipe_in_another_language() -> None:
    page = run(*MADE_UP, "-o", "-", "--lang", "nl")
    assert page.startswith('<!DOCTYPE html>\n<html lang="nl">')
    assert page.endswith("</html>\n")


def test_columns_that_are_called_as_facts_need_no_mapping(tmp_path: Path) -> None:
    accounts(80).write_parquet(tmp_path / "accounts.parquet")
    run(tmp_path / "accounts.parquet", "-o", tmp_path / "a.html", "--account", "id", "--segment", "region")
    assert '<th scope="row">region</th>' in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    rows = (FOLDER / "accounts.csv").read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace("QUALITY", "QUALITEE")
    (tmp_path / "accounts.csv").write_text("\n".join(rows), encoding="utf-8")
    mapping = FOLDER / "mapping.yaml"
    result = ran(tmp_path / "accounts.csv", "--mapping", mapping, "-o", tmp_path / "report.html")
    assert "1 of 60 rows" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "note: 1 of 60 rows could not be used" in result.stderr


RISES = "account: id\ncolumns:\n  rise: {fact: price_increase}\n"


def of_rises(folder: Path, *rises: str) -> Result:
    rows = [f"A-{place},{rise}" if rise else "," for place, rise in enumerate(rises)]
    (folder / "in.csv").write_text("\n".join(["id,rise", *rows, ""]), encoding="utf-8")
    (folder / "mapping.yaml").write_text(RISES, encoding="utf-8")
    return ran(folder / "in.csv", "--mapping", folder / "mapping.yaml", "-o", folder / "page.html")


@pytest.mark.parametrize(
    ("rises", "why"),
    [
        (("thirty", "ten"), "in 2 of 2 rows the column `rise` cannot be used: it is no number"),
        (("9999", "9999"), "in 2 of 2 rows the column `rise` cannot be used: `9999.0` is no value"),
        (("", ""), "all rows are blank"),
    ],
)
def test_where_no_row_can_be_used_nothing_is_written(tmp_path: Path, rises: tuple[str, ...], why: str) -> None:
    result = of_rises(tmp_path, *rises)
    assert isinstance(result.exception, TableFileError)
    issue = result.exception.issues[0]
    assert (issue.code, issue.what) == ("M636", "no row could be scored")
    assert issue.why.startswith(why)
    assert not (tmp_path / "page.html").exists()


def test_rows_at_fault_are_told_on_stderr_and_blank_ones_are_none(tmp_path: Path) -> None:
    result = of_rises(tmp_path, "10", "9999", "thirty", "", "")
    assert result.exit_code == 0
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert [note.partition(";")[0] for note in notes] == [
        "note: 1 of 3 rows could not be used and are left out",
        "note: in 1 of 2 accounts a cell is no value of its fact and counts as unknown",
    ]
    most = of_rises(tmp_path, "10", "thirty", "ten")
    assert most.exit_code == 0
    assert "note: the mapping fits hardly any row" in most.stderr


PAYLOADS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\N{FULLWIDTH EQUALS SIGN}1+1")


def test_no_cell_is_a_formula(tmp_path: Path, rulebase: Rulebase) -> None:
    count = len(PAYLOADS)
    table = accounts(80).with_columns(
        id=pl.Series([f"{PAYLOADS[place % count]}{place}" for place in range(80)]),
        region=pl.Series([PAYLOADS[place % count] for place in range(80)]),
    )
    tables = across_accounts(table, rulebase=rulebase, account="id", segments=["region"]).tables
    cells = [cell for path in write_tables(tables, tmp_path / "tables") for cell in cells_of(path)]
    assert any("=1+1" in cell for cell in cells)
    assert not [cell for cell in cells if re.match(r"\s*[=+@\uff1d]|\s*-[^\d]|\s*-\d+\+", cell)]
    write_tables(tables, tmp_path / "all.xlsx")
    assert set(CalamineWorkbook.from_path(tmp_path / "all.xlsx").sheet_names) == TABLES == set(tables)
    with zipfile.ZipFile(tmp_path / "all.xlsx") as workbook:
        sheets = [workbook.read(name) for name in workbook.namelist() if "worksheets/" in name]
    assert not any(b"<f>" in sheet for sheet in sheets)


def cells_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [cell for row in csv.reader(file) for cell in row]


def test_nothing_is_written_over_what_is_read(tmp_path: Path) -> None:
    source = tmp_path / "accounts.parquet"
    accounts(5).write_parquet(source)
    before = source.read_bytes()
    written_over: tuple[tuple[str | Path, ...], ...] = (("-o", source), ("-o", tmp_path / "a.html", "--tables", source))
    for words in written_over:
        result = ran(source, *words, "--account", "id")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 2
        assert "is read" in result.output
    assert ran(source, "-o", tmp_path / "x.xlsx", "--tables", tmp_path / "x.xlsx").exit_code == 2
    assert source.read_bytes() == before
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("words", [("--segment", "regio"), ("--account", "idd")])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, words: tuple[str, str]) -> None:
    accounts(5).write_parquet(tmp_path / "accounts.parquet")
    result = ran(tmp_path / "accounts.parquet", "-o", tmp_path / "a.html", *words)
    assert isinstance(result.exception, ChurnRulesError)
    assert f"unknown column `{words[1]}`" in str(result.exception)
    assert not (tmp_path / "a.html").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ChurnRulesError, match="cannot write into"):
        write_tables({}, tmp_path / "file")


_LISTS = ("Accounts worth winning back", "To be pursued, though it may not pay")


def test_the_example_shows_whom_to_win_back_first() -> None:
    page = run(*MADE_UP, "-o", "-")
    assert "14 of 60 accounts are worth winning back; first of all K-1019" in page
    assert "though not surely worth it: 3 whose value is not worked out; 1 where the attempt would not pay." in page
    assert "Without an offer yet: 1 of them." in page
    assert page.count("none yet; the value bears no cost of one</td>") == 1
    shortlist, doubtful = (page.partition(f"<caption>{one}")[2].partition("</table>")[0] for one in _LISTS)
    assert ("K-1041" in shortlist, "K-1041" in doubtful) == (False, True)
    assert "That code" not in page


def test_rows_that_repeat_an_account_are_told_on_the_page_and_on_both_streams(tmp_path: Path) -> None:
    rows = (FOLDER / "accounts.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([*rows, rows[1]]), encoding="utf-8")
    result = ran(tmp_path / "twice.csv", *MADE_UP[1:], "-o", tmp_path / "page.html")
    said = "1 of 61 rows repeat an account"
    assert said in result.stdout
    assert f"note: {said}" in result.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count(said) == 2


def test_rows_without_a_name_are_called_by_their_number_in_the_file(tmp_path: Path) -> None:
    told = {"row": ["A", "", None, " "], "months_without_contact": [9.0] * 4, "lost": [date(2024, 1, 1)] * 4}
    pl.DataFrame(told).write_parquet(tmp_path / "in.parquet")
    result = ran(tmp_path / "in.parquet", "-o", tmp_path / "a.html", "--account", "row", "--tables", tmp_path / "t")
    assert "note: no account is named in 3 of 4 rows" in result.stderr
    cells = cells_of(tmp_path / "t" / "changed-by-others.csv")
    assert {"A", "#3", "#4", "#5"} <= set(cells)  # the first row of the file holds the headings


def test_how_far_it_is_is_told_of_every_pass(rulebase: Rulebase) -> None:
    done: dict[str, list[int]] = {}

    def stage(name: str, accounts: int) -> Callable[[int], None]:
        done[name] = [accounts, 0]

        def tick(rows: int) -> None:
            done[name][1] += rows

        return tick

    told = across_file(MADE_UP[0], rulebase, Path(MADE_UP[2]), stage=stage)
    assert done == {"first": [60, 60], "unsaid": [60, 60], "second": [60, 60]}
    assert told == across_file(MADE_UP[0], rulebase, Path(MADE_UP[2]))
