"""Bars on a page: where each bar and each text goes, in the units of its drawing.

Never words anything; what a bar means stands in the labels that it is given, and in the table beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from churn_rules.report.measuring import SIZE, width_of, wrap

__all__ = ["Bar", "Chart", "Key", "Label", "Line", "Part", "Row", "bar_chart"]

_WIDTH, _LABELS, _GAP = 820.0, 235.0, 12.0
_BAR, _LEADING, _BETWEEN = 15.0, 15.0, 9.0


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar: its style, and how long it is in the unit of the chart."""

    style: str
    amount: float


@dataclass(frozen=True, slots=True)
class Line:
    """One bar: its parts from left to right, and what is said at its end."""

    parts: tuple[Part, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Row:
    """What one label stands for: one bar, or several below one another."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in a drawing."""

    style: str
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Label:
    """A text in a drawing; `style` says on which side of `x` it stands."""

    style: str
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """What a style of bar stands for."""

    style: str
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of bars, its key, and what it shows in words, for whoever cannot see it."""

    id: str
    title: str
    described: str
    keys: tuple[Key, ...]
    width: float
    height: float
    bar: float
    axis: float
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]


def bar_chart(name: str, title: str, described: str, rows: Sequence[Row], keys: Sequence[Key] = ()) -> Chart:
    """Draw rows of bars, all to one scale that begins at zero. What lies below zero has no length.

    Args:
        name: An id for the drawing within its page.
        title: What the drawing is called.
        described: What it shows, in words.
        rows: From the top down.
        keys: What the styles of the bars stand for.
    """
    said = max((width_of(line.says) for row in rows for line in row.lines), default=0.0)
    longest = max((sum(_lengths(line)) for row in rows for line in row.lines), default=0.0)
    scale = (_WIDTH - _LABELS - 2 * _GAP - said) / longest if longest else 0.0
    bars: list[Bar] = []
    labels: list[Label] = []
    top = _BETWEEN / 2
    for row in rows:
        words = wrap(row.label, _LABELS, most=2)
        height = max(len(words) * _LEADING, len(row.lines) * _BAR)
        middle = top + height / 2
        labels += _words(words, middle)
        for number, line in enumerate(row.lines):
            y = middle - len(row.lines) * _BAR / 2 + number * _BAR
            drawn = list(_bars(line, y, scale))
            bars += drawn
            end = max((bar.x + bar.width for bar in drawn), default=_LABELS + _GAP)
            labels.append(Label("says", round(end + 6, 1), round(y + _BAR / 2 + SIZE * 0.36, 1), line.says))
        top += height + _BETWEEN
    return Chart(
        id=name,
        title=title,
        described=described,
        keys=tuple(keys),
        width=_WIDTH,
        height=round(top - _BETWEEN / 2, 1),
        bar=_BAR - 3,
        axis=_LABELS + _GAP,
        bars=tuple(bars),
        labels=tuple(labels),
    )


def _words(words: Sequence[str], middle: float) -> Iterator[Label]:
    first = middle - len(words) * _LEADING / 2 + SIZE * 0.98
    for number, text in enumerate(words):
        yield Label("label", _LABELS, round(first + number * _LEADING, 1), text)


def _bars(line: Line, y: float, scale: float) -> Iterator[Bar]:
    x = _LABELS + _GAP
    for part, length in zip(line.parts, _lengths(line), strict=True):
        if length:
            yield Bar(part.style, round(x, 1), round(y + 1.5, 1), round(length * scale, 1))
        x += length * scale


def _lengths(line: Line) -> list[float]:
    return [max(0.0, part.amount) for part in line.parts]
