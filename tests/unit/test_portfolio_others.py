"""What other accounts share becomes evidence in one: never of itself, never twice, never over what somebody told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

import churn_rules
from churn_rules.across import Others
from churn_rules.portfolio.accounts import ACCOUNT, HIGH, LOW, ROW, TOLD, stated
from churn_rules.portfolio.naming import meant_by
from churn_rules.portfolio.others import evidence_from_others
from churn_rules.portfolio.values import Change, Portfolio
from tests.unit.portfolios import CAUSES, lost

REASONS = ("pricing", "delivery", "neglect")
MEANT = {"price": ("pricing",), "late": ("delivery",)}
RULES = Others(at_least=3, share=0.0, within_days=100, source="a test")
SILENCE = {"months_without_contact": 9.0}
DAY = date(2024, 6, 1)


def scored(rows: Sequence[dict[str, Any]]) -> pl.LazyFrame:
    """Lay out accounts as the first pass of `score` gives them: `roots`, `says`, `low`, `high`, `told`."""
    columns: dict[str, list[Any]] = {name: [] for name in (ROW, ACCOUNT, TOLD, LOW, HIGH, stated("customer"), "root")}
    columns |= {f"{reason}.role": [] for reason in REASONS}
    for place, row in enumerate(rows):
        roots = row.get("roots", ())
        low = row.get("low", DAY)
        told = (
            place,
            f"A{place}",
            row.get("told", False),
            low,
            row.get("high", low),
            row.get("says"),
            (*roots, None)[0],
        )
        for name, value in zip(columns, told, strict=False):
            columns[name].append(value)
        for reason in REASONS:
            columns[f"{reason}.role"].append("root" if reason in roots else "none")
    types = {LOW: pl.Date, HIGH: pl.Date, stated("customer"): pl.String, "root": pl.String, ROW: pl.UInt32}
    return pl.LazyFrame(columns, schema_overrides=types)


def evidence(rows: Sequence[dict[str, Any]], rules: Others = RULES) -> dict[int, tuple[str, int]]:
    found = evidence_from_others(scored(rows), REASONS, MEANT, rules).frame.collect()
    return {row[ROW]: (row["reason"], row["others"]) for row in found.iter_rows(named=True)}


# --- counted by hand --------------------------------------------------------------------------------------------------


def test_an_account_alone_is_no_evidence_for_itself() -> None:
    assert evidence([{"roots": ("pricing",)}], Others(1, 0.0, 100, "")) == {}
    assert evidence([{"roots": ("pricing",)}] * 2, Others(1, 0.0, 100, "")) == {0: ("pricing", 1), 1: ("pricing", 1)}


def test_as_many_others_as_it_takes_and_not_one_less() -> None:
    assert evidence([{"roots": ("pricing",)}] * 3) == {}
    assert evidence([{"roots": ("pricing",)}] * 4) == dict.fromkeys(range(4), ("pricing", 3))


def test_other_accounts_count_that_left_over_something_else_too_only_for_what_they_share() -> None:
    rows: list[dict[str, Any]] = [{"roots": ("pricing", "delivery")}, *[{"roots": ("pricing",)}] * 3]
    assert evidence(rows) == dict.fromkeys((1, 2, 3), ("pricing", 3))  # nobody shares the delivery of the first


def test_of_several_shared_reasons_the_one_that_fewest_share_is_told() -> None:
    rows: list[dict[str, Any]] = [*[{"roots": ("pricing", "delivery")}] * 4, {"roots": ("pricing",)}]
    assert evidence(rows) == {**dict.fromkeys(range(4), ("delivery", 3)), 4: ("pricing", 4)}


def test_what_the_customer_names_counts_where_nothing_is_derived() -> None:
    rows: list[dict[str, Any]] = [{"says": "price"}, *[{"roots": ("pricing",)}] * 3, {"says": "another"}]
    assert evidence(rows) == dict.fromkeys(range(4), ("pricing", 3))


def test_what_the_customer_names_bears_witness_for_others_and_not_for_its_own_other_root() -> None:
    rows: list[dict[str, Any]] = [{"roots": ("delivery",), "says": "price"}, *[{"roots": ("pricing",)}] * 3]
    assert evidence(rows) == dict.fromkeys((1, 2, 3), ("pricing", 3))


def test_the_window_counts_to_the_day() -> None:
    apart: list[dict[str, Any]] = [{"roots": ("pricing",), "low": DAY + timedelta(days)} for days in (0, 0, 0, 100)]
    assert len(evidence(apart)) == 4
    apart[-1]["low"] += timedelta(1)
    assert evidence(apart) == {}


def test_a_loss_without_an_exact_date_neither_gives_nor_gets_evidence() -> None:
    for inexact in ({"low": None}, {"low": DAY, "high": None}, {"low": DAY, "high": DAY + timedelta(101)}):
        rows: list[dict[str, Any]] = [*[{"roots": ("pricing",)}] * 3, {"roots": ("pricing",), **inexact}]
        assert evidence(rows) == {}
        assert evidence_from_others(scored(rows), REASONS, MEANT, RULES).undated == 1


def test_what_somebody_told_stands() -> None:
    rows: list[dict[str, Any]] = [*[{"roots": ("pricing",)}] * 4, {"roots": ("pricing",), "told": True}]
    assert set(evidence(rows)) == {0, 1, 2, 3}
    assert evidence_from_others(scored(rows), REASONS, MEANT, RULES).answered == 1


def test_others_must_also_be_a_share_of_the_losses_of_that_time() -> None:
    rows: list[dict[str, Any]] = [*[{"roots": ("pricing",)}] * 4, *[{"roots": ("delivery",)}] * 297]
    assert set(evidence(rows, Others(3, 0.01, 100, ""))) >= {0, 1, 2, 3}  # exactly one in a hundred of the other 300
    assert set(evidence([*rows, {"roots": ("delivery",)}], Others(3, 0.01, 100, ""))).isdisjoint({0, 1, 2, 3})


@pytest.mark.parametrize("seed", range(3))
def test_counting_by_halves_agrees_with_counting_one_by_one(seed: int) -> None:
    dice = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for _ in range(120):
        low = DAY + timedelta(dice.randrange(400))
        roots = tuple(reason for reason in REASONS if dice.random() < 0.3)
        high = low + timedelta(dice.choice((0, 0, 0, 30, 100, 120)))
        told, says = dice.random() < 0.1, dice.choice(("price", "late", "other", None))
        rows.append({"roots": roots, "low": low, "high": high, "told": told, "says": says})
    rules = Others(3, 0.1, 100, "")
    assert evidence(rows, rules) == one_by_one(rows, rules)


def one_by_one(rows: Sequence[dict[str, Any]], rules: Others) -> dict[int, tuple[str, int]]:
    def near(one: dict[str, Any], other: dict[str, Any]) -> bool:
        farthest = max(abs(one["low"] - other["high"]), abs(one["high"] - other["low"]))
        return bool(max(_wide(one), _wide(other), farthest.days) <= rules.within_days)

    found = {}
    for place, row in enumerate(rows):
        others = [other for at, other in enumerate(rows) if at != place and near(row, other)]
        named = MEANT.get(row["says"], ())
        own = row["roots"] or named
        sharing = {
            reason: sum(reason in other["roots"] or reason in MEANT.get(other["says"], ()) for other in others)
            for reason in own
        }
        anybody = sum(bool(other["roots"] or MEANT.get(other["says"])) for other in others)
        enough = max(rules.at_least, round(rules.share * anybody, 9))
        if own and not row["told"] and min(sharing.values()) >= enough:
            fewest, reason = min((count, reason) for reason, count in sharing.items())
            found[place] = (reason, fewest)
    return found


def _wide(row: dict[str, Any]) -> int:
    return int((row["high"] - row["low"]).days)


# --- with the shipped rules -------------------------------------------------------------------------------------------


def across(rulebase: churn_rules.Rulebase, *told: dict[str, object], account: str | None = "id") -> Portfolio:
    return churn_rules.across_accounts(lost(*told), rulebase=rulebase, account=account)


def changed(found: Portfolio) -> dict[str, Change]:
    return {one.account: one for one in found.shared.first}


def test_what_looks_specific_turns_out_systemic_and_it_is_told_why(rulebase: churn_rules.Rulebase) -> None:
    found = changed(across(rulebase, *[{**SILENCE, "lost": DAY}] * 4))
    assert set(found) == {"A0", "A1", "A2", "A3"}
    one = found["A1"]
    assert (one.before["scope"], one.after["scope"]) == ("specific", "systemic")
    assert (one.reason, one.others, one.named) == ("neglect", 3, ("A0", "A2", "A3"))


def test_three_accounts_in_all_stay_specific(rulebase: churn_rules.Rulebase) -> None:
    found = across(rulebase, *[{**SILENCE, "lost": DAY}] * 3)
    assert (found.shared.told, found.shared.changed) == (0, 0)
    assert {one.code for one in found.drivers.scopes} == {"specific"}


def test_the_rows_of_one_account_count_once(rulebase: churn_rules.Rulebase) -> None:
    twice: list[dict[str, object]] = [
        {**SILENCE, "lost": DAY, "id": name} for name in ("Acme", "Acme", "Bolt", "Cord", "Acme")
    ]
    found = across(rulebase, *twice)
    assert (found.rows, found.repeated, found.drivers.accounts) == (5, 2, 3)
    assert found.shared.told == 0


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_rows_without_a_name_are_accounts_of_their_own(blank: str | None, rulebase: churn_rules.Rulebase) -> None:
    nameless: list[dict[str, object]] = [{**SILENCE, "lost": DAY, "id": blank}] * 3
    found = across(rulebase, {**SILENCE, "lost": DAY, "id": "A"}, *nameless)
    assert (found.repeated, found.nameless, found.drivers.accounts, found.shared.told) == (0, 3, 4, 4)
    assert set(changed(found)) == {"A", "#2", "#3", "#4"}
    said = "Rows without the name of an account: 3 of 4."
    assert any(sentence.startswith(said) for sentence in churn_rules.portfolio.headlines(rulebase, found))


def test_what_a_customer_denies_is_not_overridden(rulebase: churn_rules.Rulebase) -> None:
    told: list[dict[str, object]] = [{**SILENCE, "lost": DAY}] * 4
    found = across(rulebase, *told, {**SILENCE, "lost": DAY, "other_customers_say_it_too.customer": False})
    assert (found.shared.told, found.shared.answered) == (4, 1)
    assert "A4" not in changed(found)


def test_evidence_about_another_reason_is_taken_back(rulebase: churn_rules.Rulebase) -> None:
    """Others left over late deliveries; the rules would take that for the price of one whose price rose as well."""
    named = {"lost": DAY, "stated_reason.customer": "delivery"}
    leaning = {**named, "price_increase": 4.0, "stated_reason": "price"}
    told = {**leaning, "other_customers_say_it_too": True}
    assert churn_rules.diagnose({name: told[name] for name in told if name != "lost"}, rulebase=rulebase).roots == (
        "pricing",
    )
    found = across(rulebase, *[{**named, **CAUSES["delivery"]}] * 4, leaning)
    assert (found.shared.told, found.shared.strayed) == (4, 1)
    assert [one.root for one in found.drivers.reasons if one.reason == "pricing"] == [0]


def test_the_second_pass_runs_once(rulebase: churn_rules.Rulebase) -> None:
    """What the second pass makes a root bears witness for nobody: only the first pass does."""
    rooted = [{**CAUSES["pricing"], "lost": DAY}] * 4
    named = [{"lost": DAY, "stated_reason.customer": "price", "price_increase": 4.0}] * 3
    found = across(rulebase, *rooted, *named)
    assert {one.reason: one.fewest for one in found.shared.reasons} == {"pricing": 6}


def test_the_customers_words_mean_what_the_rules_make_of_them(rulebase: churn_rules.Rulebase) -> None:
    meant = meant_by(rulebase, "customer")
    assert meant["price"] == ("pricing",)
    assert "other" not in meant
    assert set(meant) < set(rulebase.vocabulary["stated_reason"].choices)
