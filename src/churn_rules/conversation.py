"""An interview at a terminal: one question at a time, in plain lines that nothing ever redraws.

Never prints and never reads a key: it tells lines to, and asks texts of, whatever it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from churn_rules.cases import Disagreement
from churn_rules.errors import ChurnRulesError, OutputError, ValueRefusedError
from churn_rules.interview import Answer, Interview
from churn_rules.language import Language
from churn_rules.questionnaire import Question
from churn_rules.telling import Line
from churn_rules.telling.aloud import adds_in_words, premise_of
from churn_rules.telling.interviews import answer_in_words, tell_answers
from churn_rules.telling.lines import heading, sentence
from churn_rules.typed import read_date, read_typed
from churn_rules.vocabulary import SIDES, Fact, Side, spoken
from churn_rules.words import ASKED

__all__ = ["Ending", "Talk", "converse", "introduce", "read_numbers"]

Ending = Literal["done", "enough", "left", "unsaved"]
"""How a conversation ended: nothing can change any more, the time is up, or the user left and may come back.

`unsaved` is leaving after an answer that could not be saved; all before it is.
"""

_MOST_RULES = 5
_SIDE_WORDS: dict[str, Side] = {
    "record": "record", "us": "us", "customer": "customer", "we": "us", "them": "customer",
    "administratie": "record", "wij": "us", "klant": "customer",
    "记录": "record", "我方": "us", "我们": "us", "客户": "customer",
}  # fmt: skip


class Talk(Protocol):
    """Somebody to talk with."""

    def tell(self, lines: Iterable[Line]) -> None:
        """Tell lines."""

    def ask(self, prompt: str) -> str:
        """Ask for a text.

        Raises:
            EOFError: There is no more to come.
        """


class _LeftError(Exception):
    """The user leaves."""


@dataclass(slots=True)
class _State:
    """Where a conversation stands; the interview itself never changes, a new one takes its place."""

    interview: Interview
    topic: str = ""
    asked: int = 0
    unsaved: bool = False


def converse(
    interview: Interview, talk: Talk, keep: Callable[[Interview], None], most: int | None = None
) -> tuple[Interview, Ending]:
    """Hold an interview until nothing can change any more, the user leaves, or so many questions were asked.

    Args:
        interview: Where to begin or to go on.
        talk: With whom.
        keep: Called after every answer, before it is acknowledged; may raise OutputError, and then the answer is
            asked for again.
        most: How many questions to ask after the checklist, at most.
    """
    return _Conversation(interview, talk, keep, most).hold()


def introduce(talk: Talk, language: Language) -> tuple[str, str]:
    """Ask what the case is called and when the customer left.

    Returns:
        The title, and the date as it was typed; each empty where nothing was told.
    """
    talk.tell(heading(language.say("The customer")))
    title = "?"
    while title == "?":
        title = " ".join(talk.ask(_prompt(language.say("Who left? A name for the case"), language)).split())
        if title == "?":
            talk.tell([Line(language.say("What the case is called in every answer, such as the customer's name."))])
    while True:
        prompt = _prompt(language.say("When did they leave? A year, month or day; Enter: not yet"), language)
        lost = talk.ask(prompt).strip()
        try:
            if lost:
                read_date(lost, language)
        except ValueRefusedError as error:
            roughly = language.say("Type it like 2009, 2009-03 or 2009-03-31; a year that is roughly right will do.")
            talk.tell([Line(f"{sentence(error.what)}. {roughly}", 2, 2, "bad")])
        else:
            return title, lost


def _prompt(prompt: str, language: Language) -> str:
    return f"{language.say('{prompt}:', prompt=prompt)} "


class _Conversation:
    def __init__(self, interview: Interview, talk: Talk, keep: Callable[[Interview], None], most: int | None) -> None:
        self.state, self.talk, self._keep, self.most = _State(interview), talk, keep, most
        self.rulebase = interview.rulebase
        self.language: Language = interview.rulebase.language

    @property
    def interview(self) -> Interview:
        return self.state.interview

    def line(self, text: str, *, hang: int = 0, indent: int = 2, style: str = "") -> None:
        self.talk.tell([Line(text, indent, hang, style)])

    def hold(self) -> tuple[Interview, Ending]:
        """Go through checklist, questions and the answers once more."""
        ended: Ending | None = None
        try:
            self._introduce()
            while ended is None:
                ended = self._step()
        except _LeftError:
            ended = "unsaved" if self.state.unsaved else "left"
        return self.interview, ended

    def _introduce(self) -> None:
        language = self.language
        self.talk.tell(heading(language.say("The interview")))
        self.line(language.say("Answer as you would to a colleague. Every answer is saved at once. At any time:"))
        for key, words in (
            ("?", language.say("why this is asked, and how to answer")),
            ("u", language.say("I don't know")),
            ("b", language.say("back to the question before")),
            ("l", language.say("the answers so far, to look at or to change")),
            ("s", language.say("save and leave; the same command goes on from here")),
            ("q", language.say("quit; what was answered stays saved")),
        ):
            self.line(f"{key}  {words}", indent=4, hang=3)

    def _step(self) -> Ending | None:
        """Ask one thing; return how the conversation ended, or None where it goes on."""
        if self.interview.checklist:
            self._checklist()
            return None
        question = self.interview.question
        time_is_up = self.most is not None and self.state.asked >= self.most
        if question and time_is_up:
            self.line("", indent=0)
            self.line(self.language.say("The time is up; {count} questions were asked.", count=self.state.asked))
        if question is None or time_is_up:
            return ("done" if question is None else "enough") if self._confirmed() else None
        self._question(question)
        return None

    # --- the checklist ------------------------------------------------------------------------------------------------

    def _checklist(self) -> None:
        language, items = self.language, self.interview.checklist
        self.talk.tell(heading(language.say("Which of these happened before the customer left?")))
        for number, item in enumerate(items, start=1):
            self.line(f"{number:>2}  {item.text}", hang=4)
        explained = language.say(
            "Type the numbers of all that happened, even in part; after a u, those of which you know nothing. What you "
            "leave out did not happen. For example: 1 4 u 7. Type 0 if none of it happened."
        )
        self.line(explained, style="dim")
        while True:
            text = self._heard(language.say("Numbers"))
            if text in ("u", "b", "l", "?"):
                self._command_at_checklist(text, explained)
                if not self.interview.checklist:
                    return
                continue
            try:
                happened, unknown = read_numbers(text, len(items), language)
            except ValueRefusedError as error:
                self._refuse(error)
                continue
            ids = [item.id for item in items]
            happened, unknown = sorted(set(happened)), sorted(set(unknown))
            changed = self.interview.tick([ids[n - 1] for n in happened], [ids[n - 1] for n in unknown])
            if self._take(changed):
                told = language.say(
                    "{count} to go into, {unknown} not known, the others did not happen",
                    count=len(happened),
                    unknown=len(unknown),
                )
                self.line(language.say("Noted: {what}.", what=told), style="good")
                return

    def _command_at_checklist(self, command: str, explained: str) -> None:
        if command == "u":
            changed = self.interview.tick((), [item.id for item in self.interview.checklist])
            if self._take(changed):
                self.line(self.language.say("Noted: you know nothing of any of these."), style="good")
        elif command == "?":
            self.line(explained)
            self.line(
                self.language.say(
                    "Each line stands for several questions. A line that is left out settles all of them."
                )
            )
        elif command == "b":
            self.line(self.language.say("This is the beginning."))
        else:
            self._look_through(self.language.say("Enter to go on"))

    # --- a question ---------------------------------------------------------------------------------------------------

    def _question(self, question: Question, *, again: bool = False) -> None:
        """Ask a question until it is answered, or something else is wanted."""
        fact, name = self.rulebase.vocabulary[question.fact], self.interview.questionnaire.id_of(question)
        self.talk.tell(self._asked(question, fact, again=again))
        while True:
            text = self._heard(self._prompt_for(fact))
            if again and text in ("", "b"):
                return
            if text == "b":
                self._back()
                return
            if text == "l":
                self._look_through(self.language.say("Enter to go on"))
                return
            if text == "?":
                self.talk.tell(self._why(question))
                continue
            side, rest = _side_of(text)
            try:
                value = read_typed(fact, rest, self.language)
                if side and name != fact.id:  # each side is asked by itself
                    name, side = f"{fact.id}.{side}", None
                changed = self.interview.answer(name, value, side)
            except ChurnRulesError as error:
                self._refuse(error)
                continue
            if self._take(changed, name):
                self.state.topic = fact.topic
                self.state.asked += 0 if again else 1
                return

    def _asked(self, question: Question, fact: Fact, *, again: bool) -> Iterator[Line]:
        language, left = self.language, self.interview.most_left
        if fact.topic != self.state.topic:
            yield from heading(sentence(fact.topic))
        else:
            yield Line("", 0)
        of = language.word(question.side, ASKED)
        if again:
            yield Line(language.say("Asked of {side}; Enter alone leaves the answer as it is", side=of), style="dim")
        elif left == 1:
            yield Line(language.say("Asked of {side}; the last question", side=of), style="dim")
        else:
            at_most = language.say("Asked of {side}; at most {count} more questions", side=of, count=left)
            yield Line(at_most, style="dim")
        yield Line(fact.question, hang=2, style="heading")
        if fact.type == "choice":
            for number, choice in enumerate(fact.choices, start=1):
                yield Line(f"{number:>2}  {sentence(fact.says.get(choice, choice))}", 4, 4)
        elif fact.type == "number":
            bounds = language.say("from {low} to {high}", low=f"{fact.low:,.12g}", high=f"{fact.high:,.12g}")
            unit = fact.unit if fact.unit != fact.currency else language.say("an amount of money")
            yield Line(language.say("A number in {unit}, {bounds}.", unit=unit, bounds=bounds), style="dim")

    def _prompt_for(self, fact: Fact) -> str:
        match fact.type:
            case "boolean":
                return self.language.say("yes or no")
            case "choice":
                return self.language.say("1 to {count}", count=len(fact.choices))
            case "date":
                return self.language.say("a year, a month or a day")
        return self.language.say("a number")

    def _why(self, question: Question) -> Iterator[Line]:
        """Yield the rules that wait for an answer, in words, and how to answer."""
        waiting = self.interview.waiting_for(question)
        language = self.language
        count = len(waiting)
        yield Line(
            language.say("It is asked because one rule waits for it.")
            if count == 1
            else language.say("It is asked because {count} rules wait for it.", count=count)
        )
        for rule_id in waiting[:_MOST_RULES]:
            rule = self.rulebase.rules[rule_id]
            told = language.say(
                "If {premise}, then {adds}. [{rule}]",
                premise=premise_of(rule, self.rulebase),
                adds=adds_in_words(rule, self.rulebase),
                rule=rule_id,
            )
            yield Line(told, 4, 2, style="dim")
        if len(waiting) > _MOST_RULES:
            yield Line(language.say("and {count} more.", count=len(waiting) - _MOST_RULES), 4, style="dim")
        if self.interview.questionnaire.id_of(question) == question.fact:
            yield Line(
                language.say("Somebody else told you? Say who: us: 30, customer: 30 or record: 30. Not known: u."),
                hang=2,
            )

    # --- the answers --------------------------------------------------------------------------------------------------

    def _confirmed(self) -> bool:
        """Show all answers before the conclusion; tell whether the user is content with them."""
        if not self.interview.answers:
            return True
        self.line("", indent=0)
        if self.interview.is_done:
            self.line(self.language.say("No answer to any other question can change the conclusion."), style="good")
        return self._look_through(self.language.say("Enter to conclude"), at_end=True)

    def _look_through(self, go_on: str, *, at_end: bool = False) -> bool:
        """Show the answers, and change one where that is wanted; tell whether to go on with nothing changed."""
        answers = self.interview.answers
        self.talk.tell(tell_answers(self.interview))
        while answers:
            text = self._heard(self.language.say("{go_on}, or a number to change that answer", go_on=go_on))
            if not text:
                return True
            if text == "b" and at_end:
                self._back()
                return False
            if (chosen := _span(text)) and len(chosen) == 1 and 1 <= chosen[0] <= len(answers):
                self._change(answers[chosen[0] - 1])
                return False
            self.line(self.language.say("Type a number from 1 to {count}, or Enter alone.", count=len(answers)))
        return True

    def _change(self, answer: Answer) -> None:
        question = self.interview.questionnaire.ids.get(answer.asked)
        if question:
            self._question(question, again=True)
            return
        item = self.interview.lines[answer.asked]
        self.line(item.text, hang=2, style="heading")
        while True:
            text = self._heard(self.language.say("yes, no, or u for not known")).lower()
            if not text:
                return
            tick = next((tick for tick, words in _TICK_WORDS.items() if text in words), None)
            if tick is None:
                self.line(self.language.say("Answer yes, no or u."))
            elif self._take(self.interview.answer(item.id, tick), item.id):
                return

    def _back(self) -> None:
        if not self.interview.answers:
            self.line(self.language.say("This is the beginning."))
            return
        before = self.interview.back()
        if self._kept(before):
            self.state.interview, self.state.asked = before, max(0, self.state.asked - 1)

    # --- what every prompt has in common ------------------------------------------------------------------------------

    def _heard(self, prompt: str) -> str:
        """Ask for a text; leave where that is wanted."""
        text = self.talk.ask(_prompt(prompt, self.language)).strip()
        if text.lower() in ("s", "q"):
            raise _LeftError
        return text.lower() if len(text) == 1 else text

    def _take(self, changed: Interview, asked: str = "") -> bool:
        """Keep an interview with a new answer, acknowledge it, and tell at once where the sides now disagree."""
        before = self.interview
        if not self._kept(changed):
            return False
        self.state.interview = changed
        for answer in changed.answers:
            if answer.asked == asked:
                told = answer_in_words(answer, changed)
                self.line(self.language.say("Noted: {what}.", what=told), hang=2, style="good")
        dropped = {answer.asked for answer in before.answers} - {answer.asked for answer in changed.answers}
        if dropped:
            names = self.language.joined(", ", sorted(dropped))
            self.line(self.language.say("These answers no longer make sense and were taken out: {names}.", names=names))
        for found in changed.disagreements:
            if found not in before.disagreements:
                self.talk.tell(self._disagreement(found))
        return True

    def _kept(self, changed: Interview) -> bool:
        try:
            self._keep(changed)
        except OutputError as error:
            self.state.unsaved = True
            self.line(str(error), hang=2, style="bad")
            self.line(self.language.say("Your last answer is not saved. Mend that, and answer again."), style="bad")
            return False
        self.state.unsaved = False
        return True

    def _disagreement(self, found: Disagreement) -> Iterator[Line]:
        fact = self.rulebase.vocabulary[found.fact]
        told = self.language.joined(
            "; ",
            (
                self.language.say(
                    "{side}: {what}", side=self.language.word(side, ASKED), what=spoken(fact, value, self.language)
                )
                for side, value in found.values
            ),
        )
        kindly = self.language.say(
            "The two sides tell this differently: {told}. Nobody need be wrong, and both are kept; it is good to know "
            "before you call.",
            told=told,
        )
        yield Line(kindly, hang=2, style="bad")

    def _refuse(self, error: ChurnRulesError) -> None:
        if isinstance(error, ValueRefusedError):
            self.line(
                self.language.say("{what}: {why}. {fix}.", what=error.what, why=error.why, fix=sentence(error.fix)),
                hang=2,
                style="bad",
            )
        else:
            self.line(sentence(str(error)), hang=2, style="bad")


_TICK_WORDS = {
    "yes": ("yes", "y", "ja", "j", "是"),
    "no": ("no", "n", "nee", "否"),
    "unknown": ("u", "unknown", "?"),
}


def _side_of(text: str) -> tuple[Side | None, str]:
    """Split off who told it, as in `us: 30`."""
    for mark in (":", "\uff1a"):
        head, found, rest = text.partition(mark)
        if found and (side := _SIDE_WORDS.get(head.strip().lower())) in SIDES:
            return side, rest.strip()
    return None, text


def _span(word: str) -> range | None:
    """Read a number, or a span of them such as `1-3`."""
    ends = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", word, re.ASCII)
    return range(int(ends[1]), int(ends[2] or ends[1]) + 1) if ends else None


def read_numbers(text: str, most: int, language: Language) -> tuple[list[int], list[int]]:
    """Read the numbers of what happened, and after a `u` those that are not known.

    Raises:
        ValueRefusedError: It holds something else, or a number twice, or one that stands on no line.
    """
    plain = re.sub(r"[,;.\uff0c\u3001]|\b(and|en)\b|\u548c", " ", text.lower())
    words = re.sub(r"(?<=\d)\s*-\s*(?=\d)", "-", plain).replace("u", " u ").split()
    numbers: tuple[list[int], list[int]] = ([], [])
    part = 0
    for word in words:
        if word == "u":
            part = 1
        elif (span := _span(word)) and 1 <= span[0] <= span[-1] <= most:
            numbers[part].extend(span)
        elif word == "0" and words == ["0"]:
            return numbers
        else:
            raise ValueRefusedError(
                "Q518",
                language.say("`{word}` is the number of no line", word=word[:40]),
                language.say("the lines are numbered from 1 to {most}", most=most),
                language.say("type numbers with spaces between them, as in 1 4 u 7"),
            )
    if not words:
        raise ValueRefusedError(
            "Q518",
            language.say("nothing was typed"),
            language.say("an empty line could mean anything"),
            language.say("type numbers with spaces between them, as in 1 4 u 7, or 0 if none of it happened"),
        )
    if twice := set(numbers[0]) & set(numbers[1]):
        raise ValueRefusedError(
            "Q519",
            language.say("line {number} is both ticked and not known", number=min(twice)),
            language.say("it is one of the two"),
            language.say("type it once"),
        )
    return numbers
