"""The report as a page: sound HTML that loads nothing, escapes everything, and leads from each claim to its rule."""

from __future__ import annotations

import builtins
import random
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from html import escape, unescape
from html.parser import HTMLParser
from importlib.resources import files
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

import churn_rules
from churn_rules.cases import Case, Cost, Observation, Outcome, Requirement, SupplierTerms
from churn_rules.conclusions import active_links
from churn_rules.errors import MissingPackageError
from churn_rules.report import PlanStep, report_html, steps_of
from churn_rules.report.content import anchor
from churn_rules.report.layout import Flag, Group, Node, draw, gather
from churn_rules.report.measuring import width_of, wrap
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Span, accept, exact, parse_date
from churn_rules.writing import write_whole
from tests.running import Run

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*(ROOT / "cases").glob("*.yaml"), *(ROOT / "tests" / "situations").glob("*.yaml")])
VOID = {"meta", "br", "hr", "img", "link", "input", "col", "wbr"}
NASTY = """<script>alert("1")</script> & 'quotes' "double" </svg></style> {{ 7 * 7 }} {% raw %} &amp; """
NASTY += "客户离开了 \N{RIGHT-TO-LEFT OVERRIDE}!"
LONG = "a note of two thousand letters, " * 62 + "x" * 300
MONEY = {
    "years_expected": {"from": 3, "to": 5},
    "yearly_margin": 10000,
    "idle_capacity_margin": 0,
    "attempt_cost": {"from": 5000, "to": 9000},
    "precedent_exposure": 0,
}


# --- a reader of pages ------------------------------------------------------------------------------------------------


@dataclass
class Element:
    tag: str
    attributes: Mapping[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def walk(self) -> list[Element]:
        return [self, *(found for child in self.children for found in child.walk())]

    def all(self, tag: str = "", style: str = "") -> list[Element]:
        return [e for e in self.walk() if tag in ("", e.tag) and (not style or style in e.classes)]

    def words(self) -> str:
        return " ".join([self.text, *(child.words() for child in self.children)])

    def targets(self) -> list[str]:
        return [e.attributes["href"][1:] for e in self.all("a")]


class Page(HTMLParser):
    """Builds a tree, and refuses a tag that is not closed or is closed out of turn."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.top = self.here = Element("", {})
        self.feed(html)
        self.close()
        assert self.here is self.top, f"<{self.here.tag}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(Element("#text", {}, self.here, text=data))

    def at(self, name: str) -> Element:
        return next(e for e in self.top.walk() if e.attributes.get("id") == name)

    def section(self, name: str) -> Element:
        return next(e for e in self.top.all("section") if e.attributes["aria-labelledby"] == name)


def _page(rulebase: Rulebase, case: Case, plan: tuple[PlanStep, ...] = ()) -> Page:
    return Page(report_html(rulebase, churn_rules.trace(case, rulebase=rulebase, engine="reference"), plan))


PageOf = Callable[[Path], Page]


@pytest.fixture(scope="module")
def page_of(rulebase: Rulebase) -> PageOf:
    """The page of a case file; each is written and read once."""
    return cache(lambda path: _page(rulebase, churn_rules.load_case(path, rulebase)))


def check_sound(page: Page) -> None:
    """What must hold of every page, whatever the case."""
    everything = page.top.walk()
    ids = [e.attributes["id"] for e in everything if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[\w.-]+", name) for name in ids)
    for link in page.top.all("a"):
        assert link.attributes["href"].startswith("#"), "a report leads nowhere outside"
        assert link.attributes["href"][1:] in ids
        assert link.words().strip()
    for e in everything:
        assert set(e.attributes.get("aria-labelledby", "").split()) <= set(ids)
        assert not {"src", "srcset", "onclick", "onload", "style", "xlink:href"} & set(e.attributes)
    assert not {"script", "link", "img", "iframe", "object", "image", "use", "base", "form"} & {
        e.tag for e in everything
    }
    for style in page.top.all("style"):
        assert not re.search(r"url\(|@import|expression|image-set", style.words())
    levels = [int(e.tag[1]) for e in everything if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert page.top.all("html")[0].attributes["lang"] == "en"
    assert page.html.startswith("<!DOCTYPE html>")
    for claim in page.top.all(style="claim"):
        if "we are not" not in claim.words() and "not known whether we" not in claim.words():
            assert claim.targets() or "no rule offers it yet" in claim.words(), claim.words()
    check_drawing(page)


def check_drawing(page: Page) -> None:
    """No text lies outside its box or the drawing, and boxes do not overlap."""
    svg = page.section("chain").all("svg")[0]
    drawn = [child for child in svg.children if child.tag != "#text"]
    assert [child.tag for child in drawn[:2]] == ["title", "desc"]
    assert all(child.words().strip() for child in drawn[:2])
    _, _, width, height = map(float, svg.attributes["viewbox"].split())
    boxes: list[tuple[float, float, float, float]] = []
    for e in drawn:
        if e.tag == "rect" and "span" not in e.classes:
            x, y, w, h = (float(e.attributes[name]) for name in ("x", "y", "width", "height"))
            assert x >= 0 <= y
            assert x + w <= width + 0.1
            assert y + h <= height
            assert not any(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in boxes)
            boxes.append((x, y, w, h))
        elif e.tag == "text" and e.classes & {"title", "item"}:
            x, y, w, h = boxes[-1]
            left, base = float(e.attributes["x"]), float(e.attributes["y"])
            assert x < left
            assert left + width_of(e.words().strip()) * (0.94 if "title" in e.classes else 1.0) <= x + w
            assert y < base < y + h


# --- the shipped cases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_gives_a_sound_page(path: Path, rulebase: Rulebase, page_of: PageOf) -> None:
    case = churn_rules.load_case(path, rulebase)
    page = page_of(path)
    check_sound(page)
    trace = churn_rules.trace(case, rulebase=rulebase, engine="reference")
    entries = {e.attributes["id"]: e for e in page.section("appendix").all("article")}
    for firing in trace.firings:
        rule, words = rulebase.rules[firing.rule], entries[anchor("rule", firing.rule)].words()
        assert rule.title in words
        assert rule.because in words
        assert f"Source: {rule.source}. Owner: {rule.owner}." in words
    assert len([name for name in entries if name.startswith("rule-")]) == len(trace.firings)
    shown = page.section("appendix").words()
    notes = [item.note for item in case.observations] + [item.note for item in case.requirements]
    assert all(note in shown for note in notes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_rule_concludes_links_to_that_rule(path: Path, rulebase: Rulebase, page_of: PageOf) -> None:
    page = page_of(path)
    diagnosis = churn_rules.diagnose(path, rulebase=rulebase, engine="reference")
    evidence = page.section("evidence")
    for reason in diagnosis.reasons:
        for clue in reason.evidence:
            assert anchor("rule", clue.rule) in evidence.targets()
    bars = len(evidence.all("rect", "for")) + len(evidence.all("rect", "against"))
    assert bars == sum(len(reason.evidence) for reason in diagnosis.reasons)
    offered = page.section("requirements").targets()
    assert {anchor("rule", offer.rule) for offer in diagnosis.accommodations} <= set(offered)
    assert {anchor("rule", rule) for held in diagnosis.withheld for rule in held.rules} <= set(offered)
    assert {anchor("rule", rule) for rule in diagnosis.decision.because} <= set(page.section("answer").targets())
    if diagnosis.warnings:
        cautions = page.section("cautions").targets()
        assert [anchor("rule", caution.rule) for caution in diagnosis.warnings] == cautions


def test_the_answer_comes_first_and_says_all_of_it(rulebase: Rulebase) -> None:
    page = _page(rulebase, churn_rules.load_case(ROOT / "cases" / "brex-rilf.yaml", rulebase))
    first = page.top.all("section")[0]
    words = " ".join(first.words().split())
    for said in ("Pricing", "Strong evidence, certainty 0.87", "Systemic", "We answer", "Win them back"):
        assert said in words
    chain = page.section("chain")
    assert len(chain.all("polygon", "head")) == 1
    assert {"root", "consequence"} <= {name for e in chain.all("rect", "box") for name in e.classes}
    assert "it led to a breakdown of trust" in chain.all(style="as-list")[0].words()
    assert "Not worked out: no amount is known for the years we expect" in page.section("economics").words()
    assert "Won back (2012)." in page.section("outcome").words()
    assert "plan" not in [e.attributes["aria-labelledby"] for e in page.top.all("section")]
    assert len(page.html.encode()) < 300_000
    identity = page.section("appendix").all("dl", "identity")[0].words()
    assert rulebase.digest in identity
    assert "brex-rilf" in identity


def test_the_same_case_gives_the_same_page_from_every_engine(rulebase: Rulebase, engine: str) -> None:
    case = churn_rules.load_case(ROOT / "cases" / "brex-rilf.yaml", rulebase)
    pages = {report_html(rulebase, churn_rules.trace(case, rulebase=rulebase, engine=engine)) for _ in range(2)}
    reference = report_html(rulebase, churn_rules.trace(case, rulebase=rulebase, engine="reference"))
    assert {page.replace(f"<dd>{engine}</dd>", "<dd>reference</dd>") for page in pages} == {reference}


# --- hostile cases ----------------------------------------------------------------------------------------------------


def _observations(rulebase: Rulebase, facts: Mapping[str, object], **parts: Any) -> tuple[Observation, ...]:
    return tuple(Observation(fact, accept(rulebase.vocabulary[fact], value), **parts) for fact, value in facts.items())


PRICE = {"price_increase": 30, "customer_objected_to_price": True, "price_increase_withdrawn": False}


@pytest.mark.parametrize("words", [NASTY, LONG], ids=["markup", "long"])
def test_every_text_of_a_case_is_escaped(words: str, rulebase: Rulebase) -> None:
    some = next(iter(rulebase.accommodations))
    case = Case(
        id=words,
        title=words,
        source=words,
        currency=words,
        observations=_observations(rulebase, PRICE | MONEY, note=words),
        requirements=(Requirement(words, (some,), priority=words, note=words),),
        todays_supplier=(SupplierTerms(some, "worse", note=words),),
        costs=(Cost(some, exact(1.5), Span(2, 3), note=words),),
        outcome=Outcome(words, exact(730000), words),
    )
    steps = (PlanStep(words, words, due=words, owner=words, rule=words),)
    page = _page(rulebase, case, steps)
    check_sound(page)
    assert escape(words, quote=False).replace("'", "&#39;").replace('"', "&#34;") in page.html
    assert page.html.count(words) == (0 if words == NASTY else page.html.count(LONG))
    assert page.section("appendix").words().count(words) >= len(case.observations) + 3
    for said in page.section("plan").words().split("Owner:"):
        assert words[:30] in said


@pytest.mark.parametrize("dates", [0, 1, 3, 4, 5, 60])
def test_any_number_of_dates_can_be_drawn(dates: int, rulebase: Rulebase) -> None:
    facts = [fact for fact in rulebase.vocabulary.values() if fact.type == "boolean" and fact.at == "now"]
    days = [parse_date(f"{1990 + number // 2}-0{1 + number % 2 * 5}") for number in range(dates)]
    told = [Observation(facts[place % len(facts)].id, value=True, date=day) for place, day in enumerate(days)]
    case = Case(title="dated", observations=(*told, *_observations(rulebase, PRICE)))
    page = _page(rulebase, case)
    check_sound(page)
    drawn = page.section("chain")
    assert len(drawn.all("rect", "card")) == min(dates + 1, 4)
    assert bool(drawn.all("line", "axis")) == bool(dates)
    assert len(drawn.all("h3")) == dates + 1


def test_a_case_of_which_nothing_is_known(rulebase: Rulebase) -> None:
    page = _page(rulebase, Case())
    check_sound(page)
    assert "Not established" in page.section("answer").words()
    assert "No reason is established." in page.section("chain").words()
    assert "The backstory comes before any call" in page.section("appendix").words()  # some steps every plan has


def test_a_case_without_roots_shows_what_is_possible(rulebase: Rulebase) -> None:
    page = _page(rulebase, Case(title="so far", observations=_observations(rulebase, {"staff_cut": True})))
    check_sound(page)
    assert "Possible so far" in page.section("answer").words()
    assert page.section("chain").all("rect", "possible")


def test_a_loss_far_from_everything_and_dates_at_the_ends_of_the_calendar(rulebase: Rulebase) -> None:
    first, last = parse_date("0001"), parse_date("9999")
    case = Case(lost=last, observations=_observations(rulebase, PRICE, date=first), outcome=Outcome("lost", last))
    check_sound(_page(rulebase, case))


def test_sides_that_disagree_lead_to_both_words(rulebase: Rulebase) -> None:
    ours = _observations(rulebase, {"price_increase": 5}, side="us")
    theirs = _observations(rulebase, {"price_increase": 30}, side="customer")
    mines = _page(rulebase, Case(observations=(*ours, *theirs))).section("landmines")
    assert "The sides disagree about the price increase" in mines.words()
    assert mines.targets() == ["known-1", "known-2"]


@pytest.mark.parametrize("seed", range(25))
def test_random_cases_give_sound_pages(seed: int, rulebase: Rulebase) -> None:
    rng = random.Random(seed)
    told = []
    for fact in rng.sample(list(rulebase.vocabulary.values()), rng.randrange(5, 60)):
        raw: object = {"boolean": rng.random() < 0.7, "date": "2009-03"}.get(fact.type)
        raw = rng.choice(fact.choices) if fact.type == "choice" else max(0, fact.low) if raw is None else raw
        day = None if fact.at == "loss" or rng.random() < 0.5 else parse_date(f"20{rng.randrange(10, 30)}")
        told.append(Observation(fact.id, accept(fact, raw), rng.choice(("us", "customer", "record")), day))
    check_sound(_page(rulebase, Case(lost=parse_date("2010"), observations=tuple(told))))


# --- economics and plan -----------------------------------------------------------------------------------------------


def test_a_known_chance_is_drawn_as_a_band(rulebase: Rulebase) -> None:
    case = Case(currency="EUR", observations=_observations(rulebase, MONEY))
    section = _page(rulebase, case).section("economics")
    words = " ".join(section.words().split())
    assert "pays where the chance that they return is at least 10 to 30 %." in words
    assert "30,000 to 50,000 EUR" in words
    band = section.all("rect", "band")[0].attributes
    assert (float(band["x"]), float(band["width"])) == (100.0, 200.0)


def test_an_attempt_that_never_pays_says_so(rulebase: Rulebase) -> None:
    never = MONEY | {"attempt_cost": 10_000_000}
    section = _page(rulebase, Case(observations=_observations(rulebase, never))).section("economics")
    assert "It never pays" in section.words()
    assert not section.all("svg")


def test_a_plan_is_told_in_order_and_links_to_its_rules(rulebase: Rulebase) -> None:
    case = Case(observations=_observations(rulebase, PRICE))
    steps = (
        PlanStep("Hear them out", "Ask why.", due="Monday", owner="head of sales", rule="rise-objected-to"),
        PlanStep("Then wait", ""),
    )
    plan = _page(rulebase, case, steps).section("plan")
    words = " ".join(plan.words().split())
    assert "Hear them out Ask why. Due: Monday. Owner: head of sales." in words
    assert plan.targets() == ["rule-rise-objected-to"]


# --- geometry ---------------------------------------------------------------------------------------------------------


def test_long_chains_are_drawn_with_every_link(rulebase: Rulebase) -> None:
    keys = list(rulebase.reasons)
    links = [(a, b) for place, a in enumerate(keys) for b in keys[place + 1 :: 3]]
    drawing = draw([Node(key, key * 3, "about", "root") for key in keys], links, (), ())
    assert len(drawing.arrows) == len(links)
    assert all(box.x >= 0 and box.x + box.width <= drawing.width for box in drawing.boxes)
    assert all(box.bottom <= drawing.height for box in drawing.boxes)


def test_all_links_that_can_be_active_are_drawn(rulebase: Rulebase) -> None:
    case = churn_rules.load_case(ROOT / "cases" / "brex-rilf.yaml", rulebase)
    trace = churn_rules.trace(case, rulebase=rulebase, engine="reference")
    page = Page(report_html(rulebase, trace))
    assert len(page.top.all("path", "arrow")) == len(list(active_links(rulebase, trace.known)))


def test_a_text_is_broken_into_lines_that_fit() -> None:
    for text in (NASTY, LONG, "短" * 200, "", "w" * 99):
        lines = wrap(text, 120, most=4)
        assert len(lines) <= 4
        assert all(width_of(line) <= 120 for line in lines)
    assert wrap("one two", 500) == ("one two",)
    assert wrap("one two three", 30, most=2)[-1].endswith("\N{HORIZONTAL ELLIPSIS}")


def test_neighbouring_dates_are_joined_nearest_first() -> None:
    groups = [Group(str(day), (float(day), float(day)), (str(day),)) for day in (1, 100, 101, 200, 300)]
    assert [group.label for group in gather(groups)] == ["1", "100 to 101", "200", "300"]
    assert gather(groups)[1].items == ("100", "101")


def test_flags_do_not_overlap() -> None:
    flags = [Flag(f"something happened {number}", (10.0 + number, 12.0 + number)) for number in range(4)]
    drawing = draw((), (), (), flags)
    for first, second in combinations(drawing.flags, 2):
        apart = (width_of(first.text) + width_of(second.text)) / 2
        assert first.y != second.y or abs(first.x - second.x) >= apart


def test_ids_are_safe_and_tell_rules_apart() -> None:
    names = ["a b", "a-b", 'a"b', "a.b", "ä", "a.20.b"]
    assert len({anchor("rule", name) for name in names}) == len(names)


# --- the package and the command --------------------------------------------------------------------------------------

PROGRAM = [sys.executable, "-c", "from churn_rules.cli import main; main()"]


def _run(*words: str | Path, cwd: Path = ROOT, **parts: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], cwd=cwd, capture_output=True, text=True, check=False, **parts)


def test_templates_travel_with_the_package() -> None:
    folder = files("churn_rules.report") / "templates"
    names = {item.name for item in folder.iterdir()}
    assert {"page.html", "page.css", "chain.html", "appendix.html", "words.html"} <= names


def test_the_command_writes_the_page(tmp_path: Path, run: Run) -> None:
    page = tmp_path / "brex.html"
    done = _run("report", "brex-rilf", "-o", page)  # in a process of its own; what follows, in this one
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Wrote {page}.\n", "")
    printed = run("report", "brex-rilf", "-o", "-").out
    assert printed == page.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["brex.html"]
    check_sound(Page(printed))


def test_the_command_takes_facts(run: Run) -> None:
    done = run("report", "--fact", "price_increase=30", "--fact", "customer_objected_to_price=yes", "-o", "-")
    assert done.code == 0
    check_sound(Page(done.out))


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "brex.html"
    page.write_text("old", encoding="utf-8")
    page.chmod(0o640)
    small = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731  # as a disk that fills up
    done = _run("report", "brex-rilf", "-o", page, preexec_fn=small, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 1
    assert f"cannot write `{page}`: File too large. What was there before is still there." in done.stderr
    assert page.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["brex.html"]
    write_whole(page, b"new")
    assert (page.read_text(encoding="utf-8"), page.stat().st_mode & 0o777) == ("new", 0o640)


@pytest.mark.parametrize(
    ("output", "says"),
    [("absent/brex.html", "there is no folder `absent`"), (".", "Is a directory"), ("/dev/full", "No space left")],
)
def test_a_place_that_cannot_be_written_to_is_named(
    output: str, says: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("report", "brex-rilf", "-o", output)
    assert done.code == 1
    assert f"cannot write `{output}`: {says}" in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


def test_a_link_is_followed_and_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    fresh, usual = tmp_path / "fresh.html", tmp_path / "usual"
    write_whole(fresh, b"")
    usual.touch()
    assert fresh.stat().st_mode == usual.stat().st_mode


def test_without_jinja_it_says_what_to_install(
    rulebase: Rulebase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "jinja2":
            raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")
        return real(name, *rest)

    trace = churn_rules.trace(Case(), rulebase=rulebase, engine="reference")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingPackageError, match=r"install churn-rules\[report\]"):
        report_html(rulebase, trace)
    monkeypatch.undo()
    hidden = [
        sys.executable,
        "-c",
        "import sys; sys.modules['jinja2'] = None\nfrom churn_rules.cli import main; main()",
    ]
    words = [*hidden, "report", "brex-rilf", "-o", "x"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: a report needs Jinja2, which is not installed; install churn-rules[report]\n"


def test_a_rule_base_full_of_markup_is_escaped_too(rulebase: Rulebase) -> None:
    texts = {"title": NASTY, "because": NASTY, "source": NASTY, "owner": NASTY}
    rules = {name: replace(rule, **texts) for name, rule in rulebase.rules.items()}  # type: ignore[arg-type]  # all are texts
    hostile = replace(rulebase, rules=rules, engines={})
    page = _page(hostile, churn_rules.load_case(ROOT / "cases" / "brex-rilf.yaml", rulebase))
    check_sound(page)
    assert NASTY not in page.html


def test_the_plan_stands_on_the_page(rulebase: churn_rules.Rulebase) -> None:
    plan = churn_rules.plan("brex-rilf", rulebase=rulebase, start=date(2012, 3, 1))
    page = report_html(rulebase, churn_rules.trace("brex-rilf", rulebase=rulebase), steps_of(plan))
    check_sound(Page(page))
    told = unescape(page)
    assert [step.title for step in plan.steps if step.title not in told] == []
