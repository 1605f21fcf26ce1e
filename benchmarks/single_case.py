"""What one diagnosis costs: both engines, and durable-rules through its own Host with the same patterns, in one run.

Prints medians and ratios; the checks of the result come first, so that nothing is timed that is wrong.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import churn_rules
from churn_rules.cases import Case, remember
from churn_rules.engines import engine_for
from churn_rules.loading import shipped
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Value

ROUNDS = 400


def median_us(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of a call in microseconds, after a warm-up."""
    for _ in range(20):
        run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def main() -> None:
    """Print the table."""
    rulebase = churn_rules.load()
    print(f"Python {sys.version.split()[0]}; {len(rulebase.rules)} rules; median of {ROUNDS} runs")
    loading = median_us(churn_rules.load, 15) / 1000
    print(f"{'loading all rule files':42}{loading:9.1f} ms   (at most 150 ms)")
    for path in sorted(shipped("cases").glob("*.yaml")):
        _case(path, rulebase)


def _case(path: Path, rulebase: Rulebase) -> None:
    case = churn_rules.load_case(path, rulebase)
    memory = remember(case, rulebase.vocabulary)
    traces = {name: engine_for(rulebase, name).run(memory) for name in ("reference", "durable")}
    assert traces["reference"].firings == traces["durable"].firings, "the engines differ"
    print(f"\n{case.id}: {len(traces['reference'].firings)} firings")
    base = _diagnosis_us(rulebase, case, "reference")
    for engine, limit in (("reference", 0.7), ("durable", 2.0)):
        cost = base if engine == "reference" else _diagnosis_us(rulebase, case, engine)
        print(f"{'diagnosis, ' + engine:42}{cost / 1000:9.3f} ms   {cost / base:5.1f} x   (at most {limit} ms)")
    whole = median_us(lambda: churn_rules.diagnose(case, rulebase=rulebase))
    print(f"{'diagnosis with what is missing, durable':42}{whole / 1000:9.3f} ms   {whole / base:5.1f} x")
    fired = {rule for rule, truth in traces["reference"].verdicts.items() if truth}
    host = _host(rulebase, traces["reference"].known, fired)
    print(f"{'durable-rules, its own Host, firing only':42}{host / 1000:9.3f} ms   {host / base:5.1f} x")


def _diagnosis_us(rulebase: Rulebase, case: Case, engine: str) -> float:
    return median_us(lambda: churn_rules.diagnose(case, rulebase=rulebase, engine=engine, missing=False))


def _host(rulebase: Rulebase, known: Mapping[str, Value], fired: set[str]) -> float:
    """Time durable-rules' Host on the same rules: every fact and conclusion asserted, all strata at once."""
    from _host import HostRun  # noqa: PLC0415  # a script beside this one

    run = HostRun(rulebase, known)
    assert run() == fired, "the Host fires other rules"
    return median_us(run, 60)


if __name__ == "__main__":
    main()
