"""How cost grows: with rows from ten thousand to ten million, and with rules from fifty to sixteen hundred.

    python benchmarks/growth.py                     everything, about five minutes
    python benchmarks/growth.py --most-rows 1000000 --record

The exponent is that of the power of rows (or of rules) that fits best: 1 is linear, less is better.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import churn_rules
import machine
import workload
from churn_rules.cases import remember
from churn_rules.engines.compiled import CompiledEngine
from churn_rules.engines.reference import ReferenceEngine
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Truth, Value
from contenders import Cost, cost_of
from grown import grown
from worker import median_us

__all__ = ["main"]

ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
RULES = (50, 100, 200, 400, 800, 1600)
OURS = "score on Polars"
MOST = 1.1
"""An exponent up to here counts as linear, for noise; see PACKAGES for the versions that are told."""

PACKAGES = ("polars", "narwhals")


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--most-rows", type=int, default=ROWS[-1])
    parser.add_argument("--most-rules", type=int, default=RULES[-1])
    parser.add_argument("--rows", type=int, default=200_000, help="of the table over which rules grow")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="keep the tables in RESULTS.md")
    given = parser.parse_args(arguments)
    sizes, rules = (
        [one for one in some if one <= most] for some, most in ((ROWS, given.most_rows), (RULES, given.most_rules))
    )
    rulebase, warning = churn_rules.load(), machine.busy()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = [
            machine.described(PACKAGES),
            _with_rows(rulebase, sizes, folder, given.turns),
            _with_rules(rulebase, rules, given.rows, folder, given.turns),
        ]
    text = "\n\n".join(parts)
    print(text, warning, sep="\n\n")
    if given.record:
        machine.record("Growth", text, warning)


def _with_rows(rulebase: Rulebase, sizes: Iterable[int], folder: Path, turns: int) -> str:
    """Score tables of all sizes, in turn."""
    files = {rows: folder / f"accounts-{rows}.parquet" for rows in sizes}
    for rows, path in files.items():
        workload.write(rulebase, rows, path)
    costs = _quickest(
        {rows: partial(cost_of, OURS, path, folder / "out.parquet") for rows, path in files.items()}, turns
    )
    seconds = [cost.seconds for cost in costs.values()]
    table = [
        [f"{rows:,}", f"{cost.seconds:,.2f}", f"{1e6 * cost.seconds / rows:,.2f}", f"{cost.megabytes:,.0f}"]
        for rows, cost in costs.items()
    ]
    head = ("rows", "seconds", "µs a row", "peak MB")
    return (
        f"**Rows**: `{OURS}`, Parquet to Parquet, {len(rulebase.rules)} rules\n\n{machine.lined_up(head, table)}\n\n"
        f"Exponent over all sizes {exponent(list(costs), seconds)}; from one size to the next "
        f"{', '.join(_steps(list(costs), seconds))}. {_met(list(costs)[-3:], seconds[-3:])}"
    )


def _with_rules(rulebase: Rulebase, sizes: Sequence[int], rows: int, folder: Path, turns: int) -> str:
    """Score one table with all rule bases, in turn, and decide single cases with them."""
    source = folder / "accounts.parquet"
    workload.write(rulebase, rows, source)
    runs = {rules: partial(cost_of, OURS, source, folder / "out.parquet", rules=rules) for rules in sizes}
    costs = _quickest(runs, turns)
    singly = {rules: _single(grown(rulebase, rules)) for rules in costs}
    columns = [[cost.seconds for cost in costs.values()], *map(list, zip(*singly.values(), strict=True))]
    table = [
        [
            f"{rules:,}",
            f"{column[0]:,.2f}",
            f"{1e3 * column[0] / rules:,.2f}",
            f"{column[1]:,.1f}",
            f"{column[2]:,.1f}",
            f"{column[3]:,.0f}",
        ]
        for rules, column in zip(costs, zip(*columns, strict=True), strict=True)
    ]
    head = ("rules", f"{rows:,} rows, s", "ms a rule", "compiled, µs a case", "reference, µs a case", "to compile, ms")
    names = ("the table", "compiled", "reference", "compiling")
    fits = "; ".join(f"{name} {exponent(list(costs), column)}" for name, column in zip(names, columns, strict=True))
    return (
        f"**Rules**: `{OURS}` over one table, and single engines deciding the same rules\n\n"
        f"{machine.lined_up(head, table)}\n\nExponents: {fits}. {_met(list(costs), columns[0])}"
    )


def _quickest(runs: Mapping[int, Callable[[], Cost | str]], turns: int) -> dict[int, Cost]:
    best: dict[int, Cost] = {}
    for _ in range(turns):
        for size, run in runs.items():
            cost = run()
            if isinstance(cost, str):
                raise SystemExit(f"{OURS} failed at {size:,}: {cost}")
            before = best.get(size, cost)
            best[size] = Cost(min(before.seconds, cost.seconds), min(before.megabytes, cost.megabytes))
    return best


def _single(rulebase: Rulebase) -> tuple[float, float, float]:
    """Return what deciding costs the compiled and the reference engine, in µs a case, and compiling, in ms."""
    compiled, reference = CompiledEngine(rulebase), ReferenceEngine(rulebase)
    cases = workload.cases(rulebase, workload.table(rulebase, 20))
    known = [dict(reference.run(remember(case, rulebase.vocabulary)).known) for case in cases]
    one = statistics.fmean(median_us(partial(compiled.decide_all, values), 0.05) for values in known)
    other = statistics.fmean(median_us(partial(_decide, reference, values), 0.05) for values in known)
    return one, other, median_us(partial(CompiledEngine, rulebase), 0.5) / 1000


def _decide(engine: ReferenceEngine, values: Mapping[str, Value]) -> list[Truth]:
    return [engine.decide(rule, values) for rule in engine.rulebase.rules.values()]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> str:
    """Return the power of the size that fits the costs best, by least squares over logarithms."""
    return f"{_exponent(sizes, costs):.2f}" if len(sizes) > 1 else "unknown"


def _exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    return statistics.linear_regression([math.log(one) for one in sizes], [math.log(one) for one in costs]).slope


def _steps(sizes: Sequence[float], costs: Sequence[float]) -> list[str]:
    return [exponent(sizes[at : at + 2], costs[at : at + 2]) for at in range(len(sizes) - 1)]


def _met(sizes: Sequence[float], costs: Sequence[float]) -> str:
    if len(sizes) < 2:
        return ""
    linear = _exponent(sizes, costs) <= MOST
    return f"At most linear: {'met' if linear else 'not met'}."


if __name__ == "__main__":
    main()
