"""Where and when a benchmark was run, and the file that keeps its tables."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["RESULTS", "busy", "described", "lined_up", "megabytes", "record"]

RESULTS = Path(__file__).parent / "RESULTS.md"

_HEAD = """# What the benchmarks measured

Each part is written by its own benchmark (`--record`); README.md beside this page says how to run them, what is
measured and why that way. Other machines give other seconds: the ratios are what counts, and differences under 25 %
are noise.
"""


_BUSY = 0.75  # programs a core that wait or run, from which on others are timed as well
_PATIENCE = 180  # seconds in which the load of a benchmark that ran before has died away


def busy() -> str:
    """Say so where other programs keep this machine busy, and go on doing so; to be asked before anything is measured.

    Turn and turn about does not make up for it: with ten programs on two cores the fastest peer came out at 4.2 times
    our cost where it had been 2.3 to 2.5 on a quieter machine, which turned a target missed into one met.
    """
    cores, end = os.cpu_count() or 1, time.monotonic() + _PATIENCE
    while (load := os.getloadavg()[0]) > _BUSY * cores:
        if time.monotonic() > end:
            break
        time.sleep(5)
    else:
        return ""
    what = f"{load:.1f} programs on {cores} cores"
    return f"This machine was busy ({what}): these ratios show nothing, for us or against us."


def megabytes(of: str) -> float:
    """Return what this process holds (`VmRSS`) or held at most (`VmHWM`), in megabytes, as Linux counts it.

    What `getrusage` gives as the most is that of the program which started this one, where that held more.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{of}:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"no {of} in /proc/self/status")


def described(packages: Iterable[str]) -> str:
    """Say machine, date and versions, as one paragraph."""
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "unknown")
    memory = next((int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if "MemTotal" in line), 0.0)
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {cpu}, {os.cpu_count()} cores, {memory:.0f} GB; "
        f"{platform.system()}, Python {platform.python_version()}; {versions}."
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def lined_up(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown that also reads well as text; the first and last columns stand to the left."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    left = {0, len(head) - 1}

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = "|".join(
        "-" * (width + 2) if place in left else "-" * (width + 1) + ":" for place, width in enumerate(widths)
    )
    return "\n".join([line(cells[0]), f"|{rule}|", *map(line, cells[1:])])


def record(title: str, text: str, warning: str) -> None:
    """Put a part into the results, in place of the one with the same title.

    Raises:
        SystemExit: There is a warning that the machine was busy; nothing is written.
    """
    if warning:
        raise SystemExit(f"Not recorded. {warning}")
    parts = {}
    if RESULTS.exists():
        _, *old = RESULTS.read_text(encoding="utf-8").split("\n## ")
        parts = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in old}
    parts[title] = text.strip()
    body = "\n".join(f"\n## {name}\n\n{part}\n" for name, part in parts.items())
    RESULTS.write_text(_HEAD + body, encoding="utf-8")
