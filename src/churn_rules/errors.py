"""Everything that can go wrong, each with its place, its reason and its remedy.

Never decides what is wrong: it only carries and words what another module found.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CaseError",
    "CertaintyError",
    "ChurnRulesError",
    "EngineError",
    "InterviewError",
    "Issue",
    "LoadError",
    "Location",
    "MissingPackageError",
    "OutputError",
    "PlanError",
    "TableError",
    "TableFileError",
    "UnknownNameError",
    "ValueRefusedError",
    "closest",
    "did_you_mean",
    "render_issue",
    "render_issues",
]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: line and column count from 1 (0: the whole file); `text` is the whole line, for the caret."""

    path: str
    line: int = 0
    column: int = 0
    length: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: its code, what, why and how to mend it."""

    code: str
    what: str
    why: str
    fix: str
    location: Location
    severity: Literal["error", "warning"] = "error"


class ChurnRulesError(Exception):
    """The base of every error that this package raises on purpose."""


class CertaintyError(ChurnRulesError, ValueError):
    """A certainty lies outside -0.99 to +0.99."""


class EngineError(ChurnRulesError):
    """An engine cannot run this rule base or these facts."""


class MissingPackageError(ChurnRulesError, ImportError):
    """Something was asked for that needs a package which is not installed; `extra` is what to install."""

    def __init__(self, wanted: str, package: str, extra: str) -> None:
        self.wanted, self.package, self.extra = wanted, package, extra
        super().__init__(f"{wanted} needs {package}, which is not installed; install churn-rules[{extra}]")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.wanted, self.package, self.extra)


class InterviewError(ChurnRulesError, ValueError):
    """An interview cannot be held, or gone on with, in this way."""


class OutputError(ChurnRulesError, OSError):
    """An answer cannot be written to its file; what was there before is still there."""


class TableError(ChurnRulesError, ValueError):
    """A table of accounts cannot be read as one: a column is of the wrong kind, or belongs to none that is there."""


class PlanError(ChurnRulesError, ValueError):
    """No plan can be made this way."""


class UnknownNameError(ChurnRulesError, LookupError):
    """Somebody asked for a rule, reason, fact or engine that does not exist."""

    def __init__(self, kind: str, name: str, candidates: Iterable[str]) -> None:
        self.kind, self.name, self.candidates = kind, name, tuple(candidates)
        super().__init__(f"unknown {kind} `{name}`{did_you_mean(name, self.candidates) or self._few()}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:  # so that a worker process can hand it back
        return type(self), (self.kind, self.name, self.candidates)

    def _few(self) -> str:
        """List the candidates where none is near and they are few."""
        return f"; there are {', '.join(f'`{one}`' for one in self.candidates)}" if len(self.candidates) <= 8 else ""


class ValueRefusedError(ChurnRulesError, ValueError):
    """A value does not fit its fact."""

    def __init__(self, code: str, what: str, why: str, fix: str) -> None:
        self.code, self.what, self.why, self.fix = code, what, why, fix
        super().__init__(f"{what}: {why}; {fix}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.code, self.what, self.why, self.fix)


class _IssuesError(ChurnRulesError):
    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__(render_issues(self.issues))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.issues,)


class LoadError(_IssuesError):
    """A rule base could not be loaded; `issues` holds everything that is wrong with it."""


class CaseError(_IssuesError):
    """A case could not be read; `issues` holds everything that is wrong with it."""


class TableFileError(_IssuesError):
    """A file with a table of accounts, or its mapping, cannot be used; `issues` holds all that is wrong with it."""


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, or None where nothing is near."""
    return next(iter(difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)), None)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean …?` or an empty text."""
    near = closest(name, candidates) if len(name) <= 100 else None
    return f"; did you mean `{near}`?" if near else ""


def render_issue(issue: Issue) -> str:
    """Word one issue: place, code and what, the line with a caret, why and fix."""
    where = issue.location
    lines = [f"{where}: {issue.severity}[{issue.code}]: {issue.what}"]
    if where.text:
        gutter = f"{where.line:>4}"
        text, before = _clip(where.text, where.column - 1)
        lines += [
            "",
            f"{gutter} | {text}",
            f"{' ' * len(gutter)} | {' ' * before}{'^' * max(1, min(where.length, len(text) - before))}",
        ]
    lines += [f"why: {issue.why}", f"fix: {issue.fix}"]
    return "\n".join(lines)


def _clip(text: str, before: int, width: int = 110) -> tuple[str, int]:
    """Cut a long line to a window around its column, so that a caret stays readable."""
    start = max(0, before - width // 2) if len(text) > width else 0
    return text[start : start + width].replace("\t", " "), before - start


def render_issues(issues: Sequence[Issue]) -> str:
    """Word all issues in the order of their places, with a count at the end; an empty text for none."""
    if not issues:
        return ""
    issues = sorted(issues, key=lambda issue: (issue.location.path, issue.location.line, issue.location.column))
    errors = sum(issue.severity == "error" for issue in issues)
    warnings = len(issues) - errors
    files = len({issue.location.path for issue in issues})
    counts = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    total = f"{' and '.join(counts)} in {files} file{'s' * (files != 1)}"
    return "\n\n".join([*map(render_issue, issues), total])
