"""Words that prescribe or blame: which are found, which are excused, and where they stand."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import churn_rules
from churn_rules.errors import LoadError
from churn_rules.wording import Phrases, Wording
from tests.running import Run

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = Path(__file__).parent / "wording"

PRESCRIBES = (
    "Our rep should have called earlier.",
    "We SHOULD\n  HAVE called.",
    "The price shouldn't have been raised.",
    "The price shouldn\u2019t have been raised.",
    "They ought to know.",
    "There must have been more attention.",
    "If only somebody had asked.",
    "We hadden we maar gebeld.",
    "De vertegenwoordiger had eerder moeten bellen.",
    "De prijs had moeten dalen.",
    "\u6211\u4eec\u5e94\u8be5\u65e9\u70b9\u6253\u7535\u8bdd\u3002",
    "\u6211\u4eec\u672c\u8be5\u6253\u7535\u8bdd\u3002",
    "\u9500\u552e\u65e9\u8be5\u8054\u7cfb\u5ba2\u6237\u3002",
)
BLAMES = (
    "It was the fault of the plant.",
    "Nobody but the plant is to blame.",
    "The rep was incompetent.",
    "Het was de schuld van de fabriek.",
    "De vertegenwoordiger was onbekwaam.",
    "\u90fd\u662f\u5de5\u5382\u7684\u9519\u3002",
    "\u5ba2\u6237\u6d41\u5931\u602a\u9500\u552e\u3002",
    "\u9500\u552e\u65e0\u80fd\u3002",
)
DESCRIBES = (
    "The rep did not call, and the price rose by 30 %.",
    "The customer blames the late deliveries.",
    "The customer says that our rep should have called.",
    "According to the buyer, we should have called.",
    "De klant zegt dat wij hadden moeten bellen.",
    "\u5ba2\u6237\u8ba4\u4e3a\u6211\u4eec\u5e94\u8be5\u65e9\u70b9\u6253\u7535\u8bdd\u3002",
    "\u96be\u602a\u5ba2\u6237\u8d70\u4e86\u3002",
    "\u5ba2\u6237\u89c9\u5f97\u5947\u602a\u3002",
    "The shoulder haven was rebuilt; blameless talks followed.",
    "A default of payment was found.",
)


def kinds(rulebase: churn_rules.Rulebase, text: str) -> set[str]:
    return {found.kind for found in rulebase.wording.find(text)}


@pytest.mark.parametrize("text", PRESCRIBES)
def test_what_should_have_been_is_found(rulebase: churn_rules.Rulebase, text: str) -> None:
    assert kinds(rulebase, text) == {"prescriptive"}


@pytest.mark.parametrize("text", BLAMES)
def test_blame_is_found(rulebase: churn_rules.Rulebase, text: str) -> None:
    assert kinds(rulebase, text) == {"blaming"}


@pytest.mark.parametrize("text", DESCRIBES)
def test_what_happened_or_was_said_is_let_be(rulebase: churn_rules.Rulebase, text: str) -> None:
    assert kinds(rulebase, text) == set()


def test_who_says_one_sentence_excuses_no_other(rulebase: churn_rules.Rulebase) -> None:
    text = "The customer says that we were late. The plant should have known."
    assert [found.words for found in rulebase.wording.find(text)] == ["should have"]


def test_of_words_that_overlap_the_longest_is_told() -> None:
    wording = Wording((Phrases("en", "blaming", ("fault", "fault of")),))
    assert [found.words for found in wording.find("the fault of the plant")] == ["fault of"]


def test_without_lists_nothing_is_found() -> None:
    assert Wording().find("It should have been their fault.") == ()


CASE = """\
case: blunt
title: They should have listened
source: made up
timeline:
  - {fact: trust_lost, value: true, side: us, note: it is the fault of the plant}
  - fact: disputes
    value: true
    side: us
    note: >
      Nobody from the plant ever called, and if
      only they had called, says nobody; they should
      have written.
requirements:
  - {requirement: a rep who should have called, note: "the rep was \\u0069ncompetent"}
outcome:
  result: open
  note: the customer blames us, and that should have been clear
"""


@pytest.fixture
def blunt(tmp_path: Path) -> Path:
    path = tmp_path / "blunt.yaml"
    path.write_text(CASE, encoding="utf-8")
    return path


def test_a_hint_tells_where(blunt: Path, rulebase: churn_rules.Rulebase) -> None:
    found = [
        (hint.where.removeprefix(f"{blunt}:"), hint.about, hint.words)
        for hint in churn_rules.load_case(blunt, rulebase).hints
    ]
    assert found == [
        ("2:13", "title", ("should have",)),
        ("5:63", "note of timeline 1", ("fault of",)),
        ("10:46", "note of timeline 2", ("if only", "should have")),
        ("14:55", "note of requirements 1", ("incompetent",)),
    ]


@pytest.mark.parametrize("command", ["diagnose", "replay"])
def test_hints_go_to_stderr_and_change_nothing(
    command: str, blunt: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(blunt.parent)
    done = run(command, blunt.name)
    golden = GOLDENS / "blunt.txt"
    if os.environ.get("CHURN_REWRITE_GOLDENS") == "1":
        golden.write_text(done.err, encoding="utf-8")
    assert (done.code, done.err) == (0, golden.read_text(encoding="utf-8"))
    assert "hint" not in done.out


def test_hints_stand_in_the_json_of_a_replay_only(blunt: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(blunt.parent)
    replayed, diagnosed = (
        json.loads(run(command, blunt.name, "--format", "json").out) for command in ("replay", "diagnose")
    )
    replay = replayed["replays"][0]
    assert replay["hints"][0] == {
        "where": "blunt.yaml:2:13",
        "about": "title",
        "kinds": ["prescriptive"],
        "words": ["should have"],
        "question": "what happened instead?",
    }
    assert "hints" not in diagnosed
    assert "hints" not in replay["diagnosis"]


def test_our_own_cases_describe(rulebase: churn_rules.Rulebase) -> None:
    for path in [*(ROOT / "cases").glob("*.yaml"), *(ROOT / "tests" / "situations").glob("*.yaml")]:
        assert churn_rules.load_case(path, rulebase).hints == ()


def test_word_lists_are_checked_like_any_other_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "broken" / "base", tmp_path / "rules")
    (tmp_path / "rules" / "wording.yaml").write_text(
        "source: made up\nlists:\n  - {language: en, kind: rude, phrases: [drat]}\n"
    )
    with pytest.raises(LoadError) as caught:
        churn_rules.load(tmp_path / "rules")
    assert [(issue.code, issue.location.line) for issue in caught.value.issues] == [("S204", 3)]


def test_a_rule_base_needs_no_word_lists() -> None:
    assert churn_rules.load(ROOT / "tests" / "broken" / "base").wording == Wording()
