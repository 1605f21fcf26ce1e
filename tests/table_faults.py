"""Files of accounts and mappings that are wrong in one way each: what the tests of errors and of bad inputs share."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from churn_rules.errors import Issue, TableFileError
from churn_rules.loading import load
from churn_rules.reading import read_mapping
from churn_rules.tables.opening import opened
from churn_rules.tables.row import case_in_row, compare_scored
from churn_rules.tables.run import score_file

SHIPPED = load()
MAPPING = "account: id\ncolumns:\n  rise: {fact: price_increase}\n  said: {fact: stated_reason, side: customer}\n"
SOUND = b"id,rise,said\nA-1,30,price\nA-2,,quality\n"


def mapping_of(text: str = MAPPING) -> Path:
    Path("mapping.yaml").write_text(text, encoding="utf-8")
    return Path("mapping.yaml")


def table_of(name: str, raw: bytes) -> str:
    Path(name).write_bytes(raw)
    return name


def workbook_of(name: str, rows: Iterable[Sequence[object]], *, merge: str = "", sheets: Sequence[str] = ("A",)) -> str:
    """Write a workbook whose sheets all hold the same rows."""
    with xlsxwriter.Workbook(name, {"strings_to_formulas": False}) as workbook:
        for title in sheets:
            sheet = workbook.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if merge:
                sheet.merge_range(merge, "merged")
    return name


def locked_workbook(name: str) -> str:
    """Write the outer shell of a workbook that is locked with a password: a compound file that holds a package."""
    entry = struct.Struct("<64sHBBIII16sIQQIQ")
    nothing, end = 0xFFFFFFFF, 0xFFFFFFFE

    def named(title: str, kind: int, child: int = nothing, right: int = nothing, start: int = end) -> bytes:
        raw = title.encode("utf-16-le") + b"\0\0"
        return entry.pack(raw, len(raw), kind, 1, nothing, right, child, bytes(16), 0, 0, 0, start, 0)

    directory = named("Root Entry", 5, child=1) + named("EncryptionInfo", 2, right=2) + named("EncryptedPackage", 2)
    directory += entry.pack(b"", 0, 0, 0, nothing, nothing, nothing, bytes(16), 0, 0, 0, 0, 0)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0, 0) + struct.pack("<I", nothing) * 108
    allocation = struct.pack("<II", 0xFFFFFFFD, end) + struct.pack("<I", nothing) * 126
    Path(name).write_bytes(head + allocation + directory)
    return name


def bomb(name: str) -> str:
    """Write a workbook of a few kilobytes that unpacks to 300 MB."""
    with (
        zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as out,
    ):
        for _ in range(300):
            out.write(bytes(2**20))
    return name


def issues_when_scored(source: str, target: str = "out.csv", mapping: Path | None = None) -> Sequence[Issue]:
    """Score a file that cannot be scored, and make sure that nothing was written."""
    with pytest.raises(TableFileError) as caught:
        score_file(source, target, rulebase=SHIPPED, mapping_file=mapping)
    assert not Path(target).exists() or target == source
    assert not list(Path().glob(".*.new"))
    return caught.value.issues


def scored_from(name: str, raw: bytes, mapping: str = MAPPING) -> Sequence[Issue]:
    return issues_when_scored(table_of(name, raw), mapping=mapping_of(mapping))


def mapping_that_is(text: str) -> Sequence[Issue]:
    with pytest.raises(TableFileError) as caught:
        read_mapping(mapping_of(text), SHIPPED)
    return caught.value.issues


def explained(row: str, raw: bytes = SOUND) -> Sequence[Issue]:
    with pytest.raises(TableFileError) as caught:
        case_in_row(table_of("in.csv", raw), row, mapping_of(), SHIPPED)
    return caught.value.issues


def compared_with_no_result() -> Sequence[Issue]:
    found = case_in_row(table_of("in.csv", SOUND), "A-1", mapping_of(), SHIPPED)
    with pytest.raises(TableFileError) as caught:
        compare_scored("in.csv", found, None, None, SHIPPED)  # type: ignore[arg-type]  # never looked at
    return caught.value.issues


def a_folder() -> Sequence[Issue]:
    Path("in.csv").mkdir()
    return issues_when_scored("in.csv", mapping=mapping_of())


def over_itself() -> Sequence[Issue]:
    return issues_when_scored(table_of("in.csv", SOUND), "in.csv", mapping_of())


def parquet_of(**columns: object) -> str:
    pl.DataFrame(columns).write_parquet("in.parquet")
    return "in.parquet"


def too_many_rows() -> Sequence[Issue]:
    pl.select(pl.repeat(1, 1_048_576).cast(pl.Boolean).alias("trust_lost")).write_parquet("in.parquet")
    return issues_when_scored("in.parquet", "out.xlsx")


def our_own_fault() -> Sequence[Issue]:
    with pytest.raises(TableFileError) as caught, opened(table_of("in.csv", SOUND)) as table:
        table.frame.select(pl.col("rise").dt.year()).collect()
    return caught.value.issues


def a_workbook(
    rows: Iterable[Sequence[object]] = (("id", "rise", "said"), ("A-1", 30, "price")), **how: object
) -> Sequence[Issue]:
    name = workbook_of("in.xlsx", rows, **how)  # type: ignore[arg-type]  # as its own arguments
    return issues_when_scored(name, mapping=mapping_of())


MADE: dict[str, Callable[[], Sequence[Issue]]] = {
    "M601-unknown-fact": partial(
        mapping_that_is, "columns:\n  a: {fact: price_incraese}\n  b: {fact: trust_lost.us}\n"
    ),
    "M602-makes-no-sense": partial(mapping_that_is, "columns: {a: {fact: trust_lost, times: 2, dates: day-first}}\n"),
    "M603-stands-twice": partial(
        mapping_that_is, "columns: {a: {fact: trust_lost, values: {Lost: true, lost: false, 3..2: true}}}\n"
    ),
    "M604-unknown-accommodation": partial(mapping_that_is, "columns: {}\ncosts: {price_reductoin: {once: 100}}\n"),
    "M605-told-twice": partial(mapping_that_is, "columns: {a: {fact: trust_lost}, b: {fact: trust_lost}}\n"),
    "M606-unknown-encoding": partial(mapping_that_is, "columns: {}\nencoding: utf9\n"),
    "M607-no-such-column": partial(scored_from, "in.csv", b"id,raise,said\nA-1,30,price\n"),
    "M611-a-folder": a_folder,
    "M613-no-such-kind": lambda: issues_when_scored(table_of("in.csv", SOUND), "out.doc", mapping_of()),
    "M614-over-itself": over_itself,
    "M615-no-such-row": partial(explained, "A-9"),
    "M615-several-rows": partial(explained, "A-1", SOUND + b"A-1,20,price\n"),
    "M616-no-mapping": lambda: issues_when_scored(table_of("in.csv", SOUND)),
    "M617-a-row-without-a-name": partial(explained, "#3", b"id,rise,said\nA-1,30,price\n,30,price\n"),
    "M617-a-rejected-row": partial(explained, "A-1", b"id,rise,said\nA-1,thirty,price\n"),
    "M618-no-result": compared_with_no_result,
    "M621-text-called-a-workbook": partial(scored_from, "in.xlsx", SOUND),
    "M622-no-rows": partial(scored_from, "in.csv", b"id,rise,said\n"),
    "M623-heading-twice": partial(scored_from, "in.csv", b"id,rise,rise\nA-1,30,20\n"),
    "M623-a-title": partial(scored_from, "in.csv", b"Lost accounts in 2025\n\n" + SOUND),
    "M624-a-million-columns": lambda: scored_from("in.csv", ",".join(map(str, range(1_000_000))).encode() + b"\n1\n"),
    "M625-another-encoding": partial(
        scored_from, "in.csv", "id,rise,said\nA-1,30,prijs te hoog: \N{EURO SIGN}\n".encode("cp1252")
    ),
    "M626-a-nul-byte": partial(scored_from, "in.csv", b"id,rise,said\nA-1,30,\0\n"),
    "M627-an-open-quote": partial(scored_from, "in.csv", b'id,rise,said\nA-1,30,"price\nA-2,20,price\n'),
    "M627-a-quote-within-a-cell": partial(
        scored_from, "in.csv", b'id,rise,said,item\nA-1,30,price,5" pipe\nA-2,20,price,2" pipe\nA-3,,price,\n'
    ),
    "M628-cut-off": lambda: issues_when_scored(table_of("in.parquet", b"PAR1" + bytes(100))),
    "M629-a-bomb": lambda: issues_when_scored(bomb("in.xlsx"), mapping=mapping_of()),
    "M630-merged-cells": partial(a_workbook, merge="A3:A5"),
    "M631-nested": lambda: issues_when_scored(parquet_of(trust_lost=[True], orders=[[1, 2]])),
    "M631-lengths-of-time": lambda: issues_when_scored(
        parquet_of(idle=[timedelta(days=90)]), mapping=mapping_of("columns: {idle: {fact: months_without_contact}}\n")
    ),
    "M632-endless-row": partial(scored_from, "in.csv", b"id,rise,said\nA-1,30," + b"x" * 20_000_000),
    "M633-locked": lambda: issues_when_scored(locked_workbook("in.xlsx"), mapping=mapping_of()),
    "M634-several-sheets": partial(a_workbook, sheets=("2024", "2025")),
    "M635-too-many-rows": too_many_rows,
    "M636-no-row-fits": partial(scored_from, "in.csv", b"id,rise,said\nA-1,thirty,price\nA-2,ten,quality\n"),
    "M637-of-another-type": lambda: issues_when_scored(parquet_of(trust_lost=["perhaps"])),
    "M638-several-currencies": partial(
        scored_from, "in.csv", b"id,m\nA-1,EUR 5\nA-2,$ 7\n", "columns: {m: {fact: yearly_margin}}\n"
    ),
    "M639-our-own-fault": our_own_fault,
}
