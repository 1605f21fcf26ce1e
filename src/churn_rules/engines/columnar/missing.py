"""Which unknown facts could still change something, restated as columns: see `diagnosis.missing_facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from churn_rules.conditions import Test, tests
from churn_rules.economics import INPUTS
from churn_rules.engines.columnar.algebra import Expr, Flag, either, every, is_unknown, opposite
from churn_rules.engines.columnar.conclusions import Concluded, left_over
from churn_rules.engines.columnar.memory import ends
from churn_rules.engines.columnar.premises import OneOf
from churn_rules.rulebase import Rule, drawn_by, topic_of

__all__ = ["missing_columns"]


def missing_columns(state: Concluded) -> dict[str, Flag]:
    """Return for each fact, or one side's view of it, where it is missing; facts that never are, are left out."""
    wanted: dict[str, list[Flag]] = {}
    for rule, flag in _relevant(state).items():
        for test in dict.fromkeys(tests(state.rulebase.rules[rule].premise)):
            for name, unknown in _unknown(test, state):
                wanted.setdefault(name, []).append(every([flag, unknown]))
    missing = {name: either(flags) for name, flags in sorted(wanted.items())}
    return {name: flag for name, flag in state.flow.store(missing).items() if flag is not False}


# --- which undecided rules could change something ---------------------------------------------------------------------


def _relevant(state: Concluded) -> dict[str, Flag]:
    """Return for each rule where it is undecided and what it concludes could change something reported."""
    rules = [rule for stratum in state.rulebase.strata for rule in stratum.rules if not rule.only_plans]
    undecided = state.flow.store({rule.id: is_unknown(state.verdicts[rule.id]) for rule in rules})
    movable = _movable(state, undecided)
    found: dict[str, Flag] = {}
    readers = _readers(state, rules)
    for stratum in reversed(state.rulebase.strata):
        fresh = {
            rule.id: every([undecided[rule.id], either(_changes(rule, state, movable, readers, found))])
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
    readers: Mapping[str, list[str]],
    relevant: Mapping[str, Flag],
) -> Iterator[Flag]:
    """Yield for each conclusion of a rule where it could change something."""
    for topic, _ in drawn_by(rule.then):
        match topic.kind:
            case "evidence":
                yield movable[topic.id]
            case "scope" | "responsible":
                yield either([movable[topic.id], state.flag(f"{topic.id}.status", "established")])
            case "link":
                both = (either([movable[end], state.flag(f"{end}.status", "established")]) for end in topic.id.split())
                yield every(both)
            case "offer":
                yield state.flag(f"accommodation.{topic.id}", "none")
            case "withhold":
                yield state.flag(f"accommodation.{topic.id}", "offered")
            case "decision" | "warning":
                yield True
            case "finding":
                yield every([_untold(topic.id, state), either([relevant[reader] for reader in readers[topic.id]])])


def _movable(state: Concluded, undecided: Mapping[str, Flag]) -> dict[str, Flag]:
    """Return for each reason where open evidence could change its status, or its place among several."""
    rules = {reason: state.drawn("evidence", reason) for reason in state.rulebase.reasons}
    waits = {reason: either([undecided[rule] for rule, clue in drawn if clue]) for reason, drawn in rules.items()}
    could = {rule: either([state.fired[rule], undecided[rule]]) for drawn in rules.values() for rule, _ in drawn}
    could = state.flow.store(could)
    most = state.flow.store(
        {
            (kind, reason): column
            for reason in rules
            for kind, sign in (("doubt", 1), ("belief", -1))
            if (column := left_over(state, reason, sign, could)) is not None
        }
    )
    ends = {
        reason: (
            (state.left.get(("doubt", reason)), most.get(("belief", reason))),  # as low as it can come out
            (most.get(("doubt", reason)), state.left.get(("belief", reason))),  # as high
        )
        for reason in rules
    }
    limits = state.rulebase.thresholds
    able = state.flow.store({reason: _reaches(limits.established, *high) for reason, (_, high) in ends.items()})
    several = state.flow.keep(_two_or_more(list(able.values())))
    turned = {
        reason: [
            every([opposite(_reaches(limits.established, *low)), able[reason]]),
            every([opposite(_reaches(limits.possible, *low)), _reaches(limits.possible, *high)]),
            every([_sinks_to(limits.ruled_out, *low), opposite(_sinks_to(limits.ruled_out, *high))]),
            every([able[reason], several, waits[reason]]),
        ]
        for reason, (low, high) in ends.items()
    }
    return state.flow.store({reason: either(flags) for reason, flags in turned.items()})


_HALF = 0.5e-9  # what a certainty may lack and still be rounded up


def _reaches(limit: float, doubt: Expr | None, belief: Expr | None) -> Flag:
    """Return where the certainty that doubt and belief leave is at least a limit above zero; a division less."""
    return _within(doubt, belief, 1.0 - limit + _HALF)


def _sinks_to(limit: float, doubt: Expr | None, belief: Expr | None) -> Flag:
    """Return where the certainty that doubt and belief leave is at most a limit below zero."""
    return _within(belief, doubt, 1.0 + limit + _HALF)


def _within(smaller: Expr | None, larger: Expr | None, share: float) -> Flag:
    """Return where one product is no more than a share of the other; None stands for 1."""
    if smaller is None:
        return larger >= 1.0 / share if larger is not None else share >= 1.0
    within: Expr = smaller <= (larger * share if larger is not None else share)
    return within


def _two_or_more(flags: list[Flag]) -> Flag:
    """Return where at least two of several flags hold."""
    one: Flag = False
    two: Flag = False
    for flag in flags:
        two, one = either([two, every([one, flag])]), either([one, flag])
    return two


# --- which facts they wait for ----------------------------------------------------------------------------------------


def _unknown(test: Test, state: Concluded) -> Iterator[tuple[str, Flag]]:
    """Yield the facts whose answer a test waits for, each with where it does.

    A finding is passed over: whatever it waits for is asked by the rules that conclude it, which are relevant too.
    """
    name = test.name
    if name.startswith("economics."):
        unknown = is_unknown(state.premises.truth(test))
        yield from ((fact, every([unknown, _untold(fact, state)])) for fact in INPUTS)
    elif name.endswith(".disputed"):
        yield from _whom_to_ask(name.removesuffix(".disputed"), state)
    elif topic_of(name, state.rulebase.findings, state.rulebase.reasons) is None and name != "case.stage":
        yield name, is_unknown(state.premises.truth(test))


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
