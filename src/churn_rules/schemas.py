"""JSON: every answer as plain data, and the schema of each kind of file and answer.

Never changes what a value means; the names in it are the ones that other programs rely on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from churn_rules.diagnosis import Diagnosis
from churn_rules.planning import Plan
from churn_rules.reading.shapes import CaseShape, RuleShape
from churn_rules.replaying import Replays
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Term

__all__ = ["SCHEMAS", "as_json", "json_schema"]


def as_json(value: object) -> str:
    """Return any answer of this package as JSON text."""
    adapter = _adapter(type(value))  # type: ignore[arg-type]  # every class is hashable, whatever its instances are
    return str(adapter.dump_json(value, by_alias=True, indent=2).decode())


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Return what knows a kind of answer; it is made once, since making it is slow."""
    return TypeAdapter(kind)


def json_schema(kind: str, rulebase: Rulebase) -> str:
    """Return the JSON Schema of a rule file, a case file, a diagnosis, a replay or a plan, as text.

    Args:
        kind: One of SCHEMAS.
        rulebase: Its facts, reasons and accommodations are listed, so that an editor can complete them.
    """
    return json.dumps(SCHEMAS[kind](rulebase), indent=2, ensure_ascii=False)


def _rule_schema(rulebase: Rulebase) -> dict[str, Any]:
    schema = RuleShape.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["Premise"] = _premise_schema(rulebase.terms)
    schema["properties"]["if"]["items"] = {"$ref": "#/$defs/Premise"}
    then = definitions["ThenShape"]["properties"]
    _only(then["finding"]["anyOf"][0], rulebase.findings)
    for key in ("evidence", "scope", "responsible"):
        then[key]["anyOf"][0]["propertyNames"] = {"enum": list(rulebase.reasons)}
    then["offer"]["anyOf"][0]["propertyNames"] = {"enum": list(rulebase.accommodations)}
    _only(then["withhold"]["anyOf"][0]["items"], rulebase.accommodations)
    for key in ("steps", "drop") if rulebase.steps else ():
        _only(then[key]["anyOf"][0]["items"], rulebase.steps)
    for end in ("from", "to"):
        _only(definitions["LinkShape"]["properties"][end], rulebase.reasons)
    example = definitions["ExampleShape"]["properties"]
    example["given"]["propertyNames"] = {"enum": list(rulebase.terms)}
    example["fires"] = {"enum": [True, False, "unknown"]}
    return _titled(schema, "A rule of churn-rules")


def _premise_schema(terms: Mapping[str, Term]) -> dict[str, Any]:
    """Return the schema of one premise: each name with the operators and values that fit its type."""
    properties: dict[str, Any] = {
        "any": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/Premise"}},
        "not": {"$ref": "#/$defs/Premise"},
    }
    properties |= {name: _operators(term) | {"description": term.title} for name, term in terms.items()}
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": properties,
    }


def _operators(term: Term) -> dict[str, Any]:
    match term.type:
        case "number":
            value: dict[str, Any] = {"type": "number"}
            names = ["is", "is_not", "at_least", "at_most", "more_than", "less_than"]
        case "boolean":
            value, names = {"type": "boolean"}, ["is", "is_not"]
        case _:
            value, names = {"enum": list(term.choices)}, ["is", "is_not"]
    properties = dict.fromkeys(names, value)
    if term.type == "choice":
        properties["one_of"] = {"type": "array", "minItems": 2, "uniqueItems": True, "items": value}
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": properties}


def _case_schema(rulebase: Rulebase) -> dict[str, Any]:
    schema = CaseShape.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    _only(definitions["ObservationShape"]["properties"]["fact"], rulebase.vocabulary)
    for shape in ("SupplierTermsShape", "CostShape"):
        _only(definitions[shape]["properties"]["accommodation"], rulebase.accommodations)
    _only(definitions["RequirementShape"]["properties"]["met_by"]["items"], rulebase.accommodations)
    schema["anyOf"] = [{"required": ["interview"]}, {"properties": {"timeline": {"minItems": 1}}}]
    for key in ("roots", "acceptable_roots", "chain"):
        _only(definitions["ExpectShape"]["properties"][key]["anyOf"][0]["items"], rulebase.reasons)
    return _titled(schema, "A case of churn-rules")


def _diagnosis_schema(rulebase: Rulebase) -> dict[str, Any]:
    schema = _adapter(Diagnosis).json_schema(by_alias=True, mode="serialization")
    _only(schema["$defs"]["ReasonReport"]["properties"]["reason"], rulebase.reasons)
    return _titled(schema, "A diagnosis of churn-rules")


def _replay_schema(_: Rulebase) -> dict[str, Any]:
    return _titled(_adapter(Replays).json_schema(by_alias=True, mode="serialization"), "Replays of churn-rules")


def _plan_schema(rulebase: Rulebase) -> dict[str, Any]:
    schema = _adapter(Plan).json_schema(by_alias=True, mode="serialization")
    for shape in ("PlannedStep", "LeftOut"):
        _only(schema["$defs"][shape]["properties"]["id"], rulebase.steps)
    return _titled(schema, "A plan of churn-rules")


def _only(schema: dict[str, Any], names: Mapping[str, object]) -> None:
    """Narrow a text to the names that the rule base declares."""
    schema.pop("pattern", None)
    schema.pop("maxLength", None)
    schema["enum"] = list(names)


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}


SCHEMAS: Mapping[str, Callable[[Rulebase], dict[str, Any]]] = {
    "rule": _rule_schema,
    "case": _case_schema,
    "diagnosis": _diagnosis_schema,
    "replay": _replay_schema,
    "plan": _plan_schema,
}
