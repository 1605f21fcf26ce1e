"""A plan as a calendar: one all-day event a dated step, one task a step whose date nobody knows.

Never imports `icalendar` before somebody asks for a calendar; it comes with the extra `plan`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from churn_rules.errors import MissingPackageError
from churn_rules.language import ENGLISH, Language
from churn_rules.words import PHASE

if TYPE_CHECKING:
    from icalendar import Event, Todo

    from churn_rules.planning import Plan, PlannedStep

__all__ = ["plan_as_ics"]


def plan_as_ics(plan: Plan, language: Language = ENGLISH) -> bytes:
    """Return a plan as an iCalendar file (RFC 5545).

    A step keeps its UID from one plan of a case to the next, so that a second import moves it instead of doubling it.
    Nothing in the file depends on the hour at which it is made.

    Raises:
        MissingPackageError: The package `icalendar` is not installed.
    """
    try:
        from icalendar import Calendar  # noqa: PLC0415  # only for those who want a calendar
    except ImportError:
        raise MissingPackageError("a calendar", "icalendar", "plan") from None
    found = Calendar()
    found.add("prodid", f"-//churn-rules//plan//{language.code.upper()}")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", plan.title or plan.case)
    for step in plan.steps:
        found.add_component(_entry(step, plan, language))
    return bytes(found.to_ical())


def _entry(step: PlannedStep, plan: Plan, language: Language) -> Event | Todo:
    from icalendar import Event, Todo  # noqa: PLC0415  # as above

    entry = Event() if step.due else Todo()
    entry.add("uid", f"{step.id}.{plan.case}@churn-rules")
    entry.add("dtstamp", datetime.combine(date.fromisoformat(plan.start), time(), UTC))
    entry.add("summary", step.title)
    entry.add("description", _described(step, language))
    entry.add("categories", [language.say(PHASE[step.phase])])
    if step.due:
        day = date.fromisoformat(step.due)
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")  # a step takes no hour from the day
    if step.due and step.repeat:
        entry.add("rrule", {"freq": "daily", "interval": step.repeat.every, "count": step.repeat.times})
    return entry


def _described(step: PlannedStep, language: Language) -> str:
    say = language.say
    because = [
        f"{say('Because: {sentence}', sentence=rule.because)} [{rule.rule}; {rule.source}]" for rule in step.rules
    ]
    uncertain = [say("The earliest day; ask for the right one.")] if step.at_the_earliest else []
    return "\n".join([step.text, say("Owner: {owner}.", owner=step.owner), *uncertain, *because])
