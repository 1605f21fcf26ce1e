"""What a report says, as frozen values: each claim with the rules, declarations or observations that it rests on.

Never words anything and never computes.
"""

from __future__ import annotations

from dataclasses import dataclass

from churn_rules.language import ENGLISH, Language
from churn_rules.planning import Plan
from churn_rules.report.layout import Bar, Drawing, Scale
from churn_rules.report.timeline import Dated, Link

__all__ = [
    "Answer",
    "Claim",
    "Clue",
    "Economics",
    "Known",
    "OfferRow",
    "PlanStep",
    "ReasonBlock",
    "ReasonEntry",
    "Ref",
    "Report",
    "RequirementRow",
    "RuleEntry",
    "Unknown",
    "steps_of",
]


@dataclass(frozen=True, slots=True)
class Ref:
    """A link within the page: the id that it points to, and what it is called."""

    target: str
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that the report says, what that rests on, and a remark that makes it plainer."""

    text: str
    refs: tuple[Ref, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in short; without roots, `possible` says what may yet turn out to be one."""

    roots: tuple[Claim, ...]
    possible: tuple[Claim, ...]
    scope: Claim | None
    responsible: Claim | None
    verdict: str
    undecided: bool
    because: tuple[Claim, ...]
    hangs_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clue:
    """A rule for or against a reason: its weight as text and as a bar, and the facts that made it fire."""

    rule: Ref
    title: str
    weight: str
    bar: Bar
    facts: str


@dataclass(frozen=True, slots=True)
class ReasonBlock:
    """A reason with all evidence for and against it; `way` tells how it stands."""

    entry: Ref
    title: str
    way: str
    certainty: str
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An accommodation that we offer."""

    title: str
    reason: str
    compared: str
    fairness: str
    cost: str
    agreed_by: str
    rule: Ref


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A requirement of the customer against what we offer for it; `style` is its status as a code."""

    requirement: str
    priority: str
    status: str
    style: str
    answers: tuple[Claim, ...]
    compared: str
    fairness: str
    told: Ref


@dataclass(frozen=True, slots=True)
class Economics:
    """Cost and benefit in words; `band` where the break-even chance is known, `missing` names what is."""

    says: str
    value: str
    attempt: str
    chance: str
    band: Scale | None
    missing: str


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step of the plan, in words; whatever is empty is left out."""

    title: str
    text: str
    due: str = ""
    owner: str = ""
    rule: str = ""


def steps_of(plan: Plan, language: Language = ENGLISH) -> tuple[PlanStep, ...]:
    """Return the steps of a plan as the page shows them."""
    unknown = language.say("when its day is known")
    return tuple(
        PlanStep(step.title, step.text, step.due or unknown, step.owner, step.rules[0].rule) for step in plan.steps
    )


@dataclass(frozen=True, slots=True)
class Unknown:
    """A question that is open, whom to ask, and what the answer could change."""

    question: str
    asked: str
    changes: str


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule that fired, read aloud; `matched` says what made it fire."""

    anchor: str
    id: str
    title: str
    reads: str
    because: str
    source: str
    owner: str
    matched: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A reason as it is declared."""

    anchor: str
    title: str
    means: str
    starts: str
    source: str


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the case file: what, who told it, when, with which note."""

    anchor: str
    number: int
    what: str
    side: str
    date: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report. Without a plan, `plan` is empty and its section is left out."""

    language: str
    title: str
    case: str
    source: str
    lost: str
    engine: str
    rulebase: str
    answer: Answer
    drawing: Drawing
    chain: tuple[Link, ...]
    described: str
    dates: tuple[Dated, ...]
    reasons: tuple[ReasonBlock, ...]
    landmines: tuple[Claim, ...]
    requirements: tuple[RequirementRow, ...]
    offers: tuple[OfferRow, ...]
    withheld: tuple[Claim, ...]
    cautions: tuple[Claim, ...]
    economics: Economics
    plan: tuple[PlanStep, ...]
    plan_rules: tuple[Ref | None, ...]
    unknown: tuple[Unknown, ...]
    further_unknown: tuple[Unknown, ...]
    outcome: Claim | None
    outcome_result: str
    rules: tuple[RuleEntry, ...]
    declared: tuple[ReasonEntry, ...]
    known: tuple[Known, ...]
