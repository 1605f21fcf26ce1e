"""Engines under stress: many cases, threads, forks, exceptions, memory, and rule bases past what can be trusted."""

from __future__ import annotations

import gc
import locale
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import combinations, islice
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from churn_rules.cases import Case, Memory, Observation, remember
from churn_rules.conclusions import conclude
from churn_rules.conditions import All, Any, Condition
from churn_rules.conditions import Test as Comparison  # under their own names pytest would collect these two
from churn_rules.conditions import tests as comparisons_of
from churn_rules.economics import INPUTS
from churn_rules.engines import ENGINES, durable, engine_for
from churn_rules.errors import EngineError
from churn_rules.patterns import LIMITS, fnv1a
from churn_rules.rulebase import Conclusions, Reason, Rule, Rulebase, Thresholds, sort_into_strata
from churn_rules.vocabulary import LARGEST, Derivation, Fact, Truth, Value, exact
from tests import agreement

ROWS = int(os.environ.get("MEMORY_ROWS", "20000"))
WORLD = agreement.world_of(7, 0, 30)

Verdicts = Mapping[str, Truth]


@cache
def _memory(place: int) -> Memory:
    return remember(agreement.case_of(7, 0, place, WORLD), WORLD.rulebase.vocabulary)


def _run(place: int) -> Verdicts:
    return engine_for(WORLD.rulebase, "durable").run(_memory(place)).verdicts


def _expected(place: int) -> Verdicts:
    return engine_for(WORLD.rulebase, "reference").run(_memory(place)).verdicts


# --- many cases, many threads, a fork ---------------------------------------------------------------------------------


def test_more_cases_than_durable_rules_can_hold() -> None:
    for place in range(3000):  # the 1,025th live one would be an error
        assert _run(place) == _expected(place)


def test_threads_see_only_their_own_case() -> None:
    def many(thread: int) -> list[Verdicts]:
        return [_run(place) for place in range(200 * thread, 200 * thread + 200)]

    with ThreadPoolExecutor(8) as pool:
        found = [verdicts for some in pool.map(many, range(8)) for verdicts in some]
    assert found == [_expected(place) for place in range(1600)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_fork_in_the_middle_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait_inside(*given: object) -> list[str]:
        if threading.current_thread().name == "waiter":
            inside.set()
            leave.wait(60)
        return conclude(*given)  # type: ignore[arg-type]  # whatever it is given

    _run(0)  # makes the engine
    monkeypatch.setattr(durable, "conclude", wait_inside)
    waiter = threading.Thread(target=_run, args=(1,), name="waiter")
    waiter.start()
    try:
        assert inside.wait(20)
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_answer, args=(theirs,))
        child.start()
        try:
            assert ours.poll(20), "the child hangs"
            assert ours.recv() == [_expected(place) for place in range(5)]
        finally:
            child.kill()
            child.join()
    finally:
        leave.set()
        waiter.join()
    assert _run(2) == _expected(2)


def _answer(to: Connection) -> None:
    to.send([dict(_run(place)) for place in range(5)])


# --- interruptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("stratum", range(3))
def test_exception_in_the_middle_of_a_run(
    stratum: int, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(1000))

    def fail_once(*given: object) -> list[str]:
        if next(calls) == stratum:
            raise error
        return conclude(*given)  # type: ignore[arg-type]  # whatever it is given

    monkeypatch.setattr(durable, "conclude", fail_once)
    with pytest.raises(error):
        _run(0)
    assert _in_another_thread(1) == _expected(1)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_real_interruptions_leave_no_lock_held() -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    gc.disable()  # what interrupts a callback of the collector, as Hypothesis leaves one behind, is told and not raised
    try:
        for attempt in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + 0.00001 * attempt)
                for place in range(20):
                    _run(place)
                time.sleep(0.01)
            except KeyboardInterrupt:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    assert _in_another_thread(1) == _expected(1)


def _in_another_thread(place: int) -> Verdicts:
    """Run a case where a lock left behind would show: not in the thread that took it."""
    found: list[Verdicts] = []
    thread = threading.Thread(target=lambda: found.append(_run(place)), daemon=True)
    thread.start()
    thread.join(20)
    assert found, "the lock is still held"
    return found[0]


# --- memory -----------------------------------------------------------------------------------------------------------

_RESIDENT = """
import gc, os, pathlib, sys
from churn_rules.cases import remember
from churn_rules.engines import engine_for
from tests.agreement import case_of, world_of

def resident():
    gc.collect()
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

"""
_MANY_CASES = """
world = world_of(7, 0, 30)
memories = [remember(case_of(7, 0, place, world), world.rulebase.vocabulary) for place in range(500)]
engine = engine_for(world.rulebase, "durable")

def run(rows):
    for row in range(rows):
        engine.run(memories[row % 500])

run(5000)
before = resident()
run(int(sys.argv[1]))
print(resident() - before)
"""
_MANY_RULE_BASES = """
def make(rule_bases):
    for number in range(rule_bases):
        world = world_of(7, number % 20, 30)
        memory = remember(case_of(7, number % 20, 0, world), world.rulebase.vocabulary)
        engine_for(world.rulebase, "durable").run(memory)

make(40)
before = resident()
make(int(sys.argv[1]))
print(resident() - before)
"""


@pytest.mark.proof
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
@pytest.mark.parametrize(
    ("script", "times", "most"),
    [
        pytest.param(_MANY_CASES, ROWS, 8, id="cases"),
        # measured: -3 to 10 MB, as collections fall; rule bases that are never freed would cost 170 MB
        pytest.param(_MANY_RULE_BASES, 200, 40, id="rule-bases"),
    ],
)
def test_memory_stays_flat(script: str, times: int, most: float) -> None:
    grown = _fresh_interpreter(_RESIDENT + script, str(times))
    assert float(grown) < most, f"resident memory grew by {grown} MB"


def _fresh_interpreter(script: str, *arguments: str) -> str:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- what cannot be trusted is refused --------------------------------------------------------------------------------


def _rulebase(premises: list[Condition]) -> Rulebase:
    """Return a rule base of one warning for each premise, over facts that it declares as they are tested."""
    vocabulary = {name: Fact(id=name, title=name, type="number", at="now") for name in INPUTS}
    for test in (test for premise in premises for test in comparisons_of(premise)):
        if isinstance(test.limit, str):
            vocabulary[test.name] = Fact(id=test.name, title=test.name, type="choice", choices=(test.limit,), at="now")
        else:
            kind = "boolean" if isinstance(test.limit, bool) else "number"
            vocabulary[test.name] = Fact(id=test.name, title=test.name, type=kind, at="now")  # type: ignore[arg-type]
    reasons = {"reason": Reason("reason", "", "", "specific", "both", "")}
    rules = {
        f"rule-{number:04}": Rule(
            id=f"rule-{number:04}",
            title="",
            premise=premise,
            then=Conclusions(warning="take care"),
            because="",
            source="",
            owner="",
            theme="limits",
        )
        for number, premise in enumerate(premises)
    }
    strata, _ = sort_into_strata(rules.values(), (), reasons)
    return Rulebase(
        vocabulary=vocabulary,
        findings={},
        reasons=reasons,
        links=(),
        accommodations={},
        thresholds=Thresholds(0.5, 0.2, -0.5, 0.15),
        rules=rules,
        shelved={},
        strata=strata,
        digest="limits",
    )


def _flags(count: int) -> tuple[Comparison, ...]:
    return tuple(Comparison(f"flag_{number}", "is", True) for number in range(count))  # noqa: FBT003  # a value, not a switch


def _conditions(most: int) -> list[Condition]:
    return [All(_flags(most))]


def _alternatives(most: int) -> list[Condition]:
    """Return a premise of so many alternatives, rounded up to a power of two, but of few conditions."""
    flags = _flags(2 * (most - 1).bit_length())
    return [All(tuple(Any(pair) for pair in zip(flags[::2], flags[1::2], strict=True)))]


def _comparisons(most: int) -> list[Condition]:
    """Return comparisons of one number; each premise and its opposite make one each."""
    return [Comparison("number", "at_least", float(number)) for number in range((most + 1) // 2)]


def _uses(most: int) -> list[Condition]:
    return [All((Comparison("shared", "is", True), flag)) for flag in _flags(most)]  # noqa: FBT003  # a value, not a switch


def _names(most: int) -> list[Condition]:
    return [*_flags(most)]


def _patterns(most: int) -> list[Condition]:
    """Return pairs of flags, each a pattern, beside one for the opposite of each flag."""
    flags = _flags(80)
    return [All(pair) for pair in islice(combinations(flags, 2), most - len(flags))]


def _characters(most: int) -> list[Condition]:
    return [Comparison("choice", "is", "x" * most)]


_LARGEST: Mapping[str, Callable[[int], list[Condition]]] = {
    "conditions": _conditions,
    "alternatives": _alternatives,
    "comparisons of a name": _comparisons,
    "uses of a comparison": _uses,
    "names": _names,
    "patterns": _patterns,
    "characters": _characters,
}


def test_every_limit_is_tried() -> None:
    assert _LARGEST.keys() == LIMITS.keys()


@pytest.mark.parametrize("limit", LIMITS)
def test_at_a_limit_the_engines_agree(limit: str) -> None:
    rulebase = _rulebase(_LARGEST[limit](LIMITS[limit]))
    for known in (_all_true, _all_false, _half_known):
        memory = remember(known(rulebase), rulebase.vocabulary)
        assert _difference(rulebase, memory) == ""


def _difference(rulebase: Rulebase, memory: Memory) -> str:
    """Return the first difference of any engine from the reference."""
    expected = engine_for(rulebase, "reference").run(memory)
    found = (agreement.differences(rulebase, expected, engine_for(rulebase, name).run(memory)) for name in ENGINES)
    return next(filter(None, found), "")


@pytest.mark.parametrize("limit", LIMITS)
def test_past_a_limit_only_durable_rules_is_refused(limit: str) -> None:
    rulebase = _rulebase(_LARGEST[limit](LIMITS[limit] + 1))
    with pytest.raises(EngineError, match=limit):
        engine_for(rulebase, "durable")
    for engine in ("reference", "compiled"):
        trace = engine_for(rulebase, engine).run(remember(_all_true(rulebase), rulebase.vocabulary))
        assert all(trace.verdicts.values())


def _all_true(rulebase: Rulebase) -> Case:
    return _case(rulebase, flag=True, number=1000.0, every=1)


def _all_false(rulebase: Rulebase) -> Case:
    return _case(rulebase, flag=False, number=-1.0, every=1)


def _half_known(rulebase: Rulebase) -> Case:
    return _case(rulebase, flag=True, number=7.0, every=2)


def _case(rulebase: Rulebase, *, flag: bool, number: float, every: int) -> Case:
    values: dict[str, Callable[[Fact], Value]] = {
        "boolean": lambda _: flag,
        "choice": lambda fact: fact.choices[0],
        "number": lambda _: exact(number),
    }
    facts = [fact for fact in rulebase.vocabulary.values() if fact.id not in INPUTS]
    return Case(observations=tuple(Observation(fact.id, values[fact.type](fact)) for fact in facts[::every]))


def test_two_names_of_one_hash_are_refused() -> None:
    twins = ("quality_delay_trust_price", "staff_staff_visit_offer")
    assert fnv1a(twins[0]) == fnv1a(twins[1])
    rulebase = _rulebase([Comparison(name, "is", True) for name in twins])  # noqa: FBT003  # a value, not a switch
    with pytest.raises(EngineError, match="staff_staff_visit_offer"):
        engine_for(rulebase, "durable")
    assert engine_for(rulebase, "reference").run(remember(_all_true(rulebase), rulebase.vocabulary))


def test_decimal_comma_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_for(WORLD.rulebase, "durable")
    with monkeypatch.context() as patch:
        patch.setattr(locale, "localeconv", lambda: {"decimal_point": ","})
        with pytest.raises(EngineError, match="LC_NUMERIC"):
            engine.run(_memory(0))
    assert engine.run(_memory(0)).verdicts == _expected(0)


def test_decimal_comma_of_an_installed_locale_is_refused() -> None:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        for name in ("de_DE.UTF-8", "de_AT.UTF-8", "fr_FR.UTF-8"):
            try:
                locale.setlocale(locale.LC_NUMERIC, name)
            except locale.Error:
                continue
            with pytest.raises(EngineError, match="LC_NUMERIC"):
                _run(0)
            return
        pytest.skip("no locale with a decimal comma is installed")
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


# --- awkward numbers --------------------------------------------------------------------------------------------------


def _agree_about(numbers: tuple[float, ...], limits: tuple[float, ...]) -> None:
    operators = ("is", "is_not", "at_least", "at_most", "more_than", "less_than")
    for limit in limits:
        rulebase = _rulebase([Comparison("number", operator, limit) for operator in operators])
        for number in (*numbers, *(-number for number in numbers)):
            case = Case(observations=(Observation("number", exact(number)),))
            memory = remember(case, rulebase.vocabulary)
            assert _difference(rulebase, memory) == "", f"{number} against {limit}"


def test_tiny_and_large_numbers() -> None:
    _agree_about((0.0, 5e-324, 1e-9, 1e15, LARGEST, 1e16, 2.0**63, 1e19, 1e300), (0.0, -0.0, 1e-9, LARGEST))


def test_numbers_past_the_largest_integer() -> None:
    _agree_about((2.0**63, 1e19, 1e300), (2.0**63, 1e19, 9e24))


def test_derived_value_that_overflows() -> None:
    rulebase = _rulebase([Comparison("ratio", "at_least", 1.0)])
    vocabulary = {**rulebase.vocabulary, **{name: replace(rulebase.vocabulary["ratio"], id=name) for name in "ab"}}
    vocabulary["ratio"] = replace(vocabulary["ratio"], derive=Derivation("ratio", ("a", "b")))
    rulebase = replace(rulebase, vocabulary=vocabulary, engines={})
    memory = remember(Case(observations=(Observation("a", exact(9e15)), Observation("b", exact(1e-300)))), vocabulary)
    assert _difference(rulebase, memory) == ""


def test_a_rule_that_is_not_accepted_is_decided_too() -> None:
    accepted = next(iter(WORLD.rulebase.rules.values()))
    draft = replace(accepted, id="draft", premise=Comparison("anything", "is", True), status="draft")  # noqa: FBT003
    assert engine_for(WORLD.rulebase, "reference").decide(draft, {"anything": True}) is True
    assert engine_for(WORLD.rulebase, "durable").decide(draft, {"anything": True}) is True


# --- without durable-rules --------------------------------------------------------------------------------------------

_WITHOUT = """
import sys, warnings
sys.modules["durable_rules_engine"] = None  # the import of it fails, as where it is not installed
import churn_rules
from churn_rules.engines import engine_for
rulebase = churn_rules.load()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    engines = [engine_for(rulebase, "durable") for _ in range(3)]
print(*[engine.name for engine in engines], [str(warning.message)[:30] for warning in said])
"""


def test_without_durable_rules_the_reference_takes_over() -> None:
    assert _fresh_interpreter(_WITHOUT) == "reference reference reference ['durable-rules is not installed']"
