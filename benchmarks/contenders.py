"""The portfolio's contenders, each run in a process of its own: a Parquet file of accounts in, one of answers out.

Never compares answers: `portfolio` does, from the files.

    python benchmarks/contenders.py NAME INPUT OUTPUT       prints seconds and megabytes as JSON
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import churn_rules
import machine
import workload
from churn_rules.rulebase import Rulebase
from grown import grown

__all__ = ["CONTENDERS", "Cost", "Job", "cost_of"]


@dataclass(frozen=True)
class Job:
    """What a contender is to do; `ready` is an answer that the floor writes as it is."""

    rulebase: Rulebase
    source: Path
    target: Path
    ready: Path | None = None


@dataclass(frozen=True)
class Cost:
    """What it cost: seconds from the file to the file, and the most memory that its process held, in megabytes."""

    seconds: float
    megabytes: float


Run = Callable[[], None]


def _floor(job: Job) -> Run:
    """Read every column, and write an answer that is ready in memory."""
    import polars as pl  # noqa: PLC0415  # each process imports what it needs, so that its memory is its own

    assert job.ready is not None, "the floor writes what another contender wrote"
    answer = pl.read_parquet(job.ready)

    def run() -> None:
        pl.scan_parquet(job.source).sink_batches(lambda _: None, maintain_order=False)
        answer.lazy().sink_parquet(job.target, compression="zstd", row_group_size=workload.ROW_GROUP)

    return run


def _polars(job: Job) -> Run:
    os.environ["POLARS_ROW_GROUP_PREFETCH_SIZE"] = "1"  # as `churn-rules score` has it
    return _reading_ahead(job)


def _reading_ahead(job: Job) -> Run:
    import polars as pl  # noqa: PLC0415

    from churn_rules.engines.columnar.bridges import as_said  # noqa: PLC0415
    from churn_rules.scoring import score  # noqa: PLC0415

    def run() -> None:
        table = pl.scan_parquet(job.source)
        answer = score(table, rulebase=job.rulebase, keep=workload.KEPT)
        flags = as_said()  # as it has that, too
        answer.sink_parquet(job.target, compression="zstd", row_group_size=workload.ROW_GROUP, optimizations=flags)

    return run


def _duckdb(job: Job) -> Run:
    import duckdb  # noqa: PLC0415

    from churn_rules.scoring import score  # noqa: PLC0415

    def run() -> None:
        table = duckdb.read_parquet(str(job.source))
        answer: Any = score(table, rulebase=job.rulebase, keep=workload.KEPT)
        answer.write_parquet(str(job.target), compression="zstd", row_group_size=workload.ROW_GROUP)

    return run


def _sql(job: Job) -> Run:
    import duckdb  # noqa: PLC0415

    from peers.duckdb_sql import statement  # noqa: PLC0415

    def run() -> None:
        text = statement(job.rulebase, str(job.source), str(job.target), workload.KEPT)
        duckdb.connect().execute(text)

    return run


def _pandas(job: Job) -> Run:
    import pandas as pd  # noqa: PLC0415

    from churn_rules.scoring import score  # noqa: PLC0415

    def run() -> None:
        table = pd.read_parquet(job.source, dtype_backend="pyarrow")
        score(table, rulebase=job.rulebase, keep=workload.KEPT).to_parquet(job.target, compression="zstd")

    return run


def _pyarrow(job: Job) -> Run:
    import pyarrow.parquet as pq  # noqa: PLC0415

    from churn_rules.scoring import score  # noqa: PLC0415

    def run() -> None:
        table = pq.read_table(job.source)
        pq.write_table(score(table, rulebase=job.rulebase, keep=workload.KEPT), job.target, compression="zstd")

    return run


CONTENDERS: Mapping[str, tuple[Callable[[Job], Run], str]] = {
    "floor": (_floor, "Polars reads every column, and writes an answer that is ready in memory"),
    "score on Polars": (_polars, "scan_parquet, score, sink_parquet"),
    "score reading ahead": (_reading_ahead, "the same on Polars, with as many row groups read ahead as Polars likes"),
    "score on DuckDB": (_duckdb, "read_parquet, score, write_parquet"),
    "SQL on DuckDB": (_sql, "one statement of CASEs generated from the rules; the rules and what they rest on only"),
    "score on PyArrow": (_pyarrow, "read_table, score, write_table"),
    "score on pandas": (_pandas, "read_parquet to PyArrow types, score, to_parquet"),
}
"""Each contender by its name, with how it goes about it."""


def cost_of(
    name: str, source: Path, target: Path, *, rules: int = 0, ready: Path | None = None, patience: float = 900.0
) -> Cost | str:
    """Run a contender in a process of its own; return what it cost, or why it failed, also by taking too long."""
    command = [sys.executable, __file__, name, str(source), str(target), "--rules", str(rules)]
    command += ["--ready", str(ready)] if ready else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience)
    except subprocess.TimeoutExpired:
        return f"not done after {patience:,.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run one contender here and now."""
    parser = argparse.ArgumentParser(description="Run one contender over a Parquet file of accounts.")
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--rules", type=int, default=0, help="of a rule base cut down or grown; 0: the shipped one")
    parser.add_argument("--ready", type=Path)
    given = parser.parse_args()
    rulebase = churn_rules.load()
    job = Job(grown(rulebase, given.rules) if given.rules else rulebase, given.source, given.target, given.ready)
    run = CONTENDERS[given.name][0](job)
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": machine.megabytes("VmHWM")}))


if __name__ == "__main__":
    main()
