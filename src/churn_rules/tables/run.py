"""A whole run: from an analyst's file, by way of a mapping, to a file with every account scored.

A bad file stops before any output; a bad row goes to the rejects; what is written is written whole. Never prints.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import polars as pl

from churn_rules.accounts import Layout, case_of
from churn_rules.engines.columnar.bridges import as_said
from churn_rules.errors import TableError, TableFileError, UnknownNameError, ValueRefusedError, did_you_mean
from churn_rules.mappings import TableMapping
from churn_rules.reading import read_mapping_document
from churn_rules.rulebase import Rulebase
from churn_rules.scoring import score
from churn_rules.tables.cells import NUMBERED, Cells, canonical_cells, cells_of
from churn_rules.tables.delivering import (
    MOST_ROWS,
    check_target,
    copy_out,
    kind_of_target,
    write_csv,
    write_excel,
)
from churn_rules.tables.faults import fault
from churn_rules.tables.opening import ROW, Kind, Table, opened
from churn_rules.tables.readable import RULES, readable
from churn_rules.tables.rejects import Rejects, rejects_name
from churn_rules.tables.summary import Summary, summarise
from churn_rules.writing import replacing

__all__ = ["Outcome", "Prepared", "Stage", "nothing_usable", "prepared", "score_file", "scored_frame"]

_CHUNK = 20_000  # rows that are worked on at once: it decides the memory that a run takes
_ROW_GROUP = 2 * _CHUNK
_PIPE = "-"
_BAD, _BLANK = "\x00bad", "\x00blank"

Tick = Callable[[int], None] | None
Stage = Callable[[str, int], Tick]
"""Told which stage begins, and over how many rows; gives back what to call with each number of rows that is done."""


def _quiet(_stage: str, _rows: int) -> Tick:
    return None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table that is open, and how its columns become the canonical ones. `mapping` is None where they are already."""

    table: Table
    cells: Cells
    mapping: TableMapping | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: counts of rows, where the rejects are (None: there are none), and what the result says.

    `first` holds the first rejects: row, column, cell and why. `worst` is the column and the fault that cost most
    cells, and how many. `remarks` are what a reader should know about how the table was read.
    """

    rows: int
    rejected: int
    rejects: Path | None
    first: tuple[tuple[int, str, str, str], ...]
    worst: tuple[str, str, int] | None
    summary: Summary
    remarks: tuple[str, ...] = ()


def _bare(heading: str) -> str:
    """Return a heading without what a reader overlooks: capitals, and white space around it."""
    return heading.strip().casefold()


@contextmanager
def prepared(source: str, mapping_file: Path | None, rulebase: Rulebase) -> Iterator[Prepared]:
    """Open a table, and hold its mapping against it.

    Args:
        source: Where the table is; `-` is standard input.
        mapping_file: Which column tells what; None where the columns are called as what they tell.
        rulebase: Its vocabulary says which facts there are.

    Raises:
        TableFileError: The table or the mapping cannot be used; `issues` holds all that is wrong with it.
    """
    document, mapping = read_mapping_document(mapping_file, rulebase) if mapping_file else (None, None)
    with opened(source, mapping) as table:
        if mapping is None or document is None:
            yield Prepared(table, canonical_cells(table, rulebase), None)
            return
        for name, path in mapping.columns():
            if name not in table.headings:
                count = f"{len(table.headings)} heading{'' if len(table.headings) == 1 else 's'}"
                why = f"its first row has {count}, and none is written just so"
                alike = [heading for heading in table.headings if _bare(heading) == _bare(name)]
                near = did_you_mean(alike[0] if alike else name, table.headings)
                fix = f"write the heading as it stands in the file{near}"
                document.issue("M607", f"there is no column `{name}` in {table.path}", why, fix, document.key(path))
        if document.issues:
            raise TableFileError(document.issues)
        yield Prepared(table, cells_of(table, mapping, rulebase), mapping)


def scored_frame(
    found: Prepared, rulebase: Rulebase, canonical: pl.LazyFrame | None = None, tick: Tick = None
) -> pl.LazyFrame:
    """Return every usable row of a table scored: the typed result, lazy.

    Args:
        found: The table.
        rulebase: What to score it with.
        canonical: Its canonical table, where that was made already.
        tick: Told of rows as they are read.

    Raises:
        TableFileError: A column is of a type that its fact cannot be.
    """
    canonical = found.cells.canonical(found.table.frame) if canonical is None else canonical
    if tick:
        canonical = canonical.map_batches(_ticking(tick), streamable=True)
    try:
        scored = score(canonical, rulebase=rulebase, keep=found.cells.kept)
    except (TableError, UnknownNameError) as error:
        fix = "change its type, or say in a mapping how it is to be read"
        raise fault("M637", f"a column does not fit: {error}", "rules compare it", fix, found.table.path) from None
    digest = rulebase.digest.removeprefix("sha256:")[:12]
    return scored.with_columns(pl.lit(digest, pl.Enum([digest])).alias(RULES))


def _ticking(tick: Callable[[int], None]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def passed_on(batch: pl.DataFrame) -> pl.DataFrame:
        tick(batch.height)
        return batch

    return passed_on


def score_file(
    source: str,
    target: str,
    *,
    rulebase: Rulebase,
    mapping_file: Path | None = None,
    rejects_file: Path | None = None,
    kind: Kind | None = None,
    full: bool = False,
    stage: Stage = _quiet,
) -> Outcome:
    """Score a file of accounts, and write the result.

    Args:
        source: CSV, Excel or Parquet; `-` is standard input.
        target: Where the result goes; `-` is standard output. The end of its name says as what.
        rulebase: In the language that words are wanted in.
        mapping_file: See `prepared`.
        rejects_file: Where the rows that cannot be used go; beside the result if left out.
        kind: What to write, whatever the name of the target says.
        full: Whether CSV and Excel hold all typed columns too.
        stage: See `Stage`.

    Raises:
        TableFileError: The table or the mapping cannot be used; nothing was written, but for the rejects where no row
            could be used.
        OutputError: The result cannot be written; what was there before is still there.
    """
    kind = kind_of_target(target, kind)
    check_target(target, source, (mapping_file, rejects_file))
    with prepared(source, mapping_file, rulebase) as found, Rejects() as rejects, _room() as room:
        if kind == "excel" and found.table.rows > MOST_ROWS:
            what = f"{found.table.rows:,} rows do not fit into a sheet of Excel"
            raise fault("M635", what, f"it holds {MOST_ROWS:,} below the headings", "write .csv or .parquet", target)
        rejects_file = rejects_file or rejects_name(target)
        with _typed(target, kind, room) as file, pl.Config(streaming_chunk_size=_CHUNK):
            canonical, usable = _parsed(found, rejects, room)
            if not usable:
                raise _none_fits(found.table, rejects, rejects_file)
            scored = _Scoring(found, rulebase, rejects, room).run(canonical, file, stage("scoring", usable))
            summary = summarise(scored, rulebase)
            if not summary.accounts:
                raise _none_fits(found.table, rejects, rejects_file)
            told = rejects.deliver(rejects_file) if rejects_file else False
            if kind != "parquet":
                columns = readable(scored.collect_schema(), found.cells.kept, rulebase, full=full)
                _write(scored.select(columns), target, kind, stage("writing", summary.accounts))
            elif target == _PIPE:
                copy_out(file)
        return Outcome(
            found.table.rows,
            rejects.rows,
            rejects_file if told else None,
            tuple(rejects.first),
            rejects.worst() if rejects.rows else None,
            summary,
            found.table.remarks,
        )


@contextmanager
def _typed(target: str, kind: Kind, room: Path) -> Iterator[Path]:
    """Give the file for the typed result: what takes the place of the target, or one that is only read from."""
    if kind == "parquet" and target != _PIPE:
        with replacing(Path(target)) as beside:
            yield beside
    else:
        yield room / "typed.parquet"


@contextmanager
def _room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="churn-rules-") as room:
        yield Path(room)


def _parsed(found: Prepared, rejects: Rejects, room: Path) -> tuple[pl.LazyFrame, int]:
    """Return the canonical table of the rows that can be used, and how many they are; the others are told.

    Cells of text are read once, into a typed file of their own, and everything that follows works on that.
    """
    table, cells = found.table, found.cells
    if not cells.checks:
        return cells.canonical(table.frame), table.rows
    file = room / "cells.parquet"
    _sink(cells.keyed(table.frame).select(*cells.columns, cells.any_bad.alias(_BAD), cells.blank.alias(_BLANK)), file)
    parsed = pl.scan_parquet(file, glob=False)
    passed_over = parsed.filter(pl.col(_BAD) | pl.col(_BLANK)).select(NUMBERED, _BLANK).collect(engine="streaming")
    rejects.collect(table, cells, passed_over.filter(~pl.col(_BLANK))[NUMBERED].to_list())
    if passed_over.height:
        parsed = parsed.filter(~pl.col(_BAD) & ~pl.col(_BLANK))
    return parsed.drop(_BAD, _BLANK), table.rows - passed_over.height


def _none_fits(table: Table, rejects: Rejects, rejects_file: Path | None) -> TableFileError:
    """Say so plainly, and let the rejects say it row by row."""
    told = rejects_file if rejects_file and rejects.deliver(rejects_file) else None
    if not rejects.rows:
        why, fix = "all rows are blank", "export it again"
        return fault("M636", "no row could be scored", why, fix, table.path)
    column, why, count = rejects.worst()
    where = f"in {count:,} of {rejects.rows:,} rows the column `{column}` cannot be used: {why}"
    fix = f"correct the mapping; {told} tells it row by row" if told else "correct the mapping"
    return fault("M636", "no row could be scored", where if column else why, fix, table.path)


def nothing_usable(found: Prepared, rulebase: Rulebase) -> TableFileError | None:
    """Return the error that says why no row of a table can be used; None where some can."""
    with Rejects() as rejects, _room() as room:
        canonical, usable = _parsed(found, rejects, room)
        if usable:
            scored = _Scoring(found, rulebase, rejects, room).run(canonical, room / "typed.parquet", None)
            usable = scored.select(pl.len()).collect(engine="streaming").item()
        return None if usable else _none_fits(found.table, rejects, None)


class _Scoring:
    """Scores a table into a file of its own, and takes out the rows whose cells the engine refuses."""

    def __init__(self, found: Prepared, rulebase: Rulebase, rejects: Rejects, room: Path) -> None:
        self.found, self.rulebase, self.rejects, self.room = found, rulebase, rejects, room

    def run(self, canonical: pl.LazyFrame, file: Path, tick: Tick) -> pl.LazyFrame:
        """Score a canonical table into a file, and return what is in that then."""
        _sink(scored_frame(self.found, self.rulebase, canonical, tick), file, as_said())
        scored = pl.scan_parquet(file, glob=False)
        faults = scored.filter(pl.col("fault").is_not_null()).select(NUMBERED, pl.col("fault").cast(pl.String))
        wrong = faults.collect(engine="streaming")
        if wrong.height:
            self._tell(wrong)
            sound = self.room / "sound.parquet"
            _sink(scored.filter(pl.col("fault").is_null()), sound)
            copyfile(sound, file)
        return pl.scan_parquet(file, glob=False)

    def _tell(self, wrong: pl.DataFrame) -> None:
        """Say of each row that the engine refused a cell of why that is, and what stands in the file."""
        numbers = wrong[NUMBERED].to_list()
        told = self.found.table.frame.filter(pl.col(ROW).is_in(numbers))
        rows = self.found.cells.canonical(told).collect(engine="streaming")
        cells = told.select(ROW, *dict.fromkeys(self.found.cells.origins.values())).collect(engine="streaming")
        raw = {row[ROW]: row for row in cells.iter_rows(named=True)}
        layout = Layout.of(rows.columns, self.rulebase, self.found.cells.kept)
        faulty = dict(wrong.iter_rows())
        for row in rows.iter_rows(named=True):
            number, why, fix = row[NUMBERED], "it is no value of its fact", "see `churn-rules facts`"
            try:
                case_of(row, layout, self.rulebase)
            except ValueRefusedError as error:
                why, fix = f"{error.what}: {error.why}", error.fix
            origin = _origin(faulty[number], self.found.cells)
            self.rejects.add(number, origin, raw[number].get(origin), why, fix)
            self.rejects.rows += 1


def _origin(column: str, cells: Cells) -> str:
    """Return the column of the file that a canonical one comes from, its upper end and its date included."""
    stem = column
    while stem not in cells.origins and "." in stem:
        stem = stem.rpartition(".")[0]
    return cells.origins.get(stem, column)


def _sink(frame: pl.LazyFrame, file: Path, optimised: pl.QueryOptFlags | None = None) -> None:
    flags = optimised or pl.QueryOptFlags()
    frame.sink_parquet(file, compression="lz4", row_group_size=_ROW_GROUP, statistics=False, optimizations=flags)


def _write(frame: pl.LazyFrame, target: str, kind: Kind, tick: Tick) -> None:
    with pl.Config(streaming_chunk_size=_CHUNK // 4):  # words are wider than figures
        if kind == "excel":
            write_excel(frame, Path(target), tick)
        else:
            write_csv(frame, target)
