"""What a whole portfolio costs: a Parquet file of accounts in, one with every answer out, in one run.

    python benchmarks/portfolio.py --rows 1000000            the table of all contenders and peers
    python benchmarks/portfolio.py --rows 1000000 --record   the same, kept in RESULTS.md

Every contender runs in a process of its own, turn and turn about, and its quickest turn counts. Answers are compared
first: with the reference engine on a sample of rows, and with each other on all of them. Peers that take one case at a
time are measured over a few hundred rows, and the figure for all rows is worked out from that.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import answers
import churn_rules
import machine
import workload
from contenders import CONTENDERS, Cost, cost_of
from peers import ENGINES, PEERS, RIVALS
from worker import SETS, Task, Worker

__all__ = ["main"]

OURS, FLOOR = "score on Polars", "floor"
MOST_OF_FLOOR, LEAST_OVER_PEERS = 1.5, 50.0
MOST_MEGABYTES = {1_000_000: 700, 10_000_000: 1000}
PACKAGES = ("polars", "narwhals", "duckdb", "pandas", "pyarrow", "datalogic-py", "zen-engine", "clipspy")


@dataclass
class Figures:
    """What every contender cost in its best turn, and what is wrong with the others."""

    rows: int
    best: dict[str, Cost] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, cost: Cost | str) -> None:
        """Keep the quicker turn, and the least of the peaks."""
        if isinstance(cost, str):
            self.faults[name] = cost
            return
        before = self.best.get(name, cost)
        self.best[name] = Cost(min(before.seconds, cost.seconds), min(before.megabytes, cost.megabytes))


@dataclass(frozen=True)
class Looped:
    """Microseconds a row of an engine that takes one case at a time: only its rules, and the whole run."""

    deciding: float
    whole: float


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5, help="that every contender takes")
    parser.add_argument("--only", default="", help="only these contenders beside the floor and ours, with commas")
    parser.add_argument("--sample", type=int, default=200, help="rows that are held against the reference engine")
    parser.add_argument("--looped", type=int, default=100, help="rows that engines of one case at a time take; 0: none")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds after which a contender is given up")
    parser.add_argument("--folder", type=Path, help="where the tables go, and stay; else a temporary folder")
    parser.add_argument("--record", action="store_true", help="keep the table in RESULTS.md")
    given = parser.parse_args(arguments)
    names = [name for name in CONTENDERS if not given.only or name in (OURS, FLOOR, *given.only.split(","))]
    warning = machine.busy()
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        folder = given.folder or Path(temporary)
        source = folder / f"accounts-{given.rows}.parquet"
        if not source.exists():
            workload.write(churn_rules.load(), given.rows, source)
        figures = measured(names, source, given.rows, given.turns, given.sample, given.patience)
        about = _about(source)
    text = told(figures, looped(given.looped) if given.looped else {}, about)
    print(text, warning, sep="\n\n")
    if given.record:
        machine.record(f"A portfolio of {given.rows:,} accounts", text, warning)


def measured(names: Iterable[str], source: Path, rows: int, turns: int, sample: int, patience: float) -> Figures:
    """Run every contender in turn; before it counts, its answers are compared."""
    figures = Figures(rows)
    order = sorted(names, key=lambda name: (name != OURS, name != FLOOR))  # the floor writes what ours wrote before
    targets = {name: source.with_name(f"{name.replace(' ', '-')}-{rows}.parquet") for name in order}
    for turn in range(turns):
        for name in order:
            if name in figures.faults:
                continue
            cost = cost_of(name, source, targets[name], ready=targets[OURS], patience=patience)
            figures.add(name, cost)
            if turn == 0 and isinstance(cost, Cost):
                fault = answers.differing(source, targets[name], None if name == OURS else targets[OURS], sample)
                figures.faults |= {name: fault} if fault else {}
    for target in targets.values():
        target.unlink(missing_ok=True)
    return figures


def looped(rows: int) -> dict[str, Looped]:
    """Measure the engines that take one case at a time, over the first rows of the same table."""
    found: dict[str, Looped] = {}
    for name in PEERS:
        if name not in (*ENGINES, *RIVALS):
            continue
        worker = Worker(Task(name, name in ENGINES, rows))
        deciding = worker.measure("decide", SETS[1], 1.0)
        whole = worker.measure("account", SETS[1], 1.0)
        worker.close()
        if deciding and whole:
            found[name] = Looped(statistics.fmean(deciding), statistics.fmean(whole))
        else:
            print(f"Not timed: {name}, {worker.fault}.")
    return found


# --- told -------------------------------------------------------------------------------------------------------------


def _about(source: Path) -> str:
    import polars as pl  # noqa: PLC0415  # only the processes of contenders need it before

    table = pl.scan_parquet(source).drop(workload.KEPT)
    told = table.null_count().collect().sum_horizontal()[0]
    width, rows = len(table.collect_schema()), table.select(pl.len()).collect().item()
    return (
        f"{rows:,} accounts, {width} columns that tell something and {len(workload.KEPT)} that are kept; "
        f"{1 - told / width / rows:.0%} of the cells are known. Parquet (zstd, row groups of "
        f"{workload.ROW_GROUP:,}), {source.stat().st_size / 1e6:,.0f} MB."
    )


def told(figures: Figures, one_by_one: Mapping[str, Looped], about: str) -> str:
    """Write the table, and whether what is wanted was reached."""
    floor = figures.best.get(FLOOR)
    rows = []
    for name, (_, how) in CONTENDERS.items():
        if name in figures.best and name not in figures.faults:
            cost = figures.best[name]
            ratio = f"{cost.seconds / floor.seconds:,.2f}" if floor else ""
            rows.append([name, f"{cost.seconds:,.2f}", ratio, f"{cost.megabytes:,.0f}", how])
    head = ("contender", "seconds", "x the floor", "peak MB", "how")
    parts = [machine.described(PACKAGES), about, machine.lined_up(head, rows)]
    parts += [f"Not counted: {name}, {fault}." for name, fault in figures.faults.items()]
    if one_by_one:
        parts.append(_one_by_one(figures, one_by_one))
    return "\n\n".join([*parts, _verdict(figures, one_by_one)])


def _one_by_one(figures: Figures, one_by_one: Mapping[str, Looped]) -> str:
    ours, cores = figures.best.get(OURS), os.cpu_count() or 1
    rows = []
    for name, cost in one_by_one.items():
        seconds = [each * figures.rows / 1e6 / cores for each in (cost.deciding, cost.whole)]
        cells = [f"{each:,.0f}" for each in (cost.deciding, cost.whole)]
        ratios = [f"{each / ours.seconds:,.0f} x" if ours else "" for each in seconds]
        rows.append([name, cells[0], f"{seconds[0]:,.0f}", ratios[0], cells[1], f"{seconds[1]:,.0f}", ratios[1]])
    head = ("engine", "µs a row", "seconds", "ours", "µs a row", "seconds", "ours")
    return (
        "Engines that take one case at a time, worked out from their mean over a few rows of the same table, as if all "
        f"{cores} cores were kept busy at no loss. To the left only deciding what fires, over conclusions that stand "
        "there ready; to the right the whole run with the conclusions between strata that all engines share, which is "
        f"what `{OURS}` does. Reading and writing the files is not counted against them.\n\n"
        f"{machine.lined_up(head, rows)}"
    )


def _verdict(figures: Figures, one_by_one: Mapping[str, Looped]) -> str:
    lines = []
    ours, floor = figures.best.get(OURS), figures.best.get(FLOOR)
    if ours and floor:
        ratio = ours.seconds / floor.seconds
        lines.append(_line(f"{ratio:.2f} x the floor", f"at most {MOST_OF_FLOOR} x", met=ratio <= MOST_OF_FLOOR))
    if ours and (most := MOST_MEGABYTES.get(figures.rows)):
        lines.append(_line(f"{ours.megabytes:,.0f} MB at most", f"at most {most} MB", met=ours.megabytes <= most))
    rivals = {name: cost for name, cost in one_by_one.items() if name in RIVALS}
    if ours and rivals:
        name, cost = min(rivals.items(), key=lambda item: item[1].whole)
        ratio = cost.whole * figures.rows / 1e6 / (os.cpu_count() or 1) / ours.seconds
        wanted = f"at least {LEAST_OVER_PEERS:.0f} x"
        lines.append(_line(f"{ratio:,.0f} x as fast as {name}", wanted, met=ratio >= LEAST_OVER_PEERS))
    return f"`{OURS}`:\n\n" + "\n".join(lines)


def _line(found: str, wanted: str, *, met: bool) -> str:
    return f"- {found} ({'met' if met else 'not met'}: {wanted})"


if __name__ == "__main__":
    main()
