"""What one diagnosis costs: every engine, and durable-rules through its own Host with the same patterns, in one run.

Prints medians and ratios, each from the quietest fifth of its runs, since other programs share the machine; the checks
of the result come first, so that nothing is timed that is wrong.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping

import churn_rules
from churn_rules.cases import Case, Memory, remember
from churn_rules.engines import ENGINES, Trace, engine_for
from churn_rules.engines.compiled import CompiledEngine
from churn_rules.loading import shipped
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Value

ROUNDS = 400
LIMITS = {"reference": "at most 0.7 ms", "durable": "at most 2.0 ms"}


def median_us(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of a call in microseconds, in the quietest fifth of the rounds, after a warm-up."""
    for _ in range(20):
        run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    fifth = rounds // 5
    return 1e6 * min(statistics.median(times[at : at + fifth]) for at in range(0, 5 * fifth, fifth))


def main() -> None:
    """Print the table."""
    rulebase = churn_rules.load()
    print(
        f"Python {sys.version.split()[0]}; {len(rulebase.rules)} rules; medians of the quietest fifth of {ROUNDS} runs"
    )
    _line("loading all rule files", median_us(churn_rules.load, 15), "at most 150 ms")
    _line("generating the compiled engine", median_us(lambda: CompiledEngine(rulebase), 15))
    cases = [churn_rules.load_case(path, rulebase) for path in sorted(shipped("cases").glob("*.yaml"))]
    _deciding(rulebase, [remember(case, rulebase.vocabulary) for case in cases])
    for case in cases:
        _case(case, rulebase)


def _line(what: str, cost: float, limit: str = "", *, base: float = 0.0) -> None:
    ratio = f"{cost / base:7.2f} x" if base else ""
    print(f"{what:42}{cost / 1000:9.3f} ms {ratio:10} {f'({limit})' if limit else ''}".rstrip())


def _deciding(rulebase: Rulebase, memories: list[Memory]) -> None:
    """Time a run of each engine, and in the compiled one the mere decisions which rules fire, over all cases."""
    compiled = CompiledEngine(rulebase)
    decisions = [_decisions_us(compiled, engine_for(rulebase, "reference").run(memory)) for memory in memories]
    print(f"\nover {len(memories)} shipped cases, the median")
    runs = {name: statistics.median(_runs_us(rulebase, memories, name)) for name in ENGINES}
    for name, cost in runs.items():
        _line(f"run without telling, {name}", cost, base=runs["reference"])
    middle = statistics.median(decisions)
    _line("which rules fire, compiled", middle, "at most 0.020 ms", base=runs["reference"])
    _line("which rules fire, compiled, slowest case", max(decisions), base=runs["reference"])


def _runs_us(rulebase: Rulebase, memories: list[Memory], name: str) -> list[float]:
    engine = engine_for(rulebase, name)
    return [median_us(lambda memory=memory: engine.run(memory), 100) for memory in memories]  # type: ignore[misc]


def _decisions_us(compiled: CompiledEngine, trace: Trace) -> float:
    known = dict(trace.known)
    assert compiled.decide_all(known) == trace.verdicts, "the engines differ"
    return median_us(lambda: compiled.decide_all(known))


def _case(case: Case, rulebase: Rulebase) -> None:
    memory = remember(case, rulebase.vocabulary)
    traces = {name: engine_for(rulebase, name).run(memory) for name in ENGINES}
    expected = traces["reference"]
    assert all(trace.firings == expected.firings for trace in traces.values()), "the engines differ"
    print(f"\n{case.id}: {len(expected.firings)} firings")
    costs = {name: _diagnosis_us(rulebase, case, name) for name in ENGINES}
    base = costs["reference"]
    for name, cost in costs.items():
        _line(f"diagnosis, {name}", cost, LIMITS.get(name, ""), base=base)
    whole = median_us(lambda: churn_rules.diagnose(case, rulebase=rulebase))
    _line("diagnosis with what is missing, durable", whole, base=base)
    fired = {rule for rule, truth in expected.verdicts.items() if truth}
    _line("durable-rules, its own Host, firing only", _host(rulebase, expected.known, fired), base=base)


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
