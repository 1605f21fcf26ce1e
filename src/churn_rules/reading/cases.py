"""From a case file, or from bare facts, to a frozen case, with everything that is wrong in it.

Never diagnoses anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from churn_rules.cases import (
    Case,
    Certificate,
    Cost,
    Expectation,
    Interviewed,
    Observation,
    Outcome,
    Requirement,
    SupplierTerms,
    Unasked,
    check_date,
)
from churn_rules.errors import CaseError, Issue, Location, ValueRefusedError, did_you_mean
from churn_rules.figures import Figures
from churn_rules.money import CURRENCIES
from churn_rules.reading.documents import Document, Key, read_document
from churn_rules.reading.figures import Amounts, read_figures
from churn_rules.reading.hints import hints_on
from churn_rules.reading.shapes import CaseShape, shape_of
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Side, Span, accept, accept_text, parse_date

__all__ = ["case_from_facts", "case_paths", "read_case", "read_cases", "read_plain_case", "sound_case"]


def case_paths(paths: Iterable[Path]) -> list[Path]:
    """Return the case files named, those of a folder in the order of their names.

    Raises:
        CaseError: A path does not exist, or a folder holds no case.
    """
    found: list[Path] = []
    for path in paths:
        exists, inside = _inside(path)
        if not exists or not inside:
            what = f"there is no case at {path}" if not exists else f"no case files (*.yaml) in {path}"
            why, fix = "cases are read from a file or a folder of files", "check the path"
            raise CaseError([Issue("F404", what, why, fix, Location(str(path)))])
        found += inside
    return found


def _inside(path: Path) -> tuple[bool, list[Path]]:
    """Tell whether a path exists, and which case files it stands for."""
    try:
        if not path.is_dir():
            return path.exists(), [path]
        return True, sorted(inside for inside in path.iterdir() if inside.suffix == ".yaml")
    except PermissionError as error:
        what, why = f"cannot read {path}: {error.strerror}", "the system refused it"
        raise CaseError([Issue("F404", what, why, "check its rights", Location(str(path)))]) from None
    except (OSError, ValueError):  # a name too long for the system, or no name at all
        return False, []


def read_case(file: Path, rulebase: Rulebase) -> Case:
    """Read a case file.

    Raises:
        CaseError: Something is wrong with it; `issues` holds all of it.
    """
    document = read_document(file, str(file))
    case = _CaseReader(document, rulebase).read(file) if document.data is not None else None
    if case is None or document.issues:
        raise CaseError(document.issues)
    return replace(case, hints=hints_on(document, rulebase.wording))


def read_cases(paths: Iterable[Path], rulebase: Rulebase) -> list[Case]:
    """Read several case files.

    Raises:
        CaseError: Something is wrong with one of them or more; `issues` holds all of it.
    """
    cases: list[Case] = []
    issues: list[Issue] = []
    ids: dict[str, Path] = {}
    for path in paths:
        try:
            case = read_case(path, rulebase)
        except CaseError as error:
            issues += error.issues
            continue
        cases.append(case)
        if ids.setdefault(case.id, path) != path:
            why, fix = f"{ids[case.id]} has it already", "rename one of the two"
            issues.append(Issue("C306", f"the case id `{case.id}` is taken", why, fix, Location(str(path))))
    if issues:
        raise CaseError(issues)
    return cases


def case_from_facts(facts: Mapping[str, object], rulebase: Rulebase, *, typed_in: bool = False) -> Case:
    """Make a case of bare facts.

    Args:
        facts: Value by fact, or by `fact.side` for what one side told; without a side it counts as the record's.
        rulebase: Its vocabulary says which facts there are.
        typed_in: Whether the values are texts as a person types them.

    Raises:
        CaseError: A fact is unknown or a value does not fit; `issues` holds all of it.
    """
    observations: list[Observation] = []
    issues: list[Issue] = []
    told: dict[tuple[str, str], str] = {}
    for name, raw in facts.items():
        fact_id, dot, side = str(name).partition(".")
        fact, at = rulebase.vocabulary.get(fact_id), Location(f"fact {name}")
        twin = told.setdefault((fact_id, side or "record"), str(name))
        if twin != name:
            why = "a fact without a side counts as on record"
            issues.append(Issue("C313", f"`{twin}` and `{name}` are the same", why, "give one of them", at))
        elif fact is None:
            fix = f"`churn-rules facts` lists them all{did_you_mean(fact_id, rulebase.vocabulary)}"
            issues.append(Issue("C301", f"unknown fact `{fact_id}`", "no rule could read it", fix, at))
        elif not dot and (read := _read_only_by_side(fact_id, rulebase)):
            why = f"rules read only what one side says of it: {', '.join(read)}"
            issues.append(Issue("C314", f"`{fact_id}` needs a side", why, f"write {' or '.join(read)}", at))
        elif dot and side not in SIDES:
            fix = f"write {', '.join(f'{fact_id}.{one}' for one in SIDES)}{did_you_mean(side, SIDES)}"
            issues.append(Issue("C302", f"unknown side `{side}`", "a fact is told by one of three sides", fix, at))
        else:
            try:
                value = accept_text(fact, raw) if typed_in and isinstance(raw, str) else accept(fact, raw)
            except ValueRefusedError as error:
                issues.append(Issue(error.code, error.what, error.why, error.fix, at))
            else:
                observations.append(Observation(fact_id, value, _side(side)))
    if issues:
        raise CaseError(issues)
    return Case(title=rulebase.language.say("Facts as given"), observations=tuple(observations))


def sound_case(case: Case, rulebase: Rulebase) -> Case:
    """Hold a case that a program made against the rule base, and return it with every value as rules test it.

    Raises:
        CaseError: A fact, side or accommodation is unknown, a value does not fit, or a date is impossible.
    """
    observations: list[Observation] = []
    issues: list[Issue] = []
    for number, item in enumerate(case.observations):
        at = Location(f"observation {number + 1} of {case.id}")
        fact = rulebase.vocabulary.get(item.fact)
        if fact is None or item.side not in SIDES:
            kind, name, known = ("fact", item.fact, rulebase.vocabulary) if fact is None else ("side", item.side, SIDES)
            fix = f"use a declared {kind}{did_you_mean(str(name), known)}"
            issues.append(
                Issue("C301" if fact is None else "C302", f"unknown {kind} `{name}`", "no rule reads it", fix, at)
            )
            continue
        try:
            check_date(fact, item.date, case.lost)
            observations.append(replace(item, value=accept(fact, item.value)))
        except ValueRefusedError as error:
            issues.append(Issue(error.code, error.what, error.why, error.fix, at))
    named = [name for requirement in case.requirements for name in requirement.met_by]
    named += [item.accommodation for item in case.todays_supplier] + [item.accommodation for item in case.costs]
    for name in dict.fromkeys(named):
        if name not in rulebase.accommodations:
            fix = f"`churn-rules show` lists them{did_you_mean(name, rulebase.accommodations)}"
            why, at = "the rule base has no such accommodation", Location(case.id)
            issues.append(Issue("C305", f"unknown accommodation `{name}`", why, fix, at))
    if issues:
        raise CaseError(issues)
    return replace(case, observations=tuple(observations))


def _read_only_by_side(fact: str, rulebase: Rulebase) -> list[str]:
    """Return the one-sided views of a fact that rules read, where no rule reads the fact itself."""
    views = [f"{fact}.{side}" for side in SIDES if f"{fact}.{side}" in rulebase.names_read]
    return [] if fact in rulebase.names_read else views


def _frozen(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _side(word: str) -> Side:
    return next((side for side in SIDES if side == word), "record")


class _CaseReader:
    """Reads one case; whatever does not fit becomes an issue of its document."""

    def __init__(self, document: Document, rulebase: Rulebase) -> None:
        self.document, self.rulebase = document, rulebase

    def read(self, file: Path) -> Case | None:
        if not isinstance(self.document.data, dict):
            why, fix = "a case file begins with `case: its-id`", "see cases/brex-rilf.yaml"
            self.document.issue("S203", "the file is not a mapping", why, fix)
            return None
        shape = shape_of(CaseShape, self.document.data, self.document)
        if shape is None:
            return None
        if shape.case != file.stem:
            why, fix = f"the file is called {file.name}", f"call the file {shape.case}.yaml, or the case `{file.stem}`"
            self.document.issue("C303", f"the case is called `{shape.case}`", why, fix, self.document.place(("case",)))
        if not shape.timeline and not shape.interview:
            why, at = "it takes at least 1 entry", self.document.place(("timeline",))
            self.document.issue("S206", "`timeline` is empty", why, "fill it in", at)
        lost = self._date(shape.lost, ("lost",))
        return Case(
            id=shape.case,
            title=shape.title,
            source=shape.source,
            lost=lost,
            currency=self._currency(shape),
            observations=tuple(self._observations(shape, lost)),
            requirements=tuple(self._requirements(shape)),
            todays_supplier=tuple(self._todays_supplier(shape)),
            costs=tuple(self._costs(shape)),
            economics=self._economics(shape),
            hinges_on=tuple(self._hinges_on(shape)),
            expect=self._expectation(shape),
            outcome=self._outcome(shape),
            interview=_interview(shape),
            certificate=_certificate(shape),
        )

    def _observations(self, shape: CaseShape, lost: Span | None) -> Iterator[Observation]:
        for place, item in enumerate(shape.timeline):
            path: tuple[Key, ...] = ("timeline", place)
            day = self._date(item.date, (*path, "date"))
            fact = self.rulebase.vocabulary.get(item.fact)
            if fact is None:
                fix = f"`churn-rules facts` lists them all{did_you_mean(item.fact, self.rulebase.vocabulary)}"
                at = self.document.place((*path, "fact"))
                self.document.issue("C301", f"unknown fact `{item.fact}`", "no rule could read it", fix, at)
                continue
            try:
                check_date(fact, day, lost)
                value = accept(fact, item.value)
            except ValueRefusedError as error:
                key = "date" if error.code == "C312" else "value"
                at = self.document.place((*path, key))
                self.document.issue(error.code, error.what, error.why, error.fix, at)
                continue
            yield Observation(item.fact, value, item.side, day, item.note or "")

    def _hinges_on(self, shape: CaseShape) -> Iterator[str]:
        for place, name in enumerate(shape.hinges_on):
            self._known("fact", name, self.rulebase.vocabulary, ("hinges_on", place))
            yield name

    def _requirements(self, shape: CaseShape) -> Iterator[Requirement]:
        for place, item in enumerate(shape.requirements):
            path: tuple[Key, ...] = ("requirements", place)
            for position, name in enumerate(item.met_by):
                self._known("accommodation", name, self.rulebase.accommodations, (*path, "met_by", position))
            day = self._date(item.date, (*path, "date"))
            yield Requirement(
                item.requirement,
                tuple(item.met_by),
                item.priority,
                item.side,
                item.able,
                item.willing,
                day,
                item.note or "",
            )

    def _todays_supplier(self, shape: CaseShape) -> Iterator[SupplierTerms]:
        for place, item in enumerate(shape.todays_supplier):
            path: tuple[Key, ...] = ("todays_supplier", place)
            self._known("accommodation", item.accommodation, self.rulebase.accommodations, (*path, "accommodation"))
            day = self._date(item.date, (*path, "date"))
            yield SupplierTerms(item.accommodation, item.terms, item.side, day, item.note or "")

    def _costs(self, shape: CaseShape) -> Iterator[Cost]:
        amounts = Amounts(self.document)
        for place, item in enumerate(shape.costs):
            path: tuple[Key, ...] = ("costs", place)
            self._known("accommodation", item.accommodation, self.rulebase.accommodations, (*path, "accommodation"))
            once = amounts.needed(item.once, (*path, "once"))
            yearly = amounts.needed(item.yearly, (*path, "yearly"))
            day = self._date(item.date, (*path, "date"))
            if once and yearly:
                yield Cost(item.accommodation, once, yearly, day, item.note or "")

    def _currency(self, shape: CaseShape) -> str:
        """Return the currency of the case, which its economics block may name as well."""
        inside = shape.economics.currency if shape.economics else None
        for code, path in ((shape.currency, ("currency",)), (inside, ("economics", "currency"))):
            if code and code not in CURRENCIES:
                what, why = f"there is no currency `{code}`", "amounts are in a currency of ISO 4217"
                fix = "write its code, such as EUR, USD or CNY"
                self.document.issue("C307", what, why, fix, self.document.place(path))
        if shape.currency and inside and shape.currency != inside:
            what, why = f"`{inside}` beside `{shape.currency}`", "all amounts of a case are in one currency"
            at = self.document.place(("economics", "currency"))
            self.document.issue("C309", what, why, "keep one of the two, and convert", at)
        return shape.currency or inside or ""

    def _economics(self, shape: CaseShape) -> Figures | None:
        if shape.economics is None:
            return None
        day = self._date(shape.economics.date, ("economics", "date"))
        return read_figures(shape.economics, self.document, day)

    def _expectation(self, shape: CaseShape) -> Expectation | None:
        expect = shape.expect
        if expect is None:
            return None
        for key, names, kind, known in (
            ("roots", expect.roots, "reason", self.rulebase.reasons),
            ("acceptable_roots", expect.acceptable_roots, "reason", self.rulebase.reasons),
            ("chain", expect.chain, "reason", self.rulebase.reasons),
            ("fired", expect.fired, "rule", self.rulebase.rules),
        ):
            for place, name in enumerate(names or ()):
                self._known(kind, name, known, ("expect", key, place))
        return Expectation(
            roots=_frozen(expect.roots),
            acceptable_roots=_frozen(expect.acceptable_roots),
            acceptable_scopes=_frozen(expect.acceptable_scopes),
            chain=_frozen(expect.chain),
            scope=expect.scope,
            responsible=_frozen(expect.responsible),
            decision=expect.decision,
            fired=tuple(expect.fired),
            requirements=expect.requirements,
            known_miss=expect.known_miss or "",
        )

    def _outcome(self, shape: CaseShape) -> Outcome | None:
        outcome = shape.outcome
        if outcome is None:
            return None
        return Outcome(outcome.result, self._date(outcome.date, ("outcome", "date")), outcome.note or "")

    def _date(self, raw: Any, path: tuple[Key, ...]) -> Span | None:
        if raw is None:
            return None
        try:
            return parse_date(raw)
        except ValueError as error:
            fix, at = "write a year, 2009-03 or 2009-03-31", self.document.place(path)
            self.document.issue("C304", f"`{raw}` is no date", str(error), fix, at)
            return None

    def _known(self, kind: str, name: str, known: Mapping[str, object], path: tuple[Key, ...]) -> None:
        if name not in known:
            fix = f"`churn-rules show` lists them{did_you_mean(name, known)}"
            why, at = f"the rule base has no such {kind}", self.document.place(path)
            self.document.issue("C305", f"unknown {kind} `{name}`", why, fix, at)


def _interview(shape: CaseShape) -> Interviewed | None:
    held = shape.interview
    if held is None:
        return None
    answers = tuple((item.asked, item.answer, _side(item.side)) for item in held.answers)
    return Interviewed(held.rulebase, tuple(held.wanted), held.told_before, answers)


def _certificate(shape: CaseShape) -> Certificate | None:
    held = shape.certificate
    if held is None:
        return None
    return Certificate(
        rulebase=held.rulebase,
        wanted=tuple(held.wanted),
        concluded={aim: tuple(told) for aim, told in held.concluded.items()},
        reach={reason: Span(low, high) for reason, (low, high) in held.reach.items()},
        unasked=tuple(Unasked(item.question, item.because, tuple(item.rules)) for item in held.unasked),
    )


def read_plain_case(file: Path) -> dict[str, Any]:
    """Return what stands in a case file as plain values, for whoever writes it again with more in it.

    Raises:
        CaseError: It is no YAML that we read, or no mapping.
    """
    document = read_document(file, str(file))
    if document.issues or not isinstance(document.data, dict):
        raise CaseError(document.issues)
    return dict(document.data)
