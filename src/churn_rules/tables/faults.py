"""How a fault of a file is raised: what, where, why and how to mend it, as everywhere.

Never decides what is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from churn_rules.errors import Issue, Location, TableFileError

__all__ = ["fault", "foreseen", "rows_in_words", "short"]


def fault(code: str, what: str, why: str, fix: str, path: str, line: int = 0) -> TableFileError:
    """Return the error that says it; a line of 0 means the whole file."""
    return TableFileError([Issue(code, what, why, fix, Location(path, line, 1 if line else 0))])


def short(text: object, most: int = 80) -> str:
    """Return a text as errors show it: on one line, cut where it is long."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def rows_in_words(count: int) -> str:
    """Return a count of rows in words.

    >>> rows_in_words(1), rows_in_words(2000)
    ('1 row', '2,000 rows')
    """
    return f"{count:,} row{'' if count == 1 else 's'}"


@contextmanager
def foreseen(path: str) -> Iterator[None]:
    """Turn whatever Polars finds wrong with a file while it reads it into one error.

    Raises:
        TableFileError: M627 for a quote that is open, M628 for what else is wrong with the file, M639 where Polars was
            asked for something that it cannot do; what it says is quoted.
        OSError: The system refused something, such as more room on the disk.
    """
    try:
        yield
    except (pl.exceptions.PanicException, pl.exceptions.ComputeError, pl.exceptions.NoDataError) as error:
        raise _damaged(path, error) from None  # a panic is a BaseException: the reader gave up on the file
    except pl.exceptions.PolarsError as error:
        what, fix = "the table cannot be worked on", "report it with this message; a file of CSV may do meanwhile"
        why = f"that is a fault of churn-rules, and not of the file; Polars says: {_said(error)}"
        raise fault("M639", what, why, fix, path) from None


def _said(error: BaseException) -> str:
    return short(str(error).partition("\n")[0], 160)


def _damaged(path: str, error: BaseException) -> TableFileError:
    if found := re.search(r"could not parse `(.*?)` as dtype `str`", str(error), re.DOTALL):
        what, why = f"a quoted cell cannot be read: `{short(found[1], 50)}`", "its quote is not closed where it ends"
        fix = "close it, double the quotes inside a quoted cell, or export it again: the file may be cut off"
        return fault("M627", what, why, fix, path)
    why = f"the reader says: {_said(error)}"
    return fault("M628", "the file is damaged, or cut off", why, "export it again", path)
