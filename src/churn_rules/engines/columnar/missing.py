"""Which unknown facts could still change something, restated as columns: see `diagnosis.missing_facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add

from churn_rules.conditions import Test, tests
from churn_rules.economics import INPUTS
from churn_rules.engines.columnar.algebra import (
    Expr,
    Flag,
    as_expr,
    either,
    every,
    is_unknown,
    less,
    opposite,
    xp,
)
from churn_rules.engines.columnar.conclusions import Certainty, Concluded, left_over
from churn_rules.engines.columnar.memory import ends
from churn_rules.engines.columnar.premises import OneOf, Range
from churn_rules.rulebase import Rule, drawn_by, topic_of

__all__ = ["missing_columns"]


def missing_columns(state: Concluded) -> dict[str, Flag]:
    """Return for each fact, or one side's view of it, where it is missing; facts that never are, are left out."""
    asked: dict[str | Test, dict[str, Flag]] = {}
    for rule, flag in _relevant(state).items():
        for test in tests(state.rulebase.rules[rule].premise):
            asked.setdefault(_question(test, state), {})[rule] = flag
    wanted: dict[str, list[Flag]] = {}
    for question, flags in asked.items():
        for name, unknown in _unknown(question, state):
            wanted.setdefault(name, []).append(every([either(flags.values()), unknown]))
    missing = {name: either(flags) for name, flags in sorted(wanted.items())}
    return {name: flag for name, flag in state.flow.store(missing).items() if flag is not False}


# --- which undecided rules could change something ---------------------------------------------------------------------


def _relevant(state: Concluded) -> dict[str, Flag]:
    """Return for each rule where it is undecided and what it concludes could change something reported."""
    rules = [rule for stratum in state.rulebase.strata for rule in stratum.rules if not rule.only_plans]
    undecided = {rule.id: is_unknown(state.verdicts[rule.id]) for rule in rules}
    movable = _movable(state)
    reported = state.flow.store(
        {reason: either([flag, state.flag(f"{reason}.status", "established")]) for reason, flag in movable.items()}
    )
    found: dict[str, Flag] = {}
    readers = _readers(state, rules)
    for stratum in reversed(state.rulebase.strata):
        fresh = {
            rule.id: every([undecided[rule.id], either(_changes(rule, state, movable, reported, readers, found))])
            for rule in stratum.rules
            if rule.id in undecided
        }
        found |= state.flow.store(fresh)
    return found


def _readers(state: Concluded, rules: list[Rule]) -> dict[str, list[str]]:
    """Return for each finding the rules that read it."""
    found: dict[str, list[str]] = {name: [] for name in state.rulebase.findings}
    for rule in rules:
        for name in dict.fromkeys(test.name for test in tests(rule.premise)):
            if name in found:
                found[name].append(rule.id)
    return found


def _changes(
    rule: Rule,
    state: Concluded,
    movable: Mapping[str, Flag],
    reported: Mapping[str, Flag],
    readers: Mapping[str, list[str]],
    relevant: Mapping[str, Flag],
) -> Iterator[Flag]:
    """Yield for each conclusion of a rule where it could change something."""
    for topic, _ in drawn_by(rule.then):
        match topic.kind:
            case "evidence":
                yield movable[topic.id]
            case "scope" | "responsible":
                yield reported[topic.id]
            case "link":
                yield every(reported[end] for end in topic.id.split())
            case "offer":
                yield state.flag(f"accommodation.{topic.id}", "none")
            case "withhold":
                yield state.flag(f"accommodation.{topic.id}", "offered")
            case "decision" | "warning":
                yield True
            case "finding":
                yield every([_untold(topic.id, state), either([relevant[reader] for reader in readers[topic.id]])])


def _movable(state: Concluded) -> dict[str, Flag]:
    """Return for each reason where open evidence could change its status, or its place among several."""
    reasons = state.rulebase.reasons
    most = {
        (kind, reason): left_over(state, reason, sign, at_most=True)
        for reason in reasons
        for kind, sign in (("doubt", 1), ("belief", -1))
    }
    ratios = state.flow.store(
        {
            (reason, end): _over(doubt.get(("doubt", reason)), belief.get(("belief", reason)))
            for reason in reasons
            for end, doubt, belief in (("low", state.left, most), ("high", most, state.left))
        }
    )
    limits = state.rulebase.thresholds
    able = state.flow.store({reason: _reaches(limits.established, ratios[reason, "high"]) for reason in reasons})
    several = state.flow.keep(_two_or_more(list(able.values())))
    turned = {}
    for reason in reasons:
        low, high = ratios[reason, "low"], ratios[reason, "high"]
        # INVARIANT: what the lower end reaches the higher one does; they differ where any evidence is open.
        turned[reason] = [
            less(able[reason], _reaches(limits.established, low)),
            less(_reaches(limits.possible, high), _reaches(limits.possible, low)),
            less(_sinks_to(limits.ruled_out, low), _sinks_to(limits.ruled_out, high)),
            every([able[reason], several, low != high]),
        ]
    return state.flow.store({reason: either(flags) for reason, flags in turned.items()})


_HALF = 0.5e-9  # what a certainty may lack and still be rounded up


def _over(doubt: Expr | None, belief: Expr | None) -> Certainty:
    """Return doubt over belief, which tells how certain a reason is; None stands for 1."""
    if doubt is None and belief is None:
        return 1.0
    return (1.0 if doubt is None else doubt) / (1.0 if belief is None else belief)


def _reaches(limit: float, ratio: Certainty) -> Flag:
    """Return where certainty, which is 1 less the ratio where that is below 1, is at least a limit above zero."""
    return ratio <= 1.0 - limit + _HALF


def _sinks_to(limit: float, ratio: Certainty) -> Flag:
    """Return where certainty, which is 1 over the ratio less 1 where that is above 1, is at most a limit below zero."""
    return ratio >= 1.0 / (1.0 + limit + _HALF)


def _two_or_more(flags: Sequence[Flag]) -> Flag:
    """Return where at least two of several flags hold."""
    one, none = xp.lit(1, dtype=xp.Int16), xp.lit(0, dtype=xp.Int16)
    many: Expr = reduce(add, [xp.when(as_expr(flag)).then(one).otherwise(none) for flag in flags], none) >= 2
    return many


# --- which facts they wait for ----------------------------------------------------------------------------------------


def _question(test: Test, state: Concluded) -> str | Test:
    """Return what a test asks: of a range that very test, of all else its name, for that is known or it is not."""
    cell = state.known.get(test.name)
    return test if isinstance(cell, Range) and cell.low is not cell.high else test.name


def _unknown(question: str | Test, state: Concluded) -> Iterator[tuple[str, Flag]]:
    """Yield the facts whose answer a question waits for, each with where it does.

    A finding is passed over: whatever it waits for is asked by the rules that conclude it, which are relevant too.
    """
    name = question if isinstance(question, str) else question.name
    if name.startswith("economics."):
        unknown = _unanswered(question, state)
        yield from ((fact, every([unknown, _untold(fact, state)])) for fact in INPUTS)
    elif name.endswith(".disputed"):
        yield from _whom_to_ask(name.removesuffix(".disputed"), state)
    elif topic_of(name, state.rulebase.findings, state.rulebase.reasons) is None and name != "case.stage":
        yield name, _unanswered(question, state)


def _unanswered(question: str | Test, state: Concluded) -> Flag:
    if isinstance(question, Test):
        return is_unknown(state.premises.truth(question))
    return False if isinstance(state.known.get(question), OneOf) else _untold(question, state)


def _whom_to_ask(fact: str, state: Concluded) -> Iterator[tuple[str, Flag]]:
    """Yield whose view is wanting to tell whether the sides disagree; the fact itself where nobody spoke yet."""
    undecided, untold = _untold(f"{fact}.disputed", state), _untold(fact, state)
    silent = every([undecided, opposite(untold)])
    for side in state.rulebase.vocabulary[fact].asked_of:
        view = f"{fact}.{side}"
        yield view, every([silent, _untold(view, state)])
        silent = every([silent, opposite(_untold(view, state))])
    yield fact, either([every([undecided, untold]), silent])


def _untold(name: str, state: Concluded) -> Flag:
    """Return where nothing is known of a fact, a view or a finding."""
    cell = state.known.get(name)
    assert not isinstance(cell, OneOf), "what is always known is never missing"
    return True if cell is None else ends(cell)[0].is_null()
