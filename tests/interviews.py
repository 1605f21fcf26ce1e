"""The proof that an interview asks enough: whatever is not asked, the conclusion is that of all questions.

Every shipped case and random people are interviewed, once with the adaptive interview and once with every question that
makes sense. What is asked for must come out the same, and every certificate must be proved anew.

    python -m tests.interviews --sessions 5000 --seed 1        the whole proof, on two cores, with its table
    python -m tests.interviews --seed 1 --session 17           one session again, question by question
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from random import Random

from churn_rules.asking import ChecklistItem
from churn_rules.cases import Case, remember
from churn_rules.certificate import verify
from churn_rules.choosing import undecided
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.interview import Interview, concluded, start
from churn_rules.loading import load, shipped
from churn_rules.questionnaire import WANTED, Question, Wanted, questionnaire_of, situation_of
from churn_rules.reading import read_case
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import Fact, Side, Span, Value, exact

__all__ = ["AIMS", "Person", "Session", "interviewed", "random_person", "run", "told_by"]

AIMS: Mapping[str, tuple[Wanted, ...]] = {"all conclusions": WANTED, "the root alone": ("root",)}
DO_NOT_KNOW = 0.3
TICKED = 0.4  # how many lines of the checklist random people tick


@dataclass(frozen=True)
class Person:
    """Somebody who is interviewed: what they would answer to each question, and who told them; None: not known."""

    knows: Mapping[str, tuple[Value | None, Side | None]]
    base: Case = field(default_factory=Case)

    def value(self, asked: str) -> Value | None:
        """Return what they know; a question that makes no sense to them they do not know."""
        return self.knows[asked][0]


@dataclass(frozen=True)
class Session:
    """What came of one interview: lines of the checklist, questions, seconds for each next question, and faults."""

    lines: int
    questions: int
    seconds: tuple[float, ...] = ()
    faults: tuple[str, ...] = ()


# --- people -----------------------------------------------------------------------------------------------------------


def told_by(case: Case, rulebase: Rulebase) -> Person:
    """Return the person who knows just what a case tells, and nothing else."""
    memory = remember(case, rulebase.vocabulary)
    knows: dict[str, tuple[Value | None, Side | None]] = {}
    for name, question in questionnaire_of(rulebase).ids.items():
        value, side = memory.values.get(f"{question.fact}.{question.side}"), None
        if value is None and name in memory.values:  # another side told it
            value, side = memory.values[name], memory.told[name].side if name in memory.told else None
        knows[name] = value, side
    return Person(knows, replace(case, observations=()))


def random_person(rng: Random, rulebase: Rulebase) -> Person:
    """Return a person of whom some things happened to the account and others did not, and who forgot three in ten."""
    questionnaire = questionnaire_of(rulebase)
    knows: dict[str, tuple[Value | None, Side | None]] = {}
    absent = {
        questionnaire.id_of(question): dict(item.absent)[question.fact]
        for item in rulebase.asking.checklist
        if rng.random() > TICKED
        for question in questionnaire.of_item(item)
    }
    for name, question in questionnaire.ids.items():
        fact = rulebase.vocabulary[question.fact]
        if rng.random() < DO_NOT_KNOW:
            knows[name] = None, None
        elif name in absent:
            knows[name] = _within(rng, absent[name]), None
        else:
            knows[name] = _random_value(rng, fact, rulebase), None
    return Person(knows)


def _within(rng: Random, value: Value) -> Value:
    return exact(rng.choice(value)) if isinstance(value, Span) else value


def _random_value(rng: Random, fact: Fact, rulebase: Rulebase) -> Value:
    if fact.type == "boolean":
        return rng.random() < 0.5
    if fact.type == "choice":
        return rng.choice(fact.choices)
    limits = _limits(rulebase, fact.id)
    low, high = max(fact.low, limits[0] - 10), min(fact.high, limits[-1] + 10)
    numbers = sorted(rng.choice((*limits, rng.uniform(low, high))) for _ in range(2))
    return exact(numbers[0]) if rng.random() < 0.8 else Span(*numbers)


@cache
def _limits(rulebase: Rulebase, fact: str) -> tuple[float, ...]:
    from churn_rules.conditions import tests  # noqa: PLC0415  # so named, pytest would collect it

    read = (test for rule in rulebase.rules.values() for test in tests(rule.premise) if test.name == fact)
    return tuple(sorted({test.limit for test in read if isinstance(test.limit, float)})) or (1.0,)


# --- interviews -------------------------------------------------------------------------------------------------------


def interviewed(person: Person, rulebase: Rulebase, wanted: Sequence[Wanted]) -> tuple[Interview, Session]:
    """Interview a person, and return the interview with what it took."""
    interview = start(rulebase, person.base, wanted)
    lines, seconds = len(interview.checklist), []
    if interview.checklist:
        interview = interview.tick(*_ticks(person, interview))
    questions, left = 0, interview.most_left
    faults: list[str] = []
    while True:
        began = time.perf_counter()
        question = interview.question
        seconds.append(time.perf_counter() - began)
        if question is None:
            return interview, Session(lines, questions, tuple(seconds), tuple(faults))
        asked = interview.questionnaire.id_of(question)
        interview = interview.answer(asked, *person.knows[asked])
        questions += 1
        if interview.most_left >= left:
            faults.append(f"after {asked} {interview.most_left} questions may be left, and before it {left}")
        left = interview.most_left


def _ticks(person: Person, interview: Interview) -> tuple[list[str], list[str]]:
    """Return the lines that a person ticks, and those of which they know nothing."""
    ticked, unknown = [], []
    for item in interview.checklist:
        values = [(person.value(interview.questionnaire.id_of(q)), q) for q in interview.questionnaire.of_item(item)]
        if all(value is None for value, _ in values):
            unknown.append(item.id)
        elif not all(_is_absent(value, item, question) for value, question in values):
            ticked.append(item.id)
    return ticked, unknown


def _is_absent(value: Value | None, item: ChecklistItem, question: Question) -> bool:
    absent = dict(item.absent)[question.fact]
    if isinstance(absent, Span) and isinstance(value, Span):
        return absent.low <= value.low <= value.high <= absent.high
    return value == absent


def all_asked(person: Person, rulebase: Rulebase) -> Case:
    """Return the case of a person who is asked every question that makes sense, in the order of the vocabulary."""
    interview = start(rulebase, person.base)
    while askable := situation_of(rulebase, interview.told).askable:
        *most, last = (interview.questionnaire.id_of(question) for question in sorted(askable))
        given = (interview.read(asked, *person.knows[asked]) for asked in most)
        # together, since between two of them nothing is asked of the interview; the last one drops what makes no sense
        interview = replace(interview, answers=(*interview.answers, *given), before=None)
        interview = interview.answer(last, *person.knows[last])
    return interview.told


def in_fixed_order(person: Person, rulebase: Rulebase, wanted: Sequence[Wanted]) -> int:
    """Return how many questions a fixed order needs until nothing that is asked for can change any more."""
    interview, questions = start(rulebase, person.base, wanted), 0
    places = {question: place for place, question in enumerate(interview.questionnaire.ids.values())}
    while undecided(interview.situation, wanted):
        asked = interview.questionnaire.id_of(min(interview.situation.askable, key=places.__getitem__))
        interview = interview.answer(asked, *person.knows[asked])
        questions += 1
    return questions


def checked(person: Person, rulebase: Rulebase, wanted: Sequence[Wanted], expected: Diagnosis | None = None) -> Session:
    """Interview a person, and note every way in which asking all, which concludes what is expected, tells otherwise."""
    interview, session = interviewed(person, rulebase, wanted)
    told = interview.told
    expected = expected or diagnose_case(rulebase, all_asked(person, rulebase), "reference", missing=False)
    got = concluded(diagnose_case(rulebase, told, "reference", missing=False), wanted)
    faults = [
        f"{part}: {', '.join(got[part])} after the interview, {', '.join(value)} after all questions"
        for part, value in concluded(expected, wanted).items()
        if got[part] != value
    ]
    faults += verify(rulebase, replace(told, certificate=interview.certify("reference")))
    return replace(session, faults=(*session.faults, *faults))


# --- many of them -----------------------------------------------------------------------------------------------------


def run(number: int, seed: int, rulebase: Rulebase | None = None) -> dict[str, Session]:
    """Hold one session for each aim with the random person of that number."""
    rulebase = rulebase or _shipped()
    person = random_person(Random(f"{seed}/{number}"), rulebase)
    expected = diagnose_case(rulebase, all_asked(person, rulebase), "reference", missing=False)
    return {aim: _placed(checked(person, rulebase, wanted, expected), number) for aim, wanted in AIMS.items()}


def _placed(session: Session, number: int) -> Session:
    return replace(session, faults=tuple(f"session {number}: {fault}" for fault in session.faults))


@cache
def _shipped() -> Rulebase:
    return load()


def shipped_people(rulebase: Rulebase) -> dict[str, Person]:
    """Return for each shipped case the person who knows what it tells."""
    cases = (read_case(path, rulebase) for path in sorted(shipped("cases").glob("*.yaml")))
    return {case.id: told_by(case, rulebase) for case in cases}


def _row(of: str, aim: str, sessions: Sequence[Session], fixed: Iterable[int], total: int) -> str:
    parts: Iterable[Callable[[Session], int]] = (
        lambda one: one.lines,
        lambda one: one.questions,
        lambda one: one.lines + one.questions,
    )
    counts = [[part(session) for session in sessions] for part in parts]
    cells = [f"{statistics.mean(count):5.1f} {_ninetieth(count):4.0f}" for count in counts]
    shares = f"{100 * statistics.mean(counts[1]) / total:4.1f} % {100 * statistics.mean(counts[2]) / total:4.1f} %"
    needed = list(fixed)
    return f"{of:20} {aim:16} {'  '.join(cells)}  {shares}  {statistics.mean(needed):5.1f} {_ninetieth(needed):4.0f}"


def _ninetieth(counts: Sequence[int]) -> float:
    return sorted(counts)[int(0.9 * (len(counts) - 1))]


def _tables(randoms: Sequence[Mapping[str, Session]], seed: int) -> tuple[list[str], list[str], list[float]]:
    """Return the rows of the table, every fault, and the seconds of every next question."""
    rulebase = _shipped()
    people, total = shipped_people(rulebase), len(questionnaire_of(rulebase).ids)
    strangers = [random_person(Random(f"{seed}/{number}"), rulebase) for number in range(min(100, len(randoms)))]
    rows, faults, seconds = [], [], []
    for aim, wanted in AIMS.items():
        cases = [checked(person, rulebase, wanted) for person in people.values()]
        fixed = (in_fixed_order(person, rulebase, wanted) for person in people.values())
        rows.append(_row(f"{len(cases)} shipped cases", aim, cases, fixed, total))
        sessions = [one[aim] for one in randoms]
        fixed = (in_fixed_order(person, rulebase, wanted) for person in strangers)
        rows.append(_row(f"{len(sessions):,} random people", aim, sessions, fixed, total))
        faults += [fault for session in (*cases, *sessions) for fault in session.faults]
        seconds += [second for session in (*cases, *sessions) for second in session.seconds]
    return rows, faults, seconds


def main() -> int:
    """Run the proof and print its table; 1 where something differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.interviews", description="Prove that interviews ask enough.")
    parser.add_argument("--sessions", type=int, default=100, help="in all; each person is asked once for each aim")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--session", type=int, help="only the random person of this number, answer by answer")
    asked = parser.parse_args()
    if asked.session is not None:
        return _one(asked.session, asked.seed)
    began = time.monotonic()
    randoms: list[dict[str, Session]] = []
    with multiprocessing.get_context("spawn").Pool(asked.cores) as pool:
        people = -(-asked.sessions // len(AIMS))
        for done in pool.imap_unordered(partial(run, seed=asked.seed), range(people), chunksize=10):
            randoms.append(done)
            if len(randoms) % max(1, people // 20) == 0:
                found = sum(len(session.faults) for one in randoms for session in one.values())
                held = len(randoms) * len(AIMS)
                sys.stdout.write(f"{held:6,} sessions  {time.monotonic() - began:6.0f} s  {found} faults\n")
                sys.stdout.flush()
    rows, faults, seconds = _tables(randoms, asked.seed)
    total = len(questionnaire_of(_shipped()).ids)
    sys.stdout.write(
        f"\n{total} questions in all. Mean and 90th percentile of checklist lines, of questions after it, of both;\n"
        "share of questions, and of both, in all; and what a fixed order without a checklist needs.\n\n"
        f"{'':37}   lines     questions        both    questions both  fixed order\n"
    )
    sys.stdout.write("\n".join(rows) + "\n\n")
    ordered = sorted(seconds)
    slow = ordered[int(0.99 * (len(ordered) - 1))]
    sys.stdout.write(
        f"the next question: median {1000 * statistics.median(ordered):.1f} ms (at most 10), "
        f"99th percentile {1000 * slow:.1f} ms (at most 50), of {len(ordered):,}\n"
        f"{len(randoms) * len(AIMS):,} random sessions: {len(faults)} differences or unproved certificates\n"
    )
    sys.stdout.write("".join(f"{fault}\n" for fault in faults[:50]))
    return 1 if faults else 0


def _one(number: int, seed: int) -> int:
    rulebase = _shipped()
    person = random_person(Random(f"{seed}/{number}"), rulebase)
    for aim, wanted in AIMS.items():
        interview, _ = interviewed(person, rulebase, wanted)
        sys.stdout.write(f"{aim}\n")
        sys.stdout.write("".join(f"  {answer.asked} = {answer.value}\n" for answer in interview.answers))
        sys.stdout.write(f"{interview.certify('reference')}\n{checked(person, rulebase, wanted).faults}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
