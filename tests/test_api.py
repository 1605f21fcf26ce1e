"""The public functions, as another program calls them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import churn_rules
from churn_rules import CaseError, Diagnosis, LoadError, Rulebase, UnknownNameError
from churn_rules.cases import Cost, latest
from churn_rules.errors import ChurnRulesError
from churn_rules.vocabulary import exact, parse_date

ROOT = Path(__file__).resolve().parent.parent
BREX = ROOT / "cases" / "brex-rilf.yaml"
FACTS: dict[str, object] = {
    "price_increase": 30,
    "customer_objected_to_price": True,
    "price_increase_withdrawn": False,
    "stated_reason.customer": "price",
}


def test_every_public_name_is_there() -> None:
    for name in churn_rules.__all__:
        assert getattr(churn_rules, name) is not None
    with pytest.raises(AttributeError, match="diagnoze"):
        churn_rules.diagnoze  # noqa: B018  # the point of the test


def test_every_public_function_and_class_tells_what_it_does() -> None:
    assert [name for name in churn_rules.__all__ if not getattr(churn_rules, name).__doc__] == []


def test_the_package_is_typed() -> None:
    assert (Path(churn_rules.__file__).parent / "py.typed").is_file()


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, churn_rules; print([m for m in ('pydantic', 'rich', 'yaml', 'click') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# --- diagnose ---------------------------------------------------------------------------------------------------------


def test_from_facts(rulebase: Rulebase, engine: str) -> None:
    diagnosis = churn_rules.diagnose(FACTS, rulebase=rulebase, engine=engine)
    assert isinstance(diagnosis, Diagnosis)
    assert (diagnosis.roots, diagnosis.scope, diagnosis.engine) == (("pricing",), "systemic", engine)


@pytest.mark.parametrize("path", [BREX, str(BREX)], ids=["path", "text"])
def test_from_a_path(path: Path | str, rulebase: Rulebase) -> None:
    assert churn_rules.diagnose(path, rulebase=rulebase).decision.verdict == "pursue"


def test_from_a_case(rulebase: Rulebase) -> None:
    case = churn_rules.load_case(BREX, rulebase)
    assert isinstance(case, churn_rules.Case)
    assert churn_rules.load_case(case, rulebase) == case
    assert churn_rules.diagnose(case, rulebase=rulebase) == churn_rules.diagnose(BREX, rulebase=rulebase)


def test_a_case_made_by_hand_is_a_case_made_of_facts(rulebase: Rulebase) -> None:
    observations = (churn_rules.Observation("price_increase", exact(30)),)
    made = churn_rules.diagnose(churn_rules.Case(observations=observations), rulebase=rulebase)
    assert made == churn_rules.diagnose({"price_increase": 30}, rulebase=rulebase)


def test_without_a_rule_base_the_shipped_one_is_loaded(rulebase: Rulebase) -> None:
    assert churn_rules.diagnose(FACTS, missing=False).rulebase == rulebase.digest
    assert churn_rules.load().digest == rulebase.digest


@pytest.mark.parametrize("none", ["rules", {}, 0])
def test_what_is_no_rule_base_is_refused(none: Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: churn_rules.diagnose({}, rulebase=none),
        lambda: churn_rules.begin_interview(rulebase=none),
        lambda: churn_rules.score(pl.DataFrame({"price_increase": [30]}), rulebase=none),
        lambda: churn_rules.across_accounts(pl.DataFrame({"price_increase": [30]}), rulebase=none),
    ]
    for call in calls:
        with pytest.raises(ChurnRulesError, match=r"`rulebase` is a rule base, and not \w+; hand over what"):
            call()


def test_without_a_case_nothing_is_known(rulebase: Rulebase, engine: str) -> None:
    diagnosis = churn_rules.diagnose({}, rulebase=rulebase, engine=engine)
    assert (diagnosis.roots, diagnosis.decision.verdict) == ((), "undecided")
    assert diagnosis.missing


def test_what_is_missing_is_left_out_on_request(rulebase: Rulebase) -> None:
    assert churn_rules.diagnose(FACTS, rulebase=rulebase, missing=False).missing is None


def test_all_engines_give_the_same_answer(rulebase: Rulebase, engine: str) -> None:
    for case in (FACTS, {}, BREX):
        ours, reference = (churn_rules.trace(case, rulebase=rulebase, engine=e) for e in (engine, "reference"))
        assert ours.verdicts == reference.verdicts
        assert ours.firings == reference.firings
        assert ours.known == reference.known


def test_why_and_why_not(rulebase: Rulebase) -> None:
    assert churn_rules.why(FACTS, "pricing", rulebase=rulebase).rules
    assert churn_rules.why_not(FACTS, "delivery", rulebase=rulebase).rules


def test_replay(rulebase: Rulebase, engine: str) -> None:
    replay = churn_rules.replay(BREX, rulebase=rulebase, engine=engine)
    assert isinstance(replay, churn_rules.Replay)
    assert replay.met
    assert len(replay.steps) == 3


# --- errors -----------------------------------------------------------------------------------------------------------


def test_all_that_is_wrong_with_the_facts_is_told_at_once(rulebase: Rulebase) -> None:
    facts = {"price_incrase": 30, "customer_objected_to_price": "yes", "stated_reason.them": "price"}
    with pytest.raises(CaseError) as wrong:
        churn_rules.diagnose(facts, rulebase=rulebase)
    assert [issue.code for issue in wrong.value.issues] == ["C301", "V301", "C302"]
    assert "did you mean `price_increase`" in str(wrong.value)


def test_a_case_that_is_not_there(rulebase: Rulebase, tmp_path: Path) -> None:
    with pytest.raises(CaseError) as wrong:
        churn_rules.diagnose(tmp_path / "nobody.yaml", rulebase=rulebase)
    assert wrong.value.issues


def test_a_folder_without_rules(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as wrong:
        churn_rules.load(tmp_path)
    assert len(wrong.value.issues) >= 4  # one for each file that a rule base must have
    assert all(issue.fix for issue in wrong.value.issues)


def test_an_unknown_engine(rulebase: Rulebase) -> None:
    with pytest.raises(UnknownNameError, match="did you mean `durable`"):
        churn_rules.diagnose(FACTS, rulebase=rulebase, engine="durabel")


def test_an_unknown_conclusion(rulebase: Rulebase) -> None:
    with pytest.raises(UnknownNameError, match="did you mean `pricing`") as wrong:
        churn_rules.why(FACTS, "pricng", rulebase=rulebase)
    assert (wrong.value.kind, wrong.value.name) == ("conclusion", "pricng")
    assert "pricing" in wrong.value.candidates


def test_every_error_has_one_base() -> None:
    for name in churn_rules.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(churn_rules, name), ChurnRulesError)


# --- no state ---------------------------------------------------------------------------------------------------------


def test_a_call_leaves_nothing_behind(rulebase: Rulebase, engine: str) -> None:
    first = churn_rules.diagnose({}, rulebase=rulebase, engine=engine)
    churn_rules.diagnose(BREX, rulebase=rulebase, engine=engine)
    with pytest.raises(CaseError):
        churn_rules.diagnose({"nothing": 1}, rulebase=rulebase, engine=engine)
    assert churn_rules.diagnose({}, rulebase=rulebase, engine=engine) == first


def test_facts_are_left_as_they_were(rulebase: Rulebase) -> None:
    facts = dict(FACTS)
    churn_rules.diagnose(facts, rulebase=rulebase)
    assert facts == FACTS


def test_answers_cannot_be_changed(rulebase: Rulebase) -> None:
    diagnosis = churn_rules.diagnose(FACTS, rulebase=rulebase)
    with pytest.raises(FrozenInstanceError):
        diagnosis.scope = "specific"  # type: ignore[misc]  # the point of the test


def test_two_rule_bases_side_by_side(rulebase: Rulebase) -> None:
    other = churn_rules.load(ROOT / "rules")
    assert churn_rules.diagnose(FACTS, rulebase=other) == churn_rules.diagnose(FACTS, rulebase=rulebase)
    assert other is not rulebase


def test_threads_share_a_rule_base(rulebase: Rulebase, engine: str) -> None:
    rises = list(range(60))
    alone = [churn_rules.diagnose(FACTS | {"price_increase": rise}, rulebase=rulebase, engine=engine) for rise in rises]
    fresh = churn_rules.load(ROOT / "rules")  # so that the threads also race to make its engine

    def one(rise: int) -> Diagnosis:
        return churn_rules.diagnose(FACTS | {"price_increase": rise}, rulebase=fresh, engine=engine)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, rises)) == alone
    assert len({diagnosis.reason("pricing").certainty for diagnosis in alone}) == 3, "the rises are told apart"


@pytest.mark.parametrize(
    ("observation", "code"),
    [
        (churn_rules.Observation("price_incraese", 30.0), "C301"),  # type: ignore[arg-type]  # a caller without types
        (churn_rules.Observation("price_increase", 30, "them"), "C302"),  # type: ignore[arg-type]
        (churn_rules.Observation("price_increase", exact(float("inf"))), "V303"),
        (churn_rules.Observation("late_deliveries", "sometimes"), "V302"),
    ],
)
def test_a_case_made_by_hand_is_held_against_the_vocabulary(
    observation: churn_rules.Observation, code: str, rulebase: Rulebase
) -> None:
    with pytest.raises(churn_rules.CaseError) as refused:
        churn_rules.diagnose(churn_rules.Case(observations=(observation,)), rulebase=rulebase)
    assert [issue.code for issue in refused.value.issues] == [code]


def test_errors_come_back_whole_from_a_worker_process(rulebase: Rulebase) -> None:
    for ask in (
        lambda: churn_rules.diagnose({"price_incraese": 1}, rulebase=rulebase),
        lambda: churn_rules.why(BREX, "prise", rulebase=rulebase),
        lambda: churn_rules.load("no/such/folder"),
    ):
        with pytest.raises(churn_rules.ChurnRulesError) as raised:
            ask()
        copy = pickle.loads(pickle.dumps(raised.value))
        assert (type(copy), str(copy), vars(copy)) == (type(raised.value), str(raised.value), vars(raised.value))


def test_a_rule_base_is_frozen_and_travels_to_another_process(rulebase: Rulebase) -> None:
    with pytest.raises(TypeError):
        rulebase.rules["another"] = rulebase.rules["late-once"]  # type: ignore[index]  # what a caller might try
    copy = pickle.loads(pickle.dumps(rulebase))
    assert churn_rules.diagnose(BREX, rulebase=copy) == churn_rules.diagnose(BREX, rulebase=rulebase)


def test_of_two_costs_the_latest_counts() -> None:
    early, late = parse_date(2021), parse_date(2024)
    costs = (Cost("price_reduction", exact(0), exact(2900), late), Cost("price_reduction", exact(0), exact(10), early))
    assert latest(costs)["price_reduction"].yearly == exact(2900)
