"""The page across accounts: what it says, set in templates that travel with the package.

Never computes: whatever a template shows stands in the values that it is given.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from churn_rules.portfolio.opening import page_of
from churn_rules.portfolio.values import Portfolio
from churn_rules.report.page import require_jinja, template_source
from churn_rules.rulebase import Rulebase

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["portfolio_html"]


def portfolio_html(rulebase: Rulebase, portfolio: Portfolio, source: str = "", left_out: int = 0) -> str:
    """Return what is said across accounts as one HTML page. A pure function: the same findings give the same page.

    Args:
        rulebase: The rules that ran, in the language of the page.
        portfolio: From `churn_rules.across_accounts`.
        source: Where the accounts come from, such as the name of a file.
        left_out: How many of its rows could not be used.

    Raises:
        MissingPackageError: Jinja2 is not installed.
    """
    require_jinja()
    found = page_of(rulebase, portfolio, source, left_out)
    template = _environment().get_template("portfolio.html")
    return template.render(page=found, say=rulebase.language.say, version=version("churn-rules"))


def _source(name: str) -> str:
    """Return a template of this package; the style that all pages share stands with the report on one case."""
    if name == "page.css":
        return template_source(name)
    return files("churn_rules.portfolio").joinpath("templates", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  # an extra

    return Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
