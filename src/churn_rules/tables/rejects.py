"""The rows that cannot be used: which cell of which row, why, and how to mend it, written to a file of their own.

Never mends a cell itself, and never stops a run.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from typing import Self, TextIO

import polars as pl

from churn_rules.tables.cells import Cells
from churn_rules.tables.faults import short
from churn_rules.tables.harmless import harmless_text
from churn_rules.tables.opening import ROW, Table
from churn_rules.writing import replacing

__all__ = ["Rejects", "rejects_name"]

_HEADINGS = ("row", "column", "cell", "why", "how to mend it")
_LONGEST_CELL = 500
_BATCH = 20_000


def rejects_name(target: str) -> Path | None:
    """Return where rejects go if nobody says: beside the result, None where that goes into a pipe."""
    return None if target == "-" else Path(target).with_suffix(".rejects.csv")


class Rejects:
    """The rejects of one run: told one by one, kept in a file that nobody sees before `deliver`."""

    def __init__(self) -> None:
        self.rows = 0
        self.by_fault: Counter[tuple[str, str]] = Counter()
        self.first: list[tuple[int, str, str, str]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="churn-rules-")
        self._path = Path(self._folder.name, "rejects.csv")
        self._file: TextIO = self._path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(_HEADINGS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._folder.cleanup()

    def add(self, row: int, column: str, cell: object, why: str, fix: str) -> None:
        """Note one cell that cannot be used."""
        text = "" if cell is None else short(cell, _LONGEST_CELL)
        self.by_fault[column, why] += 1
        if len(self.first) < 3:
            self.first.append((row, column, short(text, 60), why))
        self._writer.writerow((row, *map(harmless_text, (column, text, why, fix))))

    def collect(self, table: Table, cells: Cells) -> None:
        """Note every cell of a table that cannot be used, and every row that has not as many cells as it should."""
        if not cells.checks:
            return
        flags = [check.bad.fill_null(value=False).alias(f"\x00{place}") for place, check in enumerate(cells.checks)]
        columns = dict.fromkeys(check.column for check in cells.checks if check.column)
        wanted = table.frame.select(ROW, *columns, *flags, cells.blank.alias("\x00blank"))
        bad = pl.any_horizontal([f"\x00{place}" for place in range(len(flags))]) & ~pl.col("\x00blank")
        for batch in wanted.filter(bad).collect_batches(chunk_size=_BATCH):
            self.rows += batch.height
            for row in batch.iter_rows(named=True):
                self._note(row, table, cells)

    def _note(self, row: Mapping[str, object], table: Table, cells: Cells) -> None:
        number = row[ROW]
        assert isinstance(number, int), "rows are numbered"
        if number in table.ragged:  # its cells may be mixed up: what else is wrong follows from that
            check = next(check for check in cells.checks if not check.column)
            self.add(number, "", f"{table.ragged[number]} cells", check.why, check.fix)
            return
        for place, check in enumerate(cells.checks):
            if row[f"\x00{place}"]:
                self.add(number, check.column, row[check.column], check.why, check.fix)

    def worst(self) -> tuple[str, str, int]:
        """Return the column and the fault that cost most cells, and how many."""
        (column, why), count = self.by_fault.most_common(1)[0]
        return column, why, count

    def deliver(self, target: Path) -> bool:
        """Write the file where it belongs, and tell whether it was; without rejects only over one of an earlier run.

        Raises:
            OutputError: It cannot be written.
        """
        if not self.rows and not target.is_file():
            return False
        self._file.flush()
        with replacing(target) as beside:
            copyfile(self._path, beside)
        return bool(self.rows)
