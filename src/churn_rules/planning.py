"""From the trace of one run to a plan: which steps the rules call for, each with its date, its owner and its words.

Never decides which steps a case calls for, which is for rules, and never invents a date: what hangs on a date that
nobody knows has none.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from churn_rules.diagnosis import Diagnosis, conclude_case
from churn_rules.engines import Trace
from churn_rules.errors import PlanError
from churn_rules.filling import Words, iso
from churn_rules.rulebase import PHASES, PlanStep, Rulebase, Topic
from churn_rules.vocabulary import Plain, Span, Term, exact, plain

__all__ = ["FIRST_START", "LAST_START", "SCHEMA", "Behind", "LeftOut", "Plan", "PlannedStep", "Repeat", "plan_case"]

SCHEMA = "churn-plan/1"
FIRST_START, LAST_START = date(1900, 1, 1), date(2200, 12, 31)
_DATE = Term(id="date", title="the date", type="date")


@dataclass(frozen=True, slots=True)
class Behind:
    """A rule behind a step, or behind its being left out."""

    rule: str
    because: str
    source: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often a step comes: every so many days, so many times in all, the last time on `last`."""

    every: int
    times: int
    last: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan.

    `text` is filled in; a line of it that begins with `- ` is an item of a list. `due` is the day on which the step is
    due (the first, where it repeats), the earliest such day where `at_the_earliest`, and None where it hangs on a date
    that nobody knows; `waits_for` then names it. `latest` is the last such day where it is known. `days_from_loss`
    counts days after the loss, negative before it.
    """

    id: str
    title: str
    text: str
    phase: str
    owner: str
    due: str | None
    at_the_earliest: bool
    latest: str | None
    waits_for: str | None
    repeat: Repeat | None
    days_from_loss: Plain | None
    fairness: str | None
    rules: tuple[Behind, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A step that rules call for and that is left out: other rules drop it, or (without rules) its day has passed."""

    id: str
    title: str
    rules: tuple[Behind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do, from `start` on: in the order of dates, then of phases; what has no date comes last."""

    schema: str = SCHEMA
    case: str
    title: str
    rulebase: str
    engine: str
    start: str
    stage: str
    decision: str
    verdict: str
    lost: Plain | None
    steps: tuple[PlannedStep, ...]
    left_out: tuple[LeftOut, ...]


def plan_case(rulebase: Rulebase, trace: Trace, start: date, diagnosis: Diagnosis | None = None) -> Plan:
    """Make the plan that the rules call for. A pure function of its arguments.

    Args:
        rulebase: The rules that ran.
        trace: The run.
        start: The day on which the plan starts; no step is due before it.
        diagnosis: What was concluded from the trace, if that has been done already.

    Raises:
        PlanError: The start lies before 1900 or after 2200.
    """
    if not FIRST_START <= start <= LAST_START:
        raise PlanError(f"a plan cannot start on {start}; it starts between {FIRST_START} and {LAST_START}")
    return _Planner(rulebase, trace, start, diagnosis or conclude_case(rulebase, trace)).plan()


class _Planner:
    def __init__(self, rulebase: Rulebase, trace: Trace, start: date, diagnosis: Diagnosis) -> None:
        self.rulebase, self.trace, self.start = rulebase, trace, start
        self.added = rulebase.add({}, sorted(firing.rule for firing in trace.firings))
        self.dates = _Dates(rulebase, trace, start)
        called_for = [step for step in rulebase.steps.values() if trace.known[f"step.{step.id}"] == "planned"]
        self.late = [step for step in called_for if self.dates.passed(step)]
        self.steps = sorted((step for step in called_for if step not in self.late), key=self._place)
        people = [step.whom for step in self.steps if step.whom]
        self.words = Words(rulebase, trace, diagnosis, self.dates.anchors["renewal"], people)
        self.verdict = self.words.verdict()

    def _place(self, step: PlanStep) -> tuple[float, int, int]:
        due, order = self.dates.due(step), list(self.rulebase.steps)
        return due.low if due else inf, PHASES.index(step.phase), order.index(step.id)

    def plan(self) -> Plan:
        case, known = self.trace.memory.case, self.trace.known
        return Plan(
            case=case.id,
            title=case.title,
            rulebase=self.rulebase.digest,
            engine=self.trace.engine,
            start=self.start.isoformat(),
            stage=str(known["case.stage"]),
            decision=str(known["case.decision"]),
            verdict=self.verdict,
            lost=plain(_DATE, case.lost),
            steps=tuple(map(self._step, self.steps)),
            left_out=tuple(self._left_out()),
        )

    def _step(self, step: PlanStep) -> PlannedStep:
        due = self.dates.due(step)
        open_end = due is not None and due.low != due.high
        return PlannedStep(
            id=step.id,
            title=step.title,
            text=self.words.fill(step),
            phase=step.phase,
            owner=step.owner,
            due=iso(due.low) if due else None,
            at_the_earliest=open_end,
            latest=iso(due.high) if due and open_end and due.high < inf else None,
            waits_for=None if due else self.dates.root(step),
            repeat=_repeat(step, due),
            days_from_loss=self.dates.from_loss(step),
            fairness=step.fairness,
            rules=self._behind("step", step.id),
        )

    def _left_out(self) -> Iterator[LeftOut]:
        for step in self.rulebase.steps.values():
            dropped = self.trace.known[f"step.{step.id}"] == "dropped"
            if step in self.late:
                yield LeftOut(step.id, step.title, ())
            elif dropped and self.added.get(Topic("step", step.id)):
                yield LeftOut(step.id, step.title, self._behind("drop", step.id))

    def _behind(self, kind: str, step: str) -> tuple[Behind, ...]:
        rules = (self.rulebase.rules[drawn.rule] for drawn in self.added.get(Topic(kind, step), ()))
        return tuple(Behind(rule.id, rule.because, rule.source) for rule in rules)


def _repeat(step: PlanStep, due: Span | None) -> Repeat | None:
    if not step.every or not due:
        return None
    return Repeat(step.every, step.times, iso(due.low + step.every * (step.times - 1)))


# --- dates ------------------------------------------------------------------------------------------------------------


class _Dates:
    """When each step is due: a span of days as ordinals, its end infinite where no end is known, or None."""

    def __init__(self, rulebase: Rulebase, trace: Trace, start: date) -> None:
        self.steps, self.known, self.memory = rulebase.steps, trace.known, trace.memory
        self.start = float(start.toordinal())
        self.most_months = rulebase.vocabulary["months_to_next_renewal"].high if rulebase.steps else inf
        self.anchors = {
            "start": exact(self.start),
            "loss": self._loss(),
            "renewal": self._renewal(),
            "return": self._return(),
        }

    def due(self, step: PlanStep) -> Span | None:
        """Return when a step is due; what would have been due before the start is due at the start."""
        after = self.due(self.steps[step.anchor]) if step.anchor in self.steps else self.anchors[step.anchor]
        if after is None:
            return None
        return Span(max(after.low + step.days, self.start), max(after.high + step.days, self.start))

    def root(self, step: PlanStep) -> str:
        """Return the anchor that a step hangs on in the end."""
        while step.anchor in self.steps:
            step = self.steps[step.anchor]
        return step.anchor

    def passed(self, step: PlanStep) -> bool:
        """Tell whether a step belongs to a parting that was over before the plan starts."""
        loss = self.anchors["loss"]
        return loss is not None and loss.high < self.start and "loss" in (step.until, self.root(step))

    def from_loss(self, step: PlanStep) -> Plain | None:
        """Return the days from the loss to a step, as a number or a range."""
        due, loss = self.due(step), self.anchors["loss"]
        if due is None or loss is None or due.high == inf:
            return None
        first, last = int(due.low - loss.high), int(due.high - loss.low)
        return first if first == last else {"from": first, "to": last}

    def _loss(self) -> Span | None:
        leaves_on = self.known.get("leaves_on")
        return self.memory.case.lost or (leaves_on if isinstance(leaves_on, Span) else None)

    def _return(self) -> Span | None:
        """Return the day of the return; where it is over but nobody told the day, the plan starts from today."""
        if self.known["case.stage"] != "back":
            return None
        came_back_on = self.known.get("came_back_on")
        told = isinstance(came_back_on, Span) and came_back_on.low == came_back_on.high
        return came_back_on if told and isinstance(came_back_on, Span) else exact(self.start)

    def _renewal(self) -> Span | None:
        """Return when today's supplier's contract comes up, counted from the day on which somebody told it.

        Where nobody says when it was told, a customer who is already gone leaves the day open: it is never made up.
        """
        months = self.known.get("months_to_next_renewal")
        told = self.memory.told.get("months_to_next_renewal")
        dated = told.date if told else None
        if not isinstance(months, Span) or (dated is None and self.memory.case.lost):
            return None
        since = dated or exact(self.start)
        first = _months_on(since.low, months.low)
        last = inf if months.high >= self.most_months else _months_on(since.high, months.high)
        return Span(max(first, self.start), last) if last >= self.start and first < inf else None


def _months_on(day: float, months: float) -> float:
    """Return the day so many months on, in the calendar's months; infinity past the year 9999.

    >>> date.fromordinal(int(_months_on(date(2024, 1, 31).toordinal(), 1)))
    datetime.date(2024, 2, 29)
    """
    since, whole = date.fromordinal(int(day)), int(months)
    years, month = divmod(since.month - 1 + whole, 12)
    if since.year + years > 9990:
        return inf
    year = since.year + years
    same = date(year, month + 1, min(since.day, calendar.monthrange(year, month + 1)[1]))
    return float((same + timedelta(days=round((months - whole) * 365.25 / 12))).toordinal())
