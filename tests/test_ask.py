"""`churn-rules ask` and `verify-certificate` as their users run them: in a pipe, broken off, gone on with."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

import churn_rules
from churn_rules import saving
from churn_rules.certificate import verify
from churn_rules.cli import main
from churn_rules.errors import OutputError
from churn_rules.interview import resume
from churn_rules.language import LANGUAGES
from churn_rules.reading import read_case
from churn_rules.rulebase import Rulebase
from tests import kills

CASES = Path(__file__).parents[1] / "cases"
BREX = CASES / "brex-rilf.yaml"
BEGIN = "Acme\nMarch 2009\n"
FULL = Path("/dev/full")


class Ended(NamedTuple):
    code: object
    out: str
    err: str


Ask = Callable[..., Ended]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rulebase: Rulebase, tmp_path: Path) -> Ask:
    """Run the program in this process, in a folder of its own, with what is typed."""
    loads = churn_rules.loading.load
    monkeypatch.setattr(
        churn_rules.loading,
        "load",
        lambda path=None, lang="en": rulebase if (path, lang) == (None, "en") else loads(path, lang),
    )
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def ran(*words: object, typed: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["churn-rules", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    return ran


def test_a_whole_interview(ask: Ask, rulebase: Rulebase) -> None:
    ended = ask("ask", "acme.yaml", "--for", "root", typed=BEGIN + "1 18 u 2\n" + "u\n" * 19 + "\n")
    assert (ended.code, ended.err) == (0, "")
    assert "Noted: 2 to go into, 1 not known, the others did not happen." in ended.out
    assert "No answer to any other question can change the conclusion." in ended.out
    assert "Insufficient evidence" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    case = read_case(Path("acme.yaml"), rulebase)
    assert (case.title, verify(rulebase, case)) == ("Acme", ())
    assert ask("replay", "acme.yaml").code == 0
    proved = ask("verify-certificate", "acme.yaml")
    assert (proved.code, proved.err) == (0, "")
    assert proved.out.startswith("Proved: whatever the answers to the ")


def test_every_answer_gets_a_sentence(ask: Ask) -> None:
    typed = BEGIN + "1 99\n1 u 1\nx\n?\nb\nl\n\n1\nmaybe\n?\nb\n1\nu\ns\n"
    ended = ask("ask", "acme.yaml", "--for", "root", typed=typed)
    assert ended.code == 0
    for told in (
        "`99` is the number of no line",
        "line 1 is both ticked and not known",
        "`x` is the number of no line",
        "Each line stands for several questions.",
        "This is the beginning.",
        "None yet.",
        "`maybe` is neither yes nor no",
        "It is asked because",
        "Every answer is saved. Go on with: churn-rules ask acme.yaml",
    ):
        assert re.sub(r"\s+", " ", told) in re.sub(r"\s+", " ", ended.out)
    assert "Traceback" not in ended.out + ended.err


def test_going_on_where_it_was_left(ask: Ask, rulebase: Rulebase) -> None:
    ask("ask", "acme.yaml", "--for", "root", typed=BEGIN + "1\ny\n30 %\ns\n")
    left, _ = resume(rulebase, read_case(Path("acme.yaml"), rulebase))
    assert [answer.asked for answer in left.answers[-2:]] == ["customer_objected_to_price", "price_increase"]
    ended = ask("ask", "acme.yaml", typed="u\n" * 20 + "\n")
    assert ended.err == "note: going on with the interview in acme.yaml: 20 answers so far\n"
    settled = "No answer to any other question can change the conclusion."
    assert settled in ended.out
    assert settled in ask("ask", "acme.yaml", typed="\n").out


def test_an_answer_is_changed_on_the_last_page(ask: Ask, rulebase: Rulebase) -> None:
    ask("ask", "acme.yaml", "--for", "root", typed=BEGIN + "1\ny\n30\nl\n19\nno\ns\n")
    case = read_case(Path("acme.yaml"), rulebase)
    assert case.interview
    told = {asked: value for asked, value, _ in case.interview.answers}
    assert told["customer_objected_to_price"] is False


def test_a_disagreement_is_told_at_once(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = "case: base\ntitle: Base\nsource: ours\ntimeline:\n- {fact: stated_reason, value: quality, side: us}\n"
    Path("base.yaml").write_text(case, encoding="utf-8")
    told: list[str] = []

    def typed() -> str:
        told.append(capsys.readouterr().out)
        return "1" if told[-1].endswith("1 to 18: ") else "s" if "differently" in told[-1] else "u"

    monkeypatch.setattr("builtins.input", typed)
    ask("ask", "acme.yaml", "--from", "base.yaml", "--for", "root")
    kindly = re.sub(r"\s+", " ", told[-1])
    assert "The two sides tell this differently:" in kindly
    assert "our own people: quality was given as the reason. Nobody need be wrong" in kindly


# --- in a pipe --------------------------------------------------------------------------------------------------------


def test_answers_from_a_file(ask: Ask) -> None:
    answers = "price_increase: 30 %\ncustomer_objected_to_price: ja\nprice_increase_withdrawn: false\n"
    Path("told.yaml").write_text(answers, encoding="utf-8")
    ended = ask("ask", "acme.yaml", "--answers", "told.yaml", "--no-input", "--format", "json", "--title", "Acme")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["roots"] == ["pricing"]
    again = ask("ask", "again.yaml", "--answers", "acme.yaml", "--no-input", "--format", "json")
    assert json.loads(again.out)["roots"] == ["pricing"]
    assert json.loads(ask("verify-certificate", "again.yaml", "--format", "json").out)["proved"] is True


def test_nothing_known_is_no_fault(ask: Ask) -> None:
    ended = ask("ask", "acme.yaml", "--no-input")
    assert (ended.code, ended.err) == (0, "")
    assert "Insufficient evidence" in ended.out


def test_only_what_a_case_lacks(ask: Ask, rulebase: Rulebase) -> None:
    ended = ask("ask", "more.yaml", "--from", "brex-rilf", "--no-input", "--format", "json")
    whole = churn_rules.diagnose(BREX, rulebase=rulebase)
    assert json.loads(ended.out)["roots"] == list(whole.roots)
    assert json.loads(ended.out)["decision"]["verdict"] == whole.decision.verdict
    case = read_case(Path("more.yaml"), rulebase)
    assert case.interview
    assert case.interview.told_before == len(read_case(BREX, rulebase).observations)
    assert (len(case.requirements), verify(rulebase, case)) == (5, ())


def test_minutes_end_it_and_say_how_sure_it_is(ask: Ask) -> None:
    ended = ask("ask", "acme.yaml", "--minutes", "2", typed=BEGIN + "1 3\n" + "u\n" * 3 + "\n")
    assert ended.code == 0
    assert "How sure this is" in ended.out
    assert "could still be" in ended.out
    assert "verify-certificate" not in ended.out
    assert ask("verify-certificate", "acme.yaml").err.startswith("not proved: the case holds no certificate")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_language_changes_no_conclusion(lang: str, ask: Ask) -> None:
    Path("told.yaml").write_text("price_increase: 30\ncustomer_objected_to_price: true\n", encoding="utf-8")
    ended = ask("ask", "acme.yaml", "--answers", "told.yaml", "--no-input", "--lang", lang, "--format", "json")
    english = ask("ask", "english.yaml", "--answers", "told.yaml", "--no-input", "--format", "json")
    one, other = json.loads(ended.out), json.loads(english.out)
    for part in ("roots", "scope", "responsible", "withheld"):
        assert one[part] == other[part]
    assert one["decision"]["verdict"] == other["decision"]["verdict"]
    assert Path("acme.yaml").read_text(encoding="utf-8") == Path("english.yaml").read_text(encoding="utf-8").replace(
        "english", "acme"
    )


# --- what goes wrong --------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[list[str], str]] = {
    "no name for a case": (["ask", "Acme Ltd.yaml"], "error: `Acme Ltd.yaml` cannot hold a case"),
    "a folder that is not there": (
        ["ask", "no/acme.yaml", "--no-input"],
        "error: `no/acme.yaml` cannot be written: there is no folder `no`",
    ),
    "a case of another kind": (["ask", "brex.yaml"], "error: `brex.yaml` is a case that was not told in an interview"),
    "there already": (["ask", "held.yaml", "--from", "brex.yaml"], "error: `held.yaml` is there already"),
    "another aim": (["ask", "held.yaml", "--for", "scope"], "error: `held.yaml` is an interview for root"),
    "no date": (["ask", "acme.yaml", "--title", "A", "--lost", "soon", "--no-input"], "soon"),
    "no such case": (["ask", "acme.yaml", "--from", "brex-rulf"], "error: unknown case `brex-rulf`"),
    "wrong answers": (["ask", "acme.yaml", "--answers", "wrong.yaml", "--no-input"], "wrong.yaml:1:17: error[Q507]"),
    "changed by hand": (["ask", "edited.yaml"], "error: `edited.yaml` cannot be gone on with"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told_and_nothing_is_written(fault: str, ask: Ask) -> None:
    Path("brex.yaml").write_text(BREX.read_text(encoding="utf-8").replace("brex-rilf", "brex"), encoding="utf-8")
    Path("wrong.yaml").write_text("price_increase: many\nprice_incraese: 3\n", encoding="utf-8")
    ask("ask", "held.yaml", "--for", "root", "--no-input")
    text = Path("held.yaml").read_text(encoding="utf-8").replace("held", "edited")
    Path("edited.yaml").write_text(text.replace("value: unknown", "value: 30", 1), encoding="utf-8")
    before = {path: path.read_bytes() for path in Path().iterdir() if path.suffix == ".yaml"}
    words, told = FAULTS[fault]
    ended = ask(*words)
    assert ended.code in (1, 2)
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert {path: path.read_bytes() for path in Path().iterdir() if path.suffix == ".yaml"} == before


def test_two_interviews_on_one_file(ask: Ask) -> None:
    with FileLock(".acme.yaml.lock"):
        ended = ask("ask", "acme.yaml", "--no-input")
    assert ended.code == 1
    assert "another interview is being held in `acme.yaml`" in ended.err
    assert not Path("acme.yaml").exists()


def test_a_file_that_somebody_changes_is_not_written_over(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("ask", "acme.yaml", "--for", "root", typed=BEGIN + "1\ns\n")
    answers = iter(["y", "q"])

    def changed(*_: object) -> str:
        Path("acme.yaml").write_text("mine", encoding="utf-8")
        return next(answers)

    monkeypatch.setattr("builtins.input", changed)
    ended = ask("ask", "acme.yaml")
    assert "was changed while the interview ran" in re.sub(r"\s+", " ", ended.out)
    assert Path("acme.yaml").read_text(encoding="utf-8") == "mine"


def test_a_full_disk_keeps_what_was_acknowledged(ask: Ask, monkeypatch: pytest.MonkeyPatch, rulebase: Rulebase) -> None:
    ask("ask", "acme.yaml", "--for", "root", typed=BEGIN + "1\ny\ns\n")
    whole = Path("acme.yaml").read_bytes()
    calls = iter([OutputError("cannot write `acme.yaml`: No space left on device."), None])
    writes = saving.write_whole  # type: ignore[attr-defined]  # what it calls

    def full_once(path: Path, data: bytes) -> None:
        if error := next(calls, None):
            raise error
        writes(path, data)

    monkeypatch.setattr(saving, "write_whole", full_once)
    ended = ask("ask", "acme.yaml", typed="30\n30\ns\n")
    assert "No space left on device" in ended.out
    assert "Your last answer is not saved." in ended.out
    assert Path("acme.yaml").read_bytes() != whole
    left, _ = resume(rulebase, read_case(Path("acme.yaml"), rulebase))
    assert [answer.asked for answer in left.answers][-1] == "price_increase"


def test_input_that_ends_early(ask: Ask) -> None:
    ended = ask("ask", "acme.yaml", typed=BEGIN + "1\ny\n")
    assert ended.code == 1
    assert "The input ended before the interview did." in ended.err
    assert "Go on with: churn-rules ask acme.yaml" in ended.err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals as POSIX has them")
def test_ctrl_c_keeps_what_was_answered(tmp_path: Path, rulebase: Rulebase) -> None:
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    start += "from churn_rules.cli import main; main()"
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", start, "ask", "acme.yaml", "--title", "Acme"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stdin
    program.stdin.write("1\n")
    program.stdin.flush()
    until = time.monotonic() + 60
    while not (tmp_path / "acme.yaml").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "Every answer so far is saved. Go on with: churn-rules ask acme.yaml" in err
    assert read_case(tmp_path / "acme.yaml", rulebase).interview


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system kills in another way")
def test_kill_minus_nine_loses_nothing(tmp_path: Path, rulebase: Rulebase) -> None:
    tally = kills.killed(tmp_path, 6, 3, rulebase)
    assert (tally.kills, tally.faults) == (6, ())
