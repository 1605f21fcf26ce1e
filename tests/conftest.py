"""What every test may ask for: the shipped rule base, loaded once, the program run on it, and the engines by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import churn_rules
import churn_rules.loading
from churn_rules.engines import ENGINES
from tests.running import Ended, Run

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "rules"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", action="append", choices=ENGINES, help="run only on this engine; may be repeated")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", metafunc.config.getoption("--engine") or ENGINES)


@pytest.fixture(scope="session")
def rulebase() -> churn_rules.Rulebase:
    """The shipped rules; a rule base is frozen, so all tests share it."""
    return churn_rules.load(RULES)


@pytest.fixture(scope="session")
def rulebase_in(rulebase: churn_rules.Rulebase) -> Callable[[str], churn_rules.Rulebase]:
    """The shipped rules in a language, by its code; each translated once."""
    return cache(lambda code: churn_rules.in_language(rulebase, code, RULES))


@pytest.fixture
def loaded_before(monkeypatch: pytest.MonkeyPatch, rulebase_in: Callable[[str], churn_rules.Rulebase]) -> None:
    """Let the program, run in this process, take the shipped rules as they were loaded before; others it loads."""
    loads = churn_rules.loading.load

    def load(path: Path | None = None, language: str = "en") -> churn_rules.Rulebase:
        shipped = path is None or path.resolve() == RULES
        return rulebase_in(language) if shipped else loads(path, language)

    monkeypatch.setattr(churn_rules.loading, "load", load)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], loaded_before: None) -> Run:  # noqa: ARG001  # patches
    """Run the program in this process: most of what a process of its own takes is importing and loading anew."""
    monkeypatch.setenv("COLUMNS", "80")

    def ran(*words: object) -> Ended:
        from churn_rules.cli import main  # noqa: PLC0415  # few tests need it

        monkeypatch.setattr(sys, "argv", ["churn-rules", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    return ran
