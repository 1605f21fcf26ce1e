"""The page itself: what a report says, set in templates that travel with the package.

Never computes: whatever a template shows stands in the values that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from churn_rules.engines import Trace
from churn_rules.errors import MissingPackageError
from churn_rules.report.content import report_of
from churn_rules.report.values import PlanStep
from churn_rules.rulebase import Rulebase

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["report_html", "require_jinja", "template_source"]


def report_html(rulebase: Rulebase, trace: Trace, plan: Iterable[PlanStep] = ()) -> str:
    """Return a report on a case as one HTML page. A pure function: the same case and rules give the same page.

    Args:
        rulebase: The rules that ran.
        trace: The run, from `churn_rules.trace(case, rulebase=…)`; it holds the case.
        plan: Steps to take, in order; without any, the page has no such section.

    Raises:
        MissingPackageError: Jinja2 is not installed.
    """
    require_jinja()
    page = _environment().get_template("page.html")
    found = report_of(rulebase, trace, plan)
    return page.render(report=found, say=rulebase.language.say, version=version("churn-rules"))


def require_jinja() -> None:
    """Make sure that a page can be set.

    Raises:
        MissingPackageError: Jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: F401, PLC0415  # an extra: whoever wants no page needs none
    except ModuleNotFoundError as error:
        raise MissingPackageError("a report", "Jinja2", "report") from error


def template_source(name: str) -> str:
    """Return the text of a template or style sheet of this package."""
    return files("churn_rules.report").joinpath("templates", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=FunctionLoader(template_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
