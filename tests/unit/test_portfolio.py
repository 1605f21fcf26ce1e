"""What is said across accounts is what the rows say, counted one by one."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churn_rules
from churn_rules.consequence import hangs_on
from churn_rules.errors import ChurnRulesError, TableError, UnknownNameError
from churn_rules.portfolio.accounts import prepare
from tests.unit.portfolios import CAUSES, accounts, lost

COUNT = 300


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return accounts(COUNT)


@pytest.fixture(scope="module")
def found(table: pl.DataFrame, rulebase: churn_rules.Rulebase) -> churn_rules.Portfolio:
    return churn_rules.across_accounts(table, rulebase=rulebase, account="id", segments=["region"], shown=5)


@pytest.fixture(scope="module")
def rows(table: pl.DataFrame, rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio) -> pl.DataFrame:
    """Score the table once more with the evidence told, as whoever works row by row would."""
    first = churn_rules.score(table, rulebase=rulebase, keep=["id", "region"])
    told = found.tables["changed by others"]["account"].to_list()
    again = table.filter(pl.col("id").is_in(told)).with_columns(other_customers_say_it_too=pl.lit(value=True))
    second = churn_rules.score(again, rulebase=rulebase, keep=["id", "region"])
    kept = first.filter(~pl.col("id").is_in(told))
    return pl.concat([kept, second], how="diagonal").join(
        table.select("id", "yearly_margin", "yearly_margin.to"), on="id"
    )


def test_drivers_are_counted(found: churn_rules.Portfolio, rows: pl.DataFrame) -> None:
    assert found.drivers.accounts == COUNT
    assert found.drivers.insufficient == rows["root"].null_count() > 0
    for one in found.drivers.reasons:
        roles = Counter(rows[f"{one.reason}.role"])
        assert (one.root, one.contributing, one.consequence) == (
            roles["root"],
            roles["contributing"],
            roles["consequence"],
        )
        roots = rows.filter(pl.col(f"{one.reason}.role") == "root")
        assert one.systemic == Counter(roots[f"{one.reason}.scope"])["systemic"]
        assert one.margin.low == roots["yearly_margin"].sum()
        assert one.margin.unknown == roots["yearly_margin"].null_count()
    assert found.drivers.reasons[0].root == max(one.root for one in found.drivers.reasons) > 0


def test_ranges_of_margin_are_added_up_at_both_ends(found: churn_rules.Portfolio, rows: pl.DataFrame) -> None:
    assert found.drivers.margin.high == rows.select(pl.coalesce("yearly_margin.to", "yearly_margin")).sum().item()
    assert found.drivers.margin.high > found.drivers.margin.low
    assert found.drivers.margin.known + found.drivers.margin.unknown == COUNT


@pytest.mark.parametrize(
    ("what", "name"), [("scopes", "scope"), ("decisions", "decision"), ("responsible", "responsible")]
)
def test_conclusions_are_counted(found: churn_rules.Portfolio, rows: pl.DataFrame, what: str, name: str) -> None:
    assert {one.code: one.accounts for one in getattr(found.drivers, what)} == Counter(rows[name])


def test_the_planted_cluster_is_told(found: churn_rules.Portfolio) -> None:
    first = found.clustering.found[0]
    assert (first.segment, first.value, first.reason) == ("region", "South", "delivery")
    assert first.share > first.elsewhere
    assert set(found.clustering.segments) == {"region", "lost", "yearly_margin"}
    assert found.clustering.tests == found.tables["segments"].height


def test_clusters_are_looked_for_before_accounts_bear_witness(
    found: churn_rules.Portfolio, table: pl.DataFrame, rulebase: churn_rules.Rulebase
) -> None:
    first = churn_rules.score(table, rulebase=rulebase, keep=["id", "region"])
    there = first.filter(pl.col("region") == "South", pl.col("root").is_not_null())
    assert found.clustering.found[0].seen == Counter(there["delivery.role"])["root"]


def test_what_is_stated_is_held_against_what_is_derived_without_it(
    found: churn_rules.Portfolio, table: pl.DataFrame, rulebase: churn_rules.Rulebase
) -> None:
    words = table.select("id", "stated_reason", "stated_reason.customer")
    unsaid = churn_rules.score(table.drop(words.columns[1:]), rulebase=rulebase, keep=["id", "region"])
    both = unsaid.join(words, on="id")
    cells = Counter(zip(both["stated_reason.customer"], both["root"], strict=True))
    customer = next(side for side in found.stated if side.side == "customer")
    assert {(word, root): count for word, root, count in customer.cells} == {
        cell: count for cell, count in cells.items() if cell[0] is not None
    }
    meant = {"price": "pricing", "delivery": "delivery", "attention": "neglect", "people": "supplier_people"}
    agree = sum(
        row[f"{meant[row['stated_reason.customer']]}.role"] == "root"
        for row in both.iter_rows(named=True)
        if row["root"] and row["stated_reason.customer"] in meant
    )
    assert customer.agree >= agree > 0
    roots = churn_rules.score(table, rulebase=rulebase, keep=["id", "region"])["root"]
    assert found.on_words == (roots.is_not_null() & unsaid["root"].is_null()).sum() > 0
    assert customer.agree <= customer.comparable <= customer.stated


def test_the_code_and_the_customers_words_are_compared(found: churn_rules.Portfolio, table: pl.DataFrame) -> None:
    one = found.disagreements[0]
    known = table.drop_nulls(["stated_reason", "stated_reason.customer"])
    assert (one.side, one.both) == ("record", known.height)
    assert one.same == known.filter(pl.col("stated_reason") == pl.col("stated_reason.customer")).height
    assert sum(pair.accounts for pair in one.pairs) == one.both - one.same


def test_the_shortlist_is_in_the_order_of_what_is_left_at_worst(
    found: churn_rules.Portfolio, rows: pl.DataFrame
) -> None:
    pursued = rows.filter(pl.col("decision").cast(pl.String).is_in(["pursue", "pursue_with_exception"]))
    assert found.shortlist.pursued == pursued.height
    worked_out = pursued.filter(pl.col("value.low").is_not_null())
    assert found.shortlist.worked_out == worked_out.height > 0
    left = sorted((row["value.low"] - row["attempt.high"] for row in worked_out.iter_rows(named=True)), reverse=True)
    assert found.tables["shortlist"]["surplus from"].to_list() == left
    assert [one.surplus[0] for one in found.shortlist.first] == left[:5]


def test_worth_winning_back_is_what_pays_and_the_rest_is_told_apart(rulebase: churn_rules.Rulebase) -> None:
    offers = ("delivery_commitment", "safety_stock", "process_change")
    dear = worth_winning(
        cause_can_change=False, exception_possible=True, yearly_margin=2.0, months_without_contact=None
    )
    dear |= {**CAUSES["delivery"], **{f"cost.{name}.yearly": 5.0 for name in offers}}
    found = churn_rules.across_accounts(
        lost(
            worth_winning(),
            worth_winning(yearly_margin=20000.0),
            dear,
            worth_winning(**{"yearly_margin": 1.0, "yearly_margin.to": 9000.0}),
            worth_winning(yearly_margin=None),
        ),
        rulebase=rulebase,
        account="id",
    )
    one = found.shortlist
    assert (one.pursued, one.worked_out, one.pays, one.depends, one.pays_not) == (5, 4, 2, 1, 1)
    assert [each.account for each in one.first] == ["A1", "A0"]
    assert [(each.account, each.economics) for each in one.doubtful] == [("A3", "depends"), ("A2", "does_not_pay")]
    said = churn_rules.portfolio.headlines(rulebase, found)[-2:]
    assert said[0].startswith("2 of 5 accounts are worth winning back; first of all A1")
    assert said[1] == (
        "To be pursued, though not surely worth it: 1 whose value is not worked out; 1 where it hangs on the "
        "figures whether it pays; 1 where the attempt would not pay."
    )
    page = churn_rules.portfolio_html(rulebase, found)
    assert "hangs on the figures</td>" in page
    assert "never pays</td>" in page


def test_what_is_not_worked_out_stands_apart_with_what_is_missing(
    found: churn_rules.Portfolio, table: pl.DataFrame
) -> None:
    waiting = found.shortlist.unranked
    assert waiting
    assert found.shortlist.pursued - found.shortlist.worked_out == found.tables["not worked out"].height
    for one in waiting:
        told = table.row(by_predicate=pl.col("id") == one.account, named=True)
        lacking = {name for name in one.lacking if not name.startswith("cost.")}
        assert lacking == {
            name
            for name in (
                "yearly_margin",
                "years_expected",
                "attempt_cost",
                "idle_capacity_margin",
                "precedent_exposure",
            )
            if told[name] is None
        }
        assert one.lacking


def test_what_is_missing_is_ordered_by_what_hangs_on_it(
    found: churn_rules.Portfolio, rows: pl.DataFrame, rulebase: churn_rules.Rulebase
) -> None:
    unsettled = rows["root"].is_null() | (rows["decision"] == "undecided")
    hangs = hangs_on(rulebase)
    weights = []
    for one in found.unknown:
        fact = one.fact.partition(".")[0]
        if fact == "other_customers_say_it_too":
            continue  # the rows were told it only where it changed something
        columns = [name for name in rows.columns if name.startswith("missing.") and name.split(".")[1] == fact]
        open_ = [int((rows[name].fill_null(value=False) & unsettled).sum()) for name in columns]
        assert max(open_) <= one.unsettled <= sum(open_)
        weights.append(
            sum(hangs.get(name.removeprefix("missing."), 0) * n for name, n in zip(columns, open_, strict=True))
        )
    assert weights == pytest.approx(sorted(weights, reverse=True))
    facts = [one.fact.partition(".")[0] for one in found.unknown]
    assert len(facts) == len(set(facts))
    assert facts != sorted(facts)


def test_of_the_rows_of_an_account_the_latest_loss_stands(rulebase: churn_rules.Rulebase) -> None:
    days = [date(2024, 1, 1), date(2024, 6, 1), None, None, date(2024, 3, 1)]
    table = pl.DataFrame({"id": ["A", "A", "B", "B", "A"], "lost": days, "months_without_contact": [1.0, 2, 3, 4, 5]})
    ready = prepare(table.lazy(), rulebase, "id", ())
    assert ready.repeated == 3
    assert ready.frame.collect()["months_without_contact"].to_list() == [2, 3]
    found = churn_rules.across_accounts(table, rulebase=rulebase, account="id")
    assert any(
        said.startswith("3 of 5 rows repeat an account") for said in churn_rules.portfolio.headlines(rulebase, found)
    )


def test_the_day_of_a_loss_is_that_of_its_time_zone(rulebase: churn_rules.Rulebase) -> None:
    early = datetime(2024, 4, 1, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a day before, in UTC
    ready = prepare(pl.LazyFrame({"lost": [early], "lost.to": [early]}), rulebase, None, ())
    days = ready.frame.select("portfolio.lost.low", "portfolio.lost.high").collect().row(0)
    assert days == (date(2024, 4, 1), date(2024, 4, 1))


def test_what_is_told_on_days_that_cannot_be_is_unknown(rulebase: churn_rules.Rulebase) -> None:
    early, late = date(2024, 1, 1), date(2024, 6, 1)
    dated = {"yearly_margin": 900.0, "stated_reason.customer": "price"}
    days: dict[str, list[date]] = {"lost": [late, early, late], "lost.to": [late, late, early]}
    for name in dated:
        days |= {f"{name}.on": [early, late, early], f"{name}.on.to": [late, early, late]}
    table = pl.DataFrame({**{name: [value] * 3 for name, value in dated.items()}, **days})
    ready = prepare(table.lazy(), rulebase, None, ()).frame.collect()
    assert ready["portfolio.margin.low"].to_list() == ready["portfolio.margin.high"].to_list() == [900, None, 900]
    assert ready["portfolio.lacks.yearly_margin"].to_list() == [False, True, False]
    assert ready["portfolio.stated.customer"].to_list() == ["price", None, "price"]
    assert ready["portfolio.lost.high"].to_list() == [late, late, None]
    assert churn_rules.score(table, rulebase=rulebase)["fault"].is_null().to_list() == [True, False, False]


_BEYOND_POLARS = pa.table({"yearly_margin": pa.array([Decimal(1)], pa.decimal256(50, 2))})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pl.DataFrame({"yearly_margin": [1.0], "yearly_margin.on": ["x"]}), "column `yearly_margin.on` holds String"),
        (pl.DataFrame({"lost": ["2024-01-01"], "yearly_margin": [1.0]}), "column `lost` holds String"),
        (_BEYOND_POLARS, "cannot be carried to Polars"),
        (_BEYOND_POLARS.to_pandas(types_mapper=pd.ArrowDtype), "cannot be carried to Polars"),
    ],
)
def test_columns_of_the_wrong_type_are_told(table: Any, words: str, rulebase: churn_rules.Rulebase) -> None:
    with pytest.raises(TableError, match=re.escape(words)):
        churn_rules.across_accounts(table, rulebase=rulebase)


def test_what_explains_a_loss_is_never_told_after_it(rulebase: churn_rules.Rulebase) -> None:
    table = pl.LazyFrame(
        {"stated_reason": ["price"], "stated_reason.on": [date(2024, 6, 1)], "lost": [date(2024, 1, 1)]}
    )
    ready = prepare(table, rulebase, None, ()).frame.collect()
    assert ready["portfolio.stated.record"].to_list() == [None]


def test_amounts_that_are_wanting_are_named_as_the_mapping_wants_them(rulebase: churn_rules.Rulebase) -> None:
    told: dict[str, object] = {**CAUSES["neglect"], "strategic_value": True, "cause_can_change": True}
    table = lost({**told, "nothing_would_bring_them_back.customer": False})
    found = churn_rules.across_accounts(table, rulebase=rulebase, account="id")
    assert (found.shortlist.pursued, found.shortlist.worked_out) == (1, 0)
    last = churn_rules.portfolio.headlines(rulebase, found)[-1]
    assert "idle_capacity_margin" in last
    assert "costs: contact_rhythm" in last


_AMOUNTS: dict[str, object] = {
    "yearly_margin": 9000.0,
    "years_expected": 3.0,
    "idle_capacity_margin": 0.0,
    "attempt_cost": 100.0,
    "precedent_exposure": 0.0,
    "cost.contact_rhythm.yearly": 5.0,
    "cost.contact_rhythm.yearly.to": 5.0,
}
"""Told of an account, they make it worth winning back where a fixed rhythm of contact is offered."""


def worth_winning(**amounts: object) -> dict[str, object]:
    """Return what is told of an account that is pursued, with these amounts."""
    pursued = {"strategic_value": True, "cause_can_change": True, "nothing_would_bring_them_back.customer": False}
    return {**CAUSES["neglect"], **pursued, **_AMOUNTS, **amounts}


@pytest.mark.parametrize(
    ("what", "amounts"),
    [
        ("cost.contact_rhythm", {"cost.contact_rhythm.yearly": math.nan, "cost.contact_rhythm.yearly.to": None}),
        ("cost.contact_rhythm", {"cost.contact_rhythm.yearly": math.inf}),
        ("cost.contact_rhythm", {"cost.contact_rhythm.yearly": 9.0}),  # and at most 5
        ("cost.contact_rhythm", {"cost.contact_rhythm.yearly.to": math.inf}),
        ("attempt_cost", {"attempt_cost": math.nan}),
        ("years_expected", {"years_expected": -1.0}),
        ("yearly_margin", {"yearly_margin": math.inf}),
    ],
)
def test_an_amount_that_is_none_is_wanting_and_works_nothing_out(
    what: str, amounts: dict[str, object], rulebase: churn_rules.Rulebase
) -> None:
    found = churn_rules.across_accounts(
        lost(worth_winning(), worth_winning(**amounts)), rulebase=rulebase, account="id"
    ).shortlist
    assert (found.pursued, found.worked_out) == (2, 1)
    assert [one.lacking for one in found.unranked] == [(what,)]
    assert [(one.what, one.accounts) for one in found.lacking] == [(what, 1)]


def test_what_has_no_margin_has_an_empty_cell(rulebase: churn_rules.Rulebase) -> None:
    found = churn_rules.across_accounts(lost(CAUSES["delivery"]), rulebase=rulebase, account="id")
    assert set(found.tables["drivers"]["margin from"]) == {None}


def test_a_lazy_table_gives_the_same(
    found: churn_rules.Portfolio, table: pl.DataFrame, rulebase: churn_rules.Rulebase
) -> None:
    again = churn_rules.across_accounts(table.lazy(), rulebase=rulebase, account="id", segments=["region"], shown=5)
    assert again == found


def test_other_frames_are_taken_too(rulebase: churn_rules.Rulebase) -> None:
    frame = lost(*[{**CAUSES["delivery"], "lost": date(2024, 1, 1)}] * 2).to_arrow()
    assert churn_rules.across_accounts(frame, rulebase=rulebase, account="id").drivers.accounts == 2


def test_a_table_of_no_account(rulebase: churn_rules.Rulebase) -> None:
    found = churn_rules.across_accounts(
        lost().clear().with_columns(late_deliveries=pl.lit("once")), rulebase=rulebase, account="id"
    )
    assert (found.drivers.accounts, found.clustering.tests, found.shortlist.pursued) == (0, 0, 0)
    assert "The table holds no account." in churn_rules.portfolio_html(rulebase, found)


def test_without_a_name_rows_are_called_by_their_number(rulebase: churn_rules.Rulebase) -> None:
    table = lost(*[{"months_without_contact": 9.0, "lost": date(2024, 1, 1)}] * 4).drop("id")
    found = churn_rules.across_accounts(table, rulebase=rulebase)
    assert [one.account for one in found.shared.first] == ["1", "2", "3", "4"]


def test_without_dates_of_loss_nobody_bears_witness(rulebase: churn_rules.Rulebase) -> None:
    told: dict[str, object] = {"months_without_contact": 9.0}
    table = lost(*[told] * 5)
    found = churn_rules.across_accounts(table, rulebase=rulebase, account="id")
    assert (found.shared.told, found.shared.undated, found.stated) == (0, 5, ())
    assert "5 of 5 accounts bear no date of loss" in churn_rules.portfolio_html(rulebase, found)


def test_a_full_disk_is_told(rulebase: churn_rules.Rulebase, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    with pytest.raises(ChurnRulesError, match="No space left on device; free some space"):
        churn_rules.across_accounts(accounts(2).drop("region"), rulebase=rulebase, account="id")


def test_a_column_that_is_not_there_is_named(rulebase: churn_rules.Rulebase) -> None:
    with pytest.raises(UnknownNameError, match="did you mean `id`"):
        churn_rules.across_accounts(accounts(2), rulebase=rulebase, account="ids")
    with pytest.raises(UnknownNameError, match=r"named as the account or a segment.*`region`"):
        churn_rules.across_accounts(accounts(2), rulebase=rulebase, account="id")
    with pytest.raises(UnknownNameError, match=r"`Region`.*did you mean `region`"):
        churn_rules.across_accounts(accounts(2), rulebase=rulebase, account="id", segments=["Region"])


_SILENT = pl.DataFrame({"id": ["A", "B"], "months_without_contact": [9.0, 8.0]})


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"id": ["A"]}, "no kind of frame that can be scored: dict; hand over one of Polars"),
        (pl.Series([1]), "no kind of frame that can be scored: Series"),
        (None, "no kind of frame that can be scored: NoneType"),
        (pd.DataFrame([["A", 9.0]]), "column 0 is called by no text; rename it"),
        (pd.DataFrame([[9.0, 8.0]], columns=["months_without_contact"] * 2), "two columns are called the same"),
        (pd.DataFrame({"id": ["A", 1]}), "a column holds values of several types"),
    ],
)
def test_what_is_no_table_of_accounts_is_told(frame: object, said: str, rulebase: churn_rules.Rulebase) -> None:
    with pytest.raises(TableError, match=re.escape(said)):
        churn_rules.across_accounts(frame, rulebase=rulebase, account="id")


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series([[1], [2]]),
        pl.Series([{"a": 1}, {"a": 2}]),
        pl.Series([b"x", b"y"]),
        pl.Series([timedelta(1), timedelta(2)]),
        pl.Series([time(1), time(2)]),
        pl.Series([object(), object()], dtype=pl.Object),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_what_cannot_name_accounts_or_set_them_apart_is_told(cells: pl.Series, rulebase: churn_rules.Rulebase) -> None:
    table = _SILENT.with_columns(cells.alias("odd"))
    with pytest.raises(TableError, match=r"column `odd` holds .*, which cannot set accounts apart; make it text"):
        churn_rules.across_accounts(table, rulebase=rulebase, account="id", segments=["odd"])
    with pytest.raises(TableError, match=r"column `odd` holds .*, which cannot name an account"):
        churn_rules.across_accounts(table.drop("id"), rulebase=rulebase, account="odd")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"account": 1}, "`account` is the name of a column, and not 1"),
        ({"segments": "region"}, "`segments` is a list of names of columns, and not 'region'"),
        ({"segments": None}, "`segments` is a list of names of columns, and not None"),
        ({"segments": [1]}, "`segments` holds names of columns, and not 1"),
        ({"shown": 0}, "`shown` is a whole number from 1, and not 0"),
        ({"listed": 1.5}, "`listed` is a whole number from 1, and not 1.5"),
    ],
)
def test_arguments_of_the_wrong_type_are_told(asked: dict[str, Any], said: str, rulebase: churn_rules.Rulebase) -> None:
    with pytest.raises(TableError, match=re.escape(said)):
        churn_rules.across_accounts(_SILENT, rulebase=rulebase, **{"account": "id", **asked})


def test_a_column_that_is_called_as_one_of_ours_is_told(rulebase: churn_rules.Rulebase) -> None:
    table = _SILENT.with_columns(pl.lit("x").alias("portfolio.row"))
    with pytest.raises(TableError, match=r"column `portfolio\.row` begins with `portfolio\.`.*rename it"):
        churn_rules.across_accounts(table, rulebase=rulebase, account="id", segments=["portfolio.row"])


def test_a_segment_that_is_named_twice_is_tested_once(rulebase: churn_rules.Rulebase) -> None:
    table = accounts(60)
    once, twice = (
        churn_rules.across_accounts(table, rulebase=rulebase, account="id", segments=["region"] * times)
        for times in (1, 2)
    )
    assert once == twice


def test_segments_may_come_one_by_one(rulebase: churn_rules.Rulebase) -> None:
    table = accounts(20)
    found = churn_rules.across_accounts(table, rulebase=rulebase, account="id", segments=iter(["region"]))
    assert "region" in found.clustering.segments


def test_accounts_that_are_called_by_numbers_have_whole_names(rulebase: churn_rules.Rulebase) -> None:
    table = pl.DataFrame({"id": [7.0, 7.0, math.nan, math.nan, 8.5], "months_without_contact": [9.0] * 5})
    ready = prepare(table.lazy(), rulebase, "id", ())
    assert (ready.repeated, ready.nameless) == (1, 2)
    assert ready.frame.collect()["portfolio.account"].to_list() == ["7", "#3", "#4", "8.5"]


def test_a_rule_base_without_portfolio_yaml_says_what_it_lacks(rulebase: churn_rules.Rulebase) -> None:
    bare = churn_rules.Rulebase(
        **{name: getattr(rulebase, name) for name in rulebase.__dataclass_fields__ if name != "across"}
    )
    with pytest.raises(ChurnRulesError, match=r"portfolio\.yaml"):
        churn_rules.across_accounts(accounts(2), rulebase=bare, account="id")


# --- how accounts are set apart ---------------------------------------------------------------------------------------


def segments(table: pl.DataFrame, *names: str, rulebase: churn_rules.Rulebase) -> dict[str, list[str | None]]:
    ready = prepare(table.lazy(), rulebase, None, names)
    frame = ready.frame.collect()
    return {segment.name: frame[segment.column].to_list() for segment in ready.segments}


def test_losses_are_set_apart_by_quarter_where_it_is_known(rulebase: churn_rules.Rulebase) -> None:
    days = [date(2024, 3, 31), date(2024, 4, 1), None, date(2024, 1, 1)]
    table = pl.DataFrame({"lost": days, "lost.to": [None, date(2024, 6, 30), None, date(2024, 12, 31)]})
    assert segments(table, rulebase=rulebase) == {"lost": ["2024-Q1", "2024-Q2", None, None]}


def test_numbers_are_set_apart_by_quartiles_that_say_what_they_hold(rulebase: churn_rules.Rulebase) -> None:
    table = pl.DataFrame({"seats": [*range(1, 13), None]})
    found = segments(table, "seats", rulebase=rulebase)["seats"]
    expected = {"up to 4": 4, "above 4, up to 7": 3, "above 7, up to 9": 2, "above 9": 3, None: 1}
    assert Counter(found) == expected


def test_few_numbers_are_codes_and_equal_ones_are_never_parted(rulebase: churn_rules.Rulebase) -> None:
    assert segments(pl.DataFrame({"tier": [1, 2, 2, 3]}), "tier", rulebase=rulebase)["tier"] == ["1", "2", "2", "3"]
    mostly = pl.DataFrame({"seats": [5] * 90 + list(range(10, 20))})
    assert len(set(segments(mostly, "seats", rulebase=rulebase)["seats"][:90])) == 1


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        ([" 12", "3.5", *map(str, range(20, 30)), ""], 4),  # numbers, as a text file holds them
        (["2024-01-31", "2024-02-01", "2024-04-01", " "], 2),  # dates
        (["007", "012", "1", *map(str, range(20, 30))], 13),  # codes
        (["North", " North ", "", "South"], 2),
    ],
)
def test_text_is_taken_for_what_all_of_it_is(cells: list[str], parts: int, rulebase: churn_rules.Rulebase) -> None:
    found = segments(pl.DataFrame({"size": cells}), "size", rulebase=rulebase)["size"]
    assert len(set(found) - {None}) == parts
    assert found.count(None) == sum(not cell.strip() for cell in cells)


def test_what_rules_refuse_is_unknown_to_every_sum(rulebase: churn_rules.Rulebase) -> None:
    margins = [100.0, float("nan"), float("inf"), 1e300, 500.0, 300.0]
    table = pl.DataFrame(
        {
            "id": ["A", "A\N{NO-BREAK SPACE}", "C", "D", "E", "F"],
            "yearly_margin": margins,
            "yearly_margin.to": [None, None, None, None, 400.0, None],
            "stated_reason.customer": ["price", "price", "nonsense", None, None, None],
        }
    )
    found = churn_rules.across_accounts(table, rulebase=rulebase, account="id")
    assert (found.repeated, found.drivers.accounts) == (1, 5)
    margin = found.drivers.margin
    assert (margin.low, margin.high, margin.known, margin.unknown) == (400.0, 400.0, 2, 3)
    assert [one.stated for one in found.stated] == [1]
