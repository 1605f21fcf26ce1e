"""How an interview begins: anew, from a case, from the file of an earlier one, or from answers in a file.

Never talks to anybody, and never writes a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import cast

from churn_rules.cases import Case
from churn_rules.errors import CaseError, InterviewError, UnknownNameError, ValueRefusedError, did_you_mean
from churn_rules.interview import Answer, Interview, resume, start
from churn_rules.questionnaire import WANTED, Wanted
from churn_rules.reading import read_answers, read_case, read_plain_case
from churn_rules.rulebase import Rulebase
from churn_rules.typed import read_date, read_typed
from churn_rules.vocabulary import Span, Term, Value, plain

__all__ = ["Begun", "answered", "check_file", "opened"]

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_TITLE = 200
_TICKS = {True: "yes", False: "no"}
_DATE = Term(id="date", title="the date", type="date")


@dataclass(frozen=True, slots=True)
class Begun:
    """An interview to hold, what else is to stand in its case file, and what to remark on it."""

    interview: Interview
    plain_case: Mapping[str, object]
    remarks: tuple[str, ...] = ()


def opened(
    rulebase: Rulebase,
    target: Path,
    *,
    today: date,
    start_from: Path | None = None,
    wanted: tuple[Wanted, ...] | None = None,
    title: str = "",
    lost: str = "",
) -> Begun:
    """Begin an interview, or go on with the one that a file holds.

    Args:
        rulebase: Its questions are asked.
        target: The case file to keep it in.
        today: The day, for the source of the case.
        start_from: A case file of which only what is missing is asked.
        wanted: What is asked for; everything if left out.
        title: What the case is called.
        lost: When the customer left, as people write it; empty for not yet.

    Raises:
        InterviewError: The file cannot hold it, or holds something else.
        CaseError: The file, or the case to start from, is wrong.
        ValueRefusedError: The date is none.
    """
    check_file(target)
    if target.exists():
        if start_from or title or lost:
            given = "`--from`" if start_from else "`--title` and `--lost`"
            raise InterviewError(f"`{target}` is there already, so {given} cannot be heeded; name another file")
        return _gone_on(rulebase, target, wanted)
    if start_from:
        case = replace(read_case(start_from, rulebase), id=target.stem)
        plain_case = {**read_plain_case(start_from), "case": target.stem}
        return Begun(start(rulebase, case, wanted or WANTED), plain_case)
    day = read_date(lost, rulebase.language) if lost else None
    case = Case(
        id=target.stem, title=_plain_text(title) or target.stem, source=f"Interview of {today.isoformat()}", lost=day
    )
    return Begun(start(rulebase, case, wanted or WANTED), _plain(case))


def _plain_text(text: str) -> str:
    """Return a text as a file can hold it: in one line, without control characters, and not without end."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_TITLE]


def check_file(target: Path) -> None:
    """Refuse a file that no interview can be kept in.

    Raises:
        InterviewError: It is not called as a case is, or its folder is not there.
    """
    if target.suffix != ".yaml" or not _ID.fullmatch(target.stem):
        why = "a case is called as its file is, in lower case with hyphens"
        raise InterviewError(f"`{target}` cannot hold a case: {why}; write it as acme.yaml or acme-2026.yaml")
    if not target.parent.is_dir():
        raise InterviewError(f"`{target}` cannot be written: there is no folder `{target.parent}`")


def _plain(case: Case) -> dict[str, object]:
    lost = {"lost": plain(_DATE, case.lost)} if case.lost else {}
    return {"case": case.id, "title": case.title, **lost, "source": case.source}


def _gone_on(rulebase: Rulebase, target: Path, wanted: tuple[Wanted, ...] | None) -> Begun:
    case = read_case(target, rulebase)
    if case.interview is None:
        fix = f"to ask what it lacks, name another file: churn-rules ask {target.stem}-more.yaml --from {target}"
        raise InterviewError(f"`{target}` is a case that was not told in an interview; {fix}")
    asked_for = cast("tuple[Wanted, ...]", case.interview.wanted)
    if wanted and set(wanted) != set(asked_for):
        raise InterviewError(f"`{target}` is an interview for {', '.join(asked_for)}; go on without --for")
    if case.interview.rulebase != rulebase.digest:
        told = replace(case, interview=None, certificate=None)
        remark = (
            "the rules have changed since the interview was begun; what was told is kept, and what it lacks is asked"
        )
        return Begun(start(rulebase, told, wanted or asked_for), read_plain_case(target), (remark,))
    interview, refused = resume(rulebase, case)
    if refused or interview.told.observations != case.observations:
        why = "its timeline is not what its answers tell, so somebody changed one of the two by hand"
        fix = f"keep what you changed, and go on in another file with --from {target}"
        raise InterviewError(f"`{target}` cannot be gone on with: {why}; {fix}")
    remark = f"going on with the interview in {target}: {len(interview.answers)} answers so far"
    return Begun(interview, read_plain_case(target), (remark,))


def answered(interview: Interview, file: Path | None, *, everything: bool) -> tuple[Interview, tuple[str, ...]]:
    """Answer an interview from a file of answers.

    Args:
        interview: Where it stands.
        file: A mapping of questions, and lines of the checklist, to answers; or the file of another interview. Without
            it nothing is known.
        everything: Whether what the file does not tell is not known; otherwise the interview stops at the first
            question that it does not answer.

    Returns:
        The interview, and the names of the answers that make no sense after others.

    Raises:
        CaseError: An answer has no question, or does not fit; `issues` holds all of them.
    """
    given = _given(interview, file) if file else {}
    if interview.checklist and (everything or _ticks_any(interview, given)):
        interview = interview.tick(*_ticks(interview, given))
    while question := interview.question:
        asked = interview.questionnaire.id_of(question)
        if asked not in given and not everything:
            break
        answer = given.get(asked, Answer(asked, None, question.side))
        interview = interview.answer(asked, answer.value, answer.side)
    refused = []
    for (
        asked,
        answer,
    ) in given.items():  # what is known besides may be a landmine
        if asked not in interview.lines and asked not in {one.asked for one in interview.answers}:
            try:
                interview = interview.answer(asked, answer.value, answer.side)
            except ValueRefusedError:
                refused.append(asked)
    return interview, tuple(refused)


def _given(interview: Interview, file: Path) -> dict[str, Answer]:
    document, raw = read_answers(file)
    given: dict[str, Answer] = {}
    for path, name, value, side in raw:
        asked = _named(interview, name)
        try:
            given[asked] = interview.read(asked, _read(interview, asked, value), side)
        except UnknownNameError:
            names = [*interview.questionnaire.ids, *(item.id for item in interview.rulebase.asking.checklist)]
            if asked in names:  # a line of the checklist on which nothing hangs
                continue
            what, why = f"there is no question `{asked}`", "no question and no line of the checklist is called that"
            sides = [interview.questionnaire.id_of(one) for one in interview.questionnaire.by_fact.get(asked, ())]
            fix = f"say whose word it is: {', '.join(sides)}" if sides else f"leave it out{did_you_mean(asked, names)}"
            document.issue("Q521", what, why, fix, document.key(path))
        except ValueRefusedError as error:
            document.issue(error.code, error.what, error.why, error.fix, document.place(path))
    if document.issues:
        raise CaseError(document.issues)
    return given


def _named(interview: Interview, name: str) -> str:
    """Return the question that a name means: a fact without a side counts as on record, unless it needs a side."""
    questions = interview.questionnaire.by_fact.get(name, ())
    if len(questions) > 1 and name in interview.rulebase.names_read:
        return interview.questionnaire.id_of(questions[0])
    return name


def _read(interview: Interview, asked: str, value: object) -> object:
    question = interview.questionnaire.ids.get(asked)
    if question is None:
        return _TICKS[value] if isinstance(value, bool) else value
    if isinstance(value, str):
        return read_typed(interview.rulebase.vocabulary[question.fact], value, interview.rulebase.language)
    return value


def _ticks_any(interview: Interview, given: Mapping[str, Answer]) -> bool:
    lines = {item.id for item in interview.checklist}
    facts = {
        interview.questionnaire.id_of(q) for item in interview.checklist for q in interview.questionnaire.of_item(item)
    }
    return not given.keys().isdisjoint(lines | facts)


def _ticks(interview: Interview, given: Mapping[str, Answer]) -> tuple[list[str], list[str]]:
    """Return the lines that answers tick, and those of which they know nothing; a line itself may be answered."""
    ticked: list[str] = []
    unknown: list[str] = []
    for item in interview.checklist:
        names = [interview.questionnaire.id_of(question) for question in interview.questionnaire.of_item(item)]
        absent = dict(item.absent)
        told = {name: given[name].value if name in given else None for name in names}
        happened = any(
            value is not None and not _within(value, absent[name.partition(".")[0]]) for name, value in told.items()
        )
        if item.id in given and not happened:  # what is told of a fact says more than its line
            tick = str(given[item.id].value)
            (ticked if tick == "yes" else unknown if tick == "unknown" else []).append(item.id)
        elif all(value is None for value in told.values()):
            unknown.append(item.id)
        elif not all(_within(value, absent[name.partition(".")[0]]) for name, value in told.items()):
            ticked.append(item.id)
    return ticked, unknown


def _within(value: Value | None, absent: Value) -> bool:
    """Tell whether a value says that it did not happen."""
    if isinstance(value, Span) and isinstance(absent, Span):
        return absent.low <= value.low <= value.high <= absent.high
    return value == absent
