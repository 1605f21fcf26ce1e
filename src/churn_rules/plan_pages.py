"""A plan in words: for a terminal, as Markdown, and as a page that needs nothing beside it.

Never works anything out: whatever it says stands in the plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import escape
from itertools import groupby

from churn_rules.language import ENGLISH, Language, in_english
from churn_rules.planning import LeftOut, Plan, PlannedStep
from churn_rules.telling import Line, because, sentence
from churn_rules.vocabulary import Plain
from churn_rules.words import FAIRNESS, PHASE

__all__ = ["plan_as_html", "plan_as_markdown", "tell_plan"]

_WAITS = in_english(
    start="At the start",
    loss="When you know the day on which they leave",
    renewal="When you know the date of the renewal",
    back="When they are back",
)
_SUMMARY = in_english(
    leaving="The customer is leaving. {verdict} The plan starts on {day}.",
    gone="The customer is gone. {verdict} The plan starts on {day}.",
    back="The customer is back. {verdict} The plan starts on {day}.",
)
_WEEKDAYS = in_english(
    Monday="Monday, {day}",
    Tuesday="Tuesday, {day}",
    Wednesday="Wednesday, {day}",
    Thursday="Thursday, {day}",
    Friday="Friday, {day}",
    Saturday="Saturday, {day}",
    Sunday="Sunday, {day}",
)
_DISTANCES = in_english(
    year_before="{day} ({count} year before the loss)",
    years_before="{day} ({count} years before the loss)",
    year_after="{day} ({count} year after the loss)",
    years_after="{day} ({count} years after the loss)",
    month_before="{day} ({count} month before the loss)",
    months_before="{day} ({count} months before the loss)",
    month_after="{day} ({count} month after the loss)",
    months_after="{day} ({count} months after the loss)",
    day_before="{day} ({count} day before the loss)",
    days_before="{day} ({count} days before the loss)",
    day_after="{day} ({count} day after the loss)",
    days_after="{day} ({count} days after the loss)",
)


# --- what all forms say -----------------------------------------------------------------------------------------------


def _title(plan: Plan, language: Language) -> str:
    return language.say("Plan: {title}", title=plan.title or plan.case)


def _summary(plan: Plan, language: Language) -> str:
    return language.say(_SUMMARY[plan.stage], verdict=sentence(plan.verdict), day=_day(plan.start, language))


def _day(iso: str, language: Language) -> str:
    return language.say(list(_WEEKDAYS.values())[date.fromisoformat(iso).weekday()], day=iso)


def _by_day(plan: Plan, language: Language) -> Iterator[tuple[str, list[PlannedStep]]]:
    """Yield the steps by the day on which they are due, under a heading for each day."""
    for heading, steps in groupby(plan.steps, lambda step: _heading(step, language)):
        yield sentence(heading), list(steps)


def _heading(step: PlannedStep, language: Language) -> str:
    if step.due is None:
        anchor = step.waits_for or "start"
        return language.say(_WAITS["back" if anchor == "return" else anchor])
    day = _day(step.due, language)
    if not step.at_the_earliest:
        return _distant(day, step.days_from_loss, language)
    if step.latest:
        return language.say("{day} at the earliest, {latest} at the latest", day=day, latest=step.latest)
    return language.say("{day} at the earliest", day=day)


def _distant(day: str, days: Plain | None, language: Language) -> str:
    """Say how far a day lies from the loss; the ends of a range in the unit of the larger."""
    if days is None:
        return day
    first, last = days.values() if isinstance(days, dict) else (days, days)
    low, high = int(first), int(last)
    if low < 0 < high:
        return language.say("{day} (about the time of the loss)", day=day)
    if low == high == 0:
        return language.say("{day} (the day of the loss)", day=day)
    side = "before" if high <= 0 else "after"
    low, high = sorted((abs(low), abs(high)))
    size, unit = next(
        (size, unit) for size, unit in ((365.25, "year"), (30.44, "month"), (1, "day")) if high >= 3 * size or size == 1
    )
    low, high = round(low / size), round(high / size)
    count = language.say("{low} to {high}", low=low, high=high) if low != high else str(high)
    return language.say(_DISTANCES[f"{unit}{'s' if high != 1 else ''}_{side}"], day=day, count=count)


def _about(step: PlannedStep, language: Language) -> str:
    say = language.say
    about = [say(PHASE[step.phase]), step.owner]
    if step.fairness:
        about.append(say("{fairness} fairness", fairness=say(FAIRNESS[step.fairness])))
    if repeat := step.repeat:
        parts = {"days": repeat.every, "times": repeat.times, "last": repeat.last}
        about.append(say("every {days} days, {times} times, last on {last}", **parts))
    return language.joined("; ", about)


def _why_left_out(step: LeftOut, language: Language) -> str:
    if not step.rules:
        return language.say("{title}: the day was over before the plan starts.", title=step.title)
    rules = (f"{rule.because[:1].lower()}{rule.because[1:].rstrip('.。')} [{rule.rule}]" for rule in step.rules)
    return language.say("{title}: {words}.", title=step.title, words=language.joined("; ", rules))


# --- for a terminal ---------------------------------------------------------------------------------------------------


def tell_plan(plan: Plan, language: Language = ENGLISH) -> Iterator[Line]:
    """Tell a plan day by day, each step with the rules behind it, and last what was left out."""
    yield Line(_title(plan, language), 0, style="heading")
    yield Line(_summary(plan, language), 0)
    for heading, steps in _by_day(plan, language):
        yield Line("", 0)
        yield Line(heading, 0, style="heading")
        for step in steps:
            yield from _tell_step(step, language)
    if plan.left_out:
        yield Line("", 0)
        yield Line(language.say("Left out"), 0, style="heading")
    for left_out in plan.left_out:
        yield Line(_why_left_out(left_out, language), hang=2, style="dim")


def _tell_step(step: PlannedStep, language: Language) -> Iterator[Line]:
    yield Line(f"[ ] {_titled(step, language)}", 2, 4, style="good")
    for line in step.text.split("\n"):
        yield Line(line, 6, 2 if line.startswith("- ") else 0)
    for rule in step.rules:
        yield Line(f"{because(rule.because, language)} [{rule.rule}; {rule.source}]", 6, 2, style="dim")


def _titled(step: PlannedStep, language: Language) -> str:
    return language.say("{step} ({about})", step=step.title, about=_about(step, language))


# --- as Markdown ------------------------------------------------------------------------------------------------------

_MARKS = re.compile(r"([\\`*_\[\]<>|#])")


def plan_as_markdown(plan: Plan, language: Language = ENGLISH) -> str:
    """Return a plan as Markdown, its steps as a list to tick off."""
    return "\n".join(_markdown(plan, language)) + "\n"


def _markdown(plan: Plan, language: Language) -> Iterator[str]:
    yield f"# {_plain(_title(plan, language))}\n\n{_plain(_summary(plan, language))}"
    for heading, steps in _by_day(plan, language):
        yield f"\n## {_plain(heading)}"
        for step in steps:
            about = _plain(_about(step, language))
            yield f"\n- [ ] {language.say('{step} ({about})', step=f'**{_plain(step.title)}**', about=about)}"
            yield from _indented(step.text)
            for rule in step.rules:
                reason = sentence(because(rule.because, language))
                yield f"\n  *{_plain(reason)} [{rule.rule}] {_plain(rule.source)}*"
    if plan.left_out:
        yield f"\n## {language.say('Left out')}\n"
    for left_out in plan.left_out:
        yield f"- {_plain(_why_left_out(left_out, language))}"


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
_HAN = 'body { font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC"; }\n'
"""What a page in Chinese is set in, where the reader's system has no font of its own for it."""


def plan_as_html(plan: Plan, language: Language = ENGLISH) -> str:
    """Return a plan as a page that needs nothing beside it; whatever the case holds is escaped."""
    return "\n".join(_page(plan, language)) + "\n"


def _page(plan: Plan, language: Language) -> Iterator[str]:
    title = escape(_title(plan, language))
    yield f'<!DOCTYPE html>\n<html lang="{language.tag}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    summary = escape(_summary(plan, language))
    style = _STYLE + (_HAN if language.code == "zh" else "")
    yield f"<style>{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{summary}</p>"
    for heading, steps in _by_day(plan, language):
        yield f"<section>\n<h2>{escape(heading)}</h2>"
        yield from (part for step in steps for part in _article(step, language))
        yield "</section>"
    if plan.left_out:
        yield f"<section>\n<h2>{escape(language.say('Left out'))}</h2>\n<ul>"
        for left_out in plan.left_out:
            yield f"<li>{escape(_why_left_out(left_out, language))}</li>"
        yield "</ul>\n</section>"
    yield "</body>\n</html>"


def _article(step: PlannedStep, language: Language) -> Iterator[str]:
    yield f'<article id="{escape(step.id)}">'
    about = escape(language.say("({words})", words=_about(step, language)))
    yield f'<label><input type="checkbox"> {escape(step.title)}</label> <small>{about}</small>'
    for is_list, lines in groupby(step.text.split("\n"), lambda line: line.startswith("- ")):
        if is_list:
            yield f"<ul>{''.join(f'<li>{escape(line[2:])}</li>' for line in lines)}</ul>"
        else:
            yield from (f"<p>{escape(line)}</p>" for line in lines)
    for rule in step.rules:
        reason = escape(sentence(because(rule.because, language)))
        yield f'<p class="why">{reason} [{escape(rule.rule)}; {escape(rule.source)}]</p>'
    yield "</article>"
