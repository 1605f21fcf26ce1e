"""What the page across accounts says, as frozen values: sentences, tables and drawings, in their order.

Never words anything and never computes.
"""

from __future__ import annotations

from dataclasses import dataclass

from churn_rules.portfolio.charts import Chart

__all__ = ["Cell", "HeatRow", "HeatTable", "Page", "Section", "Table"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its text, and how it stands (`number`, or a level of heat)."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what it is called, its columns (the first heads each row) and its rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    style: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a table of counts, and its sum."""

    label: str
    cells: tuple[Cell, ...]
    total: str


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Counts of one thing against another; the darker a cell, the larger its part of the row."""

    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its heading, its sentences, its drawings, its tables, and what is to be minded about it."""

    id: str
    heading: str
    says: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    heat: tuple[HeatTable, ...] = ()
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    language: str
    title: str
    source: str
    headlines: tuple[str, ...]
    sections: tuple[Section, ...]
    rulebase: str
