"""An interview in words: the answers so far, and how sure a conclusion is that was drawn early.

Never asks anything; `conversation` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn_rules.interview import Answer, Interview
from churn_rules.language import Language, in_english
from churn_rules.rulebase import Rulebase
from churn_rules.telling.lines import Line, heading, sentence
from churn_rules.vocabulary import spoken
from churn_rules.words import ASKED, DECISION, SCOPE

__all__ = ["answer_in_words", "tell_answers", "tell_sureness"]

_TICKED = in_english(yes="yes", no="no", unknown="not known")


# --- answers in words -------------------------------------------------------------------------------------------------


def tell_answers(interview: Interview) -> Iterator[Line]:
    """Tell all answers so far, numbered in the order in which they were given."""
    language = interview.rulebase.language
    yield from heading(language.say("Your answers"))
    if not interview.answers:
        yield Line(language.say("None yet."))
    for number, answer in enumerate(interview.answers, start=1):
        yield Line(f"{number:>2}  {sentence(answer_in_words(answer, interview))}", hang=4)


def answer_in_words(answer: Answer, interview: Interview) -> str:
    """Say one answer."""
    language, rulebase = interview.rulebase.language, interview.rulebase
    if answer.asked in interview.lines:
        ticked = language.word(str(answer.value), _TICKED)
        return language.say("{line}: {ticked}", line=interview.lines[answer.asked].text, ticked=ticked)
    question = interview.questionnaire.ids[answer.asked]
    fact = rulebase.vocabulary[question.fact]
    side = language.word(answer.side, ASKED)
    return language.say("{what} ({side})", what=spoken(fact, answer.value, language), side=side)


def tell_sureness(interview: Interview) -> Iterator[Line]:
    """Tell how sure a conclusion is that was drawn before all was asked that it hangs on."""
    language = interview.rulebase.language
    yield from heading(language.say("How sure this is"))
    count = interview.most_left
    yield Line(
        language.say("One question was not asked on which something still hangs.")
        if count == 1
        else language.say("{count} questions were not asked on which something still hangs.", count=count),
        hang=2,
    )
    for aim, codes in interview.could_still_be.items():
        yield Line(_sure(aim, [_title(aim, code, interview.rulebase) for code in codes], language), hang=2)


def _title(aim: str, code: str, rulebase: Rulebase) -> str:
    match aim:
        case "root":
            return rulebase.reasons[code].title
        case "accommodations":
            return rulebase.accommodations[code].title
    return rulebase.language.word(code, SCOPE if aim == "scope" else DECISION)


def _sure(aim: str, codes: Sequence[str], language: Language) -> str:
    told = language.joined(", ", codes)
    if aim == "accommodations":
        if not codes:
            return language.say("What to offer: sure.")
        return language.say("What to offer: not sure yet of {offers}.", offers=told)
    what = language.word(aim, _AIMS)
    if len(codes) <= 1:
        return language.say("{aim}: sure.", aim=sentence(what))
    return language.say("{aim}: could still be {options}.", aim=sentence(what), options=told)


_AIMS = in_english(root="the root cause", scope="the scope", decision="the decision")
