"""The functions that other programs call; `churn_rules` itself names them.

Never keeps anything between two calls: whoever wants speed loads a rule base once and hands it over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from churn_rules.cases import Case, remember
from churn_rules.certificate import verify
from churn_rules.diagnosis import Diagnosis, diagnose_case
from churn_rules.engines import DEFAULT, Trace, engine_for
from churn_rules.explanation import Why, WhyNot
from churn_rules.explanation import why as _why
from churn_rules.explanation import why_not as _why_not
from churn_rules.interview import Interview, start
from churn_rules.loading import find_case, given_or_shipped, in_language, load
from churn_rules.planning import Plan, plan_case
from churn_rules.questionnaire import WANTED, Wanted
from churn_rules.reading import case_from_facts, read_case, sound_case
from churn_rules.replaying import Replay, replay_case
from churn_rules.rulebase import Rulebase
from churn_rules.schemas import as_json

__all__ = [
    "CaseLike",
    "as_json",
    "begin_interview",
    "diagnose",
    "in_language",
    "load",
    "load_case",
    "plan",
    "replay",
    "trace",
    "verify_certificate",
    "why",
    "why_not",
]

CaseLike = Case | Mapping[str, object] | str | Path


def load_case(case: CaseLike, rulebase: Rulebase) -> Case:
    """Return a case, from whatever holds one.

    Args:
        case: A `Case`; facts as a mapping (`{"price_increase": 30, "stated_reason.customer": "price"}`); or the path of
            a case file, or the name of a shipped case.
        rulebase: Its vocabulary says which facts there are.

    Raises:
        CaseError: A fact is unknown, a value does not fit, or the file is wrong; `issues` holds all of it.
    """
    if isinstance(case, Case):
        return sound_case(case, rulebase)
    if not isinstance(case, Mapping | str | Path):
        raise TypeError(f"a case is a Case, a mapping of facts or a path, not {type(case).__name__}")
    return case_from_facts(case, rulebase) if isinstance(case, Mapping) else read_case(find_case(case), rulebase)


def diagnose(
    case: CaseLike, *, rulebase: Rulebase | None = None, engine: str = DEFAULT, missing: bool = True
) -> Diagnosis:
    """Tell why a customer left, how sure that is, whether to win them back, and with what.

    Args:
        case: See `load_case`.
        rulebase: From `load()`; without it the shipped rules are loaded anew.
        engine: `durable` (the default), `reference`, or `compiled`, the quickest; they give the same answer.
        missing: Whether to work out what is unknown and what it could change; a third of the time goes into it.

    Raises:
        CaseError: See `load_case`.
        LoadError: Something is wrong with the shipped rules.
        UnknownNameError: There is no such engine.
    """
    rulebase = given_or_shipped(rulebase)
    return diagnose_case(rulebase, load_case(case, rulebase), engine, missing=missing)


def begin_interview(
    case: CaseLike | None = None, *, rulebase: Rulebase | None = None, wanted: Iterable[Wanted] = WANTED
) -> Interview:
    """Begin an interview: a value that names the next question, takes an answer and gives a new one.

    Args:
        case: What is known already; only what it lacks is asked. See `load_case`.
        rulebase: From `load()`, in any language; without it the shipped rules are loaded anew.
        wanted: What is asked for, of `root`, `scope`, `decision` and `accommodations`; nothing is asked that cannot
            change it.

    Raises:
        CaseError: See `load_case`.
        UnknownNameError: Something is asked for that no interview can find out.
    """
    rulebase = given_or_shipped(rulebase)
    return start(rulebase, load_case(case, rulebase) if case is not None else None, wanted)


def verify_certificate(case: CaseLike, *, rulebase: Rulebase | None = None) -> tuple[str, ...]:
    """Prove anew that no answer to what an interview did not ask can change what its case concludes.

    Returns:
        What is wrong with the certificate of the case, as sentences; nothing where it is proved.
    """
    rulebase = given_or_shipped(rulebase)
    return verify(rulebase, load_case(case, rulebase))


def replay(case: CaseLike, *, rulebase: Rulebase | None = None, engine: str = DEFAULT) -> Replay:
    """Walk a case along its timeline, and hold the end against what its author expects.

    Args and errors are those of `diagnose`.
    """
    rulebase = given_or_shipped(rulebase)
    return replay_case(rulebase, load_case(case, rulebase), engine)


def plan(case: CaseLike, *, rulebase: Rulebase | None = None, start: date, engine: str = DEFAULT) -> Plan:
    """Make the plan that the rules call for: every step with its date, its owner, its words and the rules behind it.

    Args:
        case: See `load_case`.
        rulebase: From `load()`; without it the shipped rules are loaded anew.
        start: The day on which the plan starts.
        engine: As in `diagnose`.

    Raises:
        PlanError: The start lies before 1900 or after 2200.
    """
    rulebase = given_or_shipped(rulebase)
    return plan_case(rulebase, trace(case, rulebase=rulebase, engine=engine), start)


def trace(case: CaseLike, *, rulebase: Rulebase | None = None, engine: str = DEFAULT) -> Trace:
    """Run a case and return the bare trace: each rule's verdict, and every firing."""
    rulebase = given_or_shipped(rulebase)
    return engine_for(rulebase, engine).run(remember(load_case(case, rulebase), rulebase.vocabulary))


def why(case: CaseLike, conclusion: str, *, rulebase: Rulebase | None = None, engine: str = DEFAULT) -> Why:
    """Explain a conclusion down to the observations that it rests on.

    Args:
        case: See `load_case`.
        conclusion: `decision`, `scope`, or the id of a reason, an accommodation or a finding.
        rulebase: As in `diagnose`.
        engine: As in `diagnose`.

    Raises:
        UnknownNameError: There is no such conclusion.
    """
    rulebase = given_or_shipped(rulebase)
    return _why(rulebase, trace(case, rulebase=rulebase, engine=engine), conclusion)


def why_not(case: CaseLike, conclusion: str, *, rulebase: Rulebase | None = None, engine: str = DEFAULT) -> WhyNot:
    """Tell why a conclusion was not reached: which premises fail or are unknown, and by how much.

    Args and errors are those of `why`.
    """
    rulebase = given_or_shipped(rulebase)
    return _why_not(rulebase, trace(case, rulebase=rulebase, engine=engine), conclusion)
