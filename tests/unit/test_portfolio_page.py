"""The page across accounts: it needs nothing beside it, escapes what it shows, and can be read without seeing it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

import churn_rules
from churn_rules.portfolio.charts import Line, Part, Row, bar_chart
from churn_rules.portfolio.opening import page_of
from churn_rules.portfolio.values import Margin
from churn_rules.portfolio.words import number
from tests.unit.portfolios import CAUSES, accounts, lost

HOSTILE = "<script>alert('x')</script>&\"{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def found(rulebase: churn_rules.Rulebase) -> churn_rules.Portfolio:
    return churn_rules.across_accounts(accounts(300), rulebase=rulebase, account="id", segments=["region"])


@pytest.fixture(scope="module")
def page(rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio) -> str:
    return churn_rules.portfolio_html(rulebase, found, "accounts.csv")


class Outline(HTMLParser):
    """The tags of a page with their attributes, and whether each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "path", "rect", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def of(self, tag: str) -> Iterator[dict[str, str | None]]:
        yield from (attributes for name, attributes in self.tags if name == tag)


def test_the_page_needs_nothing_beside_it(page: str) -> None:
    outline = Outline(page)
    assert not outline.open
    assert not {tag for tag, _ in outline.tags} & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|https?:", page)


def test_the_same_findings_give_the_same_page(
    rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio, page: str
) -> None:
    assert churn_rules.portfolio_html(rulebase, found, "accounts.csv") == page


def test_every_drawing_is_told_in_words_and_every_table_has_headings(page: str) -> None:
    outline = Outline(page)
    drawings = [svg for svg in outline.of("svg") if svg.get("role") == "img"]
    ids = {attributes.get("id") for _, attributes in outline.tags}
    assert len(drawings) == 4
    for drawing in drawings:
        assert set(str(drawing["aria-labelledby"]).split()) <= ids
    assert all(svg.get("aria-hidden") == "true" for svg in outline.of("svg") if svg not in drawings)
    assert len(list(outline.of("table"))) == len(list(outline.of("caption")))
    assert all(cell.get("scope") for cell in outline.of("th"))


def test_a_manager_reads_the_answer_first(page: str) -> None:
    first = re.findall(r"<li>(.*?)</li>", page)[:10]
    told = " ".join(first)
    for words in (
        "A root cause is established in",
        "The most frequent root cause is",
        "It clusters: delivery",
        "region South",
        "turn out systemic because others left over the same",
        "The code on record names a root cause that everything else points to in",
        "disagree in",
        "worth winning back",
    ):
        assert words in told


def test_where_most_roots_rest_on_what_was_stated_it_is_said_at_once(
    rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio
) -> None:
    rooted = found.drivers.accounts - found.drivers.insufficient
    most, few = (replace(found, on_words=count) for count in (rooted // 2 + 1, rooted // 2))
    said = churn_rules.portfolio.headlines(rulebase, most)
    assert said[1].startswith(f"In {rooted // 2 + 1} of these {rooted} it rests on what was stated")
    assert not any("rests on" in sentence for sentence in churn_rules.portfolio.headlines(rulebase, few))


def test_a_reason_that_is_no_root_has_no_margin_to_be_known(
    rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio
) -> None:
    bare = replace(found.drivers.reasons[0], root=0, contributing=1, margin=Margin(0, 0, 0, 0))
    page = page_of(rulebase, replace(found, drivers=replace(found.drivers, reasons=(bare,))))
    assert page.sections[0].tables[0].rows[0][6].text == "-"


def test_a_bar_says_what_its_parts_count(rulebase: churn_rules.Rulebase, found: churn_rules.Portfolio) -> None:
    first = found.drivers.reasons[0]
    parts = [(3, 0, 0), (2, 1, 4), (0, 0, 12)]
    told = [replace(first, root=root, contributing=beside, consequence=after) for root, beside, after in parts]
    page = page_of(rulebase, replace(found, drivers=replace(found.drivers, reasons=tuple(told))))
    labels = [one.text for one in page.sections[0].charts[0].labels if one.style == "says"]
    assert labels == ["3", "2; contributed: 1; consequence: 4", "consequence: 12"]


def test_one_account_is_spoken_of_as_one(rulebase: churn_rules.Rulebase) -> None:
    table = lost({"months_without_contact": 9.0}, {"months_without_contact": 2000.0})
    several = churn_rules.across_accounts(table, rulebase=rulebase, account="id")
    page = churn_rules.portfolio_html(rulebase, several, left_out=1)
    assert "The most frequent root cause is neglect: 1 account (" in page
    assert "1 of 3 rows of the file could not be used and is left out" in page
    assert "1 of 2 accounts holds a cell that is no value of its fact" in page
    alone = churn_rules.across_accounts(table.head(1), rulebase=rulebase, account="id")
    page = churn_rules.portfolio_html(rulebase, alone)
    assert "Why customers leave: 1 account<" in page
    assert "1 of 1 accounts lacks it, and nothing is filled in for it." in page
    assert "1 of 1 accounts bears no date of loss" in page


def test_accounts_of_which_the_same_changed_stand_in_one_row(rulebase: churn_rules.Rulebase) -> None:
    told = [{"months_without_contact": 9.0, "lost": date(2024, month, 1)} for month in (1, 2, 3, 4, 5)]
    late = [{**CAUSES["delivery"], "lost": date(2024, 1, 1)}] * 4
    found = churn_rules.across_accounts(lost(*told, *late), rulebase=rulebase, account="id", shown=9)
    others = next(one for one in page_of(rulebase, found).sections if one.id == "others")
    rows = [tuple(cell.text for cell in row) for row in others.tables[-1].rows]
    assert [row[0] for row in rows if row[2] == "neglect"] == ["A0; A1; A2; A3; A4"]
    assert rows[0][3] == "4 others each, among them A1, A2, A3, A0"
    assert len(rows) == len({row[1:3] for row in rows})


def test_by_what_questions_are_ranked_is_said(page: str) -> None:
    assert "How much hangs on a fact is told from the rules alone" in page


def test_what_accounts_hold_is_escaped(rulebase: churn_rules.Rulebase) -> None:
    told = {"months_without_contact": 9.0, "lost": date(2024, 1, 1)}
    rows = [{**told, "id": f"{HOSTILE}{place}", "region": HOSTILE} for place in range(6)]
    rows += [{**CAUSES["delivery"], "id": f"late {place}", "region": "elsewhere"} for place in range(60)]
    found = churn_rules.across_accounts(lost(*rows), rulebase=rulebase, account="id", segments=["region"])
    assert any(one.value == HOSTILE for one in found.clustering.found)
    page = churn_rules.portfolio_html(rulebase, found, HOSTILE)
    assert "<script" not in page
    assert "49" not in re.findall(r"&lt;script.*?\d", page)[0]
    assert not Outline(page).open


@pytest.mark.parametrize(("code", "words"), [("nl", "Waardoor"), ("zh", "流失")])
def test_the_page_comes_in_other_languages(code: str, words: str, found: churn_rules.Portfolio) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = churn_rules.portfolio_html(churn_rules.load(language=code), found)
    assert words in page
    assert "root cause" not in page


@pytest.mark.parametrize(
    ("code", "said"), [("en", ""), ("nl", "een komma scheidt duizendtallen"), ("zh", "千位用逗号分隔")]
)
def test_how_figures_are_written_is_said_where_it_is_not_the_custom(
    code: str, said: str, found: churn_rules.Portfolio, rulebase_in: Callable[[str], churn_rules.Rulebase]
) -> None:
    page = churn_rules.portfolio_html(rulebase_in(code), found)
    assert said in page
    assert "a comma parts thousands" not in page


def test_a_chart_keeps_within_its_drawing_and_draws_nothing_below_zero() -> None:
    rows = [
        Row(
            "a label that is far too long to stand on one line of the drawing, or even on two",
            (Line((Part("root", 9.0),), "9"),),
        ),
        Row("below", (Line((Part("root", -5.0), Part("extent", 2.0)), "-5 to 2"),)),
        Row("none", (Line((Part("root", 0.0),), "0"),)),
    ]
    chart = bar_chart("test", "a test", "in words", rows)
    assert all(bar.width > 0 and bar.x + bar.width <= chart.width for bar in chart.bars)
    assert len(chart.bars) == 2
    assert all(0 <= label.y <= chart.height for label in chart.labels)
    assert bar_chart("test", "a test", "in words", rows[2:]).bars == ()


def test_numbers_are_written_for_people() -> None:
    assert (number(0), number(1234.5), number(-2000)) == ("0", "1,234", "-2,000")
