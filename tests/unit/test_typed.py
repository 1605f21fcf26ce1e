"""What people type: tables of what is understood and of what is refused, then whatever hypothesis draws."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_rules.errors import ValueRefusedError
from churn_rules.language import ENGLISH, LANGUAGES, Language
from churn_rules.loading import translations
from churn_rules.typed import read_date, read_typed
from churn_rules.vocabulary import Fact, Span, Value, plain


def _number(unit: str, low: float, high: float, currency: str = "currency") -> Fact:
    return Fact(id=unit, title=unit, type="number", unit=unit, low=low, high=high, currency=currency)


PERCENT = _number("percent", -100, 1000)
SHARE = _number("percent", 0, 100)
MONTHS = _number("months", 0, 600)
MAANDEN = _number("maanden", 0, 600)
YUE = _number("个月", 0, 600)
DAYS = _number("days", 0, 3650)
YEARS = _number("years", 0, 100)
MONEY = _number("currency", 0, 1e12)
YEARLY = _number("currency per year", 0, 1e12)
JAARLIJKS = _number("valuta per jaar", 0, 1e12, "valuta")
ORDERS = _number("orders per week", 0, 100)
ANY = Fact(id="any", title="any", type="number")
TRUTH = Fact(id="truth", title="truth", type="boolean")
SAYS = {
    "nothing": "nothing held back our supply",
    "our_capacity": "we lacked the capacity",
    "our_suppliers": "our own suppliers failed us",
}
CHOICE = Fact(id="choice", title="choice", type="choice", choices=tuple(SAYS), says=SAYS)
OFTEN = Fact(id="often", title="often", type="choice", choices=("never", "once", "repeatedly"))
DATE = Fact(id="date", title="date", type="date")
FACTS = (PERCENT, SHARE, MONTHS, YUE, DAYS, YEARS, MONEY, YEARLY, JAARLIJKS, ORDERS, ANY, TRUTH, CHOICE, OFTEN, DATE)


def _said(code: str) -> Language:
    phrases = {english: entry.text for english, entry in translations(code).phrases.items()}
    return Language(code, phrases)


IN_ALL = tuple(ENGLISH if code == "en" else _said(code) for code in LANGUAGES)


def _outcome(fact: Fact, text: str, language: Language) -> tuple[str, Value | None]:
    try:
        return "read", read_typed(fact, text, language)
    except ValueRefusedError as error:
        return error.code, None


# --- what is understood -----------------------------------------------------------------------------------------------


def _between(low: float, high: float) -> dict[str, float]:
    return {"from": low, "to": high}


NUMBERS: tuple[tuple[Fact, str, object], ...] = (
    *(
        (PERCENT, text, 30)
        for text in ("30", "30%", "30 %", "30 percent", "30 Procent", "３０％", "  30  ", "百分之30")
    ),
    *((PERCENT, text, -5) for text in ("-5", "- 5 %", "−5", "–5", "－５")),
    *((PERCENT, text, 30.5) for text in ("30,5", "30.5", "30,50 %", "+30.5")),
    *((PERCENT, text, 0) for text in ("0", "-0", "0,0")),
    *((PERCENT, text, _between(30, 40)) for text in ("30-40", "30 - 40", "30–40", "30..40", "30 to 40", "30 tot 40")),
    *((PERCENT, text, _between(30, 40)) for text in ("30 到 40", "30至40", "30% - 40%", "30 to 40 %", "３０～４０")),
    (PERCENT, "-40--30", _between(-40, -30)),
    (PERCENT, "-5 to 5", _between(-5, 5)),
    *((PERCENT, text, _between(15, 1000)) for text in ("at least 15", ">= 15", "≥15", "minstens 15%", "至少15")),
    *((PERCENT, text, _between(-100, 15)) for text in ("at most 15", "<= 15", "≤15", "hoogstens 15", "最多15%")),
    *(
        (PERCENT, text, _between(15.000000001, 1000))
        for text in ("more than 15", "> 15", "More  than 15 %", "meer dan 15 procent", "超过15%")
    ),
    *(
        (PERCENT, text, _between(-100, 14.999999999))
        for text in ("less than 15", "<15", "minder dan 15", "少于15", "少于 15 %")
    ),
    (PERCENT, "1,500", 1.5),  # 1500 percent is outside of the range
    (MONEY, "0,125", 0.125),  # no thousands begin with a zero
    *(
        (MONEY, text, 1000)
        for text in ("1 000", "1'000", "1000", "1\u00a0000", "EUR 1000", "1000 eur", "€1000", "¥1000")
    ),
    *(
        (MONEY, text, 1000)
        for text in ("1000 euro", "$ 1000", "US$1000", "1000 dollars", "1000元", "£ 1000", "￥１０００")
    ),
    *((MONEY, text, 1_000_000) for text in ("1.000.000", "1,000,000", "1 000 000")),
    *((MONEY, text, 1_000_000.5) for text in ("1,000,000.50", "1.000.000,50", "€ 1 000 000,50")),
    *((YEARLY, text, 500) for text in ("500", "€500", "500 per year", "500 EUR per year", "500 €/jaar", "500元/年")),
    (JAARLIJKS, "500 valuta per jaar", 500),
    *((fact, text, 3) for fact in (MONTHS, MAANDEN, YUE) for text in ("3", "3 months", "3 maanden", "3个月")),
    *((DAYS, text, 3) for text in ("3 days", "3 dagen", "3天", "3 dag")),
    *((YEARS, text, 3) for text in ("3 years", "3 jaar", "3年")),
    (ORDERS, "3 orders per week", 3),
    (ANY, "1.5", 1.5),
)


@pytest.mark.parametrize(("fact", "text", "value"), NUMBERS)
def test_numbers(fact: Fact, text: str, value: object) -> None:
    assert plain(fact, read_typed(fact, text)) == value


@pytest.mark.parametrize("text", ["yes", "Y", "ja", "J", "true", "是", "是的", "对", "有", "Yes.", "是。", "ｙｅｓ"])
def test_yes(text: str) -> None:
    assert read_typed(TRUTH, text) is True


@pytest.mark.parametrize("text", ["no", "N", "nee", "false", "否", "不", "不是", "没有", "No."])
def test_no(text: str) -> None:
    assert read_typed(TRUTH, text) is False


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: str(fact.id))
@pytest.mark.parametrize(
    "text",
    ["u", "Unknown", "don't know", "don’t know", "dk", "weet niet", "Onbekend", "不知道", "未知", "I don't know."],
)
def test_nobody_knows(fact: Fact, text: str) -> None:
    assert read_typed(fact, text) is None


@pytest.mark.parametrize(
    ("fact", "text", "choice"),
    [
        *(
            (CHOICE, text, "nothing")
            for text in ("1", "1.", "1)", "１", "nothing", "NOTH", "Nothing held back our supply")
        ),
        *(
            (CHOICE, text, "our_capacity")
            for text in ("2", "our_capacity", "our capacity", "Our-Capacity", "our c", "we")
        ),
        *((CHOICE, text, "our_suppliers") for text in ("3", "our own", "our own suppliers failed us.")),
        *((OFTEN, text, "repeatedly") for text in ("3", "repeatedly", "rep")),
    ],
)
def test_choices(fact: Fact, text: str, choice: str) -> None:
    assert read_typed(fact, text) == choice


MONTH, DAY = "2009-03", "2009-03-31"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, "2009") for text in ("2009", "2009年", "２００９")),
        *(
            (text, MONTH)
            for text in ("2009-03", "2009-3", "March 2009", "mar 2009", "Mar. 2009", "maart 2009", "mrt 2009")
        ),
        *((text, MONTH) for text in ("2009年3月", "2009 年 3 月", "03/2009", "3/2009", "2009/03")),
        *(
            (text, DAY)
            for text in ("2009-03-31", "31 March 2009", "March 31, 2009", "31 maart 2009", "31st of March 2009")
        ),
        *(
            (text, DAY)
            for text in ("2009年3月31日", "2009年3月31号", "31/03/2009", "03/31/2009", "31-3-2009", "31.03.2009")
        ),
        ("03/03/2009", "2009-03-03"),
        ("1 mei 2009", "2009-05-01"),
        ("29 feb 2008", "2008-02-29"),
    ],
)
def test_dates(text: str, value: str) -> None:
    assert plain(DATE, read_date(text)) == value
    assert read_typed(DATE, text) == read_date(text)


# --- what is refused --------------------------------------------------------------------------------------------------

PERCENTS, UNKNOWN = "the answer is a number in percent", "or u if you do not know"
IN_FIGURES = f"type it in full in figures, such as 30, 30-40 or at least 30, {UNKNOWN}"
OUTSIDE = f"{PERCENTS} from -100 to 1000; check the figure and its unit, or type u if you do not know"
ELSEWHERE = f"work it out that way and type the bare number, {UNKNOWN}"
NO_DATE = f"the answer is a year, a month of a year, or one day; type it like 2009, 2009-03 or 2009-03-31, {UNKNOWN}"
NO_DAY = "no year has such a month or day; check the figures, or type only the year"
ALL_CHOICES = "1 (nothing held back our supply), 2 (we lacked the capacity), 3 (our own suppliers failed us)"
UNREADABLE = "only letters, figures and ordinary punctuation are understood; type it again without that sign"
EMPTY = "nothing was typed: an empty line could mean anything; type an answer, or u if you do not know"
TOO_LONG = "an answer has at most 200 characters, and this one has 201; say it in a few words or figures"

REFUSED = (
    (ANY, "9" * 201, "Q503", f"this answer is too long to read: {TOO_LONG}"),
    (TRUTH, "yes 😀", "Q504", f"this answer holds a sign that cannot be read here (U+1F600): {UNREADABLE}"),
    (PERCENT, "3\x000", "Q504", f"this answer holds a sign that cannot be read here (U+0000): {UNREADABLE}"),
    (PERCENT, "3²", "Q504", f"this answer holds a sign that cannot be read here (U+00B2): {UNREADABLE}"),
    (PERCENT, "30\ud800", "Q504", f"this answer holds a sign that cannot be read here (U+D800): {UNREADABLE}"),
    *((fact, text, "Q505", EMPTY) for fact in (PERCENT, TRUTH, CHOICE, DATE) for text in ("", "  \t\n", "\u3000")),
    *(
        (
            TRUTH,
            text,
            "Q506",
            (
                f"`{text}` is neither yes nor no: this question is answered with yes or no; "
                f"type y for yes, n for no, {UNKNOWN}"
            ),
        )
        for text in ("maybe", "?", "1", ".", "yes no")
    ),
    *(
        (PERCENT, text, "Q507", f"`{text}` cannot be read as a number: {PERCENTS}; {IN_FIGURES}")
        for text in (
            "?",
            "30k",
            "2m",
            "thirty",
            "1e3",
            "1,00,000",
            "1.2.3",
            "30 40",
            "--5",
            "at least",
            "30-",
            "nan",
            "٣٠",
        )
    ),
    (
        MONEY,
        "€1.250",
        "Q508",
        (
            "`€1.250` can be read in two ways: `1.250` is 1250 where a comma or point marks thousands, "
            "and 1.25 where it marks decimals; type 1250 or 1.25"
        ),
    ),
    (
        PERCENT,
        "1,000",
        "Q508",
        (
            "`1,000` can be read in two ways: `1,000` is 1000 where a comma or point marks thousands, "
            "and 1 where it marks decimals; type 1000 or 1"
        ),
    ),
    *(
        (PERCENT, text, "Q509", f"`{text}` lies outside what is possible here: {OUTSIDE}")
        for text in ("3000", "-101", "30-3000", "more than 1000", "less than -100", "at most 2000", "9" * 20)
    ),
    (
        SHARE,
        "-5",
        "Q510",
        (
            f"`-5` is below zero: {PERCENTS}, and it cannot be negative; "
            f"type it without the minus sign if that is what you mean, {UNKNOWN}"
        ),
    ),
    (
        PERCENT,
        "40-30.2",
        "Q511",
        (
            "the range `40-30.2` ends before it begins: the smaller number comes first, and 40 is more than 30.2; "
            "swap the two if that is what you mean"
        ),
    ),
    *(
        (PERCENT, text, "Q512", f"`{text}` is in another unit: {PERCENTS}; {ELSEWHERE}")
        for text in ("3 months", "€30", "30-40 days", "30 per year")
    ),
    (MONTHS, "3 years", "Q512", f"`3 years` is in another unit: the answer is a number in months; {ELSEWHERE}"),
    (MONEY, "3%", "Q512", f"`3%` is in another unit: the answer is an amount of money; {ELSEWHERE}"),
    (YEARLY, "3天", "Q512", f"`3天` is in another unit: the answer is an amount of money per year; {ELSEWHERE}"),
    (ANY, "3%", "Q512", f"`3%` is in another unit: the answer is a number; {ELSEWHERE}"),
    *(
        (
            CHOICE,
            text,
            "Q513",
            (
                f"`{text}` is none of the choices: there are {ALL_CHOICES}; "
                f"type the number of the one that fits, {UNKNOWN}"
            ),
        )
        for text in ("0", "4", "-", "their capacity", "?")
    ),
    (
        CHOICE,
        "our",
        "Q514",
        (
            "`our` fits more than one choice: it could be 2 (we lacked the capacity), 3 (our own suppliers failed us); "
            "type the number of the one that you mean"
        ),
    ),
    *(
        (DATE, text, "Q515", f"`{text}` cannot be read as a date: {NO_DATE}")
        for text in ("soon", "31/3", "09", "March", "200", "foo 2009")
    ),
    (
        DATE,
        "03/04/2009",
        "Q516",
        (
            "`03/04/2009` can be read as two days: some write the day first and some the month, "
            "so it is 2009-04-03 or 2009-03-04; type 2009-04-03 or 2009-03-04"
        ),
    ),
    *(
        (DATE, text, "Q517", f"`{text}` is no day of the calendar: {NO_DAY}")
        for text in ("2009-02-30", "13/2009", "31/13/2009", "30 February 2009", "0000", "2009年13月")
    ),
)


@pytest.mark.parametrize(("fact", "text", "code", "sentence"), REFUSED)
def test_refusals(fact: Fact, text: str, code: str, sentence: str) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        read_typed(fact, text)
    assert (refused.value.code, str(refused.value)) == (code, sentence)


def test_a_long_answer_is_quoted_in_part() -> None:
    with pytest.raises(ValueRefusedError, match=r"^`a{37}\.\.\.` cannot be read as a number"):
        read_typed(PERCENT, "a" * 200)


@pytest.mark.parametrize("language", IN_ALL[1:], ids=lambda language: str(language.code))
@pytest.mark.parametrize(("fact", "text", "code", "sentence"), REFUSED)
def test_refusals_in_other_languages(fact: Fact, text: str, code: str, sentence: str, language: Language) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        read_typed(fact, text, language)
    assert refused.value.code == code
    assert sentence.partition(": ")[0] not in str(refused.value)
    assert "{" not in str(refused.value)


# --- whatever is typed ------------------------------------------------------------------------------------------------

PIECES = (
    *("30", "1,000", "1.000", "-", "..", " ", "%", "€", "to", "tot", "到", ">=", "more than", "至少", "months", "个月"),
    *(
        "年",
        "月",
        "日",
        "2009",
        "march",
        "/",
        "yes",
        "our",
        "k",
        "'",
        "per year",
        "，",
        "（",
        "½",
        "\u200b",
        "😀",
        "50",
    ),
)
TEXTS = st.one_of(
    st.text(max_size=210),
    st.text(alphabet=string.digits + string.punctuation + " ", max_size=30),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)


@given(fact=st.sampled_from(FACTS), text=TEXTS)
def test_any_text_is_read_or_refused_alike_in_every_language(fact: Fact, text: str) -> None:
    code, value = _outcome(fact, text, ENGLISH)
    assert [_outcome(fact, text, language) for language in IN_ALL] == [(code, value)] * len(IN_ALL)
    assert code == "read" or "Q503" <= code <= "Q517"
    if isinstance(value, Span) and fact.type == "number":
        assert fact.low <= value.low <= value.high <= fact.high


@given(text=TEXTS)
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        assert read_date(text).low <= read_date(text).high
    except ValueRefusedError as error:
        assert "Q503" <= error.code <= "Q517"  # noqa: PT017  # most texts are refused, and some are not


@given(number=st.floats(min_value=0, max_value=999.99).map(lambda number: round(number, 2)))
def test_a_number_is_the_same_with_a_comma_and_a_point(number: float) -> None:
    text = f"{number:.2f}"
    assert read_typed(PERCENT, text) == read_typed(PERCENT, text.replace(".", ",")) == Span(number, number)
