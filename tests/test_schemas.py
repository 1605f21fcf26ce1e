"""The JSON Schemas: they take every file and every answer that we ship, and refuse what is broken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from churn_rules.api import diagnose, replay
from churn_rules.engines import ENGINES
from churn_rules.replaying import Replays
from churn_rules.rulebase import Rulebase
from churn_rules.schemas import SCHEMAS, as_json, json_schema

ROOT = Path(__file__).resolve().parent.parent
RULES = sorted((ROOT / "rules").glob("*/*.yaml"))
CASES = sorted((ROOT / "cases").glob("*.yaml")) + sorted((ROOT / "tests" / "situations").glob("*.yaml"))
STEEP = ROOT / "rules" / "pricing" / "steep-rise-kept-after-objection.yaml"
BREX = ROOT / "cases" / "brex-rilf.yaml"
FACTS: dict[str, object] = {
    "price_before": 100,
    "price_after": 130,
    "price_increase": {"from": 20, "to": 40},
    "stated_reason.customer": "price",
    "stated_reason.us": "delivery",
    "years_expected": 3,
    "yearly_margin": {"from": 90, "to": 100},
    "idle_capacity_margin": 0,
    "attempt_cost": 10,
    "precedent_exposure": 0,
}

Validator = Callable[[str], jsonschema.Draft202012Validator]


@pytest.fixture(scope="module")
def validator(rulebase: Rulebase) -> Validator:
    schemas = {kind: json.loads(json_schema(kind, rulebase)) for kind in SCHEMAS}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    return lambda kind: jsonschema.Draft202012Validator(schemas[kind])


Faults = Callable[[str, dict[str, Any]], list[str]]


@pytest.fixture(scope="module")
def faults(validator: Validator) -> Faults:
    """What is wrong with an answer. Engines agree, so what another answered is held against the schema only once."""
    fit: set[tuple[str, str]] = set()

    def found(kind: str, answer: dict[str, Any]) -> list[str]:
        text = json.dumps(answer)
        for engine in ENGINES:  # each of these names is held against the schema by the answers to bare facts
            text = text.replace(f'"engine": "{engine}"', '"engine": "any"')
        wrong = [] if (kind, text) in fit else [error.message for error in validator(kind).iter_errors(answer)]
        if not wrong:
            fit.add((kind, text))
        return wrong

    return found


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # whichever there is: the C one is quick
    """Reads as an editor does that knows JSON: a date stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def test_the_schema_of_a_rule_takes_every_shipped_rule(validator: Validator) -> None:
    check = validator("rule")
    assert RULES
    assert {path.stem: error.message for path in RULES for error in check.iter_errors(read(path))} == {}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_schema_of_a_case_takes_every_case(path: Path, validator: Validator) -> None:
    assert [error.message for error in validator("case").iter_errors(read(path))] == []


# --- broken files -----------------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]

BROKEN_RULES: dict[str, Change] = {
    "no source": lambda rule: rule.pop("source"),
    "no examples": lambda rule: rule["examples"].clear(),
    "unknown key": lambda rule: rule.update(priority=3),
    "unknown status": lambda rule: rule.update(status="done"),
    "unknown fact": lambda rule: rule["if"].append({"price_incrase": {"at_least": 15}}),
    "unknown operator": lambda rule: rule["if"].append({"price_increase": {"above": 15}}),
    "text for a number": lambda rule: rule["if"].append({"price_increase": {"at_least": "15"}}),
    "number for yes or no": lambda rule: rule["if"].append({"customer_objected_to_price": {"is": 1}}),
    "unknown choice": lambda rule: rule["if"].append({"late_deliveries": {"is": "often"}}),
    "two facts in one premise": lambda rule: rule["if"].append(
        {"price_increase": {"at_least": 1}, "late_deliveries": {"is": "once"}}
    ),
    "any of one": lambda rule: rule["if"].append({"any": [{"late_deliveries": {"is": "once"}}]}),
    "fault deep inside": lambda rule: rule["if"].append({"not": {"any": [{"nothing": {}}, {"nobody": {}}]}}),
    "unknown reason": lambda rule: rule["then"].update(evidence={"prices": 0.5}),
    "certainty of one": lambda rule: rule["then"].update(evidence={"pricing": 1.0}),
    "unknown accommodation": lambda rule: rule["then"].update(offer={"a_gift": "pricing"}),
    "unknown decision": lambda rule: rule["then"].update(decision="maybe"),
    "unknown fact in an example": lambda rule: rule["examples"][0]["given"].update(price_incrase=30),
    "example that fires perhaps": lambda rule: rule["examples"][0].update(fires="perhaps"),
}
BROKEN_CASES: dict[str, Change] = {
    "no source": lambda case: case.pop("source"),
    "nothing observed": lambda case: case["timeline"].clear(),
    "unknown fact": lambda case: case["timeline"][0].update(fact="price_incrase"),
    "unknown side": lambda case: case["timeline"][0].update(side="press"),
    "unknown accommodation": lambda case: case["requirements"][0].update(met_by=["a_gift"]),
    "unknown reason": lambda case: case["expect"].update(roots=["prices"]),
    "unknown decision": lambda case: case["expect"].update(decision="maybe"),
    "unknown key": lambda case: case.update(prize=3),
    "currency in words": lambda case: case.update(currency="euro"),
    "unknown outcome": lambda case: case["outcome"].update(result="fine"),
}


@pytest.mark.parametrize("fault", BROKEN_RULES)
def test_the_schema_of_a_rule_refuses(fault: str, validator: Validator) -> None:
    rule = read(STEEP)
    assert validator("rule").is_valid(rule)
    BROKEN_RULES[fault](rule)
    assert not validator("rule").is_valid(rule)


@pytest.mark.parametrize("fault", BROKEN_CASES)
def test_the_schema_of_a_case_refuses(fault: str, validator: Validator) -> None:
    case = read(BREX)
    assert validator("case").is_valid(case)
    BROKEN_CASES[fault](case)
    assert not validator("case").is_valid(case)


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_answer_fits_its_schema(path: Path, rulebase: Rulebase, engine: str, faults: Faults) -> None:
    answer = json.loads(as_json(Replays((replay(path, rulebase=rulebase, engine=engine),), met=True)))
    assert faults("replay", answer) == []
    assert faults("diagnosis", answer["replays"][0]["diagnosis"]) == []


@pytest.mark.parametrize("missing", [True, False])
def test_an_answer_to_bare_facts_fits(missing: object, rulebase: Rulebase, engine: str, validator: Validator) -> None:
    answer = json.loads(as_json(diagnose(FACTS, rulebase=rulebase, engine=engine, missing=bool(missing))))
    assert [error.message for error in validator("diagnosis").iter_errors(answer)] == []
    assert answer["discrepancies"] == []  # 30 lies within 20 to 40
    assert answer["landmines"]
    assert answer["economics"]["value"] == {"from": 270, "to": 300}
    assert (answer["missing"] is None) is not missing


@pytest.mark.parametrize("key", ["case", "roots", "scope", "reasons", "decision", "missing"])
def test_the_schema_of_a_diagnosis_misses_what_is_left_out(key: str, rulebase: Rulebase, validator: Validator) -> None:
    answer = json.loads(as_json(diagnose(FACTS, rulebase=rulebase, engine="reference")))
    answer.pop(key)
    assert not validator("diagnosis").is_valid(answer)


def test_the_schema_of_a_diagnosis_knows_the_reasons(rulebase: Rulebase, validator: Validator) -> None:
    answer = json.loads(as_json(diagnose(FACTS, rulebase=rulebase, engine="reference")))
    wrong = copy.deepcopy(answer)
    wrong["reasons"][0]["reason"] = "weather"
    assert validator("diagnosis").is_valid(answer)
    assert not validator("diagnosis").is_valid(wrong)


def test_names_that_other_programs_rely_on(rulebase: Rulebase) -> None:
    answer = json.loads(as_json(diagnose(BREX, rulebase=rulebase)))
    assert answer["schema"] == "churn-diagnosis/1"
    assert {"case", "rulebase", "engine", "roots", "scope", "responsible", "reasons", "landmines"} <= set(answer)
    assert {"accommodations", "requirements", "decision", "missing"} <= set(answer)
    assert set(answer["reasons"][0]) == {
        "reason",
        "certainty",
        "status",
        "role",
        "scope",
        "responsible",
        "leads_to",
        "evidence",
    }
    assert {"accommodation", "for", "rule"} <= set(answer["accommodations"][0])
    assert set(answer["decision"]) == {"verdict", "because", "break_even_chance"}
    assert set(answer["missing"][0]) == {"fact", "could_change"}
