"""Where everything in a drawing stands: texts and dates in, coordinates out.

Never knows what a reason or an observation is; the only words of its own tell what it had to leave out or join.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from churn_rules.language import ENGLISH, Language
from churn_rules.report.measuring import width_of, wrap

__all__ = [
    "Arrow",
    "Bar",
    "Box",
    "Drawing",
    "Flag",
    "Group",
    "Label",
    "Node",
    "Scale",
    "bar",
    "draw",
    "gather",
    "scale",
]

WIDTH = 760.0
_GUTTER = 56.0  # between two columns of boxes: room for arrows
_GAP = 12.0  # between two cards
_PAD = 9.0  # between the edge of a box and its text
_LINE = 15.5  # from one line of text to the next
_MOST_COLUMNS = 4
_MOST_LINES = 22  # of a card
_MOST_TICKS = 7


# --- what goes in -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the chain: its key, its title, a line about it, and the style it is drawn in."""

    key: str
    title: str
    about: str
    style: str


@dataclass(frozen=True, slots=True)
class Group:
    """What became known on one date, or (no span) without one; days are ordinals, `ends` first and last in words."""

    label: str
    span: tuple[float, float] | None
    items: tuple[str, ...]
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to mark on the time axis."""

    label: str
    span: tuple[float, float]


# --- what comes out ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text, its baseline starting at x, y."""

    x: float
    y: float
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with lines of text in it."""

    x: float
    y: float
    width: float
    height: float
    style: str
    lines: tuple[Label, ...] = ()

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line as an SVG path, and the corners of the head at its end."""

    path: str
    head: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole drawing; `axis` is its y and its two ends, or None where nothing bears a date."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    axis: tuple[float, float, float] | None
    ticks: tuple[Label, ...]
    spans: tuple[Box, ...]
    flags: tuple[Label, ...]
    poles: tuple[str, ...]
    leaders: tuple[str, ...]
    cards: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on a scale from -100 to 100; `against` where it points left."""

    x: float
    width: float
    against: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A band on a scale from 0 to 100 %, in units of a drawing 1000 wide, and where its label is centred."""

    x: float
    width: float
    label: float


# --- bars and scales --------------------------------------------------------------------------------------------------


def bar(certainty: float) -> Bar:
    """Return the bar of a certainty from -1 to 1: to the right for, to the left against."""
    length = round(100 * abs(certainty), 1)
    return Bar(-length if certainty < 0 else 0.0, length, certainty < 0)


def scale(low: float, high: float) -> Scale:
    """Return the band from one chance to another (0 to 1), at least as broad as can be seen."""
    width = max(1000 * (high - low), 6.0)
    left = min(1000 * low, 1000 - width)
    return Scale(round(left, 1), round(width, 1), round(min(max(500 * (low + high), 90), 910), 1))


# --- the whole --------------------------------------------------------------------------------------------------------


def draw(
    nodes: Sequence[Node],
    links: Sequence[tuple[str, str]],
    groups: Sequence[Group],
    flags: Sequence[Flag],
    language: Language = ENGLISH,
) -> Drawing:
    """Draw a chain of boxes over a time axis, and beneath it a card for each date or stretch of dates.

    Args:
        nodes: The boxes, in the order in which they stand below each other within a column.
        links: Arrows from one key to another; there is no cycle.
        groups: What became known when, in order; what bears no date first.
        flags: What to mark on the axis.
        language: That of the texts.
    """
    depth = _depths([node.key for node in nodes], links)
    columns = max(depth.values(), default=0) + 1
    width = max(WIDTH, columns * 120 + (columns - 1) * _GUTTER)
    lanes = tuple(dict.fromkeys(effect for cause, effect in links if depth[effect] - depth[cause] > 1))
    top = 2 + 10.0 * len(lanes)
    boxes = _chain(nodes, depth, width, top)
    arrows = tuple(_arrows(boxes, links, lanes, depth))
    bottom = max((box.bottom for box in boxes.values()), default=0.0)
    timeline = _timeline(gather(groups, language), flags, width, bottom + 26, language)
    return Drawing(boxes=tuple(boxes.values()), arrows=arrows, **timeline)  # type: ignore[arg-type]  # its parts by name


# --- the chain --------------------------------------------------------------------------------------------------------


def _depths(keys: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each box: one further right than all that lead to it."""
    depth = dict.fromkeys(keys, 0)
    for _ in keys:
        for cause, effect in links:
            depth[effect] = max(depth[effect], depth[cause] + 1)
    return depth


def _chain(nodes: Sequence[Node], depth: Mapping[str, int], width: float, top: float) -> dict[str, Box]:
    columns = max(depth.values(), default=0) + 1
    broad = min(230.0, (width - (columns - 1) * _GUTTER) / columns)
    next_y = [top] * columns
    boxes = {}
    for node in nodes:
        column = depth[node.key]
        x, y = column * (broad + _GUTTER), next_y[column]
        boxes[node.key] = _titled(node.title, (node.about,), Box(_r(x + 1), _r(y), _r(broad - 2), 0.0, node.style))
        next_y[column] = boxes[node.key].bottom + 12
    return boxes


def _titled(title: str, items: Iterable[str], box: Box, *, bullets: bool = False) -> Box:
    """Return a box with a title in bold and items below it, as high as they need."""
    room, hang = box.width - 2 * _PAD, 9.0 if bullets else 0.0
    lines = [[("title", 0.0, line)] for line in wrap(title, room * 0.94, 3)]
    for item in items:
        wrapped = [[("item", hang, line)] for line in wrap(item, room - hang)]
        if bullets:
            wrapped[0].insert(0, ("dash", 0.0, "\N{EN DASH}"))
        lines += wrapped
    first = box.y + _PAD + _LINE - 4
    labels = tuple(
        Label(_r(box.x + _PAD + indent), _r(first + place * _LINE), text, style)
        for place, line in enumerate(lines)
        for style, indent, text in line
    )
    return replace(box, height=_r(len(lines) * _LINE + 2 * _PAD), lines=labels)


def _arrows(
    boxes: Mapping[str, Box], links: Sequence[tuple[str, str]], lanes: Sequence[str], depth: Mapping[str, int]
) -> Iterator[Arrow]:
    """Yield a curve for each link to the next column; what goes further shares one lane above the boxes per effect."""
    far = [depth[effect] - depth[cause] > 1 for cause, effect in links]
    leaving = _ports([(cause, number) for number, (cause, _) in enumerate(links)], boxes)
    arriving = _ports([(effect, -1 if far[number] else number) for number, (_, effect) in enumerate(links)], boxes)
    for number, (cause, effect) in enumerate(links):
        x1, y1 = boxes[cause].x + boxes[cause].width, leaving[number]
        x2, y2 = boxes[effect].x, arriving[number]
        if far[number]:
            lane = lanes.index(effect)
            aside = 5 * (lane % 5)
            there, back = _r(x1 + 8 + aside), _r(x2 - 16 - aside)
            path = f"M{_r(x1)} {_r(y1)}H{there}V{_r(2 + 10.0 * lane)}H{back}V{_r(y2)}H{_r(x2 - 7)}"
        else:
            bend = (x2 - x1) / 2
            path = f"M{_r(x1)} {_r(y1)}C{_r(x1 + bend)} {_r(y1)} {_r(x2 - bend)} {_r(y2)} {_r(x2 - 7)} {_r(y2)}"
        yield Arrow(path, f"{_r(x2)},{_r(y2)} {_r(x2 - 9)},{_r(y2 - 5)} {_r(x2 - 9)},{_r(y2 + 5)}")


def _ports(ends: Sequence[tuple[str, int]], boxes: Mapping[str, Box]) -> list[float]:
    """Return the y at which each arrow touches its box: spread evenly; ends that are the same share a place."""
    places: dict[str, list[int]] = {}
    for key, number in ends:
        if number not in places.setdefault(key, []):
            places[key].append(number)
    return [
        boxes[key].y + boxes[key].height * (places[key].index(number) + 1) / (len(places[key]) + 1)
        for key, number in ends
    ]


# --- the timeline -----------------------------------------------------------------------------------------------------


def gather(groups: Sequence[Group], language: Language = ENGLISH) -> list[Group]:
    """Join neighbouring dates until there are few enough to stand beside each other, nearest ones first."""
    undated = [group for group in groups if group.span is None]
    dated = [group for group in groups if group.span is not None]
    while len(dated) > _MOST_COLUMNS - len(undated):
        gaps = [_low(later) - _high(earlier) for earlier, later in pairwise(dated)]
        place = gaps.index(min(gaps))
        dated[place : place + 2] = [_joined(dated[place], dated[place + 1], language)]
    return undated + dated


def _joined(first: Group, second: Group, language: Language) -> Group:
    start, end = first.ends[0] or first.label, second.ends[1] or second.label
    span = (min(_low(first), _low(second)), max(_high(first), _high(second)))
    label = language.say("{low} to {high}", low=start, high=end)
    return Group(label, span, first.items + second.items, (start, end))


def _low(group: Group) -> float:
    return group.span[0] if group.span else 0.0


def _high(group: Group) -> float:
    return group.span[1] if group.span else 0.0


def _timeline(
    groups: Sequence[Group], flags: Sequence[Flag], width: float, top: float, language: Language
) -> dict[str, object]:
    """Return axis, ticks, spans, flags, leaders and cards, and the height of all."""
    columns = _columns(groups, width)
    left = columns[1][0] if len(groups) > 1 and groups[0].span is None else 0.0
    marks = [group.span for group in groups if group.span] + [flag.span for flag in flags]
    drawn: dict[str, object] = {"width": _r(width), "axis": None}
    drawn |= dict.fromkeys(("ticks", "spans", "flags", "poles", "leaders"), ())
    cards_top = top
    if marks:
        at = _Axis(min(low for low, _ in marks), max(high for _, high in marks) + 1, left, width)
        labels, rows = _flags(flags, at, width, top)
        y = top + 16.0 * rows + 6
        cards_top = y + 52
        drawn |= _axis(at, y, groups, flags)
        drawn["flags"] = labels
        drawn["poles"] = tuple(
            f"M{_r(at.middle(flag.span))} {_r(y)}V{_r(label.y + 4)}" for flag, label in zip(flags, labels, strict=True)
        )
        drawn["leaders"] = tuple(
            f"M{_r(at.middle(group.span))} {_r(y + 4)}V{_r(y + 24)}"
            f"L{_r(x + broad / 2)} {_r(cards_top - 8)}V{_r(cards_top)}"
            for group, (x, broad) in zip(groups, columns, strict=True)
            if group.span
        )
    cards = tuple(
        _card(group, x, cards_top, broad, language) for group, (x, broad) in zip(groups, columns, strict=True)
    )
    height = max((card.bottom for card in cards), default=cards_top)
    return drawn | {"cards": cards, "height": _r(height + 2)}


def _columns(groups: Sequence[Group], width: float) -> list[tuple[float, float]]:
    """Return left edge and breadth of each card: the more a card has to say, the broader."""
    weights = [max(9.0, sum(len(item) + 10 for item in group.items) ** 0.5) for group in groups]
    room = width - _GAP * (len(groups) - 1)
    columns, x = [], 0.0
    for weight in weights:
        broad = room * weight / sum(weights)
        columns.append((x, broad))
        x += broad + _GAP
    return columns


@dataclass(frozen=True, slots=True)
class _Axis:
    first: float
    last: float
    left: float
    right: float

    def x(self, day: float) -> float:
        return self.left + (day - self.first) / (self.last - self.first) * (self.right - self.left)

    def middle(self, span: tuple[float, float]) -> float:
        return self.x((span[0] + span[1] + 1) / 2)


def _axis(at: _Axis, y: float, groups: Sequence[Group], flags: Sequence[Flag]) -> dict[str, object]:
    marks = [("marked", flag.span) for flag in flags] + [("known", group.span) for group in groups if group.span]
    spans = []
    for style, (low, high) in marks:
        thin = max(4.0, at.x(high + 1) - at.x(low))
        spans.append(Box(_r(min(at.x(low), at.right - thin)), _r(y - 4), _r(thin), 8.0, style))
    return {"axis": (_r(y), _r(at.left), _r(at.right)), "ticks": tuple(_ticks(at, y)), "spans": tuple(spans)}


def _ticks(at: _Axis, y: float) -> Iterator[Label]:
    """Yield a label for each month, quarter, year and so on that begins within the axis, whichever gives few enough."""
    first, last = date.fromordinal(int(at.first)), date.fromordinal(int(min(at.last, date.max.toordinal())))
    months = 12 * (last.year - first.year) + last.month - first.month + 1
    step = next(
        step for step in (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 12000, 120000) if months / step < _MOST_TICKS
    )
    start = 12 * first.year + first.month - 1
    for month in range(start - start % step, start + months + 1, step):
        year, place = divmod(month, 12)
        if not 1 <= year <= date.max.year:
            continue
        x = at.x(date(year, place + 1, 1).toordinal())
        if at.left - 0.1 <= x <= at.right - 40:
            yield Label(_r(x), _r(y), str(year) if step >= 12 else f"{year}-{place + 1:02}")


def _flags(flags: Sequence[Flag], at: _Axis, width: float, top: float) -> tuple[tuple[Label, ...], int]:
    """Return the flags' labels, each in the lowest row where it overlaps no other, and the number of rows."""
    placed: list[tuple[float, float, int]] = []
    for flag in flags:
        broad = width_of(flag.label)
        x = min(max(at.middle(flag.span) - broad / 2, 0.0), width - broad)
        row = 0
        while any(row == other and x < end + 8 and start < x + broad + 8 for start, end, other in placed):
            row += 1
        placed.append((x, x + broad, row))
    rows = max((row for _, _, row in placed), default=-1) + 1
    return tuple(
        Label(_r((start + end) / 2), _r(top + 16.0 * (rows - row) - 6), flag.label)
        for flag, (start, end, row) in zip(flags, placed, strict=True)
    ), rows


def _card(group: Group, x: float, y: float, width: float, language: Language) -> Box:
    box = Box(_r(x + 1), _r(y), _r(width - 2), 0.0, "card" if group.span else "card undated")
    return _titled(group.label, _kept(group.items, width - 2 * _PAD - 11, language), box, bullets=True)


def _kept(items: tuple[str, ...], room: float, language: Language) -> tuple[str, ...]:
    """Return as many items as a card can hold, and then how many more there are."""
    lines = 0
    for place, item in enumerate(items):
        lines += len(wrap(item, room))
        if lines > _MOST_LINES:
            more = len(items) - place
            return (*items[:place], language.say("and {count} more in the appendix", count=more))
    return items


def _r(number: float) -> float:
    return round(number, 1)
