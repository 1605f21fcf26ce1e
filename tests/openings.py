"""Random partly told cases, random answers to what they leave open, and what must hold of the outlook on them.

The rule bases are those of `tests.agreement`; here their facts get sides to be asked, and some wait for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import cast

from churn_rules.asking import Asking
from churn_rules.bounds import FALSE, TRUE, UNKNOWN, Options, Outlook, bounds_of
from churn_rules.cases import Case, Certificate, Observation, Unasked
from churn_rules.conditions import All, Any, Condition, Test
from churn_rules.diagnosis import diagnose_case
from churn_rules.engines import Trace, engine_for
from churn_rules.interview import concluded
from churn_rules.questionnaire import Situation, Wanted, questionnaire_of, situation_after, situation_of
from churn_rules.rulebase import Rulebase
from churn_rules.vocabulary import SIDES, Fact, Span, Truth, Value
from tests.agreement import World, case_of, world_of

__all__ = [
    "CODE",
    "Played",
    "encloses",
    "faults_of",
    "forged",
    "names_of",
    "opened_case",
    "opened_world",
    "played",
    "random_answer",
    "same_situation",
    "traced",
]

CODE: dict[Truth, int] = {False: FALSE, None: UNKNOWN, True: TRUE}


@dataclass(frozen=True)
class Played:
    """One way in which a partly told case was told to the end: every situation on the way, and the whole case."""

    situations: tuple[Situation, ...]
    case: Case


# --- rule bases whose facts are asked ---------------------------------------------------------------------------------


def opened_world(seed: int, number: int, most_rules: int = 40) -> World:
    """Return a random rule base whose facts are asked of random sides, three in ten only after certain answers."""
    world = world_of(seed, number, most_rules)
    rng = Random(f"opened {seed}/{number}")
    vocabulary = {
        name: replace(fact, asked_of=tuple(rng.sample(SIDES, rng.choice((1, 1, 2, 3)))))
        for name, fact in world.rulebase.vocabulary.items()
    }
    asking = Asking((), dict(_waiting(rng, world, vocabulary)))
    return replace(world, rulebase=replace(world.rulebase, vocabulary=vocabulary, asking=asking, engines={}))


def _waiting(rng: Random, world: World, vocabulary: dict[str, Fact]) -> Iterator[tuple[str, Condition]]:
    """Yield what questions wait for: always facts before them in a row, so that no two wait for one another."""
    row = [name for name, fact in vocabulary.items() if fact.derive is None]
    for place, name in enumerate(row):
        behind = [other for other in row[:place] if vocabulary[other].type != "date"]
        if behind and rng.random() < 0.3:
            parts = tuple(_test(rng, vocabulary[rng.choice(behind)], world) for _ in range(rng.choice((1, 1, 2))))
            side = rng.choice(("", "", *(f".{side}" for side in vocabulary[name].asked_of)))
            yield f"{name}{side}", parts[0] if len(parts) == 1 else rng.choice((All, Any))(parts)


def _test(rng: Random, fact: Fact, world: World) -> Test:
    name = rng.choice((fact.id, fact.id, f"{fact.id}.{rng.choice(SIDES)}"))
    value = next(value for value in iter(lambda: random_answer(rng, fact.id, world), ...) if value is not None)
    if isinstance(value, Span):
        return Test(name, rng.choice(("at_least", "less_than")), value.low)
    return Test(name, rng.choice(("is", "is_not")), value)


# --- cases, and ways to tell them to the end --------------------------------------------------------------------------


def random_answer(rng: Random, fact: str, world: World) -> Value | None:
    """Draw a value that somebody may tell."""
    return rng.choice(world.pool[fact]).value


def partly_told(rng: Random, case: Case) -> Case:
    """Return a case with a random share of what it tells, often nothing."""
    share = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0))
    return replace(case, observations=tuple(item for item in case.observations if rng.random() < share))


def opened_case(seed: int, number: int, place: int, world: World) -> Case:
    """Return the partly told case of that number."""
    return partly_told(Random(f"told {seed}/{number}/{place}"), case_of(seed, number, place, world))


def played(rng: Random, case: Case, world: World) -> Played:
    """Answer what makes sense, in random order, until nothing is open; one answer in four says "I don't know"."""
    situation = situation_of(world.rulebase, case)
    found = [situation]
    while situation.askable:
        question = rng.choice(sorted(situation.askable))
        value = None if rng.random() < 0.25 else random_answer(rng, question.fact, world)
        side = question.side
        if value is not None and len(situation.questionnaire.by_fact[question.fact]) == 1 and rng.random() < 0.2:
            side = rng.choice(SIDES)  # a question that is asked once may be answered with anybody's word
        case = replace(case, observations=(*case.observations, Observation(question.fact, value, side)))
        situation = situation_after(situation, question.fact, case)
        found.append(situation)
    return Played(tuple(found), case)


def traced(rulebase: Rulebase, situation: Situation) -> Trace:
    """Return what the reference engine makes of the case of a situation."""
    return engine_for(rulebase, "reference").run(situation.memory)


def forged(situation: Situation, wanted: Sequence[Wanted]) -> Case:
    """Return the case of a situation with a certificate that it is told far enough, whether it is or not."""
    rulebase, case, known = situation.questionnaire.rulebase, situation.memory.case, situation.memory.values
    heard = {(item.fact, item.side) for item in case.observations}
    unasked = []
    for name, question in situation.questionnaire.ids.items():
        if question in situation.open:
            unasked.append(Unasked(name, "settled"))
        elif question not in heard and (name != question.fact or name not in known):
            unasked.append(Unasked(name, "senseless"))
    certificate = Certificate(
        rulebase=rulebase.digest,
        wanted=tuple(wanted),
        concluded=concluded(diagnose_case(rulebase, case, "reference"), wanted),
        reach={name: cast("Span", situation.outlook.of(f"{name}.certainty")) for name in rulebase.reasons},
        unasked=tuple(unasked),
    )
    return replace(case, certificate=certificate)


# --- what must hold ---------------------------------------------------------------------------------------------------


def encloses(options: Options, value: Value | None) -> bool:
    """Tell whether a value is one of those that a name may turn out to be."""
    if isinstance(options, Span):
        return isinstance(value, Span) and options.low <= value.low <= value.high <= options.high
    return options is None or value in options


def names_of(rulebase: Rulebase) -> tuple[str, ...]:
    """Return the names whose values an outlook tells: all facts and conclusions, and the views that anything reads."""
    views = {name for names in questionnaire_of(rulebase).names.values() for name in names}
    facts = rulebase.vocabulary
    return tuple(name for name in rulebase.terms if name in views or name.partition(".")[0] not in facts)


def faults_of(rulebase: Rulebase, outlook: Outlook, trace: Trace) -> Iterator[str]:
    """Yield everything that came out otherwise than an outlook said it could."""
    for name in names_of(rulebase):
        if not encloses(outlook.of(name), trace.known.get(name)):
            yield f"{name} is {trace.known.get(name)}, and should be one of {outlook.of(name)}"
    for rule, place in bounds_of(rulebase).places.items():
        low, verdict, high = outlook.lowest[place], CODE[trace.verdicts[rule]], outlook.highest[place]
        if not low <= verdict <= high:
            yield f"{rule} is {trace.verdicts[rule]}, and should lie from {low} to {high}"
    for cause, effect, always in rulebase.links:
        active, inactive = outlook.links[cause, effect]
        if not (active if trace.known.get(f"link {cause} {effect}", always) else inactive):
            yield f"the link from {cause} to {effect} is not as it should be"


def same_situation(one: Situation, other: Situation) -> Iterator[str]:
    """Yield every difference between two situations."""
    for part in ("askable", "waiting"):
        if getattr(one, part) != getattr(other, part):
            yield f"{part}: {sorted(getattr(one, part) ^ getattr(other, part))}"
    for name in names_of(one.questionnaire.rulebase):
        if one.outlook.of(name) != other.outlook.of(name):
            yield f"{name}: {one.outlook.of(name)} and {other.outlook.of(name)}"
    for part in ("lowest", "highest", "low", "high", "links"):
        first, second = getattr(one.outlook, part), getattr(other.outlook, part)
        if (first if part == "links" else list(first)) != (second if part == "links" else list(second)):
            yield f"{part} differ"
