"""From a file of answers to what was answered to which question; whether there is such a question, others check.

Never knows a question.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from churn_rules.errors import CaseError
from churn_rules.reading.documents import Document, Key, read_document
from churn_rules.reading.shapes import AnswersShape, shape_of
from churn_rules.vocabulary import Side

__all__ = ["GivenAnswer", "read_answers"]


class GivenAnswer(NamedTuple):
    """An answer as it stands in a file: where, to what, with which value, and told by whom."""

    path: tuple[Key, ...]
    asked: str
    value: object
    side: Side | None = None


def read_answers(file: Path) -> tuple[Document, tuple[GivenAnswer, ...]]:
    """Read a mapping of questions to answers, or the answers in the case file of an interview.

    Raises:
        CaseError: The file is neither.
    """
    document = read_document(file, str(file))
    data = document.data
    if not document.issues and not isinstance(data, dict):
        why, fix = "it maps questions to answers", "write `price_increase: 30` in a line of its own"
        document.issue("S203", "the file is not a mapping", why, fix)
    if document.issues:
        raise CaseError(document.issues)
    assert isinstance(data, dict), "it is a mapping"
    if "case" not in data:
        return document, tuple(GivenAnswer((asked,), str(asked), value) for asked, value in data.items())
    shape = shape_of(AnswersShape, data.get("interview", {}), document, ("interview",))
    if shape is None:
        raise CaseError(document.issues)
    return document, tuple(
        GivenAnswer(("interview", "answers", place, "answer"), item.asked, item.answer, item.side)
        for place, item in enumerate(shape.answers)
    )
