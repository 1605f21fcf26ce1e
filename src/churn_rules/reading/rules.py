"""From the files of a rule base to frozen values, with everything that is wrong in any of them.

Never stops at the first fault, and never judges how rules fit together; `checking` does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from churn_rules.errors import Issue, Location, did_you_mean
from churn_rules.language import LANGUAGES
from churn_rules.reading.across import read_across
from churn_rules.reading.asking import read_asking
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
from churn_rules.reading.premises import Premises
from churn_rules.reading.shapes import RuleShape, ThenShape, shape_of
from churn_rules.rulebase import Conclusions, Example, Link, Rule, conclusion_terms
from churn_rules.vocabulary import Value

__all__ = ["LANGUAGES_FOLDER", "read_rules"]

_FILES = ("vocabulary.yaml", "findings.yaml", "reasons.yaml", "accommodations.yaml")
_ASKING = "questionnaire.yaml"  # a rule base without one asks each question by itself
_ACROSS = "portfolio.yaml"  # a rule base without one says nothing across accounts
_PLAN = "plan.yaml"  # a rule base without one makes no plans
_SOURCES = "sources.yaml"  # a rule base without it takes any source for its rules
_WORDING = "wording.yaml"  # hints only: a rule base without it concludes the same
LANGUAGES_FOLDER = "languages"
"""Where a rule base keeps its translations, which no rule is read from."""

_MOST_FILES = 5000


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
    if (folder / _ASKING).exists():
        draft.documents[_ASKING] = known[_ASKING] = _read(draft, folder / _ASKING)
        read_asking(draft, known[_ASKING])
    if (folder / _ACROSS).exists():
        draft.documents[_ACROSS] = known[_ACROSS] = _read(draft, folder / _ACROSS)
        read_across(draft, known[_ACROSS])
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
            if path.parent != draft.folder or path.name not in (*_FILES, _ACROSS, _ASKING, _PLAN, _SOURCES, _WORDING):
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
    premises = Premises(draft, document)
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
