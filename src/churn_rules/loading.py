"""From a folder to a rule base that is ready to run, and where the shipped rules and cases lie.

Never keeps what it loaded: whoever loads holds the rule base.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from churn_rules.checking import finish
from churn_rules.errors import UnknownNameError
from churn_rules.reading import read_rules
from churn_rules.rulebase import Rulebase

__all__ = ["find_case", "load", "shipped", "versions"]


def shipped(name: str) -> Path:
    """Return the folder of the shipped `rules` or `cases`: in the package, or at the top of a checkout."""
    inside = Path(str(files("churn_rules"))) / "_shipped" / name
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / name


def find_case(case: str | Path) -> Path:
    """Return the path of a case file or folder, or of the shipped case of that name.

    Raises:
        UnknownNameError: It is a bare name, and no shipped case is called that.
    """
    if isinstance(case, Path) or "/" in case or case.endswith(".yaml") or _exists(case):
        return Path(case)
    names = [path.stem for path in sorted(shipped("cases").glob("*.yaml"))]
    if case not in names:
        raise UnknownNameError("case", case, names)
    return shipped("cases") / f"{case}.yaml"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for the system, or no name at all
        return False


def load(path: str | Path | None = None) -> Rulebase:
    """Load a rule base, and check it.

    Args:
        path: A folder of rules; without it, the shipped rules.

    Raises:
        LoadError: Something is wrong with it; `issues` holds all of it.
    """
    return finish(read_rules(Path(path) if path is not None else shipped("rules")))


def versions(rulebase: Rulebase) -> dict[str, str]:
    """Return the version of durable-rules (`not installed` without it), and size and digest of a rule base."""
    try:
        durable = version("durable-rules")
    except PackageNotFoundError:
        durable = "not installed; the reference engine takes over"
    return {"durable-rules": durable, "rules": f"{len(rulebase.rules)} accepted", "rulebase": rulebase.digest}
