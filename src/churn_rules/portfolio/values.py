"""What is said across accounts, as frozen values: every count, every chance and every name that a page or table shows.

Never computes and never words anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from churn_rules.across import Across

__all__ = [
    "Candidate",
    "Change",
    "Cluster",
    "Clustering",
    "Count",
    "Disagreement",
    "Driver",
    "Drivers",
    "Lacking",
    "Margin",
    "NotWorkedOut",
    "Pair",
    "Portfolio",
    "Shared",
    "SharedReason",
    "Shortlist",
    "StatedSide",
    "Transition",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class Margin:
    """Yearly margin added up, in the currency of the table: both ends, over `known` accounts; `unknown` lack it."""

    low: float
    high: float
    known: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Driver:
    """In how many accounts a reason is root, contributing or a consequence; `margin` is that of its roots.

    `systemic` counts those of its roots that lie in how we do business.
    """

    reason: str
    root: int
    contributing: int
    consequence: int
    systemic: int
    margin: Margin


@dataclass(frozen=True, slots=True)
class Count:
    """How many accounts a code was concluded for; without a code, nothing was."""

    code: str | None
    accounts: int
    margin: Margin


@dataclass(frozen=True, slots=True)
class Drivers:
    """What drives the losses, after the second pass. `reasons` are in the order of their roots, the most first."""

    accounts: int
    insufficient: int
    faults: int
    margin: Margin
    insufficient_margin: Margin
    reasons: tuple[Driver, ...]
    scopes: tuple[Count, ...]
    responsible: tuple[Count, ...]
    decisions: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A root cause in one segment: `seen` of `group` accounts there have it, `marked` of `everybody`.

    `chance` is that of so many or more by chance alone; `rate` the smallest false-discovery rate at which it is
    reported, over all tests of the portfolio.
    """

    segment: str
    value: str
    reason: str
    seen: int
    group: int
    marked: int
    everybody: int
    chance: float
    rate: float

    @property
    def share(self) -> float:
        """The share of the accounts of the segment that have the root, from 0 to 1."""
        return self.seen / self.group

    @property
    def elsewhere(self) -> float:
        """The share of all other accounts that have it."""
        return (self.marked - self.seen) / (self.everybody - self.group)

    @property
    def excess(self) -> float:
        """How many accounts more it is than if the root were as frequent there as elsewhere."""
        return self.seen - self.group * self.elsewhere


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters that are told from chance, the largest excess first; `tests` counts all that was tested for it.

    `segments` maps each segment to how it was cut, and to how many accounts its value is known for.
    """

    found: tuple[Cluster, ...]
    tests: int
    segments: Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """An account that the second pass tells otherwise: what, because of which reason, and of how many others."""

    account: str
    reason: str
    others: int
    named: tuple[str, ...]
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Transition:
    """How many accounts went from one value of a conclusion to another by the second pass."""

    what: str
    before: str | None
    after: str | None
    accounts: int


@dataclass(frozen=True, slots=True)
class SharedReason:
    """In how many accounts others bear witness of a reason, how many others at least, and how many of them changed."""

    reason: str
    told: int
    fewest: int
    changed: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What other accounts tell of one. `told` counts the accounts that got the evidence, `changed` those it changed.

    `undated` lack a date of loss that is exact enough; of `answered` somebody had told already whether others say it;
    from `strayed` it was taken back, since rules would have taken it for evidence of a reason that is not shared.
    """

    told: int
    changed: int
    undated: int
    answered: int
    strayed: int
    reasons: tuple[SharedReason, ...]
    transitions: tuple[Transition, ...]
    first: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class StatedSide:
    """What one side states against what is derived from everything but what anybody states.

    `cells` counts accounts by what is stated and by the first root (None: insufficient evidence). `comparable` have a
    stated reason that stands for a reason of ours, and a root; of these `agree` name one of the roots.
    """

    side: str
    stated: int
    comparable: int
    agree: int
    cells: tuple[tuple[str, str | None, int], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """How many accounts one side gives one reason for, and the customer another."""

    ours: str
    theirs: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One side's stated reason against the customer's own: known for `both`, the same in `same`; the rest by pair."""

    side: str
    both: int
    same: int
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account to pursue whose value is worked out; amounts are ranges.

    `surplus` is the value above the cost of the attempt. `economics` tells whether it `pays`, `depends` on the figures
    or `does_not_pay`.
    """

    account: str
    root: str | None
    decision: str
    economics: str
    surplus: tuple[float, float]
    value: tuple[float, float]
    attempt: tuple[float, float]
    break_even: tuple[float | None, float | None]
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotWorkedOut:
    """An account that is to be pursued, though its value is not known; `lacking` names what is missing for it."""

    account: str
    root: str | None
    decision: str
    margin: tuple[float, float] | None
    lacking: tuple[str, ...]
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """For how many accounts that are to be pursued an amount is missing."""

    what: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Accounts worth winning back, the greatest value above break-even first, and those that nobody can rank yet.

    Of the accounts to pursue, `worked_out` have a value; at `pays` of these it pays whatever the figures turn out to
    be, at `pays_not` never, and at the rest that depends. `first` names those that pay, `doubtful` the others that are
    worked out; to `without_offer` of those that pay no rule offers anything, so their value bears no cost of an offer.
    """

    pursued: int
    worked_out: int
    pays: int
    pays_not: int
    without_offer: int
    first: tuple[Candidate, ...]
    doubtful: tuple[Candidate, ...]
    unranked: tuple[NotWorkedOut, ...]
    lacking: tuple[Lacking, ...]

    @property
    def depends(self) -> int:
        """The accounts to pursue where it hangs on the figures whether it pays."""
        return self.worked_out - self.pays - self.pays_not


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact, or one side's view of it, that is unknown where it could change something.

    `unsettled` counts the accounts without a root or a decision among them.
    """

    fact: str
    accounts: int
    unsettled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """All that is said across the accounts of a table.

    `repeated` rows repeat an account and were set aside; `nameless` ones name none, and each is an account of its own.
    `on_words` counts the accounts with a root that would have none without what somebody states.
    `tables` holds the same as frames, account by account where that is what they tell; at most `listed` rows each.
    """

    rulebase: str
    rows: int
    repeated: int
    nameless: int
    across: Across
    drivers: Drivers
    clustering: Clustering
    shared: Shared
    stated: tuple[StatedSide, ...]
    on_words: int
    disagreements: tuple[Disagreement, ...]
    shortlist: Shortlist
    unknown: tuple[Unknown, ...]
    listed: int
    tables: Mapping[str, pl.DataFrame] = field(compare=False, repr=False)
