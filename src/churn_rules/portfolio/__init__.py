"""Across accounts: what drives them away, where, who bears witness for whom, and whom to win back. Needs Polars."""

from churn_rules.errors import MissingPackageError

try:
    import polars as pl  # noqa: F401  # an extra: whoever asks about single cases needs none
except ModuleNotFoundError as error:
    raise MissingPackageError("looking across accounts", "Polars", "portfolio") from error

from churn_rules.portfolio.opening import headlines
from churn_rules.portfolio.page import portfolio_html
from churn_rules.portfolio.survey import across_accounts
from churn_rules.portfolio.values import Portfolio

__all__ = ["Portfolio", "across_accounts", "headlines", "portfolio_html"]
