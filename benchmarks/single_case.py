"""What one case costs: our engines and every peer over the same rule base, in one run, turn and turn about.

    python benchmarks/single_case.py            about two minutes
    python benchmarks/single_case.py --record   the same, kept in RESULTS.md

Every figure is the median over the cases of a set, each case at the median of its repetitions in the quietest of all
rounds, since other programs share the machine. A peer that differs from the reference is reported and not timed.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import churn_rules
import machine
from churn_rules.engines.compiled import CompiledEngine
from churn_rules.loading import shipped
from peers import ENGINES, PEERS, RIVALS
from worker import SETS, Task, Worker, median_us

__all__ = ["main"]

OURS = "compiled"
TARGET = 3.0
LIMITS = {"compiled": "", "reference": "at most 700", "durable": "at most 2,000"}
PACKAGES = ("durable-rules", "clipspy", "common-expression-language", "datalogic-py", "rule-engine", "zen-engine")
"""Whose versions are told."""

Key = tuple[str, bool, str, str]  # peer, whether asked fully, kind of work, set of cases


@dataclass
class Figures:
    """Microseconds a case, the best round of each."""

    best: dict[Key, list[float]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, key: Key, times: list[float]) -> None:
        """Keep what is less, case by case."""
        before = self.best.get(key, times)
        self.best[key] = [min(pair) for pair in zip(before, times, strict=True)]

    def median(self, key: Key) -> float | None:
        """Return the median over the cases."""
        return statistics.median(self.best[key]) if key in self.best else None


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=6, help="turns that every engine takes")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each turn")
    parser.add_argument("--rows", type=int, default=40, help="random rows beside the shipped cases")
    parser.add_argument("--peers", default="", help="only these, separated by commas")
    parser.add_argument("--record", action="store_true", help="keep the tables in RESULTS.md")
    options = parser.parse_args(arguments)
    names = [name for name in PEERS if not options.peers or name in (OURS, *options.peers.split(","))]
    warning = machine.busy()
    text = told(measured(names, options.rounds, options.seconds, options.rows))
    print(text, warning, sep="\n\n")
    if options.record:
        machine.record("A single case", text, warning)


def measured(names: Iterable[str], rounds: int, seconds: float, rows: int) -> Figures:
    """Measure all engines in turn: fully and, for the peers, asked only what conclusions rest on."""
    figures = Figures()
    tasks = [Task(name, fully, rows) for name in names for fully in (True, False) if fully or name not in ENGINES]
    workers: dict[Task, Worker] = {}
    try:
        for task in tasks:
            workers[task] = worker = Worker(task)
            figures.notes[task.peer] = worker.note
        for _ in range(rounds):
            for task, worker in workers.items():
                for kind in ("decide", "run") if task.fully else ("decide",):
                    for which in SETS:
                        if times := worker.measure(kind, which, seconds):
                            figures.add((task.peer, task.fully, kind, which), times)
        figures.faults.update({task.peer: worker.fault for task, worker in workers.items() if worker.fault})
    finally:
        for worker in workers.values():
            worker.close()
    return figures


# --- told -------------------------------------------------------------------------------------------------------------


def told(figures: Figures) -> str:
    """Write the tables, and how far the fastest peer is behind."""
    parts = [
        machine.described(PACKAGES),
        _loading(),
        *(_table(figures, *which) for which in _TABLES),
        _diagnoses(),
        *(f"Not timed: {name}, {fault}." for name, fault in figures.faults.items()),
        _verdict(figures),
    ]
    return "\n\n".join(parts)


_TABLES = (
    ("decide", True, "Deciding all rules as true, false or unknown, over all that is known in the end (µs a case)"),
    ("decide", False, "Deciding only what conclusions rest on: what fires, and which findings are false (µs a case)"),
    ("run", True, "A whole run, stratum by stratum, with the conclusions that all engines share (µs a case)"),
)


def _loading() -> str:
    rulebase = churn_rules.load()
    loading = median_us(churn_rules.load, 2.0) / 1000
    generating = median_us(lambda: CompiledEngine(rulebase), 1.0) / 1000
    return (
        f"{len(rulebase.rules)} rules in {len(rulebase.strata)} strata. Loading all rule files takes {loading:.0f} ms, "
        f"generating the compiled engine {generating:.0f} ms; both once."
    )


def _diagnoses() -> str:
    """Time what a caller asks for: a case in, a diagnosis out."""
    rulebase = churn_rules.load()
    cases = [churn_rules.load_case(path, rulebase) for path in sorted(shipped("cases").glob("*.yaml"))]
    rows = []
    for engine, limit in LIMITS.items():
        costs = []
        for missing in (False, True):
            diagnose = partial(churn_rules.diagnose, rulebase=rulebase, engine=engine, missing=missing)
            costs.append(statistics.median(median_us(partial(diagnose, case), 0.1) for case in cases))
        rows.append([engine, *(f"{cost:,.0f}" for cost in costs), limit])
    head = ("engine", "diagnosis", "with what is missing", "bound of the first")
    return f"**A diagnosis of a shipped case, by `churn_rules.diagnose` (µs)**\n\n{machine.lined_up(head, rows)}"


def _table(figures: Figures, kind: str, fully: bool, title: str) -> str:  # noqa: FBT001  # part of a key
    rows = []
    for name in PEERS:
        keys = [(name, fully or name in ENGINES, kind, which) for which in SETS]
        costs = [figures.median(key) for key in keys]
        if None not in costs:
            base = [figures.median((OURS, True, kind, which)) for which in SETS]
            cells = [f"{cost:,.1f}" for cost in costs]
            ratios = [f"{cost / ours:,.1f} x" for cost, ours in zip(costs, base, strict=True) if cost and ours]
            slowest = max(figures.best[keys[0]])
            rows.append([name, cells[0], ratios[0], f"{slowest:,.1f}", cells[1], ratios[1], figures.notes[name]])
    head = ("engine", SETS[0], "ratio", "slowest", SETS[1], "ratio", "form")
    return f"**{title}**\n\n{machine.lined_up(head, rows)}"


def _verdict(figures: Figures) -> str:
    lines = []
    for kind, fully, _ in _TABLES[:2]:
        for which in SETS:
            costs: Mapping[str, float] = {
                name: cost for name in RIVALS if (cost := figures.median((name, fully, kind, which))) is not None
            }
            ours = figures.median((OURS, True, kind, which))
            if costs and ours:
                name = min(costs, key=lambda name: costs[name])
                ratio = costs[name] / ours
                met = "met" if ratio >= TARGET else "not met"
                asked = "all verdicts" if fully else "only what conclusions rest on (ours still all)"
                lines.append(f"- {which}, {asked}: {name} takes {ratio:.1f} x as long ({met}: at least {TARGET:.0f} x)")
    return "The fastest peer against our compiled engine:\n\n" + "\n".join(lines)


if __name__ == "__main__":
    main()
