"""An interview as a value: answers in, the next question or the conclusion out.

Never prints, reads or keeps anything: whoever holds the value holds the interview, and every step makes a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, cast

from churn_rules.asking import ChecklistItem
from churn_rules.bounds import Outlook, bounds_of
from churn_rules.cases import Case, Certificate, Disagreement, Memory, Observation, Unasked, remember
from churn_rules.choosing import next_question, undecided, unsettled
from churn_rules.conditions import holds
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.engines import DEFAULT
from churn_rules.errors import UnknownNameError, ValueRefusedError
from churn_rules.questionnaire import (
    WANTED,
    Question,
    Questionnaire,
    Situation,
    Wanted,
    questionnaire_of,
    situation_after,
    situation_of,
)
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Side, Span, Value, accept

__all__ = ["TICKS", "Answer", "Interview", "Tick", "concluded", "resume", "start"]

Tick = Literal["yes", "no", "unknown"]
TICKS: tuple[Tick, ...] = ("yes", "no", "unknown")
_FROM_CHECKLIST = "not ticked on the checklist"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a question by its name, or ticked on a line of the checklist by its id.

    Args:
        asked: The question or the line.
        value: The value; None says "I don't know". A line takes `yes` (it, or part of it, happened), `no` or `unknown`.
        side: Who told it; for a line of the checklist it says nothing.
    """

    asked: str
    value: Value | None
    side: Side


def start(rulebase: Rulebase, case: Case | None = None, wanted: Iterable[Wanted] = WANTED) -> Interview:
    """Begin an interview.

    Args:
        rulebase: Its questions are asked.
        case: What is known already; only what it lacks is asked.
        wanted: What the user asks for, of WANTED; nothing is asked that cannot change it.

    Raises:
        UnknownNameError: Something is asked for that no interview can find out.
    """
    case, wanted = case or Case(), tuple(dict.fromkeys(wanted))
    for name in wanted or ("",):
        if name not in WANTED:
            raise UnknownNameError("aim", name, WANTED)
    opening = situation_of(rulebase, case)
    hangs_on = undecided(opening, wanted)
    items = rulebase.asking.checklist
    lines = {item.id: item for item in items if _is_shown(opening.questionnaire.of_item(item), hangs_on, opening.open)}
    return Interview(rulebase=rulebase, case=case, wanted=wanted, lines=lines, open_at_first=opening.open)


def _is_shown(
    questions: Collection[Question], hangs_on: Collection[Question], still_open: Collection[Question]
) -> bool:
    """Tell whether a line of the checklist is shown: something hangs on it, and nothing below it is known already."""
    return any(question in hangs_on for question in questions) and all(question in still_open for question in questions)


def resume(rulebase: Rulebase, case: Case) -> tuple[Interview, tuple[str, ...]]:
    """Go on with the interview that a case was told in.

    Returns:
        The interview, and the names of answers that the rules of today have no question for, or refuse.

    Raises:
        UnknownNameError: Something is asked for that no interview can find out.
    """
    held = case.interview
    assert held is not None, "only such a case is gone on with"
    before = replace(case, observations=case.observations[: held.told_before], interview=None, certificate=None)
    interview = start(rulebase, before, cast("tuple[Wanted, ...]", held.wanted))
    answers: list[Answer] = []
    refused: list[str] = []
    for asked, value, side in held.answers:
        try:
            answers.append(interview.read(asked, value, side))
        except (UnknownNameError, ValueRefusedError):
            refused.append(asked)
    return _standing(replace(interview, answers=tuple(answers))), tuple(refused)


@dataclass(frozen=True, kw_only=True, eq=False)
class Interview:
    """One interview; all that it says follows from the rule base, the case that it starts from and the answers.

    Made by `churn_rules.begin_interview`; `checklist` and `question` say what to ask next, `tick` and `answer` take
    what was answered, and `conclude` and `certify` end it.

    `lines` are those of the checklist on which it hangs what is asked for, and `open_at_first` the questions that the
    case left open, before anything was answered. `before` is the situation before the last answer and the fact that
    it told, to save work.
    """

    rulebase: Rulebase
    case: Case
    wanted: tuple[Wanted, ...]
    lines: Mapping[str, ChecklistItem]
    open_at_first: frozenset[Question]
    before: tuple[Situation, str] | None = None
    answers: tuple[Answer, ...] = ()

    # --- what is asked ------------------------------------------------------------------------------------------------

    @cached_property
    def questionnaire(self) -> Questionnaire:
        """All questions that there are."""
        return questionnaire_of(self.rulebase)

    @cached_property
    def checklist(self) -> tuple[ChecklistItem, ...]:
        """The lines of the checklist that opens the interview; none where it is answered."""
        if any(answer.asked in self.lines for answer in self.answers):
            return ()
        return tuple(self.lines.values())

    @cached_property
    def question(self) -> Question | None:
        """The next question; None where the checklist comes first, or where nothing can change any more."""
        if self.checklist:
            return None
        return next_question(self.situation, self.told, self.wanted, self._undecided, self._last_topic)

    @property
    def is_done(self) -> bool:
        """Whether nothing that is asked for can change any more."""
        return not self.checklist and self.question is None

    @property
    def most_left(self) -> int:
        """How many questions may still come, at most: on no other does it hang what is asked for."""
        return len(self._undecided)

    @cached_property
    def _undecided(self) -> Mapping[Question, float]:
        return undecided(self.situation, self.wanted)

    @cached_property
    def could_still_be(self) -> dict[Wanted, tuple[str, ...]]:
        """What each thing asked for could still come out as; where it is one thing only, that is sure."""
        outlook, rulebase = self.situation.outlook, self.rulebase
        open_names = unsettled(rulebase, outlook, self.wanted)
        found: dict[Wanted, tuple[str, ...]] = {
            "root": tuple(reason for reason in rulebase.reasons if "root" in _choices(outlook, f"{reason}.role")),
            "scope": _choices(outlook, "case.scope"),
            "decision": _choices(outlook, "case.decision"),
            "accommodations": tuple(name for name in rulebase.accommodations if f"accommodation.{name}" in open_names),
        }
        return {aim: found[aim] for aim in self.wanted}

    # --- what was answered --------------------------------------------------------------------------------------------

    def tick(self, happened: Iterable[str], unknown: Iterable[str] = ()) -> Interview:
        """Answer the whole checklist: what happened, what nobody knows; whatever else stands on it did not happen.

        Raises:
            UnknownNameError: The checklist has no such line.
        """
        happened, unknown = set(happened), set(unknown)
        for name in (*happened, *unknown):
            if name not in self.lines:
                raise UnknownNameError("line of the checklist", name, self.lines)
        ticks = {name: "yes" if name in happened else "unknown" if name in unknown else "no" for name in self.lines}
        told = tuple(Answer(name, tick, "record") for name, tick in ticks.items())
        kept = self._without_checklist()
        answers = (*told, *kept) if len(kept) < len(self.answers) else (*kept, *told)  # anew: in its old place
        return _standing(replace(self, answers=answers, before=None))

    def answer(self, asked: str, value: object, side: Side | None = None) -> Interview:
        """Answer a question, or answer it anew; answers that no longer make sense fall away, the others stand.

        Args:
            asked: The name of a question, or a line of the checklist.
            value: As in a case file; None or `unknown` for "I don't know". A line takes `yes`, `no` or `unknown`.
            side: Who told it, if it is not the one who was asked.

        Raises:
            UnknownNameError: There is no such question or line.
            ValueRefusedError: The value does not fit.
        """
        given = self.read(asked, value, side)
        question = self.questionnaire.ids.get(asked)
        if any(answer.asked == asked for answer in self.answers):
            answers = tuple(given if answer.asked == asked else answer for answer in self.answers)
            changed = _standing(replace(self, answers=answers, before=None))
        else:
            before = (self.situation, question.fact) if question else None
            changed = _standing(replace(self, answers=(*self.answers, given), before=before))
        if given not in changed.answers:
            why = "a line of the checklist, or another answer, says that there is nothing to ask here"
            raise ValueRefusedError("Q520", f"`{asked}` makes no sense", why, "change that answer first")
        return changed

    def back(self) -> Interview:
        """Return the interview before the last answer, or before the checklist."""
        if self.answers and self.answers[-1].asked in self.lines:
            return replace(self, answers=self._without_checklist(), before=None)
        return replace(self, answers=self.answers[:-1], before=None)

    def _without_checklist(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.asked not in self.lines)

    def read(self, asked: str, value: object, side: Side | None = None) -> Answer:
        """Return an answer as it would be taken down; see `answer`."""
        if asked in self.lines:
            tick = "unknown" if value is None else value
            if tick not in TICKS:
                why, fix = "a line of the checklist is ticked or not", f"answer {', '.join(TICKS)}"
                raise ValueRefusedError("Q501", f"`{value}` is no tick for `{asked}`", why, fix)
            return Answer(asked, str(tick), "record")
        question = self.questionnaire.ids.get(asked)
        if question is None:
            raise UnknownNameError("question", asked, [*self.questionnaire.ids, *self.lines])
        if side is not None and side not in SIDES:
            raise UnknownNameError("side", side, SIDES)
        if side not in (None, question.side) and asked != question.fact:
            why, fix = "each side is asked by itself", f"answer `{question.fact}.{side}`"
            raise ValueRefusedError("Q502", f"`{asked}` is asked of another side", why, fix)
        return Answer(asked, accept(self.rulebase.vocabulary[question.fact], value), side or question.side)

    # --- what follows -------------------------------------------------------------------------------------------------

    @cached_property
    def told(self) -> Case:
        """The case as far as it is told; what was answered with "I don't know" stands in it as unknown."""
        return replace(self.case, observations=(*self.case.observations, *self._observations()))

    @cached_property
    def situation(self) -> Situation:
        """What is known, which questions are open, and what could still come out."""
        return situation_after(*self.before, self.told) if self.before else situation_of(self.rulebase, self.told)

    @cached_property
    def memory(self) -> Memory:
        """What is known so far."""
        return remember(self.told, self.rulebase.vocabulary)

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """The facts that the sides tell differently so far."""
        return self.memory.disagreements

    def conclude(self, engine: str = DEFAULT) -> Diagnosis:
        """Diagnose the case as far as it is told; where the interview is done, nothing that matters is missing."""
        return diagnose_case(self.rulebase, self.told, engine, missing=not self.is_done)

    def certify(self, engine: str = DEFAULT) -> Certificate:
        """Say why no more is asked; `churn_rules.verify` proves it anew.

        Raises:
            ValueError: What is asked for may still change.
        """
        if not self.is_done:
            raise ValueError("the interview is not done, so there is nothing to certify")
        outlook = self.situation.outlook
        return Certificate(
            rulebase=self.rulebase.digest,
            wanted=self.wanted,
            concluded=concluded(self.conclude(engine), self.wanted),
            reach={reason: cast("Span", outlook.of(f"{reason}.certainty")) for reason in self.rulebase.reasons},
            unasked=tuple(self._unasked()),
        )

    def waiting_for(self, question: Question) -> tuple[str, ...]:
        """Return the rules that read the answer to a question and may still fire or not."""
        names = {question.fact, f"{question.fact}.{question.side}", f"{question.fact}.disputed"}
        return tuple(bounds_of(self.rulebase).open_rules(names, self.situation.outlook))

    def _unasked(self) -> Iterator[Unasked]:
        heard = {(item.fact, item.side) for item in self.told.observations}
        for name, question in self.questionnaire.ids.items():
            if question in self.situation.open:
                yield Unasked(name, "settled", self.waiting_for(question))
            elif question not in heard and (name != question.fact or name not in self.memory.values):
                yield Unasked(name, "senseless")

    def _observations(self) -> Iterator[Observation]:
        for answer in self.answers:
            if answer.asked in self.lines:
                yield from self._ticked(self.lines[answer.asked], str(answer.value))
            else:
                question = self.questionnaire.ids[answer.asked]
                yield Observation(
                    question.fact, answer.value, answer.side if answer.value is not None else question.side
                )

    def _ticked(self, item: ChecklistItem, tick: str) -> Iterator[Observation]:
        absent = dict(item.absent)
        for question in self.questionnaire.of_item(item) if tick != "yes" else ():
            if question in self.open_at_first:
                value = absent[question.fact] if tick == "no" else None
                yield Observation(question.fact, value, question.side, note=_FROM_CHECKLIST if tick == "no" else "")

    @property
    def _last_topic(self) -> str:
        question = self.questionnaire.ids.get(self.answers[-1].asked) if self.answers else None
        return self.rulebase.vocabulary[question.fact].topic if question else ""


def _choices(outlook: Outlook, name: str) -> tuple[str, ...]:
    return tuple(sorted(str(value) for value in cast("frozenset[str]", outlook.of(name))))


def concluded(diagnosis: Diagnosis, wanted: Iterable[Wanted]) -> dict[str, tuple[str, ...]]:
    """Return what a diagnosis concludes of each thing asked for: roots, scope with who answers, verdict, offers."""
    held = [f"{item.accommodation} withheld" for item in diagnosis.withheld]
    offers = [*(f"{item.accommodation} offered" for item in diagnosis.accommodations), *held]
    found = {
        "root": diagnosis.roots,
        "scope": (diagnosis.scope, *sorted(diagnosis.responsible)),
        "decision": (diagnosis.decision.verdict,),
        "accommodations": tuple(sorted(offers)),
    }
    return {part: found[part] for part in wanted}


def _standing(interview: Interview) -> Interview:
    """Return an interview without the answers that no longer make sense."""
    settled = {
        question
        for answer in interview.answers
        if answer.asked in interview.lines and answer.value != "yes"
        for question in interview.questionnaire.of_item(interview.lines[answer.asked])
    }
    ids = interview.questionnaire.ids
    kept = interview
    if settled and any(ids.get(one.asked) in settled for one in kept.answers):
        kept = replace(
            kept, answers=tuple(one for one in kept.answers if ids.get(one.asked) not in settled), before=None
        )
    while senseless := [answer for answer in kept.answers if not _makes_sense(kept, answer)]:
        # one at a time, what others wait for first: without it another word may stand, and they make sense again
        first = min(senseless, key=lambda answer: interview.questionnaire.order.index(ids[answer.asked].fact))
        kept = replace(kept, answers=tuple(one for one in kept.answers if one is not first), before=None)
    return kept


def _makes_sense(interview: Interview, answer: Answer) -> bool:
    question = interview.questionnaire.ids.get(answer.asked)
    condition = interview.questionnaire.waits_for.get(question) if question else None
    return condition is None or holds(condition, interview.memory.values) is True
