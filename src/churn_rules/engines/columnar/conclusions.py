"""What is concluded between strata, restated as columns: see `churn_rules.conclusions`, which it must agree with.

Never decides whether a rule fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import combinations, groupby, product
from operator import add, mul

from churn_rules.economics import INPUTS
from churn_rules.engines.columnar.algebra import (
    Expr,
    Flag,
    Flow,
    Kleene,
    any_of,
    as_expr,
    either,
    every,
    is_column,
    is_true,
    less,
    neither,
    only_one,
    opposite,
    rounded,
    xp,
)
from churn_rules.engines.columnar.memory import Cost, Remembered, ends
from churn_rules.engines.columnar.premises import Cells, OneOf, Premises, Range, apart, stored
from churn_rules.rulebase import DECISIONS, RESPONSIBLE, SCOPES, Drawn, Link, Reason, Rulebase, Topic

__all__ = ["Certainty", "Concluded", "Worth", "as_expr_of", "conclude_columns", "folded", "left_over"]

_DECIMALS = 9
_UNDERFLOW = 150  # clues of 0.99 each way, of which nothing would be left to divide by
Certainty = Expr | float


@dataclass(frozen=True, slots=True)
class Worth:
    """Cost and benefit: V, A and the break-even chance, each null where it is unknown; `verdict` is one of four."""

    value: Range
    attempt: Range
    chance: Range
    verdict: Mapping[str, Flag]


@dataclass
class Concluded:
    """All that is concluded of a table so far; `known` holds it by name, as premises read it."""

    flow: Flow
    rulebase: Rulebase
    remembered: Remembered
    premises: Premises
    verdicts: dict[str, Kleene] = field(default_factory=dict)
    certainty: dict[str, Certainty] = field(default_factory=dict)
    left: dict[tuple[str, str], Expr] = field(default_factory=dict)  # doubt and belief that the clues leave over
    links: dict[tuple[str, str], Flag] = field(default_factory=dict)
    strongest: Expr = field(default_factory=lambda: xp.lit(0.0))  # certainty of the strongest root
    worth: Worth | None = None

    @property
    def known(self) -> dict[str, Cells | Range | OneOf]:
        """What each name stands for."""
        return self.premises.known

    def flag(self, name: str, value: str) -> Flag:
        """Return where a conclusion has a value."""
        chosen = self.known[name]
        assert isinstance(chosen, OneOf), "conclusions are one of several"
        return chosen.flags.get(value, False)

    def drawn(self, kind: str, of: str = "") -> tuple[Drawn, ...]:
        """Return the rules that draw a conclusion, with what each adds to it."""
        return self.rulebase.drawn.get(Topic(kind, of), ())

    def any_fired(self, drawn: Iterable[Drawn]) -> Flag:
        """Return where any of these rules fired."""
        return is_true(any_of([self.verdicts[rule] for rule, _ in drawn]))

    def told(self, kind: str, topics: Iterable[str], values: Iterable[str]) -> dict[str, dict[str, Flag]]:
        """Return for each topic where rules tell each of some values of it, in one step."""
        flat = self.flow.store(
            {
                (topic, value): self.any_fired([one for one in self.drawn(kind, topic) if one.adds == value])
                for topic, value in product(topics, values)
            }
        )
        found: dict[str, dict[str, Flag]] = {}
        for (topic, value), flag in flat.items():
            found.setdefault(topic, {})[value] = flag
        return found

    def many_clues(self, reason: str) -> bool:
        """Tell whether there may be so many clues each way that nothing is left to tell."""
        return len(self.drawn("evidence", reason)) > _UNDERFLOW

    def choose(self, chosen: Mapping[str, Mapping[str, Flag]]) -> None:
        """Let names stand for one of several values each, in one step."""
        flat = self.flow.store(
            {f"{name} {value}": flag for name, flags in chosen.items() for value, flag in flags.items()}
        )
        for name, flags in chosen.items():
            self.known[name] = OneOf({value: flat[f"{name} {value}"] for value in flags})


def conclude_columns(flow: Flow, rulebase: Rulebase, remembered: Remembered) -> Concluded:
    """Decide all rules over a table, stratum by stratum, and draw what follows."""
    premises = Premises(flow)
    premises.known |= remembered.known
    state = Concluded(flow, rulebase, remembered, premises)
    for stratum in rulebase.strata:
        premises.compare(rule.premise for rule in stratum.rules)
        state.verdicts |= flow.store({rule.id: premises.truth(rule.premise) for rule in stratum.rules})
        for kind, topics in groupby(stratum.topics, key=lambda topic: topic.kind):
            _CONCLUDE[kind](state, [topic.id for topic in topics])
    return state


# --- findings and reasons ---------------------------------------------------------------------------------------------


def _findings(state: Concluded, findings: Sequence[str]) -> None:
    truths = {name: any_of([state.verdicts[rule] for rule, _ in state.drawn("finding", name)]) for name in findings}
    for name, truth in state.flow.store(truths).items():
        if truth is not None:
            state.known[name] = Cells(as_expr(truth))


def _reasons(state: Concluded, reasons: Sequence[str]) -> None:
    state.left |= state.flow.store(
        {
            (kind, reason): column
            for reason in reasons
            for kind, sign in (("doubt", 1), ("belief", -1))
            if (column := left_over(state, reason, sign)) is not None
        }
    )
    columns = {
        reason: folded(
            state.left.get(("doubt", reason)),
            state.left.get(("belief", reason)),
            many=state.many_clues(reason),
        )
        for reason in reasons
    }
    stored = state.flow.store({reason: column for reason, column in columns.items() if column is not None})
    for reason in reasons:
        state.certainty[reason] = stored.get(reason, 0.0)
        state.known[f"{reason}.certainty"] = Cells(as_expr_of(state.certainty[reason]))
    state.choose(_statuses(state, reasons))


def left_over(state: Concluded, reason: str, sign: int, *, at_most: bool = False) -> Expr | None:
    """Return the product of what the clues of one sign leave over where their rules hold; None where none can.

    Multiplied in the order of `certainty.fold`, so that no rounding differs.

    Args:
        state: All that is concluded so far.
        reason: Whose evidence it is.
        sign: 1 for clues that speak for it, -1 for those against it.
        at_most: Whether what is undecided counts as if it held.
    """
    clues = sorted((float(str(drawn.adds)), drawn.rule) for drawn in state.drawn("evidence", reason))
    factors = [
        column
        for clue, rule in clues
        if clue * sign > 0 and (column := _factor(state.verdicts[rule], 1.0 - abs(clue), at_most=at_most)) is not None
    ]
    return reduce(mul, factors) if factors else None


def _factor(truth: Kleene, left: float, *, at_most: bool) -> Expr | None:
    """Return what a clue leaves over: 1 where its rule does not hold; None where that is so in all rows."""
    if not is_column(truth):
        return xp.lit(left) if truth or (truth is None and at_most) else None
    factor: Expr = xp.when(~truth).then(1.0).otherwise(left) if at_most else xp.when(truth).then(left).otherwise(1.0)
    return factor


def folded(doubt: Expr | None, belief: Expr | None, *, many: bool) -> Expr | None:
    """Return the certainty that doubt and belief leave; None where there is no clue.

    Args:
        doubt: What the clues for the reason leave over, if any can fire.
        belief: What those against it do.
        many: Whether there may be so many that both come to nothing.
    """
    if doubt is None:
        return None if belief is None else (belief - 1.0).round(_DECIMALS)  # the larger of the two is 1
    if belief is None:
        return (xp.lit(1.0) - doubt).round(_DECIMALS)
    scale = xp.max_horizontal(doubt, belief)
    certainty = (belief - doubt) / scale
    return (xp.when(scale > 0).then(certainty).otherwise(0.0) if many else certainty).round(_DECIMALS)


def _statuses(state: Concluded, reasons: Sequence[str]) -> dict[str, dict[str, Flag]]:
    limits = state.rulebase.thresholds
    reached = {(reason, "established"): state.certainty[reason] >= limits.established for reason in reasons}
    reached |= {(reason, "possible"): state.certainty[reason] >= limits.possible for reason in reasons}
    reached |= {(reason, "ruled_out"): state.certainty[reason] <= limits.ruled_out for reason in reasons}
    reached = state.flow.store(reached)
    # INVARIANT: what is established is more than possible, and what is ruled out is not even that.
    return {
        f"{reason}.status": {
            "established": reached[reason, "established"],
            "possible": less(reached[reason, "possible"], reached[reason, "established"]),
            "unsupported": neither(reached[reason, "possible"], reached[reason, "ruled_out"]),
            "ruled_out": reached[reason, "ruled_out"],
        }
        for reason in reasons
    }


# --- links and roles --------------------------------------------------------------------------------------------------


def _links(state: Concluded, _: Sequence[str]) -> None:
    """Nothing is known of a link before the statuses are: see `_roles`."""


def _roles(state: Concluded, _: Sequence[str]) -> None:
    reasons = state.rulebase.reasons
    established = {reason: state.flag(f"{reason}.status", "established") for reason in reasons}
    state.links |= state.flow.store(
        {
            (link.cause, link.effect): every(
                [established[link.cause], established[link.effect], _switched_on(state, link)]
            )
            for link in state.rulebase.links
        }
    )
    into = {reason: [flag for (_, effect), flag in state.links.items() if effect == reason] for reason in reasons}
    consequence = state.flow.store({reason: either(into[reason]) for reason in reasons})
    first = state.flow.store({reason: less(established[reason], consequence[reason]) for reason in reasons})
    state.strongest = state.flow.keep(_strongest(state, first))
    limit = state.flow.keep((state.strongest - state.rulebase.thresholds.root_margin).round(_DECIMALS))
    root = state.flow.store(
        {reason: every([first[reason], as_expr_of(state.certainty[reason]) >= limit]) for reason in reasons}
    )
    state.choose(
        {
            f"{reason}.role": {
                "root": root[reason],
                "contributing": less(first[reason], root[reason]),
                "consequence": consequence[reason],
                "none": neither(first[reason], consequence[reason]),
            }
            for reason in reasons
        }
    )


def _switched_on(state: Concluded, link: Link) -> Flag:
    drawn = state.drawn("link", f"{link.cause} {link.effect}")
    off = state.any_fired([one for one in drawn if not one.adds])
    on = link.always or state.any_fired([one for one in drawn if one.adds])
    return every([on, opposite(off)])


def _strongest(state: Concluded, first: Mapping[str, Flag]) -> Expr:
    """Return the certainty of the strongest of these reasons; 0 where there is none."""
    columns = [
        xp.when(as_expr(flag)).then(as_expr_of(state.certainty[reason])).otherwise(0.0)
        for reason, flag in first.items()
        if flag is not False
    ]
    return xp.max_horizontal(*columns) if columns else xp.lit(0.0)


def as_expr_of(number: Certainty) -> Expr:
    """Return a number as a column, also where it is the same in all rows."""
    return xp.lit(number) if isinstance(number, float) else number


# --- scope and responsibility -----------------------------------------------------------------------------------------


def _merged(has: Mapping[str, Flag]) -> dict[str, Flag]:
    """Return the one scope that all share, `mixed` where they differ; `undetermined` is ignored."""
    told = {scope: has.get(scope, False) for scope in SCOPES if scope not in ("undetermined", "mixed")}
    mixed = either([has.get("mixed", False), _several(told)])
    alone = {scope: every([flag, opposite(mixed)]) for scope, flag in told.items()}
    return {**alone, "mixed": mixed, "undetermined": opposite(either([*told.values(), mixed]))}


def _several(flags: Mapping[str, Flag]) -> Flag:
    """Return where more than one of several flags holds."""
    return either([every(pair) for pair in combinations(flags.values(), 2)])


def _or_else(found: Mapping[str, Flag], told: Iterable[Flag], otherwise: str) -> dict[str, Flag]:
    """Return what was found, and another value where no rule told any."""
    return {**found, otherwise: either([found[otherwise], opposite(either(told))])}


def _scopes(state: Concluded, _: Sequence[str]) -> None:
    reasons = state.rulebase.reasons.values()
    sides = state.told("responsible", state.rulebase.reasons, RESPONSIBLE)
    state.choose({f"{reason.id}.responsible": _responsible(reason, sides[reason.id]) for reason in reasons})
    own = state.told("scope", state.rulebase.reasons, SCOPES)
    state.choose({f"{reason.id}.scope": _scope(reason, own[reason.id]) for reason in reasons})
    upstream = [reason.id for reason in reasons if reason.scope == "upstream"]
    state.choose({f"{reason}.scope": _merged(_with_those_behind(state, reason, own[reason])) for reason in upstream})
    has = {
        scope: either(
            [every([state.flag(f"{one.id}.role", "root"), state.flag(f"{one.id}.scope", scope)]) for one in reasons]
        )
        for scope in SCOPES
    }
    state.choose({"case.scope": _merged(state.flow.store(has))})


def _responsible(reason: Reason, told: Mapping[str, Flag]) -> dict[str, Flag]:
    """Return the one side that rules tell, `both` where they tell several; else whose trouble the reason is."""
    found = only_one(told)
    found["both"] = either([found["both"], _several(told)])
    return _or_else(found, told.values(), reason.responsible)


def _scope(reason: Reason, told: Mapping[str, Flag]) -> dict[str, Flag]:
    """Return the scope that rules tell; else the reason's own, if that does not depend on others."""
    found = _merged(told)
    if reason.scope not in SCOPES:
        return found
    found["undetermined"] = every([told["undetermined"], found["undetermined"]])
    return _or_else(found, told.values(), reason.scope)


def _with_those_behind(state: Concluded, reason: str, own: Mapping[str, Flag]) -> dict[str, Flag]:
    """Return the scopes of a reason, with those of the roots that led to it where no rule tells its own."""
    untold = opposite(state.any_fired(state.drawn("scope", reason)))
    behind = state.flow.store(
        {
            cause: every([untold, reaches, state.flag(f"{cause}.role", "root")])
            for cause, reaches in _reaching(state, reason).items()
        }
    )
    return state.flow.store(
        {
            scope: either(
                [own[scope], *(every([flag, state.flag(f"{cause}.scope", scope)]) for cause, flag in behind.items())]
            )
            for scope in SCOPES
        }
    )


def _reaching(state: Concluded, reason: str) -> dict[str, Flag]:
    """Return for each other reason where it leads to this one, through whatever stands between."""
    found: dict[str, Flag] = {reason: True}
    effects: dict[str, list[str]] = {}
    for cause, effect in state.links:
        effects.setdefault(cause, []).append(effect)
    waiting = {cause: several for cause, several in effects.items() if cause != reason}
    while waiting:  # links run in no circle, so there is always a reason all of whose effects are told
        ready = [cause for cause, several in waiting.items() if not waiting.keys() & set(several)]
        ways = {
            cause: either(
                [every([state.links[cause, effect], found.get(effect, False)]) for effect in waiting.pop(cause)]
            )
            for cause in ready
        }
        found |= state.flow.store(ways)
    del found[reason]
    return found


# --- what to offer, and what it is worth ------------------------------------------------------------------------------


def _accommodations(state: Concluded, _: Sequence[str]) -> None:
    items = state.rulebase.accommodations
    withheld = state.flow.store({item: state.any_fired(state.drawn("withhold", item)) for item in items})
    offered = {item: every([state.any_fired(state.drawn("offer", item)), opposite(withheld[item])]) for item in items}
    offered = state.flow.store(offered)
    state.choose(
        {
            f"accommodation.{item}": {
                "withheld": withheld[item],
                "offered": offered[item],
                "none": neither(withheld[item], offered[item]),
            }
            for item in items
        }
    )


def _requirements(state: Concluded, _: Sequence[str]) -> None:
    """A table holds no requirements in the customer's own words, so nothing is known of them."""


def _economics(state: Concluded, _: Sequence[str]) -> None:
    nothing = xp.lit(None, dtype=xp.Float64)
    inputs = {name: state.known.get(name) for name in INPUTS}
    attempt = inputs["attempt_cost"]
    cost = Range(nothing, nothing) if attempt is None else Range(*ends(attempt))  # type: ignore[arg-type]
    if any(value is None for value in inputs.values()):
        unknown = {"not_worked_out": True, "pays": False, "does_not_pay": False, "depends": False}
        worth = Worth(Range(nothing, nothing), _rounded(cost), Range(nothing, nothing), unknown)
    else:
        amounts = {name: Range(*ends(value)) for name, value in inputs.items()}  # type: ignore[arg-type]
        worth = _worth(state, amounts)
    state.worth = worth
    state.choose({"economics.verdict": worth.verdict})
    state.known["economics.break_even_chance"] = Range(worth.chance.low, worth.chance.high)


def _worth(state: Concluded, amounts: Mapping[str, Range]) -> Worth:
    offered = {item: state.flag(f"accommodation.{item}", "offered") for item in state.rulebase.accommodations}
    costs = state.remembered.costs
    uncosted = either([flag for item, flag in offered.items() if item not in costs])
    costed = {
        item: (as_expr(flag), costs[item]) for item, flag in offered.items() if item in costs and flag is not False
    }
    # What is read more than once is worked out once.
    spent = stored(state.flow, {when: _total(_costs(costed, when)) for when in ("yearly", "once")})
    gained = _total([amounts["yearly_margin"], amounts["idle_capacity_margin"]])
    yearly = stored(state.flow, {"": _less(gained, spent["yearly"])})[""]
    lasting = stored(state.flow, {"": _product(amounts["years_expected"], yearly)})[""]
    once = _total([amounts["precedent_exposure"], spent["once"]])
    known = every([opposite(uncosted), ~amounts["attempt_cost"].low.is_null()])
    value = _each(_less(lasting, once), lambda end: _where(known, end))
    told = stored(state.flow, {"value": _rounded(value), "attempt": _rounded(amounts["attempt_cost"])})
    return _judged(state, told["value"], told["attempt"])


def _where(flag: Flag, column: Expr) -> Expr:
    return column if flag is True else xp.when(as_expr(flag)).then(column)


def _costs(costed: Mapping[str, tuple[Expr, Cost]], when: str) -> list[Range]:
    """Return what each accommodation costs where it is offered, and nothing elsewhere."""
    amounts = [(flag, cost.once if when == "once" else cost.yearly) for flag, cost in costed.values()]
    return [_each(amount, partial(_where_offered, flag)) for flag, amount in amounts if amount]


def _where_offered(flag: Expr, amount: Expr) -> Expr:
    return xp.when(flag).then(amount).otherwise(0.0)


def _each(span: Range, change: Callable[[Expr], Expr]) -> Range:
    """Return a range with both ends changed; an exact one stays exact, and is worked out once."""
    low = change(span.low)
    return Range(low, low if span.low is span.high else change(span.high))


def _total(parts: Sequence[Range]) -> Range:
    low = reduce(add, [part.low for part in parts], xp.lit(0.0))
    if all(part.low is part.high for part in parts):
        return Range(low, low)
    return Range(low, reduce(add, [part.high for part in parts], xp.lit(0.0)))


def _less(gain: Range, cost: Range) -> Range:
    low = gain.low - cost.high
    exact = gain.low is gain.high and cost.low is cost.high
    return Range(low, low if exact else gain.high - cost.low)


def _product(one: Range, other: Range) -> Range:
    corners = [first * second for first, second in product(apart(one), apart(other))]
    if len(corners) == 1:
        return Range(corners[0], corners[0])
    return Range(xp.min_horizontal(*corners), xp.max_horizontal(*corners))  # INVARIANT: all are known, or none


def _rounded(span: Range) -> Range:
    return _each(span, lambda end: end.round(_DECIMALS))


def _judged(state: Concluded, value: Range, attempt: Range) -> Worth:
    known = ~value.low.is_null()
    never = is_true((value.high <= 0) | (attempt.low > value.high))
    surely = is_true((value.low > 0) & (attempt.high <= value.low))
    flags = state.flow.store({"known": as_expr(known), "never": never, "surely": surely})
    pays = every([flags["known"], opposite(flags["never"]), flags["surely"]])
    low = rounded(attempt.low / value.high, pays)
    exact = value.low is value.high and attempt.low is attempt.high
    chance = Range(low, low if exact else rounded(attempt.high / value.low, pays))
    verdict = {
        "pays": pays,
        "does_not_pay": every([flags["known"], flags["never"]]),
        "depends": every([flags["known"], opposite(flags["never"]), opposite(flags["surely"])]),
        "not_worked_out": opposite(flags["known"]),
    }
    return Worth(value, attempt, stored(state.flow, {"": chance})[""], verdict)


# --- the decision -----------------------------------------------------------------------------------------------------


def _decision(state: Concluded, _: Sequence[str]) -> None:
    told = state.told("decision", [""], DECISIONS)[""]
    found = state.flow.store(only_one(told))
    found["undecided"] = either([found["undecided"], every([opposite(flag) for flag in found.values()])])
    state.choose({"case.decision": found})


def _steps(state: Concluded, _: Sequence[str]) -> None:
    """A row has no plan: whoever wants one explains the row."""


_CONCLUDE: Mapping[str, Callable[[Concluded, Sequence[str]], None]] = {
    "finding": _findings,
    "reason": _reasons,
    "links": _links,
    "roles": _roles,
    "scopes": _scopes,
    "accommodations": _accommodations,
    "requirements": _requirements,
    "economics": _economics,
    "decision": _decision,
    "steps": _steps,
}
