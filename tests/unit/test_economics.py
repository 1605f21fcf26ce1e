from __future__ import annotations

import pytest

from churn_rules.cases import Cost
from churn_rules.economics import INPUTS, break_even
from churn_rules.vocabulary import Span, Value, exact

NOTHING, ONE = exact(0), exact(1)


def amounts(
    years: Span = ONE,
    margin: Span = NOTHING,
    idle: Span = NOTHING,
    attempt: Span = NOTHING,
    exposure: Span = NOTHING,
) -> dict[str, Value]:
    return dict(zip(INPUTS, (years, margin, idle, attempt, exposure), strict=True))


def test_worked_out_by_hand() -> None:
    known = amounts(exact(3), exact(100), exact(20), exact(60), exact(30))
    costs = [Cost("price_cut", exact(10), exact(15)), Cost("apology", exact(999), exact(999))]
    found = break_even(known, ["price_cut"], costs)
    # 3 x (100 + 20 - 15) - 10 - 30 = 275, and 60 / 275
    assert (found.value, found.attempt, found.chance, found.pays) == (exact(275), exact(60), exact(0.218181818), True)


def test_costs_of_all_that_is_offered_add_up() -> None:
    costs = [Cost("a", exact(1), exact(2)), Cost("b", Span(3, 5), Span(7, 11))]
    assert break_even(amounts(exact(2), exact(100)), ["b", "a"], costs).value == Span(200 - 26 - 6, 200 - 18 - 4)


def test_ranges_give_the_widest_range() -> None:
    found = break_even(amounts(Span(2, 3), Span(80, 100), NOTHING, Span(40, 50), Span(0, 10)), [], [])
    assert (found.value, found.attempt, found.pays) == (Span(150, 300), Span(40, 50), True)
    assert found.chance == Span(0.133333333, 0.333333333)


def test_where_the_margin_is_negative_more_years_are_worse() -> None:
    found = break_even(amounts(Span(2, 4), exact(10)), ["a"], [Cost("a", NOTHING, exact(30))])
    assert found.value == Span(-80, -40)
    assert found.pays is False


@pytest.mark.parametrize(
    ("margin", "attempt", "pays", "chance"),
    [
        (exact(100), exact(100), True, exact(1)),  # exactly worth it, if it succeeds for sure
        (exact(100), exact(100.01), False, None),
        (exact(0), exact(0), False, None),  # nothing to gain
        (exact(-5), exact(0), False, None),
        (exact(100), exact(0), True, exact(0)),
        (Span(-50, 100), exact(10), None, None),
        (Span(0, 100), exact(10), None, None),
        (Span(50, 100), Span(40, 60), None, None),
        (Span(50, 100), Span(40, 50), True, Span(0.4, 1)),
        (Span(50, 100), Span(101, 200), False, None),
    ],
)
def test_whether_it_pays(margin: Span, attempt: Span, pays: object, chance: Span | None) -> None:
    found = break_even(amounts(margin=margin, attempt=attempt), [], [])
    assert (found.pays, found.chance) == (pays, chance)
    assert found.missing == ()


@pytest.mark.parametrize("lacking", INPUTS)
def test_one_unknown_amount_leaves_all_unknown(lacking: str) -> None:
    known = amounts(exact(3), exact(100), exact(20), exact(60), exact(30))
    del known[lacking]
    found = break_even(known, [], [])
    assert (found.value, found.chance, found.pays) == (None, None, None)
    assert found.missing == (lacking,)
    assert found.attempt == (None if lacking == "attempt_cost" else exact(60))


def test_missing_names_each_cost_of_what_is_offered() -> None:
    found = break_even(amounts(), ["price_cut", "apology"], [Cost("price_cut", NOTHING, NOTHING)])
    assert found.missing == ("cost of apology",)
    assert break_even({}, ["apology"], []).missing == (*INPUTS, "cost of apology")
