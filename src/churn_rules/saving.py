"""Keeps an interview in its case file after every answer, whole or as it was, and never two interviews in one file.

Never decides what is asked. What stands in a case file besides the timeline is written back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from churn_rules.cases import Certificate, Observation
from churn_rules.errors import OutputError
from churn_rules.interview import Answer, Interview
from churn_rules.reading import as_yaml
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Plain, Term, Value, plain
from churn_rules.writing import write_whole

__all__ = ["Kept", "as_case_file"]

_DATE = Term(id="date", title="the date", type="date")


class Kept:
    """A case file that an interview is kept in, locked against a second interview as long as it is open."""

    def __init__(self, path: Path) -> None:
        """Take a file, there or not, for an interview."""
        self.path = path
        self.plain_case: Mapping[str, object] = {}
        """What is to stand in the file besides the interview, as plain values."""
        self._lock: FileLock | None = None
        self._written: bytes | None = None

    def __enter__(self) -> Self:
        """Lock the file, before anything is read of it.

        Raises:
            OutputError: Another interview holds it, or its folder cannot be written to.
        """
        try:
            place = self.path.resolve()  # two links to one file are one file
            self._lock = FileLock(place.with_name(f".{place.name}.lock"), timeout=0)
            self._lock.acquire()
            self._written = _bytes_of(self.path)
        except Timeout:
            held = f"another interview is being held in `{self.path}`"
            raise OutputError(f"{held}; end that one first, or give this one a file of its own") from None
        except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError up to Python 3.12
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(f"cannot write `{self.path}`: {reason}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()

    def save(self, interview: Interview) -> None:
        """Write the case as far as it is told, with the answers, and with the certificate where the interview is done.

        Raises:
            OutputError: The disk is full, or somebody changed the file in the meantime; what stood there still stands.
        """
        data = as_case_file(interview, self.plain_case).encode()
        there = _bytes_of(self.path)
        if there is not None and there != self._written:
            raise OutputError(f"`{self.path}` was changed while the interview ran, so it is not written over")
        write_whole(self.path, data)
        self._written = data


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def as_case_file(interview: Interview, plain_case: Mapping[str, object]) -> str:
    """Return the text of a case file that holds an interview.

    Args:
        interview: What was told.
        plain_case: What else stands in the file; its timeline begins with what the interview started from.
    """
    before = len(interview.case.observations)
    timeline = plain_case.get("timeline")
    told = list(timeline)[:before] if isinstance(timeline, list) else []
    rulebase = interview.rulebase
    held: dict[str, object] = {
        "rulebase": rulebase.digest,
        "wanted": list(interview.wanted),
        "told_before": before,
        "answers": [_answer(answer, interview) for answer in interview.answers],
    }
    told += [_observation(item, rulebase) for item in interview.told.observations[before:]]
    parts = {**plain_case, "timeline": told, "interview": held}
    parts.pop("certificate", None)
    if interview.is_done:
        parts["certificate"] = _certificate(interview.certify("reference"))
    return as_yaml(parts)


def _answer(answer: Answer, interview: Interview) -> dict[str, object]:
    question = interview.questionnaire.ids.get(answer.asked)
    value: object = answer.value
    if question:
        value = _plain(interview.rulebase.vocabulary[question.fact], answer.value)
    return {"asked": answer.asked, "answer": value, "side": answer.side}


def _observation(item: Observation, rulebase: Rulebase) -> dict[str, object]:
    said: dict[str, object] = {"date": plain(_DATE, item.date)} if item.date else {}
    said |= {"fact": item.fact, "value": _plain(rulebase.vocabulary[item.fact], item.value), "side": item.side}
    return said | ({"note": item.note} if item.note else {})


def _plain(fact: Term, value: Value | None) -> Plain:
    said = plain(fact, value)
    return "unknown" if said is None else said


def _certificate(certificate: Certificate) -> dict[str, object]:
    return {
        "rulebase": certificate.rulebase,
        "wanted": list(certificate.wanted),
        "concluded": {aim: list(told) for aim, told in certificate.concluded.items()},
        "reach": {reason: list(span) for reason, span in certificate.reach.items()},
        "unasked": [
            {"question": item.question, "because": item.because} | ({"rules": list(item.rules)} if item.rules else {})
            for item in certificate.unasked
        ],
    }
