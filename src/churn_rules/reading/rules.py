"""From the files of a rule base to frozen values, with everything that is wrong in any of them.

Never stops at the first fault, and never judges how rules fit together; `checking` does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from churn_rules.conditions import OPERATORS, All, Condition, Limit, Test, holds, negate
from churn_rules.conditions import Any as AnyOf
from churn_rules.errors import Issue, Location, did_you_mean
from churn_rules.language import LANGUAGES
from churn_rules.reading.documents import Document, Key, read_document
from churn_rules.reading.draft import Draft, accepted
from churn_rules.reading.knowledge import (
    read_accommodations,
    read_facts,
    read_findings,
    read_reasons,
    read_sources,
    read_wording,
)
from churn_rules.reading.planning import read_plan
from churn_rules.reading.shapes import RuleShape, ThenShape, shape_of
from churn_rules.rulebase import Conclusions, Example, Link, Rule, conclusion_terms
from churn_rules.vocabulary import Span, Term, Value

__all__ = ["LANGUAGES_FOLDER", "read_rules"]

_SIGNS = {">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than", "=": "is", "!=": "is_not"}
_FILES = ("vocabulary.yaml", "findings.yaml", "reasons.yaml", "accommodations.yaml")
_PLAN = "plan.yaml"  # a rule base without one makes no plans
_SOURCES = "sources.yaml"  # a rule base without it takes any source for its rules
_WORDING = "wording.yaml"  # hints only: a rule base without it concludes the same
LANGUAGES_FOLDER = "languages"
"""Where a rule base keeps its translations, which no rule is read from."""

_MOST_FILES = 5000
_WRITABLE = {
    "boolean": ("is", "is_not"),
    "choice": ("is", "is_not", "one_of"),
    "number": ("is", "is_not", "at_least", "at_most", "more_than", "less_than"),
    "date": (),
}


def read_rules(folder: Path) -> Draft:
    """Read every file of a rule base.

    Args:
        folder: Holds vocabulary.yaml, findings.yaml, reasons.yaml, accommodations.yaml and a folder of rules a theme.

    Returns:
        What could be read, and in `issues` all that is wrong.
    """
    draft = Draft(folder.resolve())
    if not folder.is_dir():
        what, why = f"there is no folder `{folder}`", "rules are read from a folder"
        draft.issue("F401", what, why, "check the path after --rules")
        return draft
    folder = draft.folder
    paths = sorted(_rule_files(draft))
    if len(paths) > _MOST_FILES:
        draft.issue(
            "F402", f"more than {_MOST_FILES} rule files", "that is no rule base", "check the path after --rules"
        )
        return draft
    known = {name: _read(draft, folder / name) for name in _FILES}
    read_facts(draft, known["vocabulary.yaml"])
    read_findings(draft, known["findings.yaml"])
    read_reasons(draft, known["reasons.yaml"])
    read_accommodations(draft, known["accommodations.yaml"])
    draft.terms = conclusion_terms(draft.vocabulary, draft.findings, draft.reasons, draft.accommodations)
    draft.documents |= known
    if (folder / _PLAN).exists():
        draft.documents[_PLAN] = known[_PLAN] = _read(draft, folder / _PLAN)
        read_plan(draft, known[_PLAN])
    documents = [_read(draft, path) for path in paths]
    if all(document.data is not None for document in known.values()):
        for path, document in zip(paths, documents, strict=True):
            _read_rule(draft, path, document)
    _note_stray_files(draft)
    for name, read_into in ((_SOURCES, read_sources), (_WORDING, read_wording)):
        if (folder / name).exists():
            known[name] = _read(draft, folder / name)
            read_into(draft, known[name])
    everything = [*known.values(), *documents]
    draft.digest = _digest(everything)
    draft.files = len(everything)
    draft.issues += [issue for document in everything for issue in document.issues]
    return draft


def _rule_files(draft: Draft) -> Iterator[Path]:
    """Yield the rule files of every theme; a folder that cannot be read is an issue, never an empty one."""
    themes = (path for path in draft.folder.glob("*") if path.is_dir() and path.name != LANGUAGES_FOLDER)
    for theme in [draft.folder, *themes]:
        try:
            inside = list(theme.iterdir())
        except OSError as error:
            what, why = f"cannot read the folder {_shown(draft, theme)}: {error.strerror}", "the system refused it"
            draft.issues.append(Issue("Y101", what, why, "check its rights", Location(_shown(draft, theme))))
            continue
        if theme != draft.folder:
            yield from (path for path in inside if path.suffix == ".yaml" and not path.name.startswith("."))


def _note_stray_files(draft: Draft) -> None:
    for pattern in ("*.yaml", "*.yml", "*/*.yml", "*/*/*.yaml", "*/*/*.yml"):
        for path in sorted(draft.folder.glob(pattern)):
            if path.parent != draft.folder or path.name not in (*_FILES, _PLAN, _SOURCES, _WORDING):
                shown = _shown(draft, path)
                what, why = f"{shown} is not read", "rules stand in files `theme/rule-id.yaml`"
                draft.issues.append(Issue("F403", what, why, "move or rename it", Location(shown), "warning"))

    for path in sorted(draft.folder.glob(f"{LANGUAGES_FOLDER}/*")):
        if path.name not in {f"{code}.po" for code in LANGUAGES if code != "en"}:
            shown = _shown(draft, path)
            what, why = f"{shown} is not read", "translations stand in files `languages/nl.po` and `languages/zh.po`"
            draft.issues.append(Issue("F403", what, why, "move or rename it", Location(shown), "warning"))


def _read(draft: Draft, path: Path) -> Document:
    return read_document(path, _shown(draft, path))


def _shown(draft: Draft, path: Path) -> str:
    shown = f"{draft.folder.name}/{path.relative_to(draft.folder).as_posix()}"
    return shown.encode(errors="backslashreplace").decode()


def _digest(documents: Iterable[Document]) -> str:
    total = hashlib.sha256()
    for document in documents:
        name = document.path.partition("/")[2]
        total.update(f"{name}\0{document.text}\0".encode())
    return f"sha256:{total.hexdigest()}"


# --- one rule ---------------------------------------------------------------------------------------------------------


def _read_rule(draft: Draft, path: Path, document: Document) -> None:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        document.issue(
            "S203", "the file is not a mapping", "a rule file begins with `rule: its-id`", "see any other rule"
        )
        return
    shape = shape_of(RuleShape, document.data, document)
    if shape is None:
        return
    if shape.rule != path.stem:
        why, fix = f"the file is called {path.name}", f"call the file {shape.rule}.yaml, or the rule `{path.stem}`"
        document.issue("R101", f"the rule is called `{shape.rule}`", why, fix, document.place(("rule",)))
    if shape.rule in draft.rules:
        other = draft.documents[shape.rule].path
        why, fix = f"it stands in {other} already, and ids are never reused", "rename one of the two"
        document.issue("R103", f"the id `{shape.rule}` is taken", why, fix, document.place(("rule",)))
        return
    premises = _Premises(draft, document)
    condition = premises.all_of(shape.if_, ("if",))
    then = _conclusions(shape.then, draft, document)
    examples = tuple(_examples(shape, draft, document))
    draft.documents[shape.rule] = document
    if condition is None:
        return
    draft.rules[shape.rule] = Rule(
        id=shape.rule,
        title=shape.title,
        premise=condition,
        then=then,
        because=" ".join(shape.because.split()),
        source=" ".join(shape.source.split()),
        owner=shape.owner,
        theme=path.parent.name,
        status=shape.status,
        replaced_by=shape.replaced_by,
        salience=shape.salience,
        examples=examples,
    )


class _Premises:
    """Reads the premises of one rule; a premise that does not fit becomes None and an issue."""

    def __init__(self, draft: Draft, document: Document) -> None:
        self.terms, self.broken, self.document = draft.terms, draft.broken, document

    def all_of(self, data: list[Any], path: tuple[Key, ...]) -> Condition | None:
        parts = [self.one(item, (*path, place)) for place, item in enumerate(data)]
        sound = tuple(part for part in parts if part is not None)
        return None if len(sound) < len(parts) else sound[0] if len(sound) == 1 else All(sound)

    def one(self, data: Any, path: tuple[Key, ...]) -> Condition | None:
        if not isinstance(data, dict) or len(data) != 1:
            what, why = "this premise does not name one thing", "each premise is `name: {operator: value}`"
            self.document.issue(
                "R104", what, why, "write each premise as a list item of its own", self.document.place(path)
            )
            return None
        name, inner = next(iter(data.items()))
        if name == "any":
            return self._any_of(inner, (*path, "any"))
        if name == "not":
            negated = self.one(inner, (*path, "not"))
            return None if negated is None else negate(negated)
        return self._tests(str(name), inner, (*path, name))

    def _any_of(self, data: Any, path: tuple[Key, ...]) -> Condition | None:
        if not isinstance(data, list) or len(data) < 2:
            why, at = "`any` holds a list of at least two premises", self.document.key(path)
            fix = "list the alternatives below it; a single one needs no `any`"
            self.document.issue("R105", "`any` has nothing to choose from", why, fix, at)
            return None
        parts = [self.one(item, (*path, place)) for place, item in enumerate(data)]
        sound = tuple(part for part in parts if part is not None)
        return AnyOf(sound) if len(sound) == len(parts) else None

    def _tests(self, name: str, data: Any, path: tuple[Key, ...]) -> Condition | None:
        term = self.terms.get(name)
        if term is None and name.partition(".")[0] in self.broken:
            return None
        if term is None:
            near = did_you_mean(name, self.terms)
            why = (
                "a rule may test only what rules/vocabulary.yaml or rules/findings.yaml declares; this could never fire"
            )
            fix = f"declare `{name}` there{near}"
            if written := re.fullmatch(r"(\w+)\s*(>=|<=|=+|!=|>|<)\s*(.+)", name):
                fix = f"write `{written[1]}: {{{_SIGNS[written[2].replace('==', '=')]}: {written[3]}}}`"
            self.document.issue("R102", f"unknown fact `{name}`", why, fix, self.document.key(path))
            return None
        if not isinstance(data, dict) or not data:
            what, why = f"`{name}` is compared with nothing", "a premise is `name: {operator: value}`"
            fix = f"write `{name}: {{is: …}}`"
            self.document.issue("R106", what, why, fix, self.document.key(path))
            return None
        parts = [self._test(term, operator, value, (*path, operator)) for operator, value in data.items()]
        sound = tuple(part for part in parts if part is not None)
        return None if len(sound) < len(parts) else sound[0] if len(sound) == 1 else All(sound)

    def _test(self, term: Term, operator: str, value: Any, path: tuple[Key, ...]) -> Test | None:
        if operator not in _WRITABLE[term.type]:
            allowed = _WRITABLE[term.type]
            why = f"`{term.id}` is a {term.type}" + (
                "" if operator in OPERATORS else f", and `{operator}` is no operator"
            )
            fix = (
                f"use one of {', '.join(allowed)}{did_you_mean(operator, allowed)}"
                if allowed
                else ("compare a number of months derived from it by `months_between`")
            )
            if (meant := _SIGNS.get(operator.replace("==", "="))) in allowed:
                fix = f"write `{meant}`"
            self.document.issue("R107", f"`{operator}` does not fit `{term.id}`", why, fix, self.document.key(path))
            return None
        limit = self._limit(term, operator, value, path)
        if limit is None:
            return None
        test = Test(term.id, operator, limit)
        return test if self._says_something(test, term, path) else None

    def _limit(self, term: Term, operator: str, value: Any, path: tuple[Key, ...]) -> Limit | None:
        if operator == "one_of":
            if not isinstance(value, list) or len(value) < 2 or len(set(map(str, value))) < len(value):
                why, at = "`one_of` takes a list of two or more different choices", self.document.place(path)
                self.document.issue("R108", "this is no list of choices", why, "write `[first, second]`", at)
                return None
            if any(map(_is_unknown, value)):
                why, at = "a rule fires only where its whole premise is known to be true", self.document.place(path)
                self.document.issue("R109", "a premise cannot ask for `unknown`", why, "ask for a value", at)
                return None
            choices = [accepted(term, item, self.document, (*path, place)) for place, item in enumerate(value)]
            return tuple(str(item) for item in choices) if None not in choices else None
        if term.type == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                why, at = f"`{term.id}` is a number", self.document.place(path)
                self.document.issue("V303", f"`{value}` is no number to compare with", why, "write the bare number", at)
                return None
            return float(value)
        if _is_unknown(value):
            why, at = "a rule fires only where its whole premise is known to be true", self.document.place(path)
            self.document.issue("R109", "a premise cannot ask for `unknown`", why, "ask for a value", at)
            return None
        value_accepted = accepted(term, value, self.document, path)
        return value_accepted if isinstance(value_accepted, bool | str) else None

    def _says_something(self, test: Test, term: Term, path: tuple[Key, ...]) -> bool:
        """Refuse a number premise that its fact's range makes always false or always true."""
        if term.type != "number":
            return True
        truth = holds(test, {term.id: Span(term.low, term.high)})
        if truth is None:
            return True
        what = "this premise always holds" if truth else "this premise can never hold"
        why = f"`{term.id}` lies between {term.low:.12g} and {term.high:.12g}"
        self.document.issue("R110", what, why, "check the figure and its unit", self.document.place(path))
        return False


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "unknown"


def _conclusions(shape: ThenShape, draft: Draft, document: Document) -> Conclusions:
    if not shape.model_dump(exclude_none=True):
        why, at = "a rule that adds nothing is no rule", document.key(("then",))
        document.issue("R111", "the rule concludes nothing", why, "say what follows", at)
    for kind, name, path in _named(shape):
        known: Iterable[str] = getattr(draft, f"{kind}s")
        if name not in known and name not in draft.broken:
            fix, at = f"declare it{did_you_mean(name, known)}", document.key(("then", *path))
            document.issue("R112", f"unknown {kind} `{name}`", f"a rule concludes only declared {kind}s", fix, at)
    for accommodation, reason in (shape.offer or {}).items():
        _check_answers(accommodation, reason, draft, document)
    declared = {(link.cause, link.effect) for link in draft.links}
    for place, link in enumerate(shape.links or ()):
        if (link.from_, link.to) not in declared:
            why, at = (
                "a rule only switches links that rules/reasons.yaml declares",
                document.key(("then", "links", place)),
            )
            what = f"no link from `{link.from_}` to `{link.to}`"
            document.issue("R113", what, why, f"add `{link.to}` to `leads_to` of `{link.from_}`", at)
    return Conclusions(
        finding=shape.finding,
        evidence=tuple((shape.evidence or {}).items()),
        scope=tuple((shape.scope or {}).items()),
        responsible=tuple((shape.responsible or {}).items()),
        links=tuple(Link(link.from_, link.to, link.active) for link in shape.links or ()),
        offer=tuple((shape.offer or {}).items()),
        withhold=tuple(shape.withhold or ()),
        warning=shape.warning,
        decision=shape.decision,
        steps=tuple(shape.steps or ()),
        drop=tuple(shape.drop or ()),
    )


def _named(shape: ThenShape) -> Iterator[tuple[str, str, tuple[Key, ...]]]:
    """Yield everything that a conclusion names: its kind, its name and where it stands below `then`."""
    if shape.finding:
        yield "finding", shape.finding, ("finding",)
    for key in ("evidence", "scope", "responsible"):
        for reason in getattr(shape, key) or {}:
            yield "reason", reason, (key, reason)
    for accommodation, reason in (shape.offer or {}).items():
        yield "accommodation", accommodation, ("offer", accommodation)
        yield "reason", reason, ("offer", accommodation)
    for place, accommodation in enumerate(shape.withhold or ()):
        yield "accommodation", accommodation, ("withhold", place)
    for key in ("steps", "drop"):
        for place, step in enumerate(getattr(shape, key) or ()):
            yield "step", step, (key, place)


def _check_answers(accommodation: str, reason: str, draft: Draft, document: Document) -> None:
    item = draft.accommodations.get(accommodation)
    if item and reason in draft.reasons and reason not in item.answers:
        what = f"`{accommodation}` does not answer `{reason}`"
        why, at = (
            f"rules/accommodations.yaml says it answers {', '.join(item.answers)}",
            document.key(("then", "offer", accommodation)),
        )
        document.issue("R114", what, why, f"offer it for one of these, or add `{reason}` to its `answers`", at)


def _examples(shape: RuleShape, draft: Draft, document: Document) -> Iterator[Example]:
    for place, example in enumerate(shape.examples):
        given: dict[str, Value] = {}
        for name, raw in example.given.items():
            path = ("examples", place, "given", name)
            term = draft.terms.get(name)
            if term is None and name.partition(".")[0] in draft.broken:
                continue
            if term is None:
                fix = f"declare it{did_you_mean(name, draft.terms)}"
                document.issue(
                    "R115", f"unknown fact `{name}` in an example", "nobody could tell it", fix, document.key(path)
                )
            elif (value := accepted(term, raw, document, path)) is not None:
                given[name] = value
        if not isinstance(example.fires, bool) and example.fires != "unknown":
            why, at = (
                "a rule fires (true), does not (false), or cannot tell (unknown)",
                document.place(("examples", place, "fires")),
            )
            document.issue("R116", f"`fires` is `{example.fires}`", why, "write true, false or unknown", at)
        else:
            yield Example(example.title, given, example.fires if isinstance(example.fires, bool) else None)
