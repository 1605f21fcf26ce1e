"""From the trace of one run to a plan: which steps the rules call for, each with its date, its owner and its words.

Never decides which steps a case calls for, which is for rules, and never invents a date: what hangs on a date that
nobody knows has none.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from churn_rules.diagnosis import Diagnosis, Landmine, Offer, conclude_case
from churn_rules.engines import Trace
from churn_rules.errors import PlanError
from churn_rules.rulebase import PHASES, PlanStep, Rulebase, Topic
from churn_rules.vocabulary import Plain, Span, Term, accept, exact, plain, spoken

__all__ = ["FIRST_START", "LAST_START", "SCHEMA", "Behind", "LeftOut", "Plan", "PlannedStep", "Repeat", "plan_case"]

SCHEMA = "churn-plan/1"
FIRST_START, LAST_START = date(1900, 1, 1), date(2200, 12, 31)
_DATE = Term(id="date", title="the date", type="date")
_MOST_QUESTIONS = 5


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
        self.words = _Words(rulebase, trace, diagnosis, self.dates, [step.whom for step in self.steps if step.whom])
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
            due=_iso(due.low) if due else None,
            at_the_earliest=open_end,
            latest=_iso(due.high) if due and open_end and due.high < inf else None,
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


def _iso(day: float) -> str:
    return date.fromordinal(int(day)).isoformat()


def _repeat(step: PlanStep, due: Span | None) -> Repeat | None:
    if not step.every or not due:
        return None
    return Repeat(step.every, step.times, _iso(due.low + step.every * (step.times - 1)))


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


# --- words ------------------------------------------------------------------------------------------------------------

_SAYS = {"record": "the records say", "customer": "the customer says", "us": "our people say"}
_DECISIONS = {
    "pursue": "win them back",
    "pursue_with_exception": "win them back, with an exception for this one customer",
    "keep_a_foothold": "stay close, and keep a foothold until the next occasion",
    "let_go": "let them go, in good manners",
}


class _Words:
    """What is filled in for the blanks of a text; a list is one item a line, each after `- `."""

    def __init__(
        self, rulebase: Rulebase, trace: Trace, diagnosis: Diagnosis, dates: _Dates, people: Iterable[str]
    ) -> None:
        self.rulebase, self.trace, self.diagnosis, self.dates = rulebase, trace, diagnosis, dates
        self.people = tuple(people)

    def fill(self, step: PlanStep) -> str:
        """Return the text of a step with its blanks filled in."""
        filled = step.text.format_map({name: blank(self, step) for name, blank in _BLANKS.items()})
        return "\n".join(line.strip() for line in filled.split("\n") if line.strip())

    def verdict(self) -> str:
        found = self.diagnosis
        roots = [self.rulebase.reasons[root].title for root in found.roots]
        cause = f"the root cause is {' and '.join(roots)}" if roots else "no reason is established"
        decided = _DECISIONS.get(found.decision.verdict)
        verdict = f"the decision is to {decided}" if decided else "no decision is reached"
        return f"{cause}, the scope is {found.scope}, and {verdict}."

    def landmines(self) -> Iterator[str]:
        for mine in self.diagnosis.landmines:
            yield self._landmine(mine)
        for found in self.diagnosis.discrepancies:
            yield f"the figures do not agree: {self._fact(found.fact, found.observed)}"

    def _landmine(self, mine: Landmine) -> str:
        if mine.kind == "sore_point":
            return self._fact(mine.name, next(iter(mine.told.values())))
        told = "; ".join(f"{_SAYS[side]} that {self._fact(mine.name, value)}" for side, value in mine.told.items())
        return f"the sides disagree: {told}"

    def _fact(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(term, value))

    def offers(self, step: PlanStep) -> str:
        """List the offers, of a step that serves a kind of fairness those that serve it too."""
        serving = [offer for offer in self.diagnosis.accommodations if step.fairness in (None, *offer.fairness)]
        none = "nothing that the rules offer serves this yet." if self.diagnosis.accommodations else "nothing yet."
        return _listed((self._offer(offer, inside=step.phase not in ("write", "after")) for offer in serving), none)

    def _offer(self, offer: Offer, *, inside: bool) -> str:
        """Name an offer; among ourselves with what it answers and who must agree to it."""
        compared = {"better": "better than today's supplier; ", "equal": "equal to today's supplier; "}
        compared["worse"] = "worse than today's supplier; "
        item = self.rulebase.accommodations[offer.accommodation]
        if not inside:
            return item.title
        for_reason = self.rulebase.reasons[offer.reason].title
        agreed = " and ".join(offer.agreed_by)
        return f"{item.title} ({compared.get(offer.than_todays_supplier, '')}for {for_reason}; {agreed} must agree)"

    def comparison(self) -> Iterator[str]:
        words = {"better": "better", "equal": "equal, so improve it", "worse": "worse, so improve it"}
        unknown = []
        for offer in self.diagnosis.accommodations:
            title = self.rulebase.accommodations[offer.accommodation].title
            if how := words.get(offer.than_todays_supplier):
                yield f"{title}: {how}"
            else:
                unknown.append(title)
        if unknown:
            yield f"nobody knows yet how these compare, so find out: {'; '.join(unknown)}"

    def requirements(self) -> Iterator[str]:
        for item in self.diagnosis.requirements:
            yield f"{' '.join(item.requirement.split())}: {item.status.replace('_', ' ')} ({item.priority})"

    def questions(self) -> Iterator[str]:
        stage = "leaving" if self.trace.known["case.stage"] == "leaving" else "gone"
        return iter(self.rulebase.questions.get(stage, ()))

    def missing(self) -> Iterator[str]:
        missing = self.diagnosis.missing or ()
        deciding = [item for item in missing if "decision" in item.could_change] or missing
        for item in deciding[:_MOST_QUESTIONS]:
            fact = self.rulebase.vocabulary[item.fact.partition(".")[0]]
            yield f"{fact.ask['en']} ({fact.id})"

    def withheld(self) -> Iterator[str]:
        return (self.rulebase.accommodations[item.accommodation].title for item in self.diagnosis.withheld)

    def good_terms(self) -> str:
        value = self.trace.known.get("good_terms_at")
        return f"{spoken(self.rulebase.terms['good_terms_at'], value)}." if value else "nobody knows with whom."

    def renewal(self) -> str:
        window = self.dates.anchors["renewal"]
        if window is None:
            months = self.trace.known.get("months_to_next_renewal")
            told = f"{spoken(self.rulebase.terms['months_to_next_renewal'], months)}, but " if months else ""
            return f"{told}nobody wrote down from when." if told else "nobody knows yet when it is."
        if window.low == window.high:
            return f"{_iso(window.low)}."
        end = f" and {_iso(window.high)} at the latest" if window.high < inf else ""
        return f"{_iso(window.low)} at the earliest{end}; ask for the day."


def _listed(items: Iterable[str], none: str) -> str:
    lines = "".join(f"\n- {' '.join(item.split())}" for item in items)
    return f"{lines}\n" if lines else none


_Blank = Callable[[_Words, PlanStep], str]
_BLANKS: Mapping[str, _Blank] = {
    "cautions": lambda words, _: _listed(
        (caution.text for caution in words.diagnosis.warnings), "nothing in particular."
    ),
    "comparison": lambda words, _: _listed(words.comparison(), "nothing is offered yet."),
    "good_terms": lambda words, _: words.good_terms(),
    "landmines": lambda words, _: _listed(words.landmines(), "none is known so far."),
    "missing": lambda words, _: _listed(words.missing(), "nothing that anybody could tell would settle it."),
    "offers": lambda words, step: words.offers(step),
    "people": lambda words, _: _listed(words.people, "nobody yet."),
    "questions": lambda words, _: _listed(words.questions(), "why, and what it would take."),
    "renewal": lambda words, _: words.renewal(),
    "requirements": lambda words, _: _listed(words.requirements(), "the customer has named nothing so far."),
    "verdict": lambda words, _: words.verdict(),
    "withheld": lambda words, _: _listed(words.withheld(), "nothing in particular."),
}
