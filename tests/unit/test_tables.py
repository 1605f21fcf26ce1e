"""Cells, mappings, proposals, runs and single rows of tables of accounts."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from churn_rules.cases import remember
from churn_rules.cli import _run
from churn_rules.cli.portfolios import tables_needed
from churn_rules.diagnosis import diagnose_case
from churn_rules.engines import engine_for
from churn_rules.engines.columnar.algebra import Flow, in_months_of_31, less, neither, said_to
from churn_rules.errors import TableFileError
from churn_rules.loading import in_language
from churn_rules.mappings import TableMapping
from churn_rules.reading import read_mapping
from churn_rules.tables.parsing import dates, numbers
from churn_rules.tables.proposing import propose
from churn_rules.tables.row import case_in_row, compare_scored
from churn_rules.tables.run import prepared, score_file
from churn_rules.tables.summary import tell_summary
from tests.table_faults import SHIPPED, mapping_of, table_of, workbook_of

PORTFOLIO = Path(__file__).resolve().parent.parent / "portfolio"
ACCOUNTS, MAPPED = str(PORTFOLIO / "accounts.csv"), PORTFOLIO / "mapping.yaml"


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def canonical(raw: str, mapping: str) -> pl.DataFrame:
    """Return the canonical table of a file of text, without what is only carried over."""
    with prepared(table_of("in.csv", raw.encode()), mapping_of(mapping), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
        return made.select([name for name in made.columns if name not in found.cells.kept])


def one_column(cells: Sequence[str], told: str) -> dict[str, list[object]]:
    lines = "\n".join(f'{number},"{cell}"' for number, cell in enumerate(cells))
    frame = canonical(f"n,c\n{lines}\n", f"columns:\n  c: {told}\n")
    return frame.to_dict(as_series=False)


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("30", None, 30),
        ("-4.5", None, -4.5),
        ("30 %", None, 30),
        ("€ 1200.50", None, 1200.5),
        ("\N{MINUS SIGN}3", None, -3),
        ("1e3", None, 1000),
        ("1,200", None, None),
        ("1.2.3", None, None),
        ("thirty", None, None),
        ("1,200.50", "point", 1200.5),
        ("12,00", "point", None),
        ("1.200,50", "comma", 1200.5),
        ("1\N{NO-BREAK SPACE}200", "comma", 1200),
        ("0,1", "comma", 0.1),
        ("1.5", "comma", None),
        ("0.123", "comma", None),
        ("0,123", "point", None),
        ("1.234", "comma", 1234),
        ("1.234 567", "comma", None),
        ("0.123", None, 0.123),
        ("1200 元", "point", 1200),
    ],
)
def test_numbers(cell: str, decimal: str | None, value: float | None) -> None:
    frame = pl.DataFrame({"c": [cell]})
    assert frame.select(numbers(pl.col("c"), decimal))["c"].to_list() == [value]  # type: ignore[arg-type]  # one of them


@pytest.mark.parametrize(
    ("cell", "order", "first", "last"),
    [
        ("2009-03-31", "year-first", date(2009, 3, 31), None),
        ("2009-3", "year-first", date(2009, 3, 1), date(2009, 3, 31)),
        ("2009", "year-first", date(2009, 1, 1), date(2009, 12, 31)),
        ("2009/03/31 14:05:00", "year-first", date(2009, 3, 31), None),
        ("2009年3月31日", "year-first", date(2009, 3, 31), None),
        ("2009年3月", "year-first", date(2009, 3, 1), date(2009, 3, 31)),
        ("31 mar 2009", "year-first", date(2009, 3, 31), None),
        ("31-mrt-2009", "year-first", date(2009, 3, 31), None),
        ("march 31, 2009", "year-first", date(2009, 3, 31), None),
        ("03/2009", "year-first", date(2009, 3, 1), date(2009, 3, 31)),
        ("03/04/2009", "year-first", None, None),
        ("31/03/2009", "day-first", date(2009, 3, 31), None),
        ("3.4.2009", "day-first", date(2009, 4, 3), None),
        ("31/03/2009", "month-first", None, None),
        ("03/31/2009", "month-first", date(2009, 3, 31), None),
        ("2009-02-30", "day-first", None, None),
        ("2009-13", "day-first", None, None),
        ("31/03/09", "day-first", None, None),
        ("soon", "day-first", None, None),
        ("sept. 2009", "year-first", date(2009, 9, 1), date(2009, 9, 30)),
        ("1 augustus 2009", "year-first", date(2009, 8, 1), None),
        ("marble 2009", "year-first", None, None),
        ("mayor 2009", "year-first", None, None),
        ("decided 31, 2009", "year-first", None, None),
        ("31 marble 2009", "day-first", None, None),
    ],
)
def test_dates(cell: str, order: str, first: date | None, last: date | None) -> None:
    ends = dates(pl.col("c"), order)  # type: ignore[arg-type]  # one of them
    found = pl.DataFrame({"c": [cell]}).select(ends[0].alias("first"), ends[1].alias("last"))
    assert found.row(0) == (first, last)


def test_a_figure_that_is_thousands_or_decimals_is_rejected_until_the_mapping_says_which() -> None:
    assert one_column(["1.234", "1,234", "12.5"], "{fact: yearly_margin}") == {"yearly_margin": [12.5]}
    told = "{fact: yearly_margin, decimal: %s}"
    assert one_column(["1.234", "1,234", "12.5"], told % "comma") == {"yearly_margin": [1234, 1.234]}
    assert one_column(["1.234", "1,234", "12.5"], told % "point") == {"yearly_margin": [1.234, 1234, 12.5]}
    mapping = mapping_of("columns: {c: {fact: yearly_margin}}\n")
    found = score_file(
        table_of("in.csv", b"n,c\n1,1.234\n2,5\n3,x\n"), "out.csv", rulebase=SHIPPED, mapping_file=mapping
    )
    assert [cell[2:] for cell in found.first] == [
        ("1.234", "it is a figure that can be read in two ways, as a thousand and more, or as decimals"),
        ("x", "it is no number that can be read in one way only"),
    ]


def test_a_figure_that_would_be_out_of_range_as_thousands_is_in_no_doubt() -> None:
    assert one_column(["12.345", "12.345 %", "0.5"], "{fact: price_increase}")["price_increase"] == [
        12.345,
        12.345,
        0.5,
    ]
    assert one_column(["1.234"], "{fact: yearly_margin, times: 1000}") == {"yearly_margin": []}
    text = proposed("id;price increase\n1;12,345\n2;3,125\n")
    assert 'figures such as "12,345" have decimals, or they would be out of range' in text
    assert "\n    decimal: comma" in text


def test_numbers_of_a_workbook_are_in_no_doubt_and_its_texts_are() -> None:
    workbook_of("in.xlsx", [["n", "a", "b"], [1, 1.234, "1.234"], [2, 1.5, "2"], [3, 0.25, 1.234]])
    mapping = "columns:\n  a: {fact: yearly_margin, decimal: comma}\n  b: {fact: attempt_cost}\n"
    with prepared("in.xlsx", mapping_of(mapping), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
    assert made.select("yearly_margin", "attempt_cost").rows() == [(1.5, 2), (0.25, 1.234)]
    text = propose("in.xlsx", SHIPPED).text
    assert "decimal" not in text


@pytest.mark.parametrize(
    ("told", "cell", "why"),
    [
        ("{fact: yearly_margin}", "5 %", "it has a percent sign, and is to be an amount of money"),
        ("{fact: yearly_margin}", "50 procent", "it has a percent sign, and is to be an amount of money"),
        ("{fact: price_increase}", "$ 30", "it has a currency, and is to be a percentage"),
        ("{fact: price_increase, times: 100}", "30%", "it has a percent sign, so that `times: 100` would multiply a p"),
        ("{fact: months_without_contact}", "5%", "it has a percent sign or a currency, and is to be in months"),
        ("{fact: yearly_margin}", "USD 5", "it is in another currency, and the mapping says `currency: EUR`"),
    ],
)
def test_a_figure_with_the_sign_of_something_else_is_rejected(told: str, cell: str, why: str) -> None:
    mapping = mapping_of(f"currency: EUR\ncolumns: {{c: {told}}}\n")
    raw = f'c,d\n"{cell}",x\n0.5,x\n'.encode()
    for language in ("en", "nl", "zh"):
        spoken = in_language(SHIPPED, language)
        found = score_file(table_of("in.csv", raw), "out.csv", rulebase=spoken, mapping_file=mapping)
        assert [one[:3] for one in found.first] == [(2, "c", cell)]
        assert language != "en" or found.first[0][3].startswith(why)


def test_a_figure_with_the_sign_of_what_it_is_is_read() -> None:
    assert one_column(["30 %", "5"], "{fact: price_increase}") == {"price_increase": [30, 5]}
    assert one_column(["EUR 100", "€ 5", "7"], "{fact: yearly_margin}") == {"yearly_margin": [100, 5, 7]}
    told = "{fact: yearly_margin, values: {USD 9: {from: 8, to: 9}}}"
    assert one_column(["EUR 1", "USD 9"], told)["yearly_margin"] == [1, 8]


def test_amounts_in_several_currencies_stop_the_run_unless_the_mapping_says_which_counts() -> None:
    mapping = "columns: {m: {fact: yearly_margin, others: unknown}}\ncosts: {price_reduction: {once: c}}\n"
    source = table_of("in.csv", b"m,c\nEUR 5,1\n\xe2\x82\xac 6,USD 2\n7,\n")
    with pytest.raises(TableFileError, match="amounts are in several currencies: EUR, USD") as caught:
        score_file(source, "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(mapping))
    assert "EUR in 2 rows of `m`, USD in 1 row of `c`" in str(caught.value)
    found = score_file(source, "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(f"currency: EUR\n{mapping}"))
    assert (found.rejected, found.first[0][:3]) == (1, (3, "c", "USD 2"))


def formatted_workbook(cells: Sequence[tuple[object, str]], name: str = "in.xlsx", sheet: str = "A & <B>") -> str:
    """Write a workbook of one column `c`: each cell with its number format, or the error that its formula shows."""
    with xlsxwriter.Workbook(name) as workbook:
        page = workbook.add_worksheet(sheet)
        page.write_row(0, 0, ["n", "c"])
        for row, (cell, shown) in enumerate(cells, 1):
            page.write_number(row, 0, row)
            if shown.startswith("#") and str(cell).startswith("="):
                page.write_formula(row, 1, str(cell), None, shown)
            else:
                page.write_number(row, 1, cell, workbook.add_format({"num_format": shown}))
    return name


def of_workbook(source: str, told: str) -> list[object]:
    with prepared(source, mapping_of(f"columns:\n  c: {told}\n"), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
    return list(made.iter_rows())


def test_what_a_sheet_shows_as_a_percentage_is_one() -> None:
    cells = [(0.3, "0%"), (0.07, "0.0%"), (-0.125, "0.00 %;[Red]-0.00 %"), (5, "0"), (6, '0.0"%"'), (0.29, "0.00%")]
    source = formatted_workbook(cells)
    for told in ("{fact: price_increase}", "{fact: price_increase, decimal: comma}"):
        assert of_workbook(source, told) == [(2, 30), (3, 7), (4, -12.5), (5, 5), (6, 6), (7, 29)]
    assert of_workbook(source, "{fact: price_increase, times: 100}") == [(5, 500), (6, 600)]
    assert of_workbook(source, "{fact: yearly_margin}") == [(5, 5), (6, 6)]
    text = propose(source, SHIPPED).text
    assert "times" not in text


def test_what_a_sheet_shows_as_an_amount_keeps_its_currency() -> None:
    source = formatted_workbook([(1.5, "[$€-413] #,##0.00"), (2, '_("€"* #,##0_)'), (3, "0.00"), (4, "[$-409]0.00")])
    assert of_workbook(source, "{fact: yearly_margin, decimal: comma}") == [(2, 1.5), (3, 2), (4, 3), (5, 4)]
    assert of_workbook(source, "{fact: price_increase}") == [(4, 3), (5, 4)]
    with pytest.raises(TableFileError, match="several currencies: EUR, USD"):
        of_workbook(formatted_workbook([(1, "[$EUR] 0"), (2, '"$"#,##0')]), "{fact: yearly_margin}")


def test_an_error_in_a_sheet_is_rejected_and_a_value_that_is_not_there_is_unknown() -> None:
    source = formatted_workbook([("=1/0", "#DIV/0!"), ("=NA()", "#N/A"), ("=x()", "#NAME?"), (5, "0")])
    mapping = "columns: {c: {fact: price_increase}}\n"
    found = score_file(source, "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(mapping))
    why = "the cell shows an error of the spreadsheet, and no value"
    assert found.first == ((2, "c", "#DIV/0!", why), (4, "c", "#NAME?", why))
    assert (found.rejected, found.summary.accounts) == (2, 2)
    assert of_workbook(source, '{fact: price_increase, unknown: ["#DIV/0!", "#NAME?"]}')[0] == (2, None)
    named = 'account: c\ncolumns: {"n": {fact: months_without_contact}}\n'
    found = score_file(source, "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(named))
    assert [one[0] for one in found.first] == [2, 3, 4]
    text = propose(source, SHIPPED).text
    assert "c: called like no fact" in text


def test_a_workbook_that_does_not_tell_what_it_shows_is_remarked_on() -> None:
    with zipfile.ZipFile("in.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        names = {"office": "office", "table": "table", "text": "text"}
        spaces = " ".join(f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in names)
        kinds = ('string"><text:p>c', 'percentage" office:value="0.3"><text:p>30%')
        cells = [f'<table:table-cell office:value-type="{kind}</text:p></table:table-cell>' for kind in kinds]
        rows = "".join(f"<table:table-row>{cell}</table:table-row>" for cell in cells)
        sheet = f'<office:spreadsheet><table:table table:name="A">{rows}</table:table></office:spreadsheet>'
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body>{sheet}</office:body></office:document-content>",
        )
    mapping = mapping_of("columns: {c: {fact: price_increase}}\n")
    found = score_file("in.ods", "out.csv", rulebase=SHIPPED, mapping_file=mapping)
    assert "30 % is read as 0.3" in found.remarks[0]
    assert "# Note: a workbook that is no .xlsx does not tell" in propose("in.ods", SHIPPED).text


def test_a_value_map_stands_before_everything_and_counts_no_capitals() -> None:
    told = "{fact: stated_reason, values: {Too Expensive: price, n/a: other, Quality: unknown}}"
    found = one_column(["too expensive ", "N/A", "quality", "no need", "No_Need", "", "未知"], told)
    assert found == {"stated_reason": ["price", "other", None, "no_need", "no_need", None, None]}


@pytest.mark.parametrize(
    ("told", "cells", "values"),
    [
        ('{fact: months_without_contact, unknown: ["999", "-1"]}', ["999", "5", "-1"], [None, 5, None]),
        ('{fact: price_increase, unknown: ["0"], values: {"0": 0}}', ["0", "5"], [0, 5]),
        ('{fact: trust_lost, unknown: ["no"]}', ["no", "yes", "nee"], [None, True, False]),
        (
            '{fact: late_deliveries, unknown: ["9"], values: {"0": never, "2..": repeatedly}}',
            ["9", "8"],
            [None, "repeatedly"],
        ),
        ("{fact: late_deliveries, unknown: [never]}", ["never", "once"], [None, "once"]),
    ],
)
def test_what_a_mapping_calls_unknown_is_so_even_where_it_could_be_read(
    told: str, cells: list[str], values: list[object]
) -> None:
    (found,) = one_column(cells, told).values()
    assert found == values


def test_what_is_unknown_everywhere_is_so_of_losses_and_costs_too() -> None:
    mapping = (
        'unknown: ["1900-01-01", "-1", weg]\nlost: gone\ncolumns: {rise: {fact: price_increase, dated: said}}\n'
        "costs: {price_reduction: {once: paid}}\n"
    )
    raw = "gone,rise,said,paid\n1900-01-01,30,1900-01-01,-1\nweg,30,weg,weg\n2024-01-01,30,2024-01-01,5\n"
    found = canonical(raw, mapping).select("lost", "lost.to", "price_increase.on", "cost.price_reduction.once")
    day = date(2024, 1, 1)
    assert found.rows() == [(None, None, None, None), (None, None, None, None), (day, None, day, 5.0)]


def test_yes_and_no_in_three_languages_and_by_a_value_map() -> None:
    found = one_column(["Yes", "nee", "是", "0", "lost", "-"], "{fact: trust_lost, side: us, values: {lost: true}}")
    assert found == {"trust_lost.us": [True, False, True, False, True, None]}


def test_counts_become_choices_by_bands() -> None:
    told = '{fact: late_deliveries, values: {"0": never, "1..2": once, "3..": repeatedly, "99": unknown}}'
    found = one_column(["0", "2", "3", "12", "99", "never", ""], told)
    assert found == {"late_deliveries": ["never", "once", "repeatedly", "repeatedly", None, "never", None]}


def test_fractions_and_thousands_are_scaled_without_losing_digits() -> None:
    assert one_column(["0.1", "0.07", "-0.29"], "{fact: price_increase, times: 100}")["price_increase"] == [10, 7, -29]
    assert one_column(["12"], "{fact: yearly_margin, times: 1000}") == {"yearly_margin": [12_000]}


def test_a_value_of_a_number_may_be_a_range() -> None:
    found = one_column(["high", "5"], "{fact: price_increase, values: {High: {from: 15, to: 40}}}")
    assert found == {"price_increase": [15, 5], "price_increase.to": [40, None]}


def test_two_columns_make_a_range_and_an_end_that_is_not_told_is_open() -> None:
    mapping = "columns:\n  low: {fact: months_without_contact, to: high}\n"
    found = canonical("low,high\n3,5\n3,\n,5\n,\n", mapping)
    assert found.rows() == [(3, 5), (3, 600), (0, 5)]  # a blank row is no account


def test_a_column_may_date_another_and_tell_several_facts() -> None:
    mapping = """
columns:
  what:
    - fact: customer_objected_to_price
      side: customer
      values: {objected: true}
      dated: {column: when, dates: day-first}
    - {fact: late_deliveries, values: {late: repeatedly}}
"""
    found = canonical("what,when\nobjected,31/03/2009\nlate,2009\n", mapping)
    assert found.to_dict(as_series=False) == {
        "customer_objected_to_price.customer": [True, None],
        "customer_objected_to_price.customer.on": [date(2009, 3, 31), date(2009, 1, 1)],
        "customer_objected_to_price.customer.on.to": [None, date(2009, 12, 31)],
        "late_deliveries": [None, "repeatedly"],
    }


def test_constants_and_costs_are_the_same_for_every_account() -> None:
    mapping = """
account: id
columns: {}
constants: {exception_possible.us: true, years_expected: {from: 2, to: 4}, leaves_on: 2026-03}
costs: {price_reduction: {once: 100, yearly: cut}}
"""
    found = canonical("id,cut\na,50\nb,\n", mapping).to_dict(as_series=False)
    assert found["exception_possible.us"] == [True, True]
    assert (found["years_expected"], found["years_expected.to"]) == ([2, 2], [4, 4])
    assert found["leaves_on.to"] == [date(2026, 3, 31)] * 2
    assert (found["cost.price_reduction.once"], found["cost.price_reduction.yearly"]) == ([100, 100], [50, None])


def test_typed_columns_are_taken_as_they_are() -> None:
    frame = pl.DataFrame(
        {
            "up": [0.1, None],
            "when": [date(2025, 1, 2), None],
            "lost": [True, False],
            "said": ["Price", None],
            "n": [0, 3],
        }
    )
    frame.write_parquet("in.parquet")
    mapping = """
columns:
  up: {fact: price_increase, times: 100}
  when: {fact: owner_changed_on}
  lost: {fact: trust_lost}
  said: {fact: stated_reason}
  n: {fact: late_deliveries, values: {"0": never, "2..": repeatedly}}
"""
    with prepared("in.parquet", mapping_of(mapping), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
    assert made["price_increase"].to_list() == [10, None]
    assert made["owner_changed_on"].to_list() == [date(2025, 1, 2), None]
    assert made["trust_lost"].to_list() == [True, False]
    assert made["stated_reason"].to_list() == ["price", None]
    assert made["late_deliveries"].to_list() == ["never", "repeatedly"]


def test_the_day_of_a_moment_is_that_of_its_time_zone() -> None:
    early = datetime(2024, 4, 1, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a day before, in UTC
    pl.DataFrame({"gone": [early], "said": [early], "rise": [30.0]}).write_parquet("in.parquet")
    mapping = "lost: gone\ncolumns:\n  rise: {fact: price_increase, dated: said}\n"
    with prepared("in.parquet", mapping_of(mapping), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
    assert made.select("lost", "price_increase.on").row(0) == (date(2024, 4, 1), date(2024, 4, 1))


@pytest.mark.parametrize("cell", ["31/02/2024", "Q1 2024", "45000"])
def test_what_is_no_date_is_not_called_a_day(cell: str) -> None:
    table_of("in.csv", f"id,rise,gone\nA,30,2024-01-31\nB,30,{cell}\n".encode())
    mapping = "account: id\nlost: {column: gone, dates: day-first}\ncolumns:\n  rise: {fact: price_increase}\n"
    score_file("in.csv", "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(mapping))
    assert "it is no date that is understood, or no day of the calendar" in Path("out.rejects.csv").read_text(
        "utf-8-sig"
    )


@pytest.mark.parametrize("more", ["", "2,3,no,more\n\n4\n"])
def test_a_heading_may_hold_quotes(more: str) -> None:
    raw = f'id,"the ""rise"", ""in %""","""lost"""\n1,30,yes\n{more}'
    mapping = """
account: id
columns:
  'the "rise", "in %"': {fact: price_increase}
  '"lost"': {fact: trust_lost}
"""
    found = canonical(raw, mapping)
    assert found.rows() == [(30, True)]
    assert r'"the price \"increase\"":' in proposed(raw.replace('""rise"", ""in %""', 'price ""increase""'))


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ('id,rise,5" pipe\n1,30,3"\n2,40,3\n', 1),
        ('id,rise,5" pipe\n1,30,3\n', 1),
        ('item,id,rise\n"a\nb",1,30\n5" pipe,2,40\n6" pipe,3,50\n', 4),
        ('id,rise,item\n1,30,5" pipe\n2,40,"a"\n', 2),
    ],
)
def test_a_quote_within_a_cell_never_swallows_rows(raw: str, line: int) -> None:
    with pytest.raises(TableFileError) as refused:
        canonical(raw, "columns:\n  rise: {fact: price_increase}\n")
    assert [(issue.code, issue.location.line) for issue in refused.value.issues] == [("M627", line)]


@pytest.mark.parametrize("cell", ['3" pipe 2"', '"a\nb"', '"say ""x""\n\n""y"""', '"\r\n"', '""'])
def test_quotes_that_close_on_their_line_or_hold_a_whole_cell_are_read(cell: str) -> None:
    raw = f'id,rise,item\n1,30,{cell}\n2,40,"z"\n'
    assert canonical(raw, "columns:\n  rise: {fact: price_increase}\n")["price_increase"].to_list() == [30, 40]


@pytest.mark.parametrize("target", ["out.csv", "out.xlsx", "out.parquet"])
def test_lengths_of_time_are_carried_over_and_tell_nothing(target: str) -> None:
    frame = pl.DataFrame({"idle": [timedelta(days=3)], "at": [time_of_day(12)], "lost trust": ["yes"]})
    frame.write_parquet("in.parquet")
    mapping = "keep: [idle, at]\ncolumns: {lost trust: {fact: trust_lost}}\n"
    score_file("in.parquet", target, rulebase=SHIPPED, mapping_file=mapping_of(mapping))
    assert "idle" in propose("in.parquet", SHIPPED).text
    for told in ("idle: {fact: months_without_contact}", "at: {fact: leaves_on}"):
        with pytest.raises(TableFileError, match="M631"):
            score_file("in.parquet", target, rulebase=SHIPPED, mapping_file=mapping_of(f"columns: {{{told}}}\n"))


@pytest.mark.parametrize("raw", ["Lost; 2025\n\nid;lost trust\nA;yes\n", "2025,,\nid,rise,lost trust\nA,,yes\n"])
def test_a_title_above_the_headings_is_told(raw: str) -> None:
    source = table_of("in.csv", raw.replace("Lost; 2025", '"Lost; 2025"').encode())
    for used in (propose, lambda source, rulebase: score_file(source, "out.csv", rulebase=rulebase)):
        with pytest.raises(TableFileError, match="this looks like a title above them"):
            used(source, SHIPPED)


@pytest.mark.parametrize(("heading", "told"), [("RISE", "`RISE`"), (" rise ", "` rise `"), ("Code", None)])
def test_a_heading_that_differs_in_capitals_or_spaces_is_suggested(heading: str, told: str | None) -> None:
    with pytest.raises(TableFileError) as refused:
        canonical(f"{heading}\n30\n", "columns:\n  rise: {fact: price_increase}\n")
    (issue,) = refused.value.issues
    assert issue.why == "its first row has 1 heading, and none is written just so"
    assert issue.fix == "write the heading as it stands in the file" + (f"; did you mean {told}?" if told else "")


def test_one_column_is_no_title() -> None:
    assert canonical("lost trust\nyes\nno\n", "columns: {lost trust: {fact: trust_lost}}\n").height == 2


def test_what_is_carried_over_never_takes_the_name_of_a_result() -> None:
    mapping = "account: decision\nkeep: [root, price_increase]\ncolumns: {price_increase: {fact: price_increase}}\n"
    table_of("in.csv", b"decision,root,price_increase\nA,B,30\n")
    score_file("in.csv", "out.parquet", rulebase=SHIPPED, mapping_file=mapping_of(mapping))
    found = pl.read_parquet("out.parquet")
    assert found.columns[:4] == ["row", "decision (in the file)", "root (in the file)", "price_increase (in the file)"]


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_a_mapping_is_a_frozen_value() -> None:
    mapping = read_mapping(MAPPED, SHIPPED)
    assert isinstance(mapping, TableMapping)
    assert mapping.kept == ("account", "region", "product", "rep", "quarter", "size")
    assert {told.name for told in mapping.facts} >= {"stated_reason", "stated_reason.customer", "late_deliveries"}
    with pytest.raises(AttributeError):
        mapping.account = "other"  # type: ignore[misc]  # that is the point


def test_two_exports_are_joined_as_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    table_of("crm.csv", b"account,reason\nA-1,price\nA-2,quality\n")
    table_of("billing.csv", b"debtor no;rise\nA-2;5\nA-1;30,5 %\n")
    exec(compile(program, "docs/tables.md", "exec"), {})
    mapping = "columns:\n  reason: {fact: stated_reason}\n  rise: {fact: price_increase, decimal: comma}\n"
    with prepared("accounts.csv", mapping_of(f"account: account\n{mapping}"), SHIPPED) as found:
        made = found.cells.canonical(found.table.frame).collect()
    assert made.select("account", "stated_reason", "price_increase").rows() == [
        ("A-1", "price", 30.5),
        ("A-2", "quality", 5),
    ]


# --- proposing --------------------------------------------------------------------------------------------------------


def proposed(raw: str, name: str = "in.csv") -> str:
    text = propose(table_of(name, raw.encode()), SHIPPED).text
    mapping_of(text)
    read_mapping(Path("mapping.yaml"), SHIPPED)  # whatever is proposed can be used at once
    return text


def test_what_is_proposed_for_the_example_scores_it_at_once() -> None:
    proposal = propose(ACCOUNTS, SHIPPED)
    found = score_file(ACCOUNTS, "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(proposal.text))
    assert (found.rejected, found.summary.accounts) == (0, 60)
    made, meant = read_mapping(Path("mapping.yaml"), SHIPPED), read_mapping(MAPPED, SHIPPED)
    assert (made.account, made.lost, made.segments) == (meant.account, meant.lost, meant.segments)
    assert {told.fact for told in made.facts} <= {told.fact for told in meant.facts}
    assert len(made.facts) > 0.7 * len(meant.facts)


@pytest.mark.parametrize(
    ("headings", "row", "line"),
    [
        ("customer id,price increase", "A-1,30", "certain"),
        ("klantnummer,prijsverhoging", "A-1,30", "certain"),
        ("客户编号,涨价幅度", "A-1,30", "certain"),
        ("customer id,price incraese", "A-1,30", "guessed: its heading is only like `price increase`"),
    ],
)
def test_headings_are_understood_in_three_languages_and_misspelt(headings: str, row: str, line: str) -> None:
    text = proposed(f"{headings}\n{row}\n")
    account, column = headings.split(",")
    assert (
        f"account: {account if account.isascii() and ' ' not in account else repr(account)}".replace("'", '"') in text
    )
    assert "fact: price_increase" in text
    assert line in next(at for at in text.splitlines() if column in at and at.startswith("  "))


def test_values_are_matched_or_named_as_not_understood() -> None:
    rows = "".join(f"{n},{cell}\n" for n, cell in enumerate(["te duur", "太贵", "pricng", "far too expensive", "xyz"]))
    text = proposed(f"id,reden van vertrek\n{rows}")
    assert '"te duur": price\n' in text
    assert '"太贵": price\n' in text
    assert '"pricng": price  # guessed, in 1 row' in text
    assert '"far too expensive": price  # guessed' in text
    assert "others: unknown" in text
    assert '# "xyz": …  # 1 row' in text


def test_a_column_of_reasons_is_found_by_its_cells_and_the_side_by_its_heading() -> None:
    text = proposed("id,klant zei\n1,te duur\n2,concurrent\n3,te duur\n")
    assert "fact: stated_reason\n    side: customer" in text
    assert "words for a reason" in text


def test_days_that_could_be_months_are_left_out_until_somebody_says() -> None:
    text = proposed("id,churn date,margin\n1,03/04/2025,5\n2,05/06/2025,6\n")
    assert '# lost: {column: "churn date", dates: day-first}' in text
    assert '# lost: {column: "churn date", dates: month-first}' in text
    assert not any(line.startswith("lost:") for line in text.splitlines())
    clear = proposed("id,churn date\n1,03/04/2025\n2,25/06/2025\n")
    assert 'lost: {column: "churn date", dates: day-first}  # certain' in clear


def test_what_figures_look_like_is_said() -> None:
    text = proposed("id;price increase;marge;late deliveries\n1;0,15;1.200,50;0\n2;0,3;900,00;7\n")
    assert "times: 100" in text
    assert "fractions" in text
    assert text.count("decimal: comma") == 2
    assert 'values: {"0": never, "1": once, "2..": repeatedly}' in text


def test_signs_of_something_else_and_several_currencies_are_named() -> None:
    text = proposed("id,margin,price increase\n1,EUR 5,0.5 %\n2,€ 6,0.8%\n")
    assert "currency: EUR  # so amounts are marked in margin" in text
    assert "times" not in text
    mixed = proposed("id,margin\n1,EUR 5\n2,USD 6\n")
    assert "several currencies, which do not add up: EUR in 1 row, USD in 1 row" in mixed
    assert "  #   fact: yearly_margin" in mixed
    for raw in ("id,margin %\n1,5\n2,6\n", "id,margin\n1,5%\n2,6%\n"):
        assert "  #   fact: yearly_margin" in proposed(raw)
    assert "some amounts are marked as EUR, and others have no mark" in proposed("id,margin\n1,EUR 5\n2,6\n")
    assert "some figures have a percent sign, and others have none" in proposed("id,price increase\n1,5%\n2,6\n")


def test_figures_that_are_thousands_or_decimals_are_named() -> None:
    doubtful = proposed("id;margin;attempt cost\n1;1.234;3\n2;12.500;4\n")
    assert 'figures such as "1.234" can be thousands or decimals, and nothing tells which' in doubtful
    assert "  #   fact: yearly_margin" in doubtful
    like_others = proposed("id;margin;price increase\n1;1.234;0,5\n2;12.500;1,25\n")
    assert 'taken with a decimal comma as in "price increase"' in like_others
    assert like_others.count("\n    decimal: comma") == 2
    american = proposed('id,margin,price increase\n1,"1,234",0.5\n2,"12,500",1.25\n')
    assert 'taken with a decimal point as in "price increase"' in american
    clear = proposed("id,margin\n1,1.234\n2,12.5\n")
    assert "decimal: point" in clear


def test_what_is_weak_is_commented_out_and_what_is_left_is_named() -> None:
    text = proposed("id,reason,feedback,colour,empty\n1,price,price,red,\n2,quality,quality,red,\n")
    assert "colour: called like no fact" in text
    assert "empty: no cell is filled in" in text
    assert "Nothing tells these" in text
    twice = proposed("id,price increase,increase\n1,3,4\n")
    assert "tells the same already" in twice
    assert '  # "price increase"' in twice or "  # increase" in twice


def test_every_column_is_named_with_what_becomes_of_it() -> None:
    headings = [
        *("id", "customer name", "region", "lost on", "price increase", "increase", "margin", "seats", "note", "empty"),
        *("churned on", "has 'quotes'", "seats 2", "reason"),
    ]
    rows = [
        ["1", "A", "N", "2025-01-02", "5", "6", "1.234", "7", "x", "", "3", "q", "8", "price"],
        ["2", "A", "S", "2025-01-02", "5", "x", "12.500", "9", "y", "", "4", "q", "8", "price"],
    ]
    text = proposed("\n".join(";".join(row) for row in [headings, *rows]))
    listed = text.partition("# Nothing tells these")[0]
    named = [line for line in listed.splitlines() if not line.startswith("# Proposed")]
    for heading in headings:
        assert any(heading in line for line in named), heading
    assert "#   seats: called like no fact" in text
    assert proposed("id,lost on\n1,x\n2,y\n").count("called like the date of the loss, and not all") == 1


def test_a_table_that_tells_nothing_is_said_to() -> None:
    text = proposed("x,y\n1,2\n1,2\n")
    assert "columns: {}" in text
    assert "# account: …" in text


def test_headings_that_yaml_would_misread_are_quoted() -> None:
    text = proposed('no,"a: b","yes","# c","trust lost"\n1,2,3,4,yes\n')
    assert '"trust lost":' in text


# --- runs -------------------------------------------------------------------------------------------------------------


def test_every_format_says_the_same() -> None:
    for target in ("out.csv", "out.xlsx", "out.parquet"):
        score_file(ACCOUNTS, target, rulebase=SHIPPED, mapping_file=MAPPED)
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    sheet = CalamineWorkbook.from_path("out.xlsx").get_sheet_by_index(0).to_python()
    assert rows[0] == sheet[0]
    typed = pl.read_parquet("out.parquet")
    assert typed.height == len(rows) - 1 == len(sheet) - 1 == 60
    told = dict(zip(rows[0], rows[1], strict=True))
    assert told["fired.0"] == str(typed["fired.0"][0])
    assert told["pricing.certainty"] == str(typed["pricing.certainty"][0])
    assert typed["fault"].null_count() == 60


def test_the_full_result_holds_all_typed_columns_after_those_for_people() -> None:
    score_file(ACCOUNTS, "out.csv", rulebase=SHIPPED, mapping_file=MAPPED, full=True)
    score_file(ACCOUNTS, "out.parquet", rulebase=SHIPPED, mapping_file=MAPPED)
    full = pl.read_csv("out.csv", infer_schema=False)
    typed = pl.read_parquet("out.parquet")
    codes = {f"{name} (code)" if f"{name} (code)" in full.columns else name for name in typed.columns}
    assert {name for name in codes if not name.startswith("stated.")} <= set(full.columns)
    assert full["decision (code)"].to_list() == typed["decision"].cast(pl.String).to_list()


def test_a_workbook_and_parquet_are_read_as_csv_is() -> None:
    frame = pl.read_csv(ACCOUNTS, infer_schema=False)
    frame.write_parquet("in.parquet")
    frame.write_excel("in.xlsx")
    results = []
    for source in (ACCOUNTS, "in.parquet", "in.xlsx"):
        score_file(source, "out.parquet", rulebase=SHIPPED, mapping_file=MAPPED)
        results.append(pl.read_parquet("out.parquet"))
    assert results[0].equals(results[1])
    assert results[0].equals(results[2])


def test_each_row_says_what_its_diagnosis_says() -> None:
    score_file(ACCOUNTS, "out.parquet", rulebase=SHIPPED, mapping_file=MAPPED)
    score_file(ACCOUNTS, "out.csv", rulebase=SHIPPED, mapping_file=MAPPED)
    for row in ("K-1001", "#30", "61"):
        found = case_in_row(ACCOUNTS, row, MAPPED, SHIPPED)
        run = engine_for(SHIPPED, "reference").run(remember(found.case, SHIPPED.vocabulary))
        diagnosis = diagnose_case(SHIPPED, found.case, "reference")
        for scored in ("out.parquet", "out.csv"):
            told = compare_scored(scored, found, run, diagnosis, SHIPPED)
            assert told.same, told.text
    frame = pl.read_parquet("out.parquet")
    changed = frame.with_columns(pl.col("fired.0") + 1)
    changed.write_parquet("other.parquet")
    assert "differs in which rules fired" in compare_scored("other.parquet", found, run, diagnosis, SHIPPED).text
    frame.with_columns(rules=pl.lit("abc")).write_parquet("other.parquet")
    assert "scored with other rules" in compare_scored("other.parquet", found, run, diagnosis, SHIPPED).text


def test_explain_row_prints_what_diagnose_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score_file(ACCOUNTS, "out.xlsx", rulebase=in_language(SHIPPED, "nl"), mapping_file=MAPPED)
    arguments = ["explain-row", ACCOUNTS, "K-1001", "--mapping", str(MAPPED), "--scored", "out.xlsx", "--lang", "nl"]
    monkeypatch.setattr(sys, "argv", ["churn-rules", *arguments])
    assert _run() == 0
    out = capsys.readouterr().out
    assert out.startswith("K-1001, row 2 of ")
    assert "out.xlsx says the same of row 2" in out


def test_the_summary_counts_what_disagrees() -> None:
    raw = b"id,code,said\n1,price,quality\n2,price,price\n3,quality,price\n4,,price\n5,price,\n"
    mapping = "account: id\ncolumns:\n  code: {fact: stated_reason}\n  said: {fact: stated_reason, side: customer}\n"
    found = score_file(table_of("in.csv", raw), "out.csv", rulebase=SHIPPED, mapping_file=mapping_of(mapping)).summary
    assert found.disagreeing
    assert (found.disagreeing.both, found.disagreeing.differ) == (3, 2)
    assert "disagree in most rows" in " ".join(line.text for line in tell_summary(found, SHIPPED))


def test_a_run_that_is_killed_leaves_the_old_result_or_none() -> None:
    """Kill it at several moments: what stands under the name of the result is always whole."""
    Path("out.parquet").write_bytes(b"of yesterday")
    frame = pl.DataFrame({"trust_lost": [True, False] * 100_000})
    frame.write_parquet("in.parquet")
    program = [sys.executable, "-m", "churn_rules", "score", "in.parquet", "-o", "out.parquet"]
    for wait in (0.6, 1.0, 1.4):
        with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            time.sleep(wait)
            os.kill(run.pid, signal.SIGKILL)
        raw = Path("out.parquet").read_bytes()
        assert raw == b"of yesterday" or pl.read_parquet("out.parquet").height == 200_000


@pytest.mark.parametrize("columns", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("flags", [(True, True), (True, False), (False, True), (False, False)])
def test_flags_within_or_beside_one_another_are_told_alike_by_columns_and_by_what_is_the_same_in_all_rows(
    flags: tuple[bool, bool], columns: tuple[bool, bool]
) -> None:
    one, other = flags
    said: list[Any] = [pl.lit(flag) if column else flag for flag, column in zip(flags, columns, strict=True)]
    with said_to(pl):
        if one or not other:  # the other holds only where the one does
            assert _flag(less(*said)) is (one and not other)
        if not (one and other):
            assert _flag(neither(*said)) == (not one and not other)


def _flag(found: Any) -> bool:
    return found if isinstance(found, bool) else bool(pl.select(found).item())


def test_every_date_stands_where_the_calendar_has_it_if_months_have_31_days() -> None:
    day = pl.col("day")
    days = pl.DataFrame({"day": pl.date_range(date(1, 1, 1), date(9999, 12, 31), eager=True)})
    flow = Flow(days.lazy())
    with said_to(pl):
        place = in_months_of_31(flow, {"": day})[""]  # type: ignore[dict-item]  # said to Polars
    found = flow.frame.select(place).collect().to_series()
    wanted = (day.dt.year() * 12 + day.dt.month()) * 31 + day.dt.day()
    assert found.to_list() == days.select(wanted).to_series().to_list()


def test_polars_reads_one_row_group_ahead_unless_it_is_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = "POLARS_ROW_GROUP_PREFETCH_SIZE"
    monkeypatch.setenv(ahead, "7")
    with tables_needed("a test"):
        assert os.environ[ahead] == "7"
    monkeypatch.delenv(ahead)
    with tables_needed("a test"):
        assert os.environ[ahead] == "1"
