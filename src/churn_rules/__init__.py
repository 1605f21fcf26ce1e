"""churn-rules: why a B2B customer left, and whether and how to win them back, every word traced to a rule.

Importing it loads nothing yet; each name is fetched when it is first used, so that `churn-rules --help` stays quick.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churn_rules.api import (
        as_json,
        begin_interview,
        diagnose,
        in_language,
        load,
        load_case,
        plan,
        replay,
        trace,
        verify_certificate,
        why,
        why_not,
    )
    from churn_rules.cases import Case, Observation
    from churn_rules.diagnosis import Diagnosis
    from churn_rules.errors import (
        CaseError,
        ChurnRulesError,
        EngineError,
        LoadError,
        PlanError,
        TableError,
        UnknownNameError,
    )
    from churn_rules.interview import Interview
    from churn_rules.planning import Plan
    from churn_rules.portfolio import Portfolio, across_accounts, portfolio_html
    from churn_rules.replaying import Replay
    from churn_rules.rulebase import Rulebase
    from churn_rules.scoring import score

__all__ = [
    "Case",
    "CaseError",
    "ChurnRulesError",
    "Diagnosis",
    "EngineError",
    "Interview",
    "LoadError",
    "Observation",
    "Plan",
    "PlanError",
    "Portfolio",
    "Replay",
    "Rulebase",
    "TableError",
    "UnknownNameError",
    "across_accounts",
    "as_json",
    "begin_interview",
    "diagnose",
    "in_language",
    "load",
    "load_case",
    "plan",
    "portfolio_html",
    "replay",
    "score",
    "trace",
    "verify_certificate",
    "why",
    "why_not",
]

_HOMES = {
    "api": (
        "as_json",
        "begin_interview",
        "diagnose",
        "in_language",
        "load",
        "load_case",
        "plan",
        "replay",
        "trace",
        "verify_certificate",
        "why",
        "why_not",
    ),
    "cases": ("Case", "Observation"),
    "diagnosis": ("Diagnosis",),
    "errors": (
        "CaseError",
        "ChurnRulesError",
        "EngineError",
        "LoadError",
        "PlanError",
        "TableError",
        "UnknownNameError",
    ),
    "interview": ("Interview",),
    "planning": ("Plan",),
    "portfolio": ("Portfolio", "across_accounts", "portfolio_html"),
    "replaying": ("Replay",),
    "rulebase": ("Rulebase",),
    "scoring": ("score",),
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return version("churn-rules")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"churn_rules.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
