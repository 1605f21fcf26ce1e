"""A rule base as far as it could be read, with everything that was found wrong so far.

Never judges; the readers and `checking` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churn_rules.across import Across
from churn_rules.asking import Asking
from churn_rules.errors import Issue, Location, ValueRefusedError
from churn_rules.reading.documents import Document, Key
from churn_rules.rulebase import Accommodation, Coverage, Link, PlanStep, Reason, Rule, Source, Thresholds
from churn_rules.vocabulary import Fact, Term, Value, accept
from churn_rules.wording import Wording

__all__ = ["Draft", "accepted"]


@dataclass(slots=True)
class Draft:
    """A rule base in the making. `documents` finds the file of each rule by its id, the other files by their names."""

    folder: Path
    documents: dict[str, Document] = field(default_factory=dict)
    vocabulary: dict[str, Fact] = field(default_factory=dict)
    findings: dict[str, Fact] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    accommodations: dict[str, Accommodation] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=lambda: Thresholds(0.5, 0.2, -0.5, 0.15))
    steps: dict[str, PlanStep] = field(default_factory=dict)
    questions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asking: Asking = field(default_factory=Asking)
    across: Across | None = None
    coverage: Coverage | None = None  # None: not asked for
    rules: dict[str, Rule] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    digest: str = ""
    wording: Wording = field(default_factory=Wording)
    sources: dict[str, Source] = field(default_factory=dict)  # none: any source will do
    files: int = 0
    broken: set[str] = field(default_factory=set)  # names that are declared, but wrongly: told once, where they stand
    issues: list[Issue] = field(default_factory=list)

    def premise(self, rule: str, name: str) -> tuple[Key, ...]:
        """Return the path of the first premise of a rule that names something."""
        keys = self.documents[rule].keys
        return next((path for path in keys if path[0] == "if" and path[-1] == name), ("if",))

    def issue(
        self,
        code: str,
        what: str,
        why: str,
        fix: str,
        *,
        rule: str = "",
        path: tuple[Key, ...] = (),
        warning: bool = False,
    ) -> None:
        """Note something wrong with a rule (or with a file of the vocabulary), at a path in its file."""
        document = self.documents.get(rule)
        at = document.key(path) if document else Location(self.folder.name or str(self.folder))
        self.issues.append(Issue(code, what, why, fix, at, "warning" if warning else "error"))


def accepted(term: Term, raw: Any, document: Document, path: tuple[Key, ...]) -> Value | None:
    """Return a value that a term accepts, or None and an issue where it does not."""
    try:
        return accept(term, raw)
    except ValueRefusedError as error:
        document.issue(error.code, error.what, error.why, error.fix, document.place(path))
        return None
