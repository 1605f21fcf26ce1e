"""What an interview may ask, and when a question makes sense: the checklist that opens it, and what follow-ups follow.

Never knows what is told in a case, and never picks a question; `questionnaire` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from churn_rules.conditions import Condition
from churn_rules.vocabulary import Value

__all__ = ["Asking", "ChecklistItem"]


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A line of "which of these happened?"; where it did not happen, each fact of `absent` has the value beside it."""

    id: str
    text: str
    absent: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the facts of a rule base are asked; without a checklist each is asked by itself.

    `only_where` holds, by fact or by `fact.side`, what must hold for the question to make sense.
    """

    checklist: tuple[ChecklistItem, ...] = ()
    only_where: Mapping[str, Condition] = field(default_factory=dict)
