"""Across accounts: what drives them away, where, who bears witness for whom, and whom to win back. Needs Polars."""

from churn_rules.portfolio.survey import across_accounts
from churn_rules.portfolio.values import Portfolio

__all__ = ["Portfolio", "across_accounts"]
