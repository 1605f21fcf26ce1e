"""From portfolio.yaml to the cut-offs of what is said across accounts, with all that is wrong in it.

Never judges whether its sources are declared; `checking` does.
"""

from __future__ import annotations

from churn_rules.across import SHARED, STATED, Across, Clusters, Others
from churn_rules.reading.documents import Document
from churn_rules.reading.draft import Draft
from churn_rules.reading.shapes import AcrossShape, shape_of

__all__ = ["read_across"]

_NEEDED = (
    (STATED, "choice", "what was stated is held against what is derived"),
    (SHARED, "boolean", "what other accounts share is told as this fact"),
)


def read_across(draft: Draft, document: Document) -> None:
    """Read portfolio.yaml into a draft; facts come first, since they are named here."""
    if document.data is None or not (shape := shape_of(AcrossShape, document.data, document)):
        return
    for name, kind, why in _NEEDED:
        fact = draft.vocabulary.get(name)
        if draft.vocabulary and name not in draft.broken and (fact is None or fact.type != kind):
            what, fix = f"the vocabulary lacks the {kind} `{name}`", "declare it in rules/vocabulary.yaml"
            document.issue("V224", what, why, fix, document.key(("others",)))
    clusters, others = shape.clusters, shape.others
    draft.across = Across(
        Clusters(clusters.false_discovery_rate, clusters.fewest_accounts, " ".join(clusters.source.split())),
        Others(others.at_least, others.share, others.within_days, " ".join(others.source.split())),
    )
