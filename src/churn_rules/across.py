"""The cut-offs of what is said across accounts: when a cluster is told from chance, and when others bear witness.

Never counts an account; `portfolio` does.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SECOND", "SHARED", "STATED", "Across", "Clusters", "Others"]

SHARED = "other_customers_say_it_too"
"""The fact that tells in one account what others share with it."""

STATED, SECOND = "stated_reason", "second_reason"
"""The facts in which somebody names a reason, and another one beside it."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """When a root cause counts as clustered in a segment.

    `false_discovery_rate` is the share of reported clusters that may be false, on the mean; segments and root causes
    of fewer than `fewest_accounts` accounts are not tested.
    """

    false_discovery_rate: float
    fewest_accounts: int
    source: str


@dataclass(frozen=True, slots=True)
class Others:
    """When other accounts are evidence in one: at least so many, and such a share of the other losses of that time.

    Two losses are of one time where they lie at most `within_days` apart.
    """

    at_least: int
    share: float
    within_days: int
    source: str


@dataclass(frozen=True, slots=True)
class Across:
    """What `rules/portfolio.yaml` says."""

    clusters: Clusters
    others: Others
