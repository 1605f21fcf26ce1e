"""A plan in words: for a terminal, as Markdown, and as a page that needs nothing beside it.

Never works anything out: whatever it says stands in the plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import escape
from itertools import groupby

from churn_rules.planning import LeftOut, Plan, PlannedStep
from churn_rules.telling import Line
from churn_rules.vocabulary import Plain

__all__ = ["plan_as_html", "plan_as_markdown", "tell_plan"]

_WAITS = {
    "start": "At the start",
    "loss": "When you know the day on which they leave",
    "renewal": "When you know the date of the renewal",
    "return": "When they are back",
}
_STAGES = {"leaving": "is leaving", "gone": "is gone", "back": "is back"}


# --- what all forms say -----------------------------------------------------------------------------------------------


def _named(plan: Plan) -> str:
    return plan.title or plan.case


def _summary(plan: Plan) -> str:
    verdict = plan.verdict[:1].upper() + plan.verdict[1:]
    return f"The customer {_STAGES[plan.stage]}. {verdict} The plan starts on {_day(plan.start)}."


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day:%A}, {iso}"


def _by_day(plan: Plan) -> Iterator[tuple[str, list[PlannedStep]]]:
    """Yield the steps by the day on which they are due, under a heading for each day."""
    for heading, steps in groupby(plan.steps, _heading):
        yield heading, list(steps)


def _heading(step: PlannedStep) -> str:
    if step.due is None:
        return _WAITS[step.waits_for or "start"]
    if not step.at_the_earliest:
        return f"{_day(step.due)}{_distance(step.days_from_loss)}"
    latest = f", {step.latest} at the latest" if step.latest else ""
    return f"{_day(step.due)} at the earliest{latest}"


def _distance(days: Plain | None) -> str:
    """Say how far a day lies from the loss; the ends of a range in the unit of the larger."""
    if days is None:
        return ""
    first, last = days.values() if isinstance(days, dict) else (days, days)
    low, high = int(first), int(last)
    if low < 0 < high:
        return " (about the time of the loss)"
    if low == high == 0:
        return " (the day of the loss)"
    side = "before" if high <= 0 else "after"
    low, high = sorted((abs(low), abs(high)))
    size, unit = next(
        (size, unit) for size, unit in ((365.25, "year"), (30.44, "month"), (1, "day")) if high >= 3 * size or size == 1
    )
    ends = dict.fromkeys((round(low / size), round(high / size)))
    plural = "s" if max(ends) != 1 else ""
    return f" ({' to '.join(map(str, ends))} {unit}{plural} {side} the loss)"


def _about(step: PlannedStep) -> str:
    repeat = (
        f"; every {step.repeat.every} days, {step.repeat.times} times, last on {step.repeat.last}"
        if step.repeat
        else ""
    )
    fairness = f"; {step.fairness} fairness" if step.fairness else ""
    return f"{step.phase}; {step.owner}{fairness}{repeat}"


def _rules(step: PlannedStep | LeftOut) -> Iterator[tuple[str, str, str]]:
    for rule in step.rules:
        yield f"{rule.because[:1].lower()}{rule.because[1:]}", rule.rule, rule.source


def _why_left_out(step: LeftOut) -> str:
    if not step.rules:
        return "the day was over before the plan starts"
    return "; ".join(f"{because.rstrip('.')} [{rule}]" for because, rule, _ in _rules(step))


# --- for a terminal ---------------------------------------------------------------------------------------------------


def tell_plan(plan: Plan) -> Iterator[Line]:
    """Tell a plan day by day, each step with the rules behind it, and last what was left out."""
    yield Line(f"Plan: {_named(plan)}", 0, style="heading")
    yield Line(_summary(plan), 0)
    for heading, steps in _by_day(plan):
        yield Line("", 0)
        yield Line(heading, 0, style="heading")
        for step in steps:
            yield from _tell_step(step)
    if plan.left_out:
        yield Line("", 0)
        yield Line("Left out", 0, style="heading")
    for left_out in plan.left_out:
        yield Line(f"{left_out.title}: {_why_left_out(left_out)}.", hang=2, style="dim")


def _tell_step(step: PlannedStep) -> Iterator[Line]:
    yield Line(f"[ ] {step.title} ({_about(step)})", 2, 4, style="good")
    for line in step.text.split("\n"):
        yield Line(line, 6, 2 if line.startswith("- ") else 0)
    for because, rule, source in _rules(step):
        yield Line(f"because {because} [{rule}; {source}]", 6, 2, style="dim")


# --- as Markdown ------------------------------------------------------------------------------------------------------

_MARKS = re.compile(r"([\\`*_\[\]<>|#])")


def plan_as_markdown(plan: Plan) -> str:
    """Return a plan as Markdown, its steps as a list to tick off."""
    return "\n".join(_markdown(plan)) + "\n"


def _markdown(plan: Plan) -> Iterator[str]:
    yield f"# Plan: {_plain(_named(plan))}\n\n{_plain(_summary(plan))}"
    for heading, steps in _by_day(plan):
        yield f"\n## {_plain(heading)}"
        for step in steps:
            yield f"\n- [ ] **{_plain(step.title)}** ({_plain(_about(step))})"
            yield from _indented(step.text)
            yield from (
                f"\n  *Because {_plain(because)} [{rule}] {_plain(source)}*" for because, rule, source in _rules(step)
            )
    if plan.left_out:
        yield "\n## Left out\n"
    for left_out in plan.left_out:
        yield f"- {_plain(left_out.title)}: {_plain(_why_left_out(left_out))}."


def _indented(text: str) -> Iterator[str]:
    """Set paragraphs and lists apart by an empty line, below the item of a list."""
    before = ""
    for line in text.split("\n"):
        item = line.startswith("- ")
        gap = "" if item and before.startswith("- ") else "\n"
        yield f"{gap}  {'- ' + _plain(line[2:]) if item else _plain(line)}"
        before = line


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


# --- as a page --------------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #8886; }
article { margin: .75rem 0 1.25rem; break-inside: avoid; }
label { font-weight: 600; }
small, .why { color: #666; }
.why { font-size: .85rem; margin: .25rem 0; }
p, ul { margin: .25rem 0; }
@media (prefers-color-scheme: dark) { small, .why { color: #aaa; } }
"""


def plan_as_html(plan: Plan) -> str:
    """Return a plan as a page that needs nothing beside it; whatever the case holds is escaped."""
    return "\n".join(_page(plan)) + "\n"


def _page(plan: Plan) -> Iterator[str]:
    title = escape(f"Plan: {_named(plan)}")
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{escape(_summary(plan))}</p>"
    for heading, steps in _by_day(plan):
        yield f"<section>\n<h2>{escape(heading)}</h2>"
        yield from (part for step in steps for part in _article(step))
        yield "</section>"
    if plan.left_out:
        yield "<section>\n<h2>Left out</h2>\n<ul>"
        for left_out in plan.left_out:
            yield f"<li>{escape(left_out.title)}: {escape(_why_left_out(left_out))}.</li>"
        yield "</ul>\n</section>"
    yield "</body>\n</html>"


def _article(step: PlannedStep) -> Iterator[str]:
    yield f'<article id="{escape(step.id)}">'
    yield f'<label><input type="checkbox"> {escape(step.title)}</label> <small>({escape(_about(step))})</small>'
    for is_list, lines in groupby(step.text.split("\n"), lambda line: line.startswith("- ")):
        if is_list:
            yield f"<ul>{''.join(f'<li>{escape(line[2:])}</li>' for line in lines)}</ul>"
        else:
            yield from (f"<p>{escape(line)}</p>" for line in lines)
    for because, rule, source in _rules(step):
        yield f'<p class="why">Because {escape(because)} [{escape(rule)}; {escape(source)}]</p>'
    yield "</article>"
