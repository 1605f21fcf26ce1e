"""The shape of each kind of file: which keys it has and what kind of value each takes.

Never knows which facts, reasons or rules exist; names and values are checked against the rule base afterwards.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from churn_rules.certainty import LIMIT
from churn_rules.errors import Location, did_you_mean
from churn_rules.reading.documents import Document

__all__ = [
    "AccommodationShape",
    "AcrossShape",
    "AnswersShape",
    "AskingShape",
    "CaseShape",
    "CoverageShape",
    "EconomicsShape",
    "FactShape",
    "FindingShape",
    "LinkShape",
    "ObservationShape",
    "PlanShape",
    "ReasonsShape",
    "RuleShape",
    "SourceShape",
    "ThenShape",
    "WordingShape",
    "shape_of",
]

RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Phrase = Annotated[str, Field(pattern=r"\w", max_length=100)]
Certainty = Annotated[float, Field(ge=-LIMIT, le=LIMIT)]
Scope = Literal["specific", "systemic", "mixed", "external", "undetermined"]
Responsible = Literal["supplier", "customer", "competitor", "environment", "both"]
Verdict = Literal["pursue", "pursue_with_exception", "keep_a_foothold", "let_go"]
Side = Literal["us", "customer", "record"]
Aim = Literal["root", "scope", "decision", "accommodations"]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Year = Annotated[int, Field(ge=1900, le=2200)]
Money = Annotated[Any, Field(description="a number; {low: …, likely: …, high: …}; {from: …, to: …}; or unknown")]
Moment = Annotated[Any, Field(description="a year, year-month or day: 2009, 2009-03, 2009-03-31; or {from: …, to: …}")]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FactShape(_Shape):
    """A fact in vocabulary.yaml."""

    title: Text
    topic: Text
    type: Literal["number", "boolean", "choice", "date"]
    at: Literal["loss", "now"]
    unit: Text | None = None
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    choices: Annotated[list[Name], Field(min_length=2, max_length=40)] | None = None
    says: dict[str, Text] | None = None
    derive: Annotated[dict[str, list[Name]], Field(min_length=1, max_length=1)] | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = None
    sore_point: Annotated[dict[Literal["is"], Any], Field(min_length=1)] | None = None
    ask: Annotated[dict[str, Text], Field(min_length=1)]
    asked_of: Annotated[list[Side], Field(min_length=1)]


class FindingShape(_Shape):
    """A finding in findings.yaml."""

    title: Text
    says: dict[str, Text]
    sore_point: Annotated[dict[Literal["is"], Any], Field(min_length=1)] | None = None


class ThresholdsShape(_Shape):
    """The cut-offs in reasons.yaml."""

    established: Certainty
    possible: Certainty
    ruled_out: Certainty


class ReasonShape(_Shape):
    """A reason in reasons.yaml."""

    title: Text
    means: Text
    scope: Literal["specific", "systemic", "external", "undetermined", "upstream"]
    responsible: Responsible
    leads_to: dict[Name, Literal["always", "if_shown"]] = {}
    source: Text


class CoverageShape(_Shape):
    """How many rules each reason needs; where they are not required, too few are a warning and not an error."""

    for_: Annotated[int, Field(alias="for", ge=0, le=100)]
    against: Annotated[int, Field(ge=0, le=100)]
    required: bool = True


class ReasonsShape(_Shape):
    """reasons.yaml."""

    thresholds: ThresholdsShape
    root_margin: Annotated[float, Field(ge=0, le=1)]
    coverage: CoverageShape | None = None
    reasons: Annotated[dict[Name, ReasonShape], Field(min_length=1)]


class PhrasesShape(_Shape):
    """Words of one language that prescribe or blame."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    kind: Literal["prescriptive", "blaming"]
    phrases: Annotated[list[Phrase], Field(min_length=1)]


class ExceptionsShape(_Shape):
    """What those words may stand in without prescribing or blaming."""

    within: list[Phrase] = []
    told_by: list[Phrase] = []


class SourceShape(_Shape):
    """A source in sources.yaml."""

    cites: Text
    reliability: Literal["high", "medium", "low", "ours"]
    note: Text = ""


class WordingShape(_Shape):
    """wording.yaml."""

    source: Text
    lists: Annotated[list[PhrasesShape], Field(min_length=1)]
    exceptions: ExceptionsShape = ExceptionsShape()


class AccommodationShape(_Shape):
    """An accommodation in accommodations.yaml."""

    title: Text
    answers: Annotated[list[Name], Field(min_length=1)]
    cost_band: Literal["none", "low", "medium", "high"]
    agreed_by: Annotated[list[Text], Field(min_length=1)]
    precedent_risk: Literal["none", "low", "medium", "high"]
    fairness: Annotated[list[Literal["distributive", "procedural", "interactional"]], Field(min_length=1)]


class DayShape(_Shape):
    """When a step of the plan is due: so many days after the start, the loss, the renewal, the return or another step.

    Days before it are negative.
    """

    after: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    days: Annotated[int, Field(ge=-1000, le=1000)]


class RepeatShape(_Shape):
    """How often a step of the plan comes: every so many days, so many times in all."""

    every: Annotated[int, Field(ge=1, le=1000)]
    times: Annotated[int, Field(ge=2, le=100)]


class PlanStepShape(_Shape):
    """A step in plan.yaml."""

    title: Text
    text: Text
    phase: Literal["backstory", "contact", "listen", "decide", "offer", "write", "exit", "after"]
    owner: Text
    day: DayShape
    repeat: RepeatShape | None = None
    until: Literal["loss"] | None = None
    fairness: Literal["distributive", "procedural", "interactional"] | None = None
    whom: Text | None = None


class QuestionsShape(_Shape):
    """The two questions, in the tense of each stage."""

    leaving: Annotated[list[Text], Field(min_length=1)]
    gone: Annotated[list[Text], Field(min_length=1)]


class PlanShape(_Shape):
    """plan.yaml."""

    questions: QuestionsShape
    steps: Annotated[dict[RuleId, PlanStepShape], Field(min_length=1)]


class ChecklistItemShape(_Shape):
    """A line of the checklist, and the value of each fact where it did not happen."""

    text: Text
    absent: Annotated[dict[Name, Any], Field(min_length=1)]


class AskingShape(_Shape):
    """questionnaire.yaml."""

    checklist: dict[RuleId, ChecklistItemShape] = {}
    only_where: dict[str, Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]] = {}


class ClustersShape(_Shape):
    """When a root cause counts as clustered in a segment."""

    false_discovery_rate: Annotated[float, Field(ge=0.001, le=0.5)]
    fewest_accounts: Annotated[int, Field(ge=1, le=1000)]
    source: Text


class OthersShape(_Shape):
    """When other accounts are evidence in one."""

    at_least: Annotated[int, Field(ge=1, le=1000)]
    share: Annotated[float, Field(ge=0, le=1)]
    within_days: Annotated[int, Field(ge=1, le=3660)]
    source: Text


class AcrossShape(_Shape):
    """portfolio.yaml."""

    clusters: ClustersShape
    others: OthersShape


class LinkShape(_Shape):
    """A link that a rule switches on or off."""

    from_: Annotated[Name, Field(alias="from")]
    to: Name
    active: bool


class ThenShape(_Shape):
    """What a rule concludes."""

    finding: Name | None = None
    evidence: Annotated[dict[Name, Certainty], Field(min_length=1)] | None = None
    scope: Annotated[dict[Name, Scope], Field(min_length=1)] | None = None
    responsible: Annotated[dict[Name, Responsible], Field(min_length=1)] | None = None
    links: Annotated[list[LinkShape], Field(min_length=1)] | None = None
    offer: Annotated[dict[Name, Name], Field(min_length=1)] | None = None
    withhold: Annotated[list[Name], Field(min_length=1)] | None = None
    warning: Text | None = None
    decision: Verdict | None = None
    steps: Annotated[list[RuleId], Field(min_length=1)] | None = None
    drop: Annotated[list[RuleId], Field(min_length=1)] | None = None


class ExampleShape(_Shape):
    """An example of a rule: its test."""

    title: Text
    given: Annotated[dict[str, Any], Field(max_length=200)]
    fires: Any


class RuleShape(_Shape):
    """A rule: what it asks (`if`), what it concludes (`then`), why, on whose authority, and its proof."""

    rule: RuleId
    title: Text
    if_: Annotated[list[dict[str, Any]], Field(alias="if", min_length=1, max_length=100)]
    then: ThenShape
    because: Text
    source: Text
    owner: Text
    status: Literal["draft", "accepted", "retired"]
    replaced_by: RuleId | None = None
    salience: Annotated[int, Field(ge=-100, le=100)] = 0
    examples: Annotated[list[ExampleShape], Field(min_length=1, max_length=200)]


class ObservationShape(_Shape):
    """One observation on the timeline of a case."""

    fact: Name
    value: Any
    side: Side
    date: Moment = None
    note: Text | None = None


class RequirementShape(_Shape):
    """Something that the customer says would bring it back."""

    requirement: Text
    met_by: list[Name] = []
    priority: Literal["must", "should", "could"] = "must"
    side: Side = "customer"
    able: bool | None = None
    willing: bool | None = None
    date: Moment = None
    note: Text | None = None


class SupplierTermsShape(_Shape):
    """How today's supplier compares with one of our accommodations."""

    accommodation: Name
    terms: Literal["better", "equal", "worse"]
    side: Side = "us"
    date: Moment = None
    note: Text | None = None


class CostShape(_Shape):
    """What an accommodation would cost for this customer."""

    accommodation: Name
    once: Any = 0
    yearly: Any = 0
    date: Moment = None
    note: Text | None = None


class YearlyShape(_Shape):
    """An amount of one past year."""

    year: Year
    amount: Money
    side: Side = "us"
    note: Text | None = None


class TurnoverShape(_Shape):
    """What the customer bought in a year, and all that we sold in it."""

    year: Year
    amount: Money
    total: Money = None
    side: Side = "us"
    note: Text | None = None


class ReplacementShape(_Shape):
    """What finding new customers in place of the lost one would cost."""

    customers: Money
    cost_each: Money


class ReferralsShape(_Shape):
    """Customers whom this one would bring, and the yearly margin of each."""

    customers: Money
    margin_each: Money


class IdleCapacityShape(_Shape):
    """What their return would earn in a year on capacity that stands idle."""

    yearly: Money


class CustomerGainShape(_Shape):
    """What the customer would gain in a year; reported, never part of what we gain."""

    yearly: Money


class ModelChangeShape(_Shape):
    """What changing the business model for everybody would cost; below zero where it brings more."""

    once: Money
    yearly: Money


class EconomicsShape(_Shape):
    """What is known about money: every amount is a number, {low, likely, high} or {from, to}."""

    currency: Currency | None = None
    date: Moment = None
    margin: list[YearlyShape] = []
    turnover: list[TurnoverShape] = []
    past_investments: list[YearlyShape] = []
    largest_customers: Annotated[list[Money], Field(min_length=3, max_length=20)] | None = None
    largest_in: Literal["amount", "percent"] = "amount"
    expected_margin: Money = None
    idle_capacity: IdleCapacityShape | None = None
    years: Money = None
    attempt: Money = None
    exposure: Money = None
    replacement: ReplacementShape | None = None
    referrals: ReferralsShape | None = None
    count_referrals: bool = False
    customer_gain: CustomerGainShape | None = None
    model_change: ModelChangeShape | None = None
    years_to_next_renewal: Money = None


class ExpectShape(_Shape):
    """What the author of a case expects of the diagnosis."""

    roots: list[Name] | None = None
    acceptable_roots: Annotated[list[Name], Field(min_length=1)] | None = None
    acceptable_scopes: Annotated[list[Scope], Field(min_length=1)] | None = None
    chain: list[Name] | None = None
    scope: Scope | None = None
    responsible: list[Responsible] | None = None
    decision: Literal["pursue", "pursue_with_exception", "keep_a_foothold", "let_go", "undecided"] | None = None
    fired: list[RuleId] = []
    requirements: Literal["all_met", "some_refused"] | None = None
    known_miss: Text | None = None


class OutcomeShape(_Shape):
    """What happened in the end."""

    result: Literal["won_back", "won_back_partly", "kept_partly", "lost", "open"]
    date: Moment = None
    note: Text | None = None


class AnswerShape(_Shape):
    """An answer of an interview, as it stands in a timeline; `yes`, `no` or `unknown` to a line of the checklist."""

    asked: Text
    answer: Any
    side: Side


class AnswersShape(BaseModel):
    """The answers of an interview, whatever else stands beside them."""

    model_config = ConfigDict(frozen=True, strict=True)

    answers: list[AnswerShape]


class InterviewShape(_Shape):
    """The interview that a case was told in; the program writes it, to go on from there."""

    rulebase: Text
    wanted: Annotated[list[Aim], Field(min_length=1)]
    told_before: Annotated[int, Field(ge=0)]
    answers: list[AnswerShape]


class UnaskedShape(_Shape):
    """A question that was not asked, and why not."""

    question: Text
    because: Literal["settled", "senseless"]
    rules: list[RuleId] = []


class CertificateShape(_Shape):
    """Why an interview asked no more; the program writes it, and `churn-rules verify-certificate` proves it anew."""

    rulebase: Text
    wanted: Annotated[list[Aim], Field(min_length=1)]
    concluded: dict[Aim, list[Text]]
    reach: dict[Name, Annotated[list[float], Field(min_length=2, max_length=2)]]
    unasked: list[UnaskedShape]


class CaseShape(_Shape):
    """A case: what is known of one lost account, and what is expected of the diagnosis."""

    case: RuleId
    title: Text
    lost: Moment = None
    source: Text
    currency: Currency | None = None
    timeline: list[ObservationShape]
    requirements: list[RequirementShape] = []
    todays_supplier: list[SupplierTermsShape] = []
    costs: list[CostShape] = []
    economics: EconomicsShape | None = None
    hinges_on: list[Name] = []
    expect: ExpectShape | None = None
    outcome: OutcomeShape | None = None
    interview: InterviewShape | None = None
    certificate: CertificateShape | None = None


_AnyShape = TypeVar("_AnyShape", bound=BaseModel)


def shape_of(model: type[_AnyShape], data: Any, document: Document, at: tuple[str | int, ...] = ()) -> _AnyShape | None:
    """Hold plain values against a shape.

    Args:
        model: The shape.
        data: The values, at path `at` in the document.
        document: Where every misfit is noted as an issue.
        at: The path of `data`.

    Returns:
        The shaped values, or None where something does not fit.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _note(detail, model, document, at)
    return None


_KINDS = {
    "string_type": "a text",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "list_type": "a list (`- item` or `[item]`)",
}


def _note(detail: ErrorDetails, model: type[BaseModel], document: Document, at: tuple[str | int, ...]) -> None:
    path = (*at, *(step for step in detail["loc"] if step != "[key]"))
    name, kind, context = _called(path), detail["type"], detail.get("ctx", {})
    of_key = kind == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)
    here = document.key(path) if of_key else document.place(path)
    match kind:
        case "missing":
            what, fix = f"{name} is missing", f"add `{path[-1]}: …`"
            document.issue("S201", what, "it is required here", fix, document.key(path[:-1]))
        case "extra_forbidden":
            known = _keys_at(model, detail["loc"][:-1])
            fix = (
                f"remove it, or use one of {', '.join(f'`{key}`' for key in known)}{did_you_mean(str(path[-1]), known)}"
            )
            document.issue(
                "S202", f"unknown key {name}", "nothing here is called that, so it would be ignored", fix, here
            )
        case _ if kind in _KINDS:
            why, fix = f"{name} is {_KINDS[kind]}", f"write {_KINDS[kind]}"
            if kind == "string_type" and isinstance(detail["input"], bool | int | float):
                fix = "put it in quotes"
            elif kind in ("float_type", "int_type", "bool_type") and isinstance(detail["input"], str):
                fix = f"write {_KINDS[kind]}, without quotes"
            document.issue("S203", f"{name} holds {_kind_of(detail['input'])}", why, fix, here)
        case "literal_error":
            _note_choice(detail, document, here, "the key" if of_key else name)
        case "greater_than_equal" | "less_than_equal":
            _note_bound(detail, document, here, name)
        case "too_short" | "too_long" | "string_too_short" | "string_too_long":
            short, texts = kind.endswith("short"), kind.startswith("string")
            count = context.get("min_length", context.get("max_length"))
            unit = ("character" if texts else "entry") if count == 1 else ("characters" if texts else "entries")
            what = f"{name} is {('empty' if count == 1 else 'too short') if short else 'too long'}"
            why = f"it takes at {'least' if short else 'most'} {count} {unit}"
            document.issue("S206", what, why, "fill it in" if short else "shorten it", here)
        case "string_pattern_mismatch":
            money = path[-1:] == ("currency",)
            why = "names are lower case: rules and cases with hyphens, facts and reasons with underscores"
            why, fix = ("a currency is its three capital letters", "write EUR") if money else (why, "rename it")
            what = f"`{detail['input']}` is not a well-formed {'currency' if money else 'name'}"
            document.issue("S207", what, why, fix, here)
        case _:
            document.issue("S208", f"{name} does not fit", detail["msg"], "see `churn-rules schema`", here)


def _note_bound(detail: ErrorDetails, document: Document, here: Location, name: str) -> None:
    context = detail.get("ctx", {})
    bound = context.get("ge", context.get("le"))
    fix = f"write {bound} or a number within"
    if abs(float(bound or 0)) == LIMIT:
        fix = "a certainty lies between -0.99 and 0.99; write 30 % as 0.3"
    side = "at least" if "ge" in context else "at most"
    document.issue("S205", f"{name} is out of bounds", f"it is {side} {bound}", fix, here)


def _note_choice(detail: ErrorDetails, document: Document, here: Location, name: str) -> None:
    expected = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    given = detail["input"]
    near = did_you_mean(given, expected) if isinstance(given, str) else ""
    listed = ", ".join(f"`{choice}`" for choice in expected)
    document.issue(
        "S204", f"{name} holds {_kind_of(given)}", f"it is one of {listed}", f"write one of these{near}", here
    )


def _called(path: tuple[str | int, ...]) -> str:
    """Name a value as a person would: by its key, or by its place in a list."""
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of `{path[-2]}`" if len(path) > 1 else f"entry {path[-1] + 1}"
    return f"`{path[-1]}`"


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a shape allows at a path of an error."""
    for step in path:
        field = next((f for name, f in model.model_fields.items() if step in (name, f.alias)), None)
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in found if model), None)


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text `{value if len(value) <= 40 else value[:37] + '...'}`"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return "nothing"
