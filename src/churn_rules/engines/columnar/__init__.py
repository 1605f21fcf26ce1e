"""A table of accounts in one pass: every rule as an expression over columns, on whatever frame it is in.

Written once, for Narwhals and Polars alike; see docs/decisions/013-tables.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from churn_rules.accounts import Layout
from churn_rules.cases import Memory
from churn_rules.conclusions import conclude
from churn_rules.conditions import support, tests
from churn_rules.engines.columnar.algebra import Flow, as_expr, said_to, xp
from churn_rules.engines.columnar.bridges import through_polars
from churn_rules.engines.columnar.conclusions import conclude_columns
from churn_rules.engines.columnar.frames import Door
from churn_rules.engines.columnar.memory import remember_columns
from churn_rules.engines.columnar.premises import Cells, Premises, Range
from churn_rules.engines.columnar.result import MASK_BITS, result_columns
from churn_rules.engines.trace import Firing, Trace, in_telling_order
from churn_rules.rulebase import Added, Rule, Rulebase
from churn_rules.vocabulary import Span, Truth, Value

__all__ = ["MASK_BITS", "ColumnarEngine", "score_frame"]


def score_frame(frame: Any, layout: Layout, rulebase: Rulebase, *, missing: bool = True, natively: bool = False) -> Any:
    """Diagnose every row of a table.

    Args:
        frame: A native frame of a kind that Narwhals knows, lazy or not.
        layout: Which of its columns tells what.
        rulebase: The rules.
        missing: Whether to work out what is unknown and could change something.
        natively: Whether the rules run in the frame's own library, rather than in Polars.

    Returns:
        A native frame of the same kind.

    Raises:
        TableError: A column is of the wrong type.
    """
    table = nw.from_native(frame)
    if natively or table.implementation.is_polars():
        return _scored(table, layout, rulebase, missing=missing)

    def scorer(lazy: Any) -> Any:
        return _scored(nw.from_native(lazy), layout, rulebase, missing=missing)

    return through_polars(frame, table.implementation, scorer, layout.kept)


def _scored(table: Any, layout: Layout, rulebase: Rulebase, *, missing: bool) -> Any:
    door = Door(table, layout.kept)
    with said_to(door.library):
        opened = door.open(layout, rulebase.vocabulary)
        flow = Flow(opened.frame)
        remembered = remember_columns(flow, opened.layout, rulebase, opened.refused)
        state = conclude_columns(flow, rulebase, remembered)
        columns = dict(result_columns(state, opened.called, categories=door.on_polars, missing=missing))
        return door.out(opened, flow.frame, columns)


class ColumnarEngine:
    """Decides rules by columns, for any number of cases at once; what a case concludes is drawn as for every engine.

    A single case costs it a hundred times what it costs the others: it stands here to be held against them.
    """

    name = "columnar"

    def __init__(self, rulebase: Rulebase) -> None:
        self.rulebase = rulebase

    def run(self, memory: Memory) -> Trace:
        """Run the whole rule base over what is known of a case."""
        return self.run_all([memory])[0]

    def run_all(self, memories: Sequence[Memory]) -> list[Trace]:
        """Run the whole rule base over what is known of several cases, a row each."""
        rows: list[dict[str, Value]] = [dict(memory.values) for memory in memories]
        verdicts: list[dict[str, Truth]] = [{} for _ in memories]
        firings: list[list[Firing]] = [[] for _ in memories]
        added: list[Added] = [{} for _ in memories]
        for stratum in self.rulebase.strata:
            decided = self._decide(stratum.rules, rows)
            for place, (memory, known) in enumerate(zip(memories, rows, strict=True)):
                verdicts[place] |= {rule: truths[place] for rule, truths in decided.items()}
                fired = [rule for rule in stratum.rules if verdicts[place][rule.id]]
                matched = {rule.id: [test.name for test in support(rule.premise, known)] for rule in fired}
                firings[place] += in_telling_order(fired, matched, known)
                conclude(self.rulebase, memory, stratum, verdicts[place], known, added[place])
        parts = zip(memories, verdicts, firings, rows, strict=True)
        return [Trace(self.name, memory, truths, tuple(told), known) for memory, truths, told, known in parts]

    def decide(self, rule: Rule, known: Mapping[str, Value]) -> Truth:
        """Decide one rule on its own, as its examples do."""
        return self._decide([rule], [known])[rule.id][0]

    def _decide(self, rules: Sequence[Rule], rows: Sequence[Mapping[str, Value]]) -> dict[str, list[Truth]]:
        """Decide rules over rows: for each rule, its verdict in every row."""
        import polars as pl  # noqa: PLC0415  # an extra, and slow to import

        names = dict.fromkeys(test.name for rule in rules for test in tests(rule.premise))
        columns: dict[str, pl.Series] = {"row": pl.Series(range(len(rows)))}
        with said_to(pl):
            premises = Premises(Flow(pl.LazyFrame()))
            for place, name in enumerate(names):
                values = [row.get(name) for row in rows]
                if any(value is not None for value in values):
                    premises.known[name] = _column(f"n{place}", values, columns)
            truths = [as_expr(premises.truth(rule.premise)).alias(rule.id) for rule in rules]
            decided = pl.DataFrame(columns).select("row", *truths)  # type: ignore[arg-type]  # said to Polars
        return {rule.id: decided[rule.id].to_list() for rule in rules}


def _column(safe: str, values: Sequence[Value | None], columns: dict[str, Any]) -> Cells | Range:
    """Add the values of a name, some of them known, to the columns, and return how to refer to them."""
    import polars as pl  # noqa: PLC0415  # as above

    if not any(isinstance(value, Span) for value in values):
        columns[safe] = pl.Series(
            values, dtype=pl.Boolean if any(isinstance(one, bool) for one in values) else pl.String
        )
        return Cells(xp.col(safe))
    for end in ("low", "high"):
        columns[f"{safe} {end}"] = pl.Series([getattr(value, end, None) for value in values], dtype=pl.Float64)
    return Range(xp.col(f"{safe} low"), xp.col(f"{safe} high"))
