"""Broken input: each kind of fault, laid over a sound rule base, is worded exactly as its golden text says.

`CHURN_REWRITE_GOLDENS=1 pytest tests/test_errors.py` rewrites the golden texts; review them as a diff.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from churn_rules.checking import check
from churn_rules.conversation import read_numbers
from churn_rules.errors import CaseError, Issue, LoadError, Location, ValueRefusedError, render_issues
from churn_rules.interview import start
from churn_rules.interviewing import answered
from churn_rules.language import ENGLISH
from churn_rules.loading import load
from churn_rules.reading import case_from_facts, case_paths, read_case, read_cases, read_rules
from churn_rules.reading.documents import read_document
from churn_rules.reading.shapes import FactShape, shape_of
from churn_rules.typed import read_date
from tests import table_faults

BROKEN = Path(__file__).parent / "broken"
SOURCE = Path(__file__).parents[1] / "src"
OVERLAYS = sorted(BROKEN.glob("*.yaml"))
SHIPPED = load()
REWRITE = os.environ.get("CHURN_REWRITE_GOLDENS") == "1"

# --- how a fault is laid over the sound rule base ---------------------------------------------------------------------


def overlay_target(overlay: Path) -> str:
    first = overlay.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("# as: "), f"{overlay.name} begins with `# as: …`"
    return first.removeprefix("# as: ")


def lay(overlay: Path, target: str) -> None:
    place = Path(target) if target.startswith("case/") else Path("rules", target)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(overlay, place)


def issues_of_rules() -> list[Issue]:
    draft = read_rules(Path("rules"))
    rulebase = check(draft)
    assert (rulebase is None) == any(issue.severity == "error" for issue in draft.issues)
    return draft.issues


def issues_of_case(path: Path) -> Sequence[Issue]:
    with pytest.raises(CaseError) as caught:
        read_case(path, load("rules"))
    return caught.value.issues


def issues_of(overlay: Path) -> Sequence[Issue]:
    target = overlay_target(overlay)
    lay(overlay, target)
    return issues_of_case(Path(target)) if target.startswith("case/") else issues_of_rules()


def compare(issues: Sequence[Issue], golden: Path) -> None:
    text = render_issues(issues) + "\n"
    if REWRITE:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the sound rule base to `rules` in a folder of its own, and go there, so that no path tells the machine."""
    shutil.copytree(BROKEN / "base", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "rules"


# --- one fault at a time ----------------------------------------------------------------------------------------------


def test_the_base_is_sound() -> None:
    assert issues_of_rules() == []
    assert read_case(BROKEN / "cases" / "sound.yaml", load("rules")).id == "sound"


@pytest.mark.parametrize("overlay", [pytest.param(path, id=path.stem) for path in OVERLAYS])
def test_fault(overlay: Path) -> None:
    issues = issues_of(overlay)
    assert overlay.stem[:4] in {issue.code for issue in issues}
    compare(issues, overlay.with_suffix(".txt"))


# --- faults of folders and of bare facts, which no overlay can hold ---------------------------------------------------


def no_such_folder() -> Sequence[Issue]:
    return read_rules(Path("ruels")).issues


def too_many_files() -> Sequence[Issue]:
    for number in range(5001):
        Path(f"rules/pricing/rule-{number}.yaml").touch()
    return read_rules(Path("rules")).issues


def stray_files() -> Sequence[Issue]:
    for name in ("stray.yml", "pricing/late.yml", "pricing/old/late.yaml", "late.yaml", "pricing/old/late.yml"):
        Path("rules", name).parent.mkdir(exist_ok=True)
        shutil.copy("rules/pricing/steep-rise-objected.yaml", Path("rules", name))
    return issues_of_rules()


def no_such_case() -> Sequence[Issue]:
    with pytest.raises(CaseError) as caught:
        case_paths([Path("case/sound.yaml")])
    return caught.value.issues


def folder_without_cases() -> Sequence[Issue]:
    Path("case").mkdir()
    with pytest.raises(CaseError) as caught:
        case_paths([Path("case")])
    return caught.value.issues


def two_cases_of_one_id() -> Sequence[Issue]:
    paths = [Path("case/2019/sound.yaml"), Path("case/2020/sound.yaml")]
    for path in paths:
        path.parent.mkdir(parents=True)
        shutil.copy(BROKEN / "cases" / "sound.yaml", path)
    with pytest.raises(CaseError) as caught:
        read_cases(paths, load("rules"))
    return caught.value.issues


def no_rule_at_all() -> Sequence[Issue]:
    for theme in ("pricing", "trust", "plan"):
        shutil.rmtree(Path("rules", theme))
    with pytest.raises(LoadError) as caught:
        load("rules")
    return caught.value.issues


def no_rule_and_no_finding() -> Sequence[Issue]:
    Path("rules/findings.yaml").write_text("{}\n")
    return no_rule_at_all()


def missing_vocabulary() -> Sequence[Issue]:
    Path("rules/vocabulary.yaml").unlink()
    return issues_of_rules()


def bare_facts(facts: dict[str, object], *, typed_in: bool = False) -> Sequence[Issue]:
    with pytest.raises(CaseError) as caught:
        case_from_facts(facts, load("rules"), typed_in=typed_in)
    return caught.value.issues


def unknown_bare_fact() -> Sequence[Issue]:
    return bare_facts({"price_incraese": 30})


def unknown_side_of_a_bare_fact() -> Sequence[Issue]:
    return bare_facts({"price_increase.custmer": 30, "stated_reason.them": "price"})


def a_fact_twice() -> Sequence[Issue]:
    return bare_facts({"price_increase": 30, "price_increase.record": 10})


def a_fact_that_needs_a_side() -> Sequence[Issue]:
    text = Path("rules/pricing/steep-rise-objected.yaml").read_text(encoding="utf-8")
    for path in Path("rules").glob("*/*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace("customer_objected:", "customer_objected.customer:"))
    assert "customer_objected" in text
    return bare_facts({"customer_objected": True})


def bare_facts_typed_in() -> Sequence[Issue]:
    facts = {
        "price_increase": "thirty",
        "customer_objected": "maybe",
        "stated_reason": "",
        "last_order_on": "31.3.2009",
    }
    return bare_facts(dict(facts), typed_in=True)


def bytes_of_a_rule(raw: bytes) -> Sequence[Issue]:
    Path("rules/pricing/one.yaml").write_bytes(raw)
    return issues_of_rules()


def two_megabytes() -> Sequence[Issue]:
    return bytes_of_a_rule(b"# " + b"x" * 2_000_000)


def latin_1() -> Sequence[Issue]:
    return bytes_of_a_rule("rule: one\ntitle: Preis erhöht\n".encode("latin-1"))


def nul_byte() -> Sequence[Issue]:
    return bytes_of_a_rule(b"rule: one\ntitle: a\0b\n")


def too_many_values() -> Sequence[Issue]:
    return bytes_of_a_rule(b"rule: one\nif:\n" + b"  - x\n" * 20_001)


def too_many_faults() -> Sequence[Issue]:
    return bytes_of_a_rule(b"rule: one\n" + b"".join(b"key%d: 010\n" % number for number in range(200)))


class Odd(FactShape):
    """A shape with a bound that no real shape has, so that its misfit has no wording of its own."""

    tolerance: Annotated[float, Field(multiple_of=0.5)]


def misfit_without_wording() -> Sequence[Issue]:
    document = read_document(Path("rules/vocabulary.yaml"), "rules/vocabulary.yaml")
    shape_of(Odd, {**document.data["price_before"], "tolerance": 0.3}, document, ("price_before",))
    return document.issues


def translations_that_are(text: str) -> Sequence[Issue]:
    Path("rules/languages").mkdir()
    Path("rules/languages/nl.po").write_text(text, encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load("rules", "nl")
    return caught.value.issues


def unclosed_translation() -> Sequence[Issue]:
    return translations_that_are('msgctxt "reason/pricing/title"\nmsgid "pricing"\nmsgstr "de prijs\n')


def translation_out_of_order() -> Sequence[Issue]:
    return translations_that_are('msgctxt "reason/pricing/title"\nmsgstr "de prijs"\nmsgid "pricing"\n')


def translation_with_other_braces() -> Sequence[Issue]:
    entry = 'msgctxt "step/call/text"\nmsgid "Read these: {landmines}"\nmsgstr "Lees deze: {mijnen}"\n'
    return translations_that_are(entry)


def translated_twice() -> Sequence[Issue]:
    entry = 'msgctxt "reason/pricing/title"\nmsgid "pricing"\nmsgstr "de prijs"\n\n'
    return translations_that_are(2 * entry)


def stray_translation() -> Sequence[Issue]:
    Path("rules/languages").mkdir()
    Path("rules/languages/nl.yaml").touch()
    return issues_of_rules()


# --- faults of answers ------------------------------------------------------------------------------------------------


def answers_that_are(text: str) -> Sequence[Issue]:
    """Answer the interview of the shipped rules from a file."""
    Path("answers.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        answered(start(SHIPPED), Path("answers.yaml"), everything=True)
    return caught.value.issues


def answered_for_another_side() -> Sequence[Issue]:
    held = "answers: [{asked: stated_reason.us, answer: price, side: customer}]"
    return answers_that_are(f"case: acme\ninterview: {{{held}}}\n")


def typed_at_a_prompt(read: Callable[[], object], where: str) -> Sequence[Issue]:
    with pytest.raises(ValueRefusedError) as caught:
        read()
    error = caught.value
    return [Issue(error.code, error.what, error.why, error.fix, Location(where))]


def left_on(text: str) -> Callable[[], Sequence[Issue]]:
    return lambda: typed_at_a_prompt(lambda: read_date(text), "--lost")


def ticked(text: str) -> Callable[[], Sequence[Issue]]:
    return lambda: typed_at_a_prompt(lambda: read_numbers(text, 18, ENGLISH), "the checklist")


def senseless_answer() -> Sequence[Issue]:
    interview = start(SHIPPED).tick(())
    return typed_at_a_prompt(lambda: interview.answer("price_increase", 30), "an answer")


ANSWERS = {
    "Q501-no-tick": "price: perhaps\n",
    "Q503-far-too-long": f"price_increase: {'x' * 300}\n",
    "Q504-no-plain-text": 'price_increase: "3\N{SUPERSCRIPT TWO}"\n',
    "Q505-nothing": 'price_increase: ""\n',
    "Q506-neither-yes-nor-no": "customer_objected_to_price: rather\n",
    "Q507-no-number": "price_increase: a lot\n",
    "Q508-comma-or-point": 'yearly_margin: "1,000"\n',
    "Q509-beyond-the-range": 'price_increase: "30000 %"\n',
    "Q510-below-zero": 'months_without_contact: "-3"\n',
    "Q511-backwards": "price_increase: 40 to 30\n",
    "Q512-another-unit": "months_without_contact: 3 years\n",
    "Q513-no-such-choice": "late_deliveries: often\n",
    "Q514-two-choices": "external_force: a\n",
    "Q521-no-such-question": "price_incraese: 30\nstated_reason: price\n",
}

MADE: dict[str, Callable[[], Sequence[Issue]]] = {
    "C301-bare-fact": unknown_bare_fact,
    "C302-unknown-side": unknown_side_of_a_bare_fact,
    "C306-two-cases-of-one-id": two_cases_of_one_id,
    "C313-a-fact-twice": a_fact_twice,
    "C314-a-fact-that-needs-a-side": a_fact_that_needs_a_side,
    "F401-no-such-folder": no_such_folder,
    "F402-too-many-files": too_many_files,
    "F403-stray-files": stray_files,
    "F404-no-such-case": no_such_case,
    "F404-folder-without-cases": folder_without_cases,
    "F405-no-rule-and-no-finding": no_rule_and_no_finding,
    "F405-no-rule-at-all": no_rule_at_all,
    "F403-stray-translation": stray_translation,
    **{name: partial(answers_that_are, text) for name, text in ANSWERS.items()},
    "Q502-answered-for-another-side": answered_for_another_side,
    "Q515-no-date": left_on("soon"),
    "Q516-day-or-month-first": left_on("03/04/2009"),
    "Q517-no-such-day": left_on("31 February 2009"),
    "Q518-no-such-line": ticked("1 99"),
    "Q519-ticked-and-not-known": ticked("1 u 1"),
    "Q520-senseless": senseless_answer,
    "S208-misfit-without-wording": misfit_without_wording,
    "T501-out-of-order": translation_out_of_order,
    "T501-unclosed-quote": unclosed_translation,
    "T502-other-braces": translation_with_other_braces,
    "T503-twice": translated_twice,
    "V303-typed-in": bare_facts_typed_in,
    "Y101-missing-vocabulary": missing_vocabulary,
    "Y102-two-megabytes": two_megabytes,
    "Y103-latin-1": latin_1,
    "Y104-nul-byte": nul_byte,
    "Y120-too-many-values": too_many_values,
    "Y121-too-many-faults": too_many_faults,
    **table_faults.MADE,
}


@pytest.mark.parametrize("name", MADE)
def test_made_fault(name: str) -> None:
    issues = MADE[name]()
    assert name[:4] in {issue.code for issue in issues}
    compare(issues, BROKEN / f"{name}.txt")


# --- all faults together ----------------------------------------------------------------------------------------------


def test_every_stray_file_is_named() -> None:
    shown = {issue.location.path for issue in stray_files() if issue.code == "F403"}
    names = ("stray.yml", "pricing/late.yml", "pricing/old/late.yaml", "late.yaml", "pricing/old/late.yml")
    assert shown == {f"rules/{name}" for name in names}


def test_every_code_has_a_golden() -> None:
    found = {
        code
        for path in SOURCE.rglob("*.py")
        for code in re.findall(r'"([YSRVCFTQM]\d{3})"', path.read_text(encoding="utf-8"))
    }
    shown = {path.name[:4] for path in BROKEN.glob("*.txt")}
    assert found == shown


def test_every_golden_has_a_source() -> None:
    assert {path.stem for path in BROKEN.glob("*.txt")} == {path.stem for path in OVERLAYS} | set(MADE)


def test_all_faults_of_a_rule_base_are_told_at_once() -> None:
    names = {
        "R102-unknown-fact": "pricing/one.yaml",
        "R112-unknown-reason": "pricing/two.yaml",
        "Y114-unclosed-quote": "pricing/three.yaml",
        "S204-unknown-status": "trust/four.yaml",
        "V213-answers-an-unknown-reason": "accommodations.yaml",
    }
    for name, target in names.items():
        lay(BROKEN / f"{name}.yaml", target)
    issues = issues_of_rules()
    assert {name[:4] for name in names} <= {issue.code for issue in issues}
    assert {issue.location.path for issue in issues} == {f"rules/{target}" for target in names.values()}


def test_all_faults_of_one_rule_are_told_at_once() -> None:
    codes = {issue.code for issue in issues_of(BROKEN / "R102-among-other-faults.yaml")}
    assert {"R101", "R102", "R107", "R112", "R116", "V303", "Y119"} <= codes


def test_all_faults_of_one_case_are_told_at_once() -> None:
    text = (BROKEN / "cases" / "sound.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("date: 2009-03", "date: March"),
        ("value: 30", "value: 3000"),
        ("fact: stated_reason", "fact: stated_raeson"),
        ("roots: [pricing]", "roots: [prcing]"),
        ("once: 0", "once: much"),
    ):
        assert old in text
        text = text.replace(old, new)
    Path("sound.yaml").write_text(text, encoding="utf-8")
    codes = [issue.code for issue in issues_of_case(Path("sound.yaml"))]
    assert sorted(codes) == ["C301", "C304", "C305", "V303", "V304"]
