"""Spark on this machine, for tests: one session, and tables into it and out of it."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from typing import Any

import polars as pl

__all__ = ["as_spark", "from_spark", "spark_is_there"]

_TYPES = {pl.Float64: "double", pl.Boolean: "boolean", pl.Date: "date"}


def spark_is_there() -> bool:
    """Tell whether PySpark and the Java that it needs are installed."""
    try:
        import pyspark  # noqa: F401, PLC0415  # an extra
    except ModuleNotFoundError:
        return False
    return shutil.which("java") is not None


@cache
def _session() -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415  # as above

    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers find the same packages as the tests
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.log.level", "ERROR")
    excluded = "org.apache.spark.sql.catalyst.optimizer.CollapseProject"
    return builder.config("spark.sql.optimizer.excludedRules", excluded).getOrCreate()


def as_spark(table: pl.DataFrame) -> Any:
    """Return a table as a frame of Spark."""
    schema = ", ".join(f"`{name}` {_TYPES.get(type(dtype), 'string')}" for name, dtype in table.schema.items())
    return _session().createDataFrame([tuple(row) for row in table.iter_rows()], schema)


def from_spark(frame: Any) -> pl.DataFrame:
    """Return a frame of Spark as one of Polars."""
    found = frame.toArrow()
    read = pl.from_arrow(found)
    assert isinstance(read, pl.DataFrame)
    return read
