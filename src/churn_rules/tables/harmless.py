"""Cells that a spreadsheet would run as a formula, made text. Never changes a number.

What begins with = + - @, a tab or a line end runs when the file is opened in a spreadsheet, and may send data away.
"""

from __future__ import annotations

import re

import polars as pl

__all__ = ["harmless", "harmless_text"]

_RUNS = r"^(?:[\t\r\n]|\s*[=+\-@" + "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
_RUNS += "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}" + r"])"
_NUMBER = r"^[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?$"


def harmless(text: pl.Expr) -> pl.Expr:
    """Return text that no spreadsheet runs: with an apostrophe before it where one would."""
    runs = text.str.contains(_RUNS) & ~text.str.contains(_NUMBER)
    return pl.when(runs).then(pl.concat_str([pl.lit("'"), text])).otherwise(text)


def harmless_text(text: str) -> str:
    """Return one text that no spreadsheet runs.

    >>> harmless_text("=1+1"), harmless_text("-12.5"), harmless_text("Acme")
    ("'=1+1", '-12.5', 'Acme')
    """
    return f"'{text}" if re.match(_RUNS, text) and not re.match(_NUMBER, text) else text
