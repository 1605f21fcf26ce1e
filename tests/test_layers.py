"""The architecture as a test: a module imports only from layers above its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_python

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "churn_rules"
LAYERS = (
    ("errors", "language", "phrases", "wrapping"),
    ("certainty", "vocabulary"),
    ("money", "typed", "wording", "words"),
    ("conditions", "figures"),
    ("across", "asking"),
    ("rulebase", "cases"),
    ("accounts", "mappings", "patterns", "economics", "translating", "worth"),
    ("reading",),
    ("checking", "conclusions", "consequence"),
    ("loading",),
    ("bounds", "engines"),
    ("certificate", "diagnosis", "questionnaire", "scoring"),
    ("choosing",),
    ("interview",),
    ("explanation", "filling", "planning"),
    ("replaying",),
    ("schemas", "sums", "telling"),
    ("conversation", "interviewing"),
    ("api",),
    ("plan_calendar", "plan_pages", "report", "writing"),
    ("saving", "tables"),
    ("portfolio",),
    ("cli",),
)
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__"))
YAML_READER = "reading/documents.py"
PO_READER = "reading/translations.py"


def _imported(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _layer_of(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_one_way(module: Path) -> None:
    own = _layer_of(module)
    for name in _imported(module):
        if name.startswith("churn_rules."):
            other = name.split(".")[1]
            inside = other == own and len(module.parts) > 1
            assert inside or DEPTH[other] < DEPTH[own] or (DEPTH[other] == DEPTH[own] and other < own), (
                f"{own} imports {other}"
            )


def test_every_module_has_a_layer() -> None:
    assert {_layer_of(module) for module in MODULES} == set(DEPTH)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_only_one_module_knows_yaml(module: Path) -> None:
    assert ("yaml" in _imported(module)) == (module.as_posix() == YAML_READER)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_only_one_module_knows_po_files(module: Path) -> None:
    assert ("polib" in _imported(module)) == (module.as_posix() == PO_READER)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_says_what_it_is_for_and_what_it_exports(module: Path) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "__all__" in assigned


def test_the_specification_stays_short() -> None:
    reference = (PACKAGE / "engines" / "reference.py").read_text(encoding="utf-8")
    assert len(reference.splitlines()) <= 150
