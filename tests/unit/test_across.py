"""rules/portfolio.yaml: what it says, and what is wrong where its sources are not declared."""

from __future__ import annotations

import shutil
from pathlib import Path

import churn_rules
from churn_rules.checking import check
from churn_rules.reading import read_rules
from churn_rules.rulebase import sources_in

RULES = Path(__file__).parents[2] / "rules"


def test_the_shipped_cut_offs_name_their_sources(rulebase: churn_rules.Rulebase) -> None:
    assert rulebase.across
    clusters, others = rulebase.across.clusters, rulebase.across.others
    assert (clusters.false_discovery_rate, clusters.fewest_accounts) == (0.05, 5)
    assert (others.at_least, others.share, others.within_days) == (3, 0.01, 365)
    assert "Benjamini & Yekutieli 2001" in {one.id for one in sources_in(clusters.source, rulebase.sources)}


def test_a_source_that_nobody_declares_is_told(tmp_path: Path) -> None:
    for name in ("vocabulary", "findings", "reasons", "accommodations", "sources", "portfolio"):
        shutil.copy(RULES / f"{name}.yaml", tmp_path)
    told = (tmp_path / "portfolio.yaml").read_text(encoding="utf-8").replace("Our judgement", "Hearsay")
    told = told.replace("Benjamini & Yekutieli 2001", "somebody")
    (tmp_path / "portfolio.yaml").write_text(told, encoding="utf-8")
    draft = read_rules(tmp_path)
    assert check(draft) is None
    found = [issue for issue in draft.issues if issue.code == "R133"]
    assert [issue.what for issue in found] == ["the source of `clusters` is not declared"]
    assert found[0].location.line
