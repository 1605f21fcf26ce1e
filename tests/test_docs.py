"""The docs say what the program does now: generated pages are fresh, and nothing is left out of them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import churn_rules
from churn_rules.cli import cli
from tests.running import Run

pytestmark = pytest.mark.one_python

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r'"([YSVRCFTQM][1-9]\d\d)"')
SHELL = "".join(re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL))
README_COMMANDS = re.findall(r"^churn-rules ([^#\n]+)", SHELL, re.MULTILINE)


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_error_code_is_documented() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    documented = set(re.findall(r"^## ([A-Z]\d+)$", _page("errors.md"), re.MULTILINE))
    assert set(CODE.findall(source)) == documented


def test_every_command_is_documented() -> None:
    assert set(re.findall(r"^## churn-rules (\S+)$", _page("commands.md"), re.MULTILINE)) == set(cli.commands)


def test_every_rule_and_reason_is_documented(rulebase: churn_rules.Rulebase) -> None:
    assert set(re.findall(r"^### (\S+)$", _page("rules.md"), re.MULTILINE)) == set(rulebase.rules)
    assert re.findall(r"^## `(\w+)`", _page("reasons.md"), re.MULTILINE) == list(rulebase.reasons)


@pytest.mark.parametrize("command", README_COMMANDS)
def test_the_commands_of_the_readme_run(command: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ended = run(*shlex.split(command))
    assert (ended.code, ended.err) == (0, "")


def test_the_readme_shows_what_the_program_prints() -> None:
    shown = re.search(r"```text\n(Brex Tech.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    program = [sys.executable, "-c", "from churn_rules.cli import main; main()", "diagnose", "brex-rilf"]
    printed = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert printed.startswith(shown[1])
