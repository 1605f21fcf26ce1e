"""A table of accounts in one pass: every rule as an expression over columns, on whatever frame it is in.

Written once, in Narwhals; see docs/decisions/012-tables.md.
"""

from __future__ import annotations

from typing import Any

from churn_rules.accounts import Layout
from churn_rules.engines.columnar.algebra import Flow, said_to
from churn_rules.engines.columnar.conclusions import conclude_columns
from churn_rules.engines.columnar.frames import Door
from churn_rules.engines.columnar.memory import remember_columns
from churn_rules.engines.columnar.result import MASK_BITS, result_columns
from churn_rules.rulebase import Rulebase

__all__ = ["MASK_BITS", "score_frame"]


def score_frame(table: Any, layout: Layout, rulebase: Rulebase, *, missing: bool = True) -> Any:
    """Diagnose every row of a table.

    Args:
        table: A Narwhals frame, lazy or not.
        layout: Which of its columns tells what.
        rulebase: The rules.
        missing: Whether to work out what is unknown and could change something.

    Returns:
        A native frame of the same kind.

    Raises:
        TableError: A column is of the wrong type.
    """
    door = Door(table)
    with said_to(door.library):
        opened = door.open(layout, rulebase.vocabulary)
        flow = Flow(opened.frame)
        remembered = remember_columns(flow, opened.layout, rulebase, opened.checked)
        state = conclude_columns(flow, rulebase, remembered)
        columns = dict(result_columns(state, opened.called, categories=door.on_polars, missing=missing))
        return door.out(opened, flow.frame, columns)
