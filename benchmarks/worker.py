"""Peers in processes of their own, which one program asks in turn: so that none can harm another, or be timed with it.

Never times an answer that was not held against the reference before.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import churn_rules
import workload
from churn_rules.cases import Memory, remember
from churn_rules.engines import Trace
from churn_rules.engines.reference import ReferenceEngine
from churn_rules.loading import shipped
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Truth
from peers import ENGINES, Outcome, Peer, peer_for

__all__ = ["SETS", "Task", "Worker", "median_us", "memories"]

SETS = ("shipped cases", "random rows")


def memories(rulebase: Rulebase, which: str, rows: int) -> list[Memory]:
    """Return what is known of each case of a set: the shipped ones, or rows of the synthetic table."""
    if which == SETS[0]:
        paths: list[Path] = sorted(shipped("cases").glob("*.yaml"))
        cases = [churn_rules.load_case(path, rulebase) for path in paths]
    else:
        cases = list(workload.cases(rulebase, workload.table(rulebase, rows)))
    return [remember(case, rulebase.vocabulary) for case in cases]


@dataclass(frozen=True)
class Task:
    """What a worker measures: a peer, asked fully or only what conclusions rest on, over a set of cases."""

    peer: str
    fully: bool
    rows: int


class Worker:
    """A process that holds one peer, ready to be asked. `fault` says what is wrong with it, if anything is."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(task, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.note, self.fault = "", ""
        answer = self._received()
        if answer is not None:
            self.note, self.fault = answer

    def measure(self, kind: str, which: str, seconds: float) -> list[float] | None:
        """Time one kind of work (`decide`, `run`, `account`) on each case of a set; return medians in microseconds."""
        if self.fault:
            return None
        self._pipe.send((kind, which, seconds))
        found: list[float] | None = self._received()
        return found

    def _received(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            self.fault = f"its process ended (exit code {self._process.exitcode})"
            return None

    def close(self) -> None:
        """End the process."""
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()


# --- in the process ---------------------------------------------------------------------------------------------------


def _work(task: Task, pipe: Connection) -> None:
    rulebase = churn_rules.load()
    try:
        peer = peer_for(task.peer, rulebase, fully=task.fully)
    except ModuleNotFoundError as error:
        pipe.send(("", f"not installed: {error.name}"))
        return
    reference = ReferenceEngine(rulebase)
    traces = {which: [reference.run(one) for one in memories(rulebase, which, task.rows)] for which in SETS}
    pipe.send((peer.note, _fault(task, rulebase, peer, [trace for one in traces.values() for trace in one])))
    while True:
        try:
            kind, which, seconds = pipe.recv()
        except EOFError:
            return
        pipe.send(_times(peer, rulebase, kind, traces[which], seconds))


def _fault(task: Task, rulebase: Rulebase, peer: Peer, traces: Sequence[Trace]) -> str:
    """Say where a peer differs from the reference, if it does."""
    wrong = 0
    for trace in traces:
        asked = {
            rule: truth
            for rule, truth in trace.verdicts.items()
            if truth or (truth is False and (task.fully or task.peer in ENGINES or rulebase.rules[rule].then.finding))
        }
        outcome = peer.run(trace.memory)
        decided: dict[str, Truth] = dict(peer.verdicts(peer.decide(peer.told(trace.known))))
        same = decided == asked and outcome.known == trace.known
        wrong += not (same and {item for item in outcome.verdicts.items() if item[1] is not None} == asked.items())
    return f"wrong in {wrong} of {len(traces)} cases" if wrong else ""


def _times(peer: Peer, rulebase: Rulebase, kind: str, traces: Sequence[Trace], seconds: float) -> list[float]:
    calls: list[Callable[[], object]] = []
    for trace in traces:
        if kind == "run":
            calls.append(partial(peer.run, trace.memory))
        elif kind == "account":
            calls.append(partial(_account, peer, rulebase, trace))
        else:
            calls.append(partial(peer.decide, peer.told(trace.known)))
    each = seconds / len(calls)
    return [median_us(call, each) for call in calls]


def _account(peer: Peer, rulebase: Rulebase, trace: Trace) -> Outcome:
    """Run an account from its case on, which is what a loop over a table does with a row."""
    return peer.run(remember(trace.memory.case, rulebase.vocabulary))


def median_us(call: Callable[[], object], seconds: float) -> float:
    """Return the median time of a call, of at least three, in microseconds."""
    call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)
