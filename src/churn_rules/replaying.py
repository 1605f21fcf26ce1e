"""A case walked along its timeline: what became known when, what it changed, and whether the end is as expected.

Never words it; `telling` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from churn_rules.cases import Case, remember
from churn_rules.diagnosis import Diagnosis, conclude_case
from churn_rules.engines import DEFAULT, Trace, engine_for
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Plain, Span, Term, plain
from churn_rules.wording import Hint

__all__ = [
    "SCHEMA",
    "Change",
    "Check",
    "Learned",
    "OutcomeReport",
    "Replay",
    "Replays",
    "Step",
    "replay_all",
    "replay_case",
]

SCHEMA = "churn-replay/1"
_DATE = Term(id="date", title="the date", type="date")


@dataclass(frozen=True, slots=True)
class Learned:
    """Something that became known: who told it, its sentence, and the case author's note."""

    side: str
    says: str
    note: str


@dataclass(frozen=True, slots=True)
class Change:
    """A reason whose certainty, status or role changed at a step; roles are None where the reason has none."""

    reason: str
    certainty: tuple[float, float]
    status: tuple[str, str]
    role: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One date of the timeline (None: what bears no date), and what changed when it was taken into account."""

    date: Plain | None
    learned: tuple[Learned, ...]
    fired: tuple[str, ...]
    no_longer_fires: tuple[str, ...]
    changes: tuple[Change, ...]
    roots: tuple[str, ...]
    decision: str


@dataclass(frozen=True, slots=True)
class Check:
    """An expectation of the case's author held against the diagnosis; of a miss that is known, why."""

    what: str
    expected: str
    actual: str
    met: bool
    known_miss: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What happened in the end, beside what was decided."""

    result: str
    date: Plain | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A case from its first date to its outcome."""

    schema: str = SCHEMA
    case: str
    title: str
    source: str
    lost: Plain | None
    steps: tuple[Step, ...]
    diagnosis: Diagnosis
    checks: tuple[Check, ...]
    outcome: OutcomeReport | None
    hints: tuple[Hint, ...] = ()

    @property
    def met(self) -> bool:
        """Whether everything is as expected, or known to miss."""
        return all(check.met or check.known_miss for check in self.checks)


@dataclass(frozen=True, slots=True)
class Replays:
    """Several cases replayed; `met` tells whether everything is as expected in all of them."""

    replays: tuple[Replay, ...]
    met: bool
    schema: str = "churn-replays/1"


def replay_all(rulebase: Rulebase, cases: Iterable[Case], engine: str = DEFAULT) -> Replays:
    """Replay cases one after another; see `replay_case`."""
    replays = tuple(replay_case(rulebase, case, engine) for case in cases)
    return Replays(replays, all(replay.met for replay in replays))


def replay_case(rulebase: Rulebase, case: Case, engine: str = DEFAULT) -> Replay:
    """Walk a case along its timeline, then hold the diagnosis against what its author expects.

    Args:
        rulebase: The rules.
        case: The case; its observations are taken date by date, first those that bear none.
        engine: `durable`, `reference` or `compiled`.
    """
    running = engine_for(rulebase, engine)
    before = running.run(remember(Case(), rulebase.vocabulary))
    steps = []
    for day in _days(case):
        after = running.run(remember(case.until(day), rulebase.vocabulary))
        steps.append(_step(rulebase, case, day, before, after))
        before = after
    diagnosis = conclude_case(rulebase, running.run(remember(case, rulebase.vocabulary)))
    fired = {rule for rule, truth in before.verdicts.items() if truth}
    outcome = case.outcome
    return Replay(
        case=case.id,
        title=case.title,
        source=case.source,
        lost=plain(_DATE, case.lost),
        steps=tuple(steps),
        diagnosis=diagnosis,
        checks=tuple(_with_known_misses(case, list(_checks(case, diagnosis, fired)))),
        outcome=OutcomeReport(outcome.result, plain(_DATE, outcome.date), outcome.note) if outcome else None,
        hints=case.hints,
    )


def _days(case: Case) -> list[float]:
    """Return the last day of each date on which something became known; 0 stands for what bears no date."""
    dates = [item.date for item in case.observations]
    dates += [item.date for item in case.requirements]
    dates += [item.date for item in case.todays_supplier]
    dates += [item.date for item in case.costs]
    dates += [case.economics.date] if case.economics else []
    return sorted({date.high if date else 0.0 for date in dates})


def _step(rulebase: Rulebase, case: Case, day: float, before: Trace, after: Trace) -> Step:
    fresh = [item for item in case.observations if (item.date.high if item.date else 0.0) == day]
    asked = [item for item in case.requirements if (item.date.high if item.date else 0.0) == day]
    dates = [item.date for item in fresh if item.date] + [item.date for item in asked if item.date]
    fired = {firing.rule for firing in after.firings}
    had_fired = {firing.rule for firing in before.firings}
    report, say = conclude_case(rulebase, after, missing=False), rulebase.language.say
    return Step(
        date=plain(_DATE, dates[0] if dates else Span(day, day) if day else None),
        learned=(
            *(Learned(item.side, rulebase.says(item.fact, item.value), item.note) for item in fresh),
            *(
                Learned(item.side, say("required to return: {wish}", wish=item.requirement), item.note)
                for item in asked
            ),
        ),
        fired=tuple(rule for rule in _told(rulebase, after) if rule not in had_fired),
        no_longer_fires=tuple(rule for rule in _told(rulebase, before) if rule not in fired),
        changes=tuple(_changes(rulebase, before, after)),
        roots=report.roots,
        decision=report.decision.verdict,
    )


def _told(rulebase: Rulebase, trace: Trace) -> list[str]:
    """Return the rules that fired, without those that only plan: a replay tells how the diagnosis came about."""
    return [firing.rule for firing in trace.firings if not rulebase.rules[firing.rule].only_plans]


def _changes(rulebase: Rulebase, before: Trace, after: Trace) -> Iterator[Change]:
    old = {report.reason: report for report in conclude_case(rulebase, before, missing=False).reasons}
    for new in conclude_case(rulebase, after, missing=False).reasons:
        was = old[new.reason]
        if (was.certainty, was.status, was.role) != (new.certainty, new.status, new.role):
            yield Change(new.reason, (was.certainty, new.certainty), (was.status, new.status), (was.role, new.role))


def _checks(case: Case, diagnosis: Diagnosis, fired: set[str]) -> Iterator[Check]:
    expect = case.expect
    if expect is None:
        return
    pairs = (
        ("roots", expect.roots, diagnosis.roots),
        ("chain", expect.chain, diagnosis.chain),
        ("scope", expect.scope, diagnosis.scope),
        ("responsible", expect.responsible, diagnosis.responsible),
        ("decision", expect.decision, diagnosis.decision.verdict),
        ("requirements", expect.requirements, _requirements(diagnosis)),
    )
    for what, expected, actual in pairs:
        if expected is not None:
            yield Check(what, _listed(expected), _listed(actual), expected == actual)
    for what, acceptable, concluded in (
        ("acceptable roots", expect.acceptable_roots, diagnosis.roots),
        ("acceptable scopes", expect.acceptable_scopes, (diagnosis.scope,)),
    ):
        if acceptable is not None:
            met = bool(concluded) and set(concluded) <= set(acceptable)
            yield Check(what, " or ".join(acceptable), _listed(concluded), met)
    for rule in expect.fired:
        yield Check("fired", rule, rule if rule in fired else "not fired", rule in fired)


def _with_known_misses(case: Case, checks: list[Check]) -> Iterator[Check]:
    """Mark what is not met as known where the author says why; that nothing misses any more is a failure of its own."""
    why = case.expect.known_miss if case.expect else ""
    for check in checks:
        yield check if check.met or not why else replace(check, known_miss=why)
    if why and all(check.met for check in checks):
        yield Check("known miss", why, "everything is met: remove `known_miss`", met=False)


def _requirements(diagnosis: Diagnosis) -> str:
    statuses = {item.status for item in diagnosis.requirements}
    return "all_met" if statuses == {"met"} else "some_refused" if "refused" in statuses else "open"


def _listed(names: str | tuple[str, ...]) -> str:
    return names if isinstance(names, str) else ", ".join(names) or "none"
