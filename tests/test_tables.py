"""Whole tables: each row says what its case says, on every kind of frame; and what is wrong is named."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from churn_rules import Rulebase, TableError, UnknownNameError, across_accounts, diagnose, score
from churn_rules.accounts import Layout, case_of
from churn_rules.errors import ValueRefusedError
from tests import tables
from tests.agreement import world_of
from tests.spark import spark_is_there

TOLD = {"price_increase": 30.0, "customer_objected_to_price": True, "price_increase_withdrawn": False}


def _row(frame: pl.DataFrame, rulebase: Rulebase, *, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    return score(frame, rulebase=rulebase, keep=keep).row(0, named=True)


# --- agreement --------------------------------------------------------------------------------------------------------


@pytest.mark.one_python
@pytest.mark.parametrize("number", range(16))
def test_rows_of_random_tables_agree_with_their_cases(number: int) -> None:
    world = world_of(11, number, 30)
    assert tables.differences_in(world, tables.random_table(Random(number), world, 60)) == ""


@pytest.mark.one_python
@pytest.mark.parametrize("number", range(3))
def test_rows_agree_with_their_cases_by_the_shipped_rules(rulebase: Rulebase, number: int) -> None:
    world = tables.world_around(rulebase)
    assert tables.differences_in(world, tables.random_table(Random(number), world, 40)) == ""


@pytest.mark.parametrize("kind", [kind for kind in tables.FRAMES if kind != "Spark"])
@pytest.mark.parametrize("natively", [False, True])
def test_every_kind_of_frame_gives_the_same(kind: str, natively: bool) -> None:  # noqa: FBT001  # a parameter of tests
    world = world_of(12, 0, 12)
    table = tables.random_table(Random(0), world, 50)
    assert tables.frames_differ(world, table, kinds=[kind], natively=natively) == ""


@pytest.mark.proof
@pytest.mark.skipif(not spark_is_there(), reason="PySpark or Java is not installed")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_spark_gives_the_same(rulebase: Rulebase) -> None:
    world = tables.world_around(rulebase)
    assert tables.frames_differ(world, tables.random_table(Random(1), world, 200), kinds=["Spark"]) == ""


# --- what comes back --------------------------------------------------------------------------------------------------


def test_what_comes_in_comes_back(rulebase: Rulebase) -> None:
    frame = pl.DataFrame({"region": ["North"], **{name: [value] for name, value in TOLD.items()}})
    assert isinstance(score(frame, rulebase=rulebase, keep=["region"]), pl.DataFrame)
    assert isinstance(score(frame.lazy(), rulebase=rulebase, keep=["region"]), pl.LazyFrame)
    assert isinstance(score(frame.to_arrow(), rulebase=rulebase, keep=["region"]), pa.Table)
    assert isinstance(
        score(duckdb.from_arrow(frame.to_arrow()), rulebase=rulebase, keep=["region"]), duckdb.DuckDBPyRelation
    )
    in_pandas = score(frame.to_pandas().set_axis(["A-17"]), rulebase=rulebase, keep=["region"])
    assert isinstance(in_pandas, pd.DataFrame)
    assert list(in_pandas.index) == ["A-17"]
    assert in_pandas.loc["A-17", "region"] == "North"
    assert in_pandas.loc["A-17", "root"] == "pricing"


def test_a_row_says_what_a_diagnosis_says(rulebase: Rulebase) -> None:
    row = _row(pl.DataFrame({name: [value] for name, value in TOLD.items()}), rulebase)
    diagnosis = diagnose(TOLD, rulebase=rulebase)
    assert (row["root"], row["scope"], row["pricing.certainty"]) == ("pricing", "systemic", 0.82)
    assert {name.removeprefix("missing.") for name, value in row.items() if name.startswith("missing.") and value} == {
        missing.fact for missing in diagnosis.missing or ()
    }


def test_nothing_told_is_insufficient_evidence(rulebase: Rulebase) -> None:
    row = _row(pl.DataFrame({"account": ["A", "B"]}), rulebase, keep=("account",))
    assert (row["account"], row["root"], row["decision"], row["fault"]) == ("A", None, "undecided", None)


def test_an_empty_table_has_all_columns(rulebase: Rulebase) -> None:
    empty = score(pl.DataFrame(schema={"price_increase": pl.Float64}), rulebase=rulebase)
    assert empty.height == 0
    assert {"decision", "pricing.certainty", "fired.0"} <= {*empty.columns}


def test_no_number_is_unknown(rulebase: Rulebase) -> None:
    told = pl.DataFrame({"price_increase": [float("nan")], "customer_objected_to_price": [True]})
    untold = told.with_columns(price_increase=pl.lit(None, dtype=pl.Float64))
    assert _row(told, rulebase) == _row(untold, rulebase)


def test_no_number_is_at_no_fault_beside_one_that_is(rulebase: Rulebase) -> None:
    told = pl.DataFrame({"price_increase": [float("nan"), float("inf"), 30.0, None]})
    assert score(told, rulebase=rulebase)["fault"].to_list() == [None, "price_increase", None, None]


def test_what_costs_as_much_as_it_brings_breaks_even_at_certainty(rulebase: Rulebase) -> None:
    amounts = {"years_expected": 2.0, "yearly_margin": 50.0, "idle_capacity_margin": 0.0, "precedent_exposure": 0.0}
    even = _row(pl.DataFrame({name: [value] for name, value in amounts.items()} | {"attempt_cost": [100.0]}), rulebase)
    dear = _row(pl.DataFrame({name: [value] for name, value in amounts.items()} | {"attempt_cost": [100.5]}), rulebase)
    assert (even["economics"], even["break_even.low"], even["break_even.high"]) == ("pays", 1.0, 1.0)
    assert (dear["economics"], dear["break_even.low"], dear["value.low"]) == ("does_not_pay", None, 100.0)


def test_what_is_told_within_the_year_of_the_loss_may_explain_it(rulebase: Rulebase) -> None:
    told = {"price_increase": [30.0], "price_increase.on": [date(2020, 6, 1)]}
    lost = {"lost": [date(2020, 1, 1)], "lost.to": [date(2020, 12, 31)]}
    assert _row(pl.DataFrame({**told, **lost}), rulebase)["fault"] is None


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"price_increase": [100_000.0]}, "price_increase"),
        ({"late_deliveries": ["sometimes"]}, "late_deliveries"),
        ({"price_increase": [20.0], "price_increase.to": [10.0]}, "price_increase"),
        ({"price_increase": [20.0], "price_increase.to": [100_000.0]}, "price_increase"),
        (
            {"price_increase": [20.0], "price_increase.on": [date(2020, 2, 1)], "lost": [date(2020, 1, 1)]},
            "price_increase.on",
        ),
        ({"lost": [date(2020, 2, 1)], "lost.to": [date(2020, 1, 1)]}, "lost"),
        ({"cost.price_reduction.once": [float("inf")]}, "cost.price_reduction.once"),
    ],
)
def test_a_cell_that_is_no_value_is_named_and_counts_as_unknown(
    rulebase: Rulebase, columns: dict[str, list[Any]], fault: str
) -> None:
    frame = pl.DataFrame({**columns, "customer_objected_to_price": [True]})
    row = _row(frame, rulebase)
    without = _row(pl.DataFrame({"customer_objected_to_price": [True]}), rulebase)
    assert row["fault"] == fault
    assert row["pricing.certainty"] == without["pricing.certainty"]


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"price_incraese": [1.0]}, UnknownNameError, "did you mean `price_increase`"),
        ({"price_increase.customr": [1.0]}, UnknownNameError, "price_increase.customer"),
        ({"trust_lost": [True], "trust_lost.to": [True]}, TableError, "`trust_lost` is no number and no date"),
        ({"price_increase.on": [date(2020, 1, 1)]}, TableError, "no column `price_increase`"),
        ({"price_increase.to": [1.0]}, TableError, "no column `price_increase`"),
        ({"price_increase": ["much"]}, TableError, "column `price_increase` holds String, where numbers are wanted"),
        ({"trust_lost": ["yes"]}, TableError, "column `trust_lost` holds String, where true and false are wanted"),
        ({"lost": ["2020"]}, TableError, "column `lost` holds String, where dates are wanted"),
        ({"late_deliveries": [1]}, TableError, "column `late_deliveries` holds Int64, where text is wanted"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    rulebase: Rulebase, columns: dict[str, list[Any]], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace(".", r"\.")):
        score(pl.DataFrame(columns), rulebase=rulebase)


def test_only_what_is_there_can_be_kept(rulebase: Rulebase) -> None:
    with pytest.raises(UnknownNameError, match="regoin"):
        score(pl.DataFrame({"region": ["North"]}), rulebase=rulebase, keep=["regoin"])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pl.DataFrame({"lost": pl.Series([object()], dtype=pl.Object)}), "column `lost` holds Object, where dates are"),
        (pd.DataFrame({"lost": [pd.Period("2024-01")]}), r"column `lost` holds Extension\(.*, where dates are"),
        (pa.table({"price_increase": pa.array([Decimal(30)], pa.decimal256(50, 2))}), "cannot be carried to Polars"),
    ],
)
def test_columns_of_types_that_no_fact_has_are_refused(rulebase: Rulebase, frame: Any, words: str) -> None:
    with pytest.raises(TableError, match=words):
        score(frame, rulebase=rulebase)


def test_a_cost_is_never_below_zero(rulebase: Rulebase) -> None:
    table = pl.DataFrame({"price_increase": [30.0, 30.0], "cost.price_reduction.once": [-5.0, 0.0]})
    assert score(table, rulebase=rulebase)["fault"].to_list() == ["cost.price_reduction.once", None]
    with pytest.raises(ValueRefusedError):
        case_of(table.row(0, named=True), Layout.of(table.columns, rulebase), rulebase)


def test_what_is_no_frame_is_refused(rulebase: Rulebase) -> None:
    with pytest.raises(TableError, match="no kind of frame that can be scored: dict"):
        score({"price_increase": [1.0]}, rulebase=rulebase)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"price_increase": [1.0, "much"]}), "price_increase"),
        (pd.DataFrame({"price_increase": pd.arrays.SparseArray([30.0, 0.0])}), "price_increase"),
        (pd.DataFrame({"price_increase": [1 + 2j]}), "price_increase"),
        (pd.DataFrame([[1.0, 2.0]], columns=["price_increase", "price_increase"]), "two columns are called the same"),
        (pd.DataFrame({5: [1.0]}), "column 5 is called by no text"),
    ],
)
def test_frames_of_pandas_that_no_facts_fit_are_refused(rulebase: Rulebase, frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(TableError, match=words):
        score(frame, rulebase=rulebase)


@pytest.mark.parametrize("natively", [True, False])
def test_a_column_of_pandas_in_which_nothing_is_filled_in_fits_any_fact(rulebase: Rulebase, *, natively: bool) -> None:
    raw = "rise,price_increase,late_deliveries,trust_lost,lost,region\n1,30,,,,\n2,4,,,,\n"
    frame = pd.read_csv(io.StringIO(raw))
    found = score(frame, rulebase=rulebase, keep=["rise", "region"], natively=natively)
    assert found["fault"].isna().all()
    assert str(found["region"].dtype) in ("float64", "double[pyarrow]")
    assert across_accounts(frame, rulebase=rulebase, account="rise", segments=["region"]).drivers.faults == 0


def test_what_is_called_as_a_part_of_the_answer_cannot_be_kept(rulebase: Rulebase) -> None:
    with pytest.raises(TableError, match="column `root` cannot be kept"):
        score(pl.DataFrame({"price_increase": [30.0], "root": ["x"]}), rulebase=rulebase, keep=["root"])


def test_the_day_of_a_moment_is_that_of_its_time_zone(rulebase: Rulebase) -> None:
    late = datetime(2025, 6, 30, 23, tzinfo=ZoneInfo("America/New_York"))
    told = pl.DataFrame({"price_increase": [30.0], "price_increase.on": [late], "lost": [late.date()]})
    assert _row(told, rulebase)["fault"] is None


def test_a_row_is_a_case_with_the_same_words(rulebase: Rulebase) -> None:
    layout = Layout.of(["price_increase.customer", "price_increase.customer.on", "lost"], rulebase)
    row = {"price_increase.customer": 30, "price_increase.customer.on": date(2020, 1, 31), "lost": date(2020, 6, 30)}
    case = case_of(row, layout, rulebase)
    (observation,) = case.observations
    assert (observation.fact, observation.side, observation.value) == ("price_increase", "customer", (30.0, 30.0))
    assert observation.date == (date(2020, 1, 31).toordinal(),) * 2
