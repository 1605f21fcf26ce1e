"""Money: worked out by hand, then for whatever hypothesis draws."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import churn_rules
from churn_rules.cases import Case, Cost, Observation
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.economics import Chance, Sensitivity, break_even, for_everybody, sensitivity
from churn_rules.figures import Change, Each, Figures, Turnover, Yearly, percent_of, standing
from churn_rules.money import CURRENCIES, NOTHING, Amount, divided, total
from churn_rules.vocabulary import Span, Value, exact
from churn_rules.worth import worth_of

SITUATIONS = Path(__file__).resolve().parents[1] / "situations"
D = Decimal


def amount(low: str, likely: str | None = None, high: str | None = None) -> Amount:
    return Amount(D(low), D(likely or low) if likely or not high else None, D(high or low))


WORKED = Figures(
    years=amount("2", "3", "4"),
    expected_margin=amount("40000", "50000", "60000"),
    idle_capacity=amount("0"),
    attempt=amount("10000", "20000", "25000"),
    exposure=amount("0", "9999.50", "15000"),
)
COST = Cost("support_exception", amount("5000.50"), amount("8000", "10000", "12000"))

# --- amounts ----------------------------------------------------------------------------------------------------------


def test_sums_are_exact() -> None:
    assert total([amount("0.1")] * 3) == amount("0.3")
    assert str((amount("1000000000000") + amount("0.000000001")).low) == "1000000000000.000000001"


def test_equal_amounts_print_alike() -> None:
    assert str((amount("2.50") * amount("400")).low) == "1000"
    assert str((-NOTHING).low) == "0"


def test_a_product_takes_the_corners() -> None:
    assert amount("2", "3", "4") * amount("-10", "5", "20") == amount("-40", "15", "80")


def test_a_float_is_read_as_a_person_writes_it() -> None:
    assert Amount.read(Span(0.1, 0.3)) == Amount(D("0.1"), None, D("0.3"))
    assert Amount.read(exact(30)) == amount("30")


def test_premises_read_nine_decimals() -> None:
    assert amount("0.1234567894", high="1").span() == Span(0.123456789, 1.0)


def test_a_quotient_is_rounded_half_to_even() -> None:
    assert divided(D(1), D(3)) == D("0.333333333")
    assert divided(D(1), D(2_000_000_000)) == D(0)


def test_currencies_are_those_of_the_standard() -> None:
    assert {"EUR", "USD", "CNY", "JPY", "DEM"} <= CURRENCIES
    assert not {"EUX", "XXX", "XAU"} & CURRENCIES
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)


# --- V and A ----------------------------------------------------------------------------------------------------------


def test_the_carve_out_by_hand() -> None:
    way = break_even({}, ["support_exception"], [COST], WORKED).exactly
    # low 2 x (40000 - 12000) - 5000.50 - 15000; likely 3 x (50000 - 10000) - 5000.50 - 9999.50;
    # high 4 x (60000 - 8000) - 5000.50 - 0
    assert way.value == amount("35999.5", "105000", "202999.5")
    assert way.attempt == WORKED.attempt
    assert way.chance == Chance(D("0.049261205"), D("0.19047619"), D("0.69445409"))
    assert (way.pays, way.missing) == (True, ())


def test_premises_read_the_same_as_floats() -> None:
    found = break_even({}, ["support_exception"], [COST], WORKED)
    assert (found.value, found.chance) == (Span(35999.5, 202999.5), Span(0.049261205, 0.69445409))


def test_the_block_stands_before_the_facts() -> None:
    known: dict[str, Value] = {"years_expected": exact(9), "attempt_cost": exact(1)}
    assert break_even(known, ["support_exception"], [COST], WORKED) == break_even(
        {}, ["support_exception"], [COST], WORKED
    )
    assert break_even(known, [], [], Figures(attempt=amount("7"))).attempt == exact(7)


def test_it_never_pays_by_hand() -> None:
    small = replace(WORKED, expected_margin=amount("8000"), attempt=amount("1"), exposure=NOTHING)
    way = break_even({}, ["support_exception"], [COST], small).exactly
    # high 4 x (8000 - 8000) - 5000.50
    assert way.value == amount("-21000.5", "-11000.5", "-5000.5")
    assert (way.pays, way.chance) == (False, None)


def test_where_only_the_worst_figures_never_pay_it_depends() -> None:
    way = break_even(
        {}, ["support_exception"], [COST], replace(WORKED, attempt=amount("10000", "20000", "90000"))
    ).exactly
    assert way.pays is None
    assert way.chance == Chance(D("0.049261205"), D("0.19047619"), None)


def test_a_range_without_a_likely_figure_gets_none() -> None:
    way = break_even({}, [], [], replace(WORKED, years=amount("2", high="4"))).exactly
    assert way.value
    assert (way.value.low, way.value.likely) == (D(65000), None)
    assert way.chance
    assert way.chance.likely is None


def test_what_is_unknown_is_named() -> None:
    found = break_even({}, ["support_exception", "training"], [COST], replace(WORKED, years=None, exposure=None))
    assert found.missing == ("years_expected", "precedent_exposure", "cost of training")
    assert (found.value, found.chance, found.pays) == (None, None, None)
    assert found.exactly.attempt == WORKED.attempt


def test_referrals_and_replacement_count_only_where_the_case_says_so() -> None:
    beside = replace(
        WORKED, referrals=Each(amount("0", "1", "2"), amount("5000")), replacement=Each(amount("3"), amount("8000"))
    )
    counted = replace(beside, count_referrals=True)
    assert break_even({}, [], [], beside) == break_even({}, [], [], WORKED)
    more, less = (break_even({}, [], [], figures).exactly.value for figures in (counted, beside))
    assert more
    assert less
    # 3 x 8000 once, and 2 x 0, 3 x 5000, 4 x 10000 over the years
    assert more - less == Amount(less.low - less.high + 24000, D(24000 + 15000), less.high - less.low + 24000 + 40000)
    assert break_even({}, [], [], replace(WORKED, count_referrals=True)).missing == ("referrals",)


def test_changing_the_business_model_by_hand() -> None:
    change = Change(amount("150000", "200000", "260000"), amount("-20000", "0", "10000"))
    way = for_everybody({}, [], [], replace(WORKED, model_change=change, exposure=None))
    # low 2 x (40000 - 10000) - 260000; likely 3 x 50000 - 200000; high 4 x (60000 + 20000) - 150000; no exposure
    assert way.value == amount("-200000", "-50000", "170000")
    assert way.pays is None
    assert way.chance == Chance(D("0.058823529"), None, None)


def test_a_change_of_which_nothing_is_known_is_named() -> None:
    way = for_everybody({}, ["training"], [], WORKED)
    assert (way.value, way.missing) == (None, ("model_change", "cost of training"))


def test_what_moves_the_chance_most_by_hand() -> None:
    moves, unlikely = sensitivity({}, ["support_exception"], [COST], WORKED)
    assert unlikely == ()
    assert [move.input for move in moves] == [
        "years_expected", "attempt_cost", "yearly_margin", "precedent_exposure", "cost of support_exception yearly",
    ]  # fmt: skip
    # A is 20000; V is 2 x 40000 - 15000 at two years, 4 x 40000 - 15000 at four
    assert moves[0] == Sensitivity("years_expected", D("0.307692308"), D("0.137931034"), D("0.169761274"))
    # V is 105000 throughout
    assert moves[1] == Sensitivity("attempt_cost", D("0.095238095"), D("0.238095238"), D("0.142857143"))


def test_what_may_never_pay_moves_most() -> None:
    moves, _ = sensitivity({}, [], [], replace(WORKED, expected_margin=amount("0", "50000", "60000")))
    assert (moves[0].input, moves[0].at_low, moves[0].swing) == ("yearly_margin", None, None)


def test_nothing_moves_where_no_likely_figure_is_known() -> None:
    moves, unlikely = sensitivity({}, [], [], replace(WORKED, years=amount("2", high="4")))
    assert (moves, unlikely) == ((), ("years_expected",))


# --- besides V --------------------------------------------------------------------------------------------------------


def test_share_and_concentration_by_hand() -> None:
    figures = Figures(
        turnover=(Turnover(2008, amount("1"), amount("2")), Turnover(2009, amount("300"), amount("1500"), "record")),
        largest_customers=(amount("310"), amount("300"), amount("290"), amount("80")),
    )
    found = worth_of(figures, {}).concentration
    assert (found.year, found.share, found.top_three) == (2009, amount("20"), amount("60"))
    assert found.one_of_top_three is True
    smaller = replace(figures, turnover=(Turnover(2009, amount("280"), amount("1500")),))
    assert worth_of(smaller, {}).concentration.one_of_top_three is False
    unsure = replace(figures, turnover=(Turnover(2009, amount("280", high="300"), amount("1500")),))
    assert worth_of(unsure, {}).concentration.one_of_top_three is None


def test_shares_may_be_told_in_percent() -> None:
    largest = Figures(largest_customers=(amount("20"), amount("12"), amount("10")), largest_in="percent")
    found = worth_of(largest, {"share_of_turnover": exact(15)}).concentration
    assert (found.top_three, found.one_of_top_three) == (amount("42"), True)


def test_a_share_of_nothing_is_unknown() -> None:
    assert percent_of(amount("1"), NOTHING) is None
    assert percent_of(amount("1"), None) is None


def test_past_margins_never_become_the_expected_one() -> None:
    found = worth_of(Figures(margin=(Yearly(2008, amount("10")), Yearly(2009, amount("20"))), years=amount("2")), {})
    assert (found.expected_margin, found.margin_at_stake) == (None, None)
    assert "expected_margin" in found.missing


def test_the_record_stands_for_a_year() -> None:
    told = (Yearly(2009, amount("1"), "us"), Yearly(2009, amount("2"), "record"), Yearly(2008, amount("3"), "record"))
    assert standing(told) == told[1]
    assert worth_of(Figures(past_investments=told), {}).past_investments == amount("5")


def test_nothing_is_known_of_a_case_without_figures() -> None:
    found = worth_of(None, {})
    assert replace(found, missing=()) == replace(worth_of(Figures(), {}), missing=())
    assert {"margin", "turnover", "replacement", "customer_gain"} <= set(found.missing)


# --- a whole case -----------------------------------------------------------------------------------------------------


def diagnosed(rulebase: churn_rules.Rulebase, figures: Figures | None, *told: Observation) -> Diagnosis:
    return diagnose_case(rulebase, Case(observations=told, economics=figures, currency="EUR"), "reference")


def test_a_fact_and_the_block_that_differ_are_reported(rulebase: churn_rules.Rulebase) -> None:
    found = diagnosed(
        rulebase, WORKED, Observation("attempt_cost", exact(15000)), Observation("years_expected", Span(2, 4))
    )
    assert [(item.fact, item.observed, item.derived, item.by) for item in found.discrepancies] == [
        ("attempt_cost", {"from": 10000, "to": 25000}, 15000, "timeline")
    ]
    assert found.economics.attempt == {"from": 10000, "to": 25000}


def test_the_block_settles_what_a_fact_would(rulebase: churn_rules.Rulebase) -> None:
    by_block = diagnosed(rulebase, Figures(years=amount("3"), expected_margin=amount("0.1"), attempt=amount("2")))
    by_facts = diagnosed(
        rulebase,
        None,
        Observation("years_expected", exact(3)),
        Observation("yearly_margin", exact(0.1)),
        Observation("attempt_cost", exact(2)),
    )
    assert by_block.economics == by_facts.economics
    assert by_block.economics.worth.margin_at_stake == amount("0.3")


def test_a_systemic_case_is_costed_both_ways(rulebase: churn_rules.Rulebase) -> None:
    case = churn_rules.load_case(SITUATIONS / "two-ways-to-mend-support.yaml", rulebase)
    found = diagnose_case(rulebase, case).economics
    assert [(way.way, way.value) for way in found.ways] == [
        ("for_this_customer", amount("35999.5", "105000", "202999.5")),
        ("for_everybody", amount("-200000", "-50000", "170000")),
    ]
    assert found.verdict == "pays"


def test_one_that_never_pays_says_so(rulebase: churn_rules.Rulebase) -> None:
    case = churn_rules.load_case(SITUATIONS / "never-worth-its-price.yaml", rulebase)
    found = diagnose_case(rulebase, case).economics
    # low 5 x (1500 - 3000) - 2500; likely 2 x (2000 - 3000) - 2000; high 1 x (2500 - 3000) - 1500
    assert found.ways[0].value == amount("-10000", "-4000", "-2000")
    # low 1 x (1500 - 4000) or 5 x (1500 - 4000) - 30000; nobody said what is likely; high 5 x (2500 + 1000) - 20000
    assert found.ways[1].value == Amount(D(-42500), None, D(-2500))
    assert (found.verdict, [way.pays for way in found.ways]) == ("does_not_pay", [False, False])


# --- for any amounts --------------------------------------------------------------------------------------------------

NUMBERS = st.decimals(-(10**9), 10**9, places=4, allow_nan=False)
POSITIVE = st.decimals(0, 10**9, places=4, allow_nan=False)


def amounts(numbers: st.SearchStrategy[Decimal]) -> st.SearchStrategy[Amount]:
    return st.lists(numbers, min_size=3, max_size=3).map(sorted).map(lambda ends: Amount(ends[0], ends[1], ends[2]))


FIGURES = st.builds(
    Figures,
    years=amounts(st.decimals(0, 100, places=2)),
    expected_margin=amounts(NUMBERS),
    idle_capacity=amounts(POSITIVE),
    attempt=amounts(POSITIVE),
    exposure=amounts(POSITIVE),
)
COSTS = st.builds(Cost, st.just("it"), amounts(POSITIVE), amounts(POSITIVE))
NAMES = ("years", "expected_margin", "idle_capacity", "attempt", "exposure")


@given(FIGURES, COSTS)
def test_the_likely_value_lies_within(figures: Figures, cost: Cost) -> None:
    way = break_even({}, ["it"], [cost], figures).exactly
    assert way.value
    assert way.value.likely is not None
    assert way.value.low <= way.value.likely <= way.value.high
    if way.chance and way.chance.likely is not None:
        assert way.chance.low <= way.chance.likely
        assert way.chance.high is None or way.chance.likely <= way.chance.high <= 1


@given(FIGURES, COSTS, st.sampled_from(NAMES), POSITIVE, POSITIVE)
def test_a_wider_input_never_narrows_the_result(
    figures: Figures, cost: Cost, name: str, below: Decimal, above: Decimal
) -> None:
    told: Amount = getattr(figures, name)
    wide = Amount(max(told.low - below, D(0)) if told.low >= 0 else told.low - below, told.likely, told.high + above)
    narrow, wider = (break_even({}, ["it"], [cost], given_).exactly for given_ in (figures, _with(figures, name, wide)))
    assert narrow.value
    assert wider.value
    assert wider.value.low <= narrow.value.low <= narrow.value.high <= wider.value.high
    assert wider.pays in (narrow.pays, None)
    if narrow.chance:
        assert wider.chance
        assert wider.chance.low <= narrow.chance.low
        assert wider.chance.high is None or (narrow.chance.high or D(2)) <= wider.chance.high


def _with(figures: Figures, name: str, told: Amount) -> Figures:
    changed: dict[str, Any] = {name: told}
    return replace(figures, **changed)


@given(FIGURES, COSTS)
def test_the_value_is_exact(figures: Figures, cost: Cost) -> None:
    years, margin, idle, attempt, exposure = (_fraction(getattr(figures, name)) for name in NAMES)
    way = break_even({}, ["it"], [cost], figures).exactly
    assert _fraction(way.value) == years * (margin + idle - _fraction(cost.yearly)) - _fraction(cost.once) - exposure
    assert _fraction(way.attempt) == attempt


def _fraction(told: Amount | Span | None) -> Fraction:
    assert isinstance(told, Amount)
    assert told.likely is not None
    return Fraction(told.likely)


@given(st.lists(st.decimals(-(10**11), 10**11, places=9), max_size=30))
def test_a_sum_does_not_depend_on_order(numbers: list[Decimal]) -> None:
    told = [Amount.of(number) for number in numbers]
    assert total(told) == total(reversed(told))


@pytest.mark.parametrize("text", ["0.1", "12345678901.123456789", "-0.000000001", "1000000000000"])
def test_amounts_in_a_file_keep_every_digit(text: str, tmp_path: Path, rulebase: churn_rules.Rulebase) -> None:
    case = (
        "case: one\ntitle: One\nsource: made up\ntimeline:\n  - {fact: trust_lost, value: true, side: us}\n"
        f"economics:\n  expected_margin: {text}\n"
    )
    (tmp_path / "one.yaml").write_text(case)
    figures = churn_rules.load_case(tmp_path / "one.yaml", rulebase).economics
    assert figures
    assert figures.expected_margin == Amount.of(D(text))
