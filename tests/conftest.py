"""What every test may ask for: the shipped rule base, loaded once, and the engines by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import churn_rules
from churn_rules.engines import ENGINES

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", action="append", choices=ENGINES, help="run only on this engine; may be repeated")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", metafunc.config.getoption("--engine") or ENGINES)


@pytest.fixture(scope="session")
def rulebase() -> churn_rules.Rulebase:
    """The shipped rules; a rule base is frozen, so all tests share it."""
    return churn_rules.load(ROOT / "rules")
