from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_rules.errors import ValueRefusedError
from churn_rules.vocabulary import DERIVATIONS, Fact, Span, Term, accept, accept_text, exact, parse_date, plain, spoken
from tests.unit.small import thoroughly

RISE = Term(id="rise", title="the price rise", type="number", unit="percent", low=-100, high=1000, at="loss")
SHARE = Term(id="share", title="their share", type="number", unit="percent", low=0, high=100, at="now")
LATE = Term(id="late", title="lateness", type="boolean", says={"true": "we were late", "false": "we were in time"})
STATED = Term(id="stated", title="the reason given", type="choice", choices=("price", "delivery"))
SIGNED = Term(id="signed", title="the signing", type="date", at="loss")


def day(text: str) -> float:
    return float(date.fromisoformat(text).toordinal())


# --- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "raw", "value"),
    [
        (LATE, True, True),
        (LATE, False, False),
        (STATED, "price", "price"),
        (RISE, 30, exact(30)),
        (RISE, -100, exact(-100)),
        (RISE, 14.9, exact(14.9)),
        (RISE, {"from": 10, "to": 20}, Span(10, 20)),
        (RISE, {"from": 10, "to": 10}, exact(10)),
        (RISE, {"at_least": 10, "at_most": 20}, Span(10, 20)),
        (RISE, {"at_least": 10}, Span(10, 1000)),
        (RISE, {"to": 20}, Span(-100, 20)),
        (SIGNED, 2009, Span(day("2009-01-01"), day("2009-12-31"))),
        (SIGNED, "2009", Span(day("2009-01-01"), day("2009-12-31"))),
        (SIGNED, "2009-02", Span(day("2009-02-01"), day("2009-02-28"))),
        (SIGNED, "2008-02", Span(day("2008-02-01"), day("2008-02-29"))),
        (SIGNED, "2008-02-29", exact(day("2008-02-29"))),
        (SIGNED, date(2009, 3, 31), exact(day("2009-03-31"))),
        (SIGNED, {"from": 2009, "to": "2010-06"}, Span(day("2009-01-01"), day("2010-06-30"))),
    ],
)
def test_accepted(term: Term, raw: object, value: object) -> None:
    assert accept(term, raw) == value


@pytest.mark.parametrize("term", [LATE, STATED, RISE, SIGNED], ids=lambda term: term.type)
@pytest.mark.parametrize("raw", ["unknown", "Unknown", " unknown "])
def test_unknown_is_accepted_of_every_type(term: Term, raw: str) -> None:
    assert accept(term, raw) is None
    assert accept_text(term, raw) is None


def test_more_than_leaves_the_limit_out() -> None:
    more, less = accept(RISE, {"more_than": 15}), accept(RISE, {"less_than": 15})
    assert isinstance(more, Span)
    assert isinstance(less, Span)
    assert less.high < 15 < more.low
    assert (less.low, more.high) == (-100, 1000)


def test_none_is_unknown() -> None:
    assert [accept(term, None) for term in (LATE, STATED, RISE, SIGNED)] == [None] * 4


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "raw", "code"),
    [
        (LATE, "yes", "V301"),
        (LATE, 1, "V301"),
        (STATED, "prise", "V302"),
        (STATED, True, "V302"),
        (STATED, ["price"], "V302"),
        (RISE, "30", "V303"),
        (RISE, True, "V303"),
        (RISE, [30], "V303"),
        (RISE, float("nan"), "V303"),
        (RISE, float("inf"), "V303"),
        (RISE, 2.0**53, "V303"),
        (RISE, {"from": "10", "to": 20}, "V303"),
        (RISE, {"from": True, "to": 20}, "V303"),
        (RISE, 1000.1, "V304"),
        (RISE, -100.1, "V304"),
        (RISE, {"from": -200, "to": 0}, "V304"),
        (RISE, {"from": 20, "to": 10}, "V305"),
        (RISE, {"more_than": 15, "less_than": 15}, "V305"),
        (RISE, {"about": 15}, "V305"),
        (RISE, {}, "V305"),
        (SIGNED, "March 2009", "V306"),
        (SIGNED, "2009-3", "V306"),
        (SIGNED, "2009-02-29", "V306"),
        (SIGNED, "2009-13", "V306"),
        (SIGNED, "0000", "V306"),
        (SIGNED, 2009.0, "V306"),
        (SIGNED, True, "V306"),
        (SIGNED, {"from": 2009}, "V306"),
        (SIGNED, {"from": 2010, "to": 2009}, "V306"),
        (SIGNED, "\u0662\u0660\u0660\u0669", "V306"),
    ],
)
def test_refused(term: Term, raw: object, code: str) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        accept(term, raw)
    assert refused.value.code == code
    assert f"`{term.id}`" in refused.value.what
    assert refused.value.why
    assert refused.value.fix


@pytest.mark.parametrize("raw", ["2009-00", "2009-03-00", "2009-00-01"])
def test_there_is_no_month_or_day_zero(raw: str) -> None:
    with pytest.raises(ValueRefusedError):
        accept(SIGNED, raw)


@pytest.mark.parametrize("raw", [10**400, {"from": 10**400, "to": 20}], ids=["number", "bound"])
def test_a_whole_number_past_all_bounds_is_refused(raw: object) -> None:
    with pytest.raises(ValueRefusedError):
        accept(RISE, raw)


def test_a_refusal_suggests_a_choice_nearby() -> None:
    with pytest.raises(ValueRefusedError, match="did you mean `price`"):
        accept(STATED, "prise")


def test_a_refusal_cuts_a_long_value_short() -> None:
    with pytest.raises(ValueRefusedError) as refused:
        accept(STATED, "x" * 5000)
    assert len(refused.value.what) < 100


# --- as typed by a person ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "text", "value"),
    [
        (RISE, "30", exact(30)),
        (RISE, " 30 % ", exact(30)),
        (RISE, "30%", exact(30)),
        (RISE, "-2.5", exact(-2.5)),
        (RISE, "+2.5", exact(2.5)),
        (RISE, "10..20", Span(10, 20)),
        (RISE, "10.5..20.25", Span(10.5, 20.25)),
        (RISE, "-20..-10", Span(-20, -10)),
        (RISE, "10 % .. 20 %", Span(10, 20)),
        (LATE, "yes", True),
        (LATE, "Yes", True),
        (LATE, "true", True),
        (LATE, "no", False),
        (LATE, "FALSE", False),
        (STATED, " price ", "price"),
        (SIGNED, "2009-03", Span(day("2009-03-01"), day("2009-03-31"))),
    ],
)
def test_typed(term: Term, text: str, value: object) -> None:
    assert accept_text(term, text) == value


@pytest.mark.parametrize(
    ("term", "text", "code"),
    [
        (LATE, "maybe", "V301"),
        (LATE, "1", "V301"),
        (STATED, "Preis", "V302"),
        (RISE, "", "V303"),
        (RISE, "thirty", "V303"),
        (RISE, "1e3", "V303"),
        (RISE, "30,000", "V303"),
        (RISE, "1..2..3", "V303"),
        (RISE, "..20", "V303"),
        (RISE, "\u0663\u0660", "V303"),
        (RISE, "2000", "V304"),
        (RISE, "20..10", "V305"),
        (SIGNED, "last year", "V306"),
    ],
)
def test_typed_and_refused(term: Term, text: str, code: str) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        accept_text(term, text)
    assert refused.value.code == code


# --- back to plain values ---------------------------------------------------------------------------------------------

_ENDS = st.floats(-100, 1000).map(lambda number: round(number, 6))
_SPANS = st.tuples(_ENDS, _ENDS).map(lambda ends: Span(min(ends), max(ends)))
_DAYS = st.dates(min_value=date(1000, 1, 1)).map(date.toordinal)
_DAY_SPANS = st.tuples(_DAYS, _DAYS).map(lambda ends: Span(min(ends), max(ends)))


@thoroughly
@given(_SPANS)
def test_a_number_comes_back_through_its_plain_form(value: Span) -> None:
    assert accept(RISE, plain(RISE, value)) == value


@thoroughly
@given(_DAY_SPANS)
def test_a_date_comes_back_through_its_plain_form(value: Span) -> None:
    assert accept(SIGNED, plain(SIGNED, value)) == value


@pytest.mark.parametrize("text", ["1999", "2009-02", "2008-02-29", "2009-12-31"])
def test_a_date_is_given_as_it_was_written(text: str) -> None:
    assert plain(SIGNED, parse_date(text)) == text


def test_years_are_given_as_years() -> None:
    assert plain(SIGNED, accept(SIGNED, {"from": 2009, "to": 2011})) == {"from": "2009", "to": "2011"}


def test_an_early_year_comes_back() -> None:
    assert plain(SIGNED, parse_date("0005")) == "0005"


def test_whole_numbers_are_given_without_a_point() -> None:
    assert repr(plain(RISE, exact(30.0))) == "30"
    assert plain(RISE, Span(10, 20.5)) == {"from": 10, "to": 20.5}
    assert plain(LATE, True) is True  # noqa: FBT003  # the value itself
    assert plain(RISE, None) is None


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "raw", "sentence"),
    [
        (RISE, 30, "the price rise was 30 percent"),
        (SHARE, 30, "their share is 30 percent"),
        (RISE, {"from": 10, "to": 20}, "the price rise was 10 to 20 percent"),
        (RISE, {"more_than": 15}, "the price rise was more than 15 percent"),
        (RISE, {"at_least": 15}, "the price rise was at least 15 percent"),
        (RISE, {"less_than": 15}, "the price rise was less than 15 percent"),
        (RISE, {"at_most": 15}, "the price rise was at most 15 percent"),
        (LATE, True, "we were late"),
        (LATE, False, "we were in time"),
        (STATED, "price", "the reason given is price"),
        (SIGNED, "2009-03", "the signing was 2009-03"),
        (RISE, "unknown", "the price rise is unknown"),
    ],
)
def test_spoken(term: Term, raw: object, sentence: str) -> None:
    assert spoken(term, accept(term, raw)) == sentence


# --- derived values ---------------------------------------------------------------------------------------------------


def derived(function: str, first: Span, second: Span) -> Span | None:
    return DERIVATIONS[function][0](first, second)


@thoroughly
@given(st.integers(1, 100_000), st.integers(-100, 1000))
def test_a_change_of_whole_percent_is_exact(hundreds: int, percent: int) -> None:
    before = exact(hundreds)
    after = exact(hundreds * (100 + percent) / 100)
    assert derived("percent_change", before, after) == exact(percent)


def test_fifteen_percent_is_fifteen_percent() -> None:
    assert 100 * (1.15 / 1 - 1) != 15  # what rounding mends
    assert derived("percent_change", exact(1), exact(1.15)) == exact(15)


def test_a_change_of_ranges_takes_the_widest_ends() -> None:
    assert derived("percent_change", Span(100, 200), Span(150, 300)) == Span(-25, 200)


@pytest.mark.parametrize("before", [exact(0), Span(0, 100)])
def test_no_change_follows_from_nothing(before: Span) -> None:
    assert derived("percent_change", before, exact(100)) is None


@pytest.mark.parametrize(
    ("part", "whole", "ratio"),
    [
        (exact(3), exact(20), exact(0.15)),
        (Span(1, 2), Span(4, 10), Span(0.1, 0.5)),
        (exact(1), exact(0), None),
        (exact(-1), exact(2), None),
    ],
)
def test_ratio(part: Span, whole: Span, ratio: Span | None) -> None:
    assert derived("ratio", part, whole) == ratio


@pytest.mark.parametrize(
    ("first", "second", "months"),
    [
        ("2009-03-15", "2010-03-15", exact(12)),
        ("2009-01-31", "2009-07-31", exact(6)),
        ("2009-03-15", "2009-03-15", exact(0)),
        ("2010-03-15", "2009-03-15", exact(-12)),
        ("2009-03-01", "2009-03-02", exact(round(1 / 31, 9))),
        ("2009", "2010", Span(round(1 - 30 / 31, 9), round(23 + 30 / 31, 9))),
    ],
)
def test_months_between(first: str, second: str, months: Span) -> None:
    assert derived("months_between", parse_date(first), parse_date(second)) == months


def test_a_fact_is_a_term() -> None:
    fact = Fact(id="rise", title="the price rise", type="number", low=0, high=10)
    assert accept(fact, 10) == exact(10)
