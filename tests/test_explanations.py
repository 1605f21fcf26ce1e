"""What people read, word for word, at 80 columns and without colour.

`CHURN_REWRITE_GOLDENS=1 pytest tests/test_explanations.py` rewrites the golden texts; review them as a diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.running import Run

GOLDENS = Path(__file__).parent / "goldens"
REWRITE = os.environ.get("CHURN_REWRITE_GOLDENS") == "1"
TOLD = (
    "diagnose brex-rilf",
    "diagnose brex-rilf --lang nl",
    "diagnose brex-rilf --lang zh",
    "diagnose duplicator-contract",
    "replay brex-rilf",
    "why brex-rilf decision",
    "why brex-rilf pricing",
    "why-not brex-rilf delivery",
    "why-not brex-rilf competitor_offer",
    "show steep-rise-kept-after-objection",
    "show pricing",
    "show price_increase",
    "show price_reduction",
    "facts price",
)


def golden(command: str) -> Path:
    return GOLDENS / f"{command.replace(' ', '-')}.txt"


@pytest.mark.parametrize("command", TOLD)
def test_told(command: str, run: Run) -> None:
    code, out, err = run(*command.split())
    assert (code, err) == (0, "")
    if REWRITE:
        golden(command).write_text(out, encoding="utf-8")
    assert out == golden(command).read_text(encoding="utf-8")


def test_every_golden_is_told() -> None:
    assert {path.name for path in GOLDENS.glob("*")} == {golden(command).name for command in TOLD}


@pytest.mark.parametrize("command", TOLD)
def test_it_fits_a_narrow_screen(command: str) -> None:
    lines = golden(command).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if cell_len(line) > 80 or line != line.rstrip() or "\x1b" in line] == []
