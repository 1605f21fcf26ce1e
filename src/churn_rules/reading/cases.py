"""From a case file, or from bare facts, to a frozen case, with everything that is wrong in it.

Never diagnoses anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from churn_rules.cases import Case, Cost, Expectation, Observation, Outcome, Requirement, SupplierTerms, check_date
from churn_rules.errors import CaseError, Issue, Location, ValueRefusedError, did_you_mean
from churn_rules.reading.documents import Document, Key, read_document
from churn_rules.reading.shapes import CaseShape, shape_of
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Fact, Side, Span, Value, accept, accept_text, parse_date

__all__ = ["case_from_facts", "case_paths", "read_case", "read_cases"]


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
        return path.exists(), sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    except OSError:  # a name too long for the system
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
    return case


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
    observations, issues = [], []
    for name, raw in facts.items():
        fact_id, _, side = name.partition(".")
        fact, at = rulebase.vocabulary.get(fact_id), Location(f"fact {name}")
        if fact is None:
            fix = f"`churn-rules facts` lists them all{did_you_mean(fact_id, rulebase.vocabulary)}"
            issues.append(Issue("C301", f"unknown fact `{fact_id}`", "no rule could read it", fix, at))
        elif side and side not in SIDES:
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
    return Case(title="Facts as given", observations=tuple(observations))


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
        lost = self._date(shape.lost, ("lost",))
        return Case(
            id=shape.case,
            title=shape.title,
            source=shape.source,
            lost=lost,
            currency=shape.currency or "",
            observations=tuple(self._observations(shape, lost)),
            requirements=tuple(self._requirements(shape)),
            todays_supplier=tuple(self._todays_supplier(shape)),
            costs=tuple(self._costs(shape)),
            hinges_on=tuple(self._hinges_on(shape)),
            expect=self._expectation(shape),
            outcome=self._outcome(shape),
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
        money = self.rulebase.vocabulary["attempt_cost"]
        for place, item in enumerate(shape.costs):
            path: tuple[Key, ...] = ("costs", place)
            self._known("accommodation", item.accommodation, self.rulebase.accommodations, (*path, "accommodation"))
            once = self._amount(money, item.once, (*path, "once"))
            yearly = self._amount(money, item.yearly, (*path, "yearly"))
            day = self._date(item.date, (*path, "date"))
            if once and yearly:
                yield Cost(item.accommodation, once, yearly, day, item.note or "")

    def _amount(self, money: Fact, raw: Any, path: tuple[Key, ...]) -> Span | None:
        try:
            value: Value | None = accept(money, raw)
        except ValueRefusedError as error:
            what = f"`{raw}` is no amount"
            self.document.issue(
                error.code,
                what,
                error.why,
                "write a number or a range, or leave the cost out",
                self.document.place(path),
            )
            return None
        if value is None:
            why, at = "what is unknown is left out", self.document.place(path)
            self.document.issue("V303", "`unknown` is no amount", why, "leave the whole cost out", at)
        return value if isinstance(value, Span) else None

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
