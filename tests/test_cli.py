"""The command line as people and scripts use it: what it prints where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from churn_rules.cli import cli
from tests.running import Run

ROOT = Path(__file__).resolve().parent.parent
BREX = ROOT / "cases" / "brex-rilf.yaml"
COMMANDS = sorted(cli.commands)
FULL = Path("/dev/full")


def program(*words: object, code: str = "", **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, after `code`."""
    argv = ["churn-rules", *map(str, words)]
    start = f"import sys; sys.argv = {argv!r}; {code}\nfrom churn_rules.cli import main; main()"
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.run([sys.executable, "-c", start], check=False, **(settings | more))


def facts(*told: str) -> list[str]:
    return [word for fact in told for word in ("--fact", fact)]


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [[], *[[command] for command in COMMANDS]], ids=lambda words: " ".join(words) or "all"
)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(words: list[str], option: str, run: Run) -> None:
    ended = run(*words, option)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Usage: ")
    assert max(map(len, ended.out.splitlines())) <= 100


def test_help_lists_every_command(run: Run) -> None:
    listed = run("--help").out
    assert [command for command in COMMANDS if f"\n  {command} " not in listed] == []


def test_help_is_quick() -> None:
    heavy = ("pydantic", "rich", "yaml", "durable_rules_engine")
    code = f"import atexit; atexit.register(lambda: print(*[m for m in {heavy} if m in sys.modules], file=sys.stderr))"
    ended = program("--help", code=code)
    assert (ended.returncode, ended.stderr.strip()) == (0, "")


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["diagnose", "brex-rilf"],
        ["diagnose", BREX],
        ["diagnose", "brex-rilf", "--all", "--trace"],
        ["replay", "brex-rilf"],
        ["replay"],
        ["why", "brex-rilf", "pricing"],
        ["why-not", "brex-rilf", "delivery"],
        ["show"],
        ["show", "pricing"],
        ["facts"],
        ["facts", "price"],
        ["schema", "rule"],
        ["version"],
        ["check"],
    ],
    ids=lambda words: Path(" ".join(map(str, words))).name,
)
def test_an_answer_goes_to_stdout(words: list[object], run: Run) -> None:
    ended = run(*words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip()
    assert "\x1b" not in ended.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["diagnose"], "Give a CASE"),
        (["diagnose", "brex-rilf", "--nonsense"], "--nonsense"),
        (["diagnose", "brex-rilf", "--engine", "steam"], "steam"),
        (["diagnose", "brex-rilf", "--format", "xml"], "xml"),
        (["diagnose", "no-such-case"], "no-such-case"),
        (["diagnose", "no/such/case.yaml"], "no/such/case.yaml"),
        (["diagnose", ROOT / "cases"], "name a case in it"),
        (["diagnose", "brex-rilf", "--rules", "no/such/rules"], "no/such/rules"),
        (["replay", "no-such-case"], "no-such-case"),
        (["why", "brex-rilf"], "CONCLUSION"),
        (["why", "brex-rilf", "pricng"], "did you mean `pricing`"),
        (["why-not", "brex-rilf", "pricng"], "did you mean `pricing`"),
        (["show", "pricng"], "did you mean `pricing`"),
        (["facts", "prise"], "did you mean `price`"),
        (["schema", "poem"], "poem"),
    ],
    ids=lambda value: Path(" ".join(map(str, value))).name if isinstance(value, list) else "",
)
def test_used_wrongly(words: list[object], complaint: str, run: Run) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    assert "Traceback" not in ended.err


def test_an_unmet_expectation(tmp_path: Path, run: Run) -> None:
    wrong = tmp_path / "brex-rilf.yaml"
    wrong.write_text(BREX.read_text(encoding="utf-8").replace("decision: pursue", "decision: let_go"), encoding="utf-8")
    ended = run("replay", wrong)
    assert "NOT MET: decision: expected let_go, actual pursue" in ended.out
    assert ended.code == 1


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Copy the shipped rules, with one fault in one of them."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    page = rules / "pricing" / "steep-rise-kept-after-objection.yaml"
    page.write_text(
        page.read_text(encoding="utf-8").replace("- price_increase:", "- price_incrase:", 1), encoding="utf-8"
    )
    return rules


def test_broken_rules(broken: Path, run: Run) -> None:
    ended = run("diagnose", "brex-rilf", "--rules", broken)
    assert (ended.code, ended.out) == (1, "")
    assert "error[R102]" in ended.err
    assert "did you mean `price_increase`" in ended.err


@pytest.mark.parametrize("options", [(), ("--format", "json")], ids=["text", "json"])
def test_a_check_that_finds_a_fault(options: tuple[str, ...], broken: Path, run: Run) -> None:
    ended = run("check", "--rules", broken, *options)
    assert "R102" in ended.out + ended.err
    assert ended.code == 1


def test_a_broken_case(tmp_path: Path, run: Run) -> None:
    wrong = tmp_path / "brex-rilf.yaml"
    wrong.write_text(
        BREX.read_text(encoding="utf-8").replace("fact: price_increase,", "fact: price_incrase,"), encoding="utf-8"
    )
    for command in (("diagnose", wrong), ("replay", wrong), ("why", wrong, "pricing")):
        ended = run(*command)
        assert (ended.code, ended.out) == (1, "")
        assert "error[C301]: unknown fact `price_incrase`" in ended.err


def test_interrupted() -> None:
    code = (
        "import os, signal, churn_rules.loading as l;"
        " signal.signal(signal.SIGINT, signal.default_int_handler);"  # a job in the background has it ignored
        " l.load = lambda path: os.kill(os.getpid(), signal.SIGINT)"
    )
    ended = program("diagnose", "brex-rilf", code=code)
    assert ended.returncode == 130
    assert ended.stdout == ""
    assert "Interrupted" in ended.stderr
    assert "Traceback" not in ended.stderr


# --- where it writes --------------------------------------------------------------------------------------------------


def test_installed_as_a_program() -> None:
    found = shutil.which("churn-rules", path=str(Path(sys.executable).parent))
    assert found
    ended = subprocess.run([found, "replay", "brex-rilf"], capture_output=True, text=True, check=False, cwd="/")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "expectations met" in ended.stdout


@pytest.mark.parametrize("words", [("diagnose", "brex-rilf"), ("facts", "--format", "json"), ("--help",)], ids=" ".join)
def test_a_reader_who_has_seen_enough(words: tuple[str, ...]) -> None:
    assert to_a_closed_pipe(*words).stderr == ""


def test_a_reader_who_has_seen_enough_is_no_fault() -> None:
    assert to_a_closed_pipe("facts").returncode == 0


def to_a_closed_pipe(*words: str) -> subprocess.CompletedProcess[str]:
    reading, writing = os.pipe()
    os.close(reading)
    ended = program(*words, stdout=writing)
    os.close(writing)
    return ended


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("diagnose", "brex-rilf"), ("facts", "--format", "json"), ("--help",)], ids=" ".join)
def test_a_full_disk(words: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        ended = program(*words, stdout=full)
    assert ended.returncode == 1
    assert ended.stderr == "error: cannot write the answer: No space left on device\n"


def test_colour_is_for_terminals_only() -> None:
    plain = program("diagnose", "brex-rilf", env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"})
    assert plain.returncode == 0
    assert "\x1b" not in plain.stdout + plain.stderr
    assert max(map(len, plain.stdout.splitlines())) <= 80


# --- JSON -------------------------------------------------------------------------------------------------------------

PORTFOLIO = ROOT / "tests" / "portfolio"
AS_JSON: dict[str, list[str | Path]] = {
    "diagnose": ["diagnose", "brex-rilf"],
    "diagnose facts": ["diagnose", *facts("price_increase=30")],
    "replay": ["replay", "brex-rilf"],
    "replay all": ["replay"],
    "why": ["why", "brex-rilf", "decision"],
    "why-not": ["why-not", "brex-rilf", "delivery"],
    "show": ["show"],
    "show a rule": ["show", "steep-rise-kept-after-objection"],
    "show a reason": ["show", "pricing"],
    "show a fact": ["show", "price_increase"],
    "show an accommodation": ["show", "price_reduction"],
    "facts": ["facts", "price"],
    "plan": ["plan", "brex-rilf"],
    "check": ["check"],
    "version": ["version"],
    "explain-row": ["explain-row", PORTFOLIO / "accounts.csv", "K-1004", "--mapping", PORTFOLIO / "mapping.yaml"],
}


def validator(kind: str, run: Run) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(run("schema", kind).out))


@pytest.mark.parametrize("name", AS_JSON)
def test_json(name: str, run: Run) -> None:
    ended = run(*AS_JSON[name], "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert isinstance(json.loads(ended.out), dict | list)


def test_every_command_with_a_format_has_json() -> None:
    offered = {
        name
        for name, command in cli.commands.items()
        if any("json" in getattr(option.type, "choices", ()) for option in command.params)
    }
    assert offered == {words[0] for words in AS_JSON.values()} | {"ask", "verify-certificate"}  # see test_ask.py


def test_a_diagnosis_fits_the_schema_that_is_printed(run: Run) -> None:
    for words in (AS_JSON["diagnose"], AS_JSON["diagnose facts"]):
        answer = json.loads(run(*words, "--format", "json").out)
        assert [error.message for error in validator("diagnosis", run).iter_errors(answer)] == []


def test_replays_fit_the_schema_that_is_printed(run: Run) -> None:
    answer = json.loads(run("replay", "--format", "json").out)
    assert (answer["schema"], answer["met"]) == ("churn-replays/1", True)
    assert len(answer["replays"]) == len(list((ROOT / "cases").glob("*.yaml")))
    assert [error.message for error in validator("replay", run).iter_errors(answer)] == []


# --- cases ------------------------------------------------------------------------------------------------------------


def test_a_case_by_its_name_is_the_shipped_case(run: Run) -> None:
    assert run("diagnose", "brex-rilf").out == run("diagnose", BREX).out


def test_a_file_of_that_name_stands_before_the_shipped_case(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("brex-rilf").mkdir()
    assert run("diagnose", "brex-rilf").code == 2  # an empty folder holds no case


def test_a_folder_is_replayed_case_by_case(run: Run) -> None:
    ended = run("replay", ROOT / "tests" / "situations", "duplicator-contract")
    count = len(list((ROOT / "tests" / "situations").glob("*.yaml"))) + 1
    assert ended.code == 0
    assert f"{count} of {count} cases are as expected." in ended.out


@pytest.mark.parametrize(
    "words", [["diagnose", "brex-rilf"], ["replay"], ["why", "brex-rilf", "decision"]], ids=" ".join
)
def test_all_engines_say_the_same(words: list[str], engine: str, run: Run) -> None:
    assert run(*words, "--engine", engine) == run(*words, "--engine", "reference")


# --- facts typed in ---------------------------------------------------------------------------------------------------


def known(run: Run, *told: str) -> dict[str, Any]:
    """Return everything that the rules matched, by name, of facts as typed."""
    ended = run("diagnose", *facts(*told), "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    reasons = json.loads(ended.out)["reasons"]
    return {name: value for item in reasons for used in item["evidence"] for name, value in used["facts"].items()}


def test_facts_with_sides(run: Run) -> None:
    assert known(run, "stated_reason.customer=price")["stated_reason.customer"] == "price"
    disputed = json.loads(
        run("diagnose", *facts("late_deliveries.us=never", "late_deliveries.customer=once"), "--format", "json").out
    )
    assert [mine["told"] for mine in disputed["landmines"]] == [{"customer": "once", "us": "never"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("30", 30), ("30%", 30), ("30 %", 30), (" 30 ", 30), ("20..30", {"from": 20, "to": 30}), ("15.5", 15.5)],
)
def test_numbers(text: str, value: object, run: Run) -> None:
    assert known(run, f"price_increase={text}", "customer_objected_to_price=yes")["price_increase"] == value


def test_a_range_below_the_limit_decides_nothing(run: Run) -> None:
    told = facts("price_increase=10..20", "customer_objected_to_price=yes", "price_increase_withdrawn=no")
    answer = json.loads(run("diagnose", *told, "--format", "json").out)
    rules = [used["rule"] for item in answer["reasons"] for used in item["evidence"]]
    assert "rise-objected-to" in rules
    assert "steep-rise-kept-after-objection" not in rules
    assert "price_increase" in [item["fact"] for item in answer["missing"]]


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("Yes", True), ("true", True), ("no", False)])
def test_yes_and_no(text: str, value: object, run: Run) -> None:
    assert (
        known(run, f"customer_objected_to_price={text}", "price_increase=30").get("customer_objected_to_price") is value
    )


def test_unknown_is_an_answer(run: Run) -> None:
    assert known(run, "price_increase=unknown") == {}


@pytest.mark.parametrize(
    ("told", "complaints"),
    [
        (["price_incrase=30"], ["unknown fact `price_incrase`", "did you mean `price_increase`"]),
        (["price_increase=thirty"], ["`thirty` is no value of `price_increase`", "a number in percent"]),
        (["price_increase=5000"], ["`price_increase`", "between -100 and 1000"]),
        (["price_increase=20..10"], ["`price_increase`", "its lower bound 20 lies above its upper bound 10"]),
        (["customer_objected_to_price=maybe"], ["`customer_objected_to_price`", "yes or no"]),
        (["late_deliveries=repeatedy"], ["`late_deliveries`", "did you mean `repeatedly`"]),
        (["stated_reason.custmer=price"], ["unknown side `custmer`", "did you mean `customer`"]),
        (["price_increase"], ["`price_increase` is no fact", "NAME=VALUE"]),
        (["price_increase="], ["is no fact", "NAME=VALUE"]),
        (["price_increase=1", "price_increase=2"], ["`price_increase` is given twice"]),
        (["price_incrase=1", "late_deliveries=often"], ["`price_incrase`", "`late_deliveries`"]),
    ],
    ids=lambda value: " ".join(value) if "=" in value[0] else "",
)
def test_facts_that_do_not_fit(told: list[str], complaints: list[str], run: Run) -> None:
    ended = run("diagnose", *facts(*told))
    assert (ended.code, ended.out) == (2, "")
    assert [complaint for complaint in complaints if complaint not in ended.err] == []


@pytest.mark.parametrize("command", ["why", "why-not"])
def test_why_of_facts_typed_in(command: str, run: Run) -> None:
    ended = run(command, "pricing", *facts("price_increase=30", "customer_objected_to_price=yes"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Pricing is ")


def test_a_derived_change_past_the_range_of_the_fact(run: Run) -> None:
    """A price that rose a hundredfold is told, or refused as what it is; it never ends in somebody else's error."""
    ended = run("diagnose", *facts("price_before=1", "price_after=100", "customer_objected_to_price=yes"))
    assert (ended.code, ended.err) == (0, "")
    assert "9900 percent" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("columns", "encoding"), [("0", "utf-8"), ("1", "utf-8"), ("80", "ascii")], ids=["no width", "one column", "ascii"]
)
def test_an_odd_terminal_still_gets_the_answer(columns: str, encoding: str) -> None:
    environment = {**os.environ, "COLUMNS": columns, "PYTHONIOENCODING": encoding}
    words = [sys.executable, "-m", "churn_rules", "diagnose", "brex-rilf"]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "pricing" in ended.stdout


def test_a_closed_output_gives_no_traceback() -> None:
    ended = subprocess.run(
        [f"{sys.executable} -m churn_rules diagnose brex-rilf >&-"],
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["plan", "report"])
def test_an_answer_is_never_written_over_its_case(command: str, tmp_path: Path, run: Run) -> None:
    case = tmp_path / "brex-rilf.yaml"
    case.write_text(BREX.read_text(encoding="utf-8"), encoding="utf-8")
    ended = run(command, case, "-o", case)
    assert ended.code == 2
    assert "is the case itself" in ended.err
    assert case.read_text(encoding="utf-8") == BREX.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["plan", "report"])
def test_a_dash_is_standard_output(command: str, run: Run) -> None:
    ended = run(command, "brex-rilf", "--start", "2012-03-01", "-o", "-")
    assert ended.code == 0
    assert "RILF" in ended.out


def test_a_cost_may_be_told_by_one_of_its_two_parts(tmp_path: Path, run: Run) -> None:
    case = tmp_path / "made.yaml"
    case.write_text(
        "case: made\ntitle: made up\nsource: made up\ncurrency: EUR\n"
        "timeline: [{fact: late_deliveries, value: repeatedly, side: customer}]\n"
        "costs: [{accommodation: safety_stock, once: 500}, {accommodation: price_reduction, yearly: 7.25}]\n",
        encoding="utf-8",
    )
    assert run("diagnose", case).code == 0
