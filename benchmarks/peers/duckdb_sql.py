"""The rule base as one SQL statement for DuckDB: a layer of CASEs for each stratum, and for what follows from it.

SQL's logic is three-valued as ours is, so a premise reads as it stands. Of the answer it gives what rules and decisions
rest on: certainty, status, role, scope and side of each reason, what is offered, cost and benefit, the decision, and
which rules fire; not the links, landmines, disagreements, and what is missing. It knows only tables such as those of
`workload`: no cell is at fault, and only the yearly margin may be a range.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import duckdb

from churn_rules.cases import derived_in_order
from churn_rules.engines.columnar import MASK_BITS
from churn_rules.rulebase import DECISIONS, RESPONSIBLE, ROLES, SCOPES, STATUSES, Rulebase
from churn_rules.vocabulary import SIDES, Derivation
from peers.sql_conclusions import CONCLUDE
from peers.sql_layers import OFFERS, VERDICTS, Layers, chosen, code, either, quoted, rule_column, spelled
from workload import ROW_GROUP

__all__ = ["statement"]


def statement(rulebase: Rulebase, source: str, target: str, keep: Sequence[str]) -> str:
    """Return the statement that reads a Parquet file of accounts and writes one of answers."""
    layers = Layers(rulebase, frozenset(duckdb.read_parquet(source).columns))
    _remember(layers)
    for stratum in rulebase.strata:
        layers.add({f"rule {rule.id}": layers.condition(rule.premise) for rule in stratum.rules})
        for kind, topics in groupby(stratum.topics, key=lambda topic: topic.kind):
            CONCLUDE[kind](layers, [topic.id for topic in topics])
    answer = {name: quoted(name) for name in keep} | _answer(layers)
    form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    return f"COPY ({layers.text(source, answer)}) TO '{target}' ({form})"


# --- what is known from the start -------------------------------------------------------------------------------------


def _remember(layers: Layers) -> None:
    told: dict[str, str] = {}
    for fact in layers.rulebase.vocabulary.values():
        words = {side: quoted(name) for side in SIDES if (name := _word(fact.id, side)) in layers.columns}
        if words:
            told |= {f"{fact.id}.{side}": word for side, word in words.items()}
            told[fact.id] = f"coalesce({', '.join(words.values())})"
            if fact.type in ("choice", "boolean") and len(words) > 1:
                told[f"{fact.id}.disputed"] = _disputed(list(words.values()))
    returned = f"{told['came_back']} IS TRUE"
    layers.learn(told)
    layers.choose({"case.stage": chosen({"back": returned, "leaving": "lost IS NULL"}, code("gone"))})
    for fact in derived_in_order(layers.rulebase.vocabulary):
        assert fact.derive is not None, "derived facts are derived"
        if derived := _derived(layers, fact.derive):
            layers.learn(
                {fact.id: f"coalesce({layers.known[fact.id]}, {derived})" if fact.id in layers.known else derived}
            )


def _word(fact: str, side: str) -> str:
    return fact if side == "record" else f"{fact}.{side}"


def _disputed(words: list[str]) -> str:
    """Write whether two of several words differ; unknown where fewer than two are told."""
    pairs = [f"{one} <> {other}" for place, one in enumerate(words) for other in words[place + 1 :]]
    told_twice = either(f"({pair}) IS NOT NULL" for pair in pairs)
    return f"CASE WHEN {told_twice} THEN {either(f'({pair}) IS TRUE' for pair in pairs)} END"


def _derived(layers: Layers, derive: Derivation) -> str:
    """Write what follows from other facts; nothing where one of them is never told."""
    known = layers.known
    if derive.function == "date_of":
        fact = derive.sources[0]
        words = {
            quoted(_word(fact, side)): f"{_word(fact, side)}.on"
            for side in SIDES
            if _word(fact, side) in layers.columns
        }
        if not layers.columns & set(words.values()):
            return ""
        dates = [
            f"WHEN {word} IS NOT NULL THEN {quoted(on) if on in layers.columns else 'NULL'}"
            for word, on in words.items()
        ]
        return f"CASE {' '.join(dates)} END"
    if not known.keys() >= {*derive.sources}:
        return ""
    first, second = (known[source] for source in derive.sources)
    if derive.function == "percent_change":
        return f"CASE WHEN {first} > 0 THEN round(100.0 * ({second} / {first} - 1.0), 9) END"
    if derive.function == "ratio":
        return f"CASE WHEN {second} > 0 AND {first} >= 0 THEN round({first} / {second}, 9) END"
    years, months, days = (f"({part}({second}) - {part}({first}))" for part in ("year", "month", "day"))
    return f"round(12.0 * {years} + {months} + {days} / 31.0, 9)"


# --- the answer -------------------------------------------------------------------------------------------------------


def _answer(layers: Layers) -> dict[str, str]:
    known, rulebase = layers.known, layers.rulebase
    strongest = " ".join(
        f"WHEN {layers.is_(f'{reason}.role', 'root')} AND {known[f'{reason}.certainty']} = strongest THEN '{reason}'"
        for reason in rulebase.reasons
    )
    answer = {
        "decision": spelled(known["case.decision"], DECISIONS),
        "scope": spelled(known["case.scope"], SCOPES),
        "root": f"CASE {strongest} END",
        "economics": spelled(known["economics.verdict"], VERDICTS),
        "break_even.low": quoted("break_even.low"),
        "break_even.high": quoted("break_even.high"),
    }
    for reason in rulebase.reasons:
        answer[f"{reason}.certainty"] = known[f"{reason}.certainty"]
        for part, texts in (("status", STATUSES), ("role", ROLES), ("scope", SCOPES), ("responsible", RESPONSIBLE)):
            answer[f"{reason}.{part}"] = spelled(known[f"{reason}.{part}"], texts)
    for item in rulebase.accommodations:
        answer[f"accommodation.{item}"] = spelled(known[f"accommodation.{item}"], OFFERS)
    return answer | _masks(list(rulebase.rules))


def _masks(rules: Sequence[str]) -> dict[str, str]:
    masks = {}
    for number, start in enumerate(range(0, len(rules), MASK_BITS)):
        some = enumerate(rules[start : start + MASK_BITS])
        bits = " + ".join(f"({rule_column(rule)} IS TRUE)::INT * {1 << place}" for place, rule in some)
        masks[f"fired.{number}"] = f"({bits})::INT"
    return masks
