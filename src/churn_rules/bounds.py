"""What could still come out of a case of which not everything is told: for each name the values it may yet take.

Never decides a rule: it only says between which truths each may lie. Kleene's truths stand in a row, false below
unknown below true, and a premise holds no negation, so it can only rise where its tests rise. Decided once with each
test at its lowest truth and once with each at its highest, every rule is enclosed, whatever the answers together.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from churn_rules.cases import Memory
from churn_rules.certainty import fold
from churn_rules.conclusions import economics_of, economics_verdict, merged_scope, requirement_status, status_at
from churn_rules.conditions import All, Condition, Test, holds, tests
from churn_rules.economics import INPUTS
from churn_rules.rulebase import STATUSES, WAITS_FOR, Reason, Rule, Rulebase, Topic, drawn_by, settles
from churn_rules.vocabulary import Span, Truth, Value, exact

__all__ = [
    "ANYTHING",
    "FALSE",
    "TRUE",
    "UNKNOWN",
    "Bounds",
    "Options",
    "Outlook",
    "bounds_of",
    "is_settled",
    "settled_value",
    "truth_between",
]

FALSE, UNKNOWN, TRUE = 0, 1, 3  # so that `&` and `|` are Kleene's and and or
_MOST_REMEMBERED = 20_000  # truths by name and options, so that a service that runs for long does not grow
_CODE: Mapping[Truth, int] = {False: FALSE, None: UNKNOWN, True: TRUE}

Options = frozenset[Value | None] | Span | None
"""What a name may turn out to be: one of a set (None in it: unknown), an exact number within a span, or anything."""

ANYTHING: Options = None
_UNKNOWN: Options = frozenset((None,))
_Decide = Callable[[Sequence[int]], tuple[int, ...]]


def settled_value(options: Options) -> Value | None:
    """Return the one value that options leave.

    Raises:
        ValueError: They leave more than one.
    """
    if isinstance(options, Span) and options.low == options.high:
        return options
    if isinstance(options, frozenset) and len(options) == 1:
        return next(iter(options))
    raise ValueError("more than one value is left")


def is_settled(options: Options) -> bool:
    """Tell whether options leave one value only."""
    if isinstance(options, Span):
        return options.low == options.high
    return options is not None and len(options) == 1


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What could still come out: options by name, and the lowest and the highest truth of each rule, by its place.

    `links` tells for each link whether it may be active and whether it may be inactive; `low` and `high` are the lowest
    and the highest truth of each test, by its number.
    """

    options: Mapping[str, Options]
    lowest: Sequence[int]
    highest: Sequence[int]
    links: Mapping[tuple[str, str], tuple[bool, bool]]
    low: Sequence[int]
    high: Sequence[int]

    def of(self, name: str) -> Options:
        """Return what a name may turn out to be; what nobody told and nobody may tell is unknown."""
        return self.options.get(name, _UNKNOWN)

    def is_settled(self, name: str) -> bool:
        """Tell whether a name has one value left."""
        return is_settled(self.of(name))


class Bounds:
    """A rule base made ready for asking what could still come out. Safe to share between threads.

    `places` numbers the rules in the order in which they are decided; `drawn` holds for each conclusion the places of
    the rules that draw it, with what each adds.
    """

    def __init__(self, rulebase: Rulebase) -> None:
        self.rulebase = rulebase
        ordered = [rule for stratum in rulebase.strata for rule in stratum.rules]
        self.places = {rule.id: place for place, rule in enumerate(ordered)}
        self.drawn: dict[Topic, tuple[tuple[int, object], ...]] = {
            topic: tuple((self.places[rule], adds) for rule, adds in drawn) for topic, drawn in rulebase.drawn.items()
        }
        self._tests = tuple(dict.fromkeys(test for rule in ordered for test in tests(rule.premise)))
        self._numbers = {test: number for number, test in enumerate(self._tests)}
        self._by_name: dict[str, list[Test]] = {}
        for test in self._tests:
            self._by_name.setdefault(test.name, []).append(test)
        self._settles = self._settled_by_rules(ordered)
        self.reads = tuple(tuple({self._numbers[t]: t.name for t in tests(rule.premise)}.items()) for rule in ordered)
        self._truths: dict[tuple[str, Options], tuple[tuple[int, int, int], ...]] = {}
        self._deciders = [self._compiled([rule.premise for rule in stratum.rules]) for stratum in rulebase.strata]

    def _compiled(self, premises: Iterable[Condition]) -> _Decide:
        """Return a function from the truths of all tests to those of the premises."""
        body = ast.Tuple([self._expression(premise) for premise in premises], ast.Load())
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg("t")], kwonlyargs=[], kw_defaults=[], defaults=[])
        tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
        decide: _Decide = eval(compile(tree, "<bounds>", "eval"))  # noqa: S307  # a tree of ours, of numbers only
        return decide

    def _expression(self, premise: Condition) -> ast.expr:
        if isinstance(premise, Test):
            return ast.Subscript(ast.Name("t", ast.Load()), ast.Constant(self._numbers[premise]), ast.Load())
        joined, *rest = (self._expression(part) for part in premise.parts)
        for part in rest:
            joined = ast.BinOp(joined, ast.BitAnd() if isinstance(premise, All) else ast.BitOr(), part)
        return joined

    @staticmethod
    def _settled_by_rules(ordered: Iterable[Rule]) -> tuple[frozenset[Topic], ...]:
        """Return for each rule the topics that must be concluded anew where its truth changes."""
        drawn = [{settles(topic) for topic, _ in drawn_by(rule.then)} - {None} for rule in ordered]
        return tuple(frozenset(topic for topic in topics if topic) for topics in drawn)

    def outlook(self, memory: Memory, options: Mapping[str, Options], since: Outlook | None = None) -> Outlook:
        """Work out what could still come out.

        Args:
            memory: What is known of the case so far.
            options: What each fact, and each side's view of it, may turn out to be where it is still open.
            since: An outlook of the same case from which only the facts in `options` differ, to save work.
        """
        prospect = _Prospect(self, memory, options, since)
        touched = {Topic("economics")} if not options.keys().isdisjoint(INPUTS) else set[Topic]()
        for decide, stratum in zip(self._deciders, self.rulebase.strata, strict=True):
            first = len(prospect.lowest)
            prospect.lowest += decide(prospect.low)
            prospect.highest += decide(prospect.high)
            if since:
                touched.update(*(self._settles[place] for place in prospect.changed(first, since)))
            for topic in stratum.topics:
                if since is None or topic in touched or _waits(topic, touched):
                    touched.add(topic)
                    _CONCLUDE[topic.kind](prospect, topic)
        return Outlook(prospect.options, prospect.lowest, prospect.highest, prospect.links, prospect.low, prospect.high)

    def open_rules(self, names: set[str], outlook: Outlook) -> Iterator[str]:
        """Yield the rules that read one of these names and may still fire or not."""
        for rule, place in self.places.items():
            if outlook.lowest[place] != outlook.highest[place] and any(name in names for _, name in self.reads[place]):
                yield rule

    def truths(self, name: str, options: Options) -> tuple[tuple[int, int, int], ...]:
        """Return for each test of a name its number, and the lowest and the highest truth that the options allow."""
        found = self._truths.get((name, options))
        if found is None:
            told = ((self._numbers[test], *_truths(test, options)) for test in self._by_name.get(name, ()))
            if len(self._truths) > _MOST_REMEMBERED:
                self._truths.clear()
            found = self._truths[name, options] = tuple(told)
        return found

    def unknown(self) -> list[int]:
        """Return the truths of all tests where nothing is known."""
        return [UNKNOWN] * len(self._tests)


def bounds_of(rulebase: Rulebase) -> Bounds:
    """Return the bounds of a rule base, made at the first call and kept with it."""
    ready = rulebase.engines.get("bounds")
    return ready if isinstance(ready, Bounds) else rulebase.engines.setdefault("bounds", Bounds(rulebase))  # type: ignore[return-value]  # as in engine_for


def truth_between(condition: Condition, options: Callable[[str], Options]) -> tuple[int, int]:
    """Return the lowest and the highest truth that a condition can have, with what its names may turn out to be."""
    if isinstance(condition, Test):
        return _truths(condition, options(condition.name))
    ends = [truth_between(part, options) for part in condition.parts]
    choose = min if isinstance(condition, All) else max
    return choose(low for low, _ in ends), choose(high for _, high in ends)


def _truths(test: Test, options: Options) -> tuple[int, int]:
    if options is None:
        return FALSE, TRUE
    if isinstance(options, Span):
        truth = holds(test, {test.name: options})
        return (FALSE, TRUE) if truth is None else (_CODE[truth], _CODE[truth])
    found = [_CODE[None if value is None else holds(test, {test.name: value})] for value in options]
    return min(found), max(found)


def _waits(topic: Topic, touched: set[Topic]) -> bool:
    """Tell whether a topic waits for one that was concluded anew."""
    kinds = (*WAITS_FOR.get(topic.kind, ()), *(("reason",) if topic.kind == "roles" else ()))
    return any(other.kind in kinds for other in touched) if kinds else False


class _Prospect:
    """One outlook in the making, stratum by stratum, as an engine works out a case."""

    def __init__(self, bounds: Bounds, memory: Memory, options: Mapping[str, Options], since: Outlook | None) -> None:
        self.bounds, self.rulebase, self.memory = bounds, bounds.rulebase, memory
        self.options: dict[str, Options] = dict(since.options) if since else {}
        self.lowest: list[int] = []
        self.highest: list[int] = []
        self.links = dict(since.links) if since else {}
        self.low = list(since.low) if since else bounds.unknown()
        self.high = list(since.high) if since else bounds.unknown()
        for name, value in memory.values.items() if since is None else ():
            if name not in options:
                self.set(name, frozenset((value,)))
        for name, left in options.items():
            self.set(name, left)

    def changed(self, first: int, since: Outlook) -> Iterator[int]:
        """Yield the places of the rules, from the first one given, that lie between other truths than before."""
        last = len(self.lowest)
        for now, then in ((self.lowest, since.lowest), (self.highest, since.highest)):
            if now[first:] != then[first:last]:
                yield from (place for place in range(first, last) if now[place] != then[place])

    def set(self, name: str, options: Options) -> None:
        if name in self.options and self.options[name] == options:
            return  # as in the outlook since which this one is worked out: so are the truths
        self.options[name] = options
        for number, low, high in self.bounds.truths(name, options):
            self.low[number], self.high[number] = low, high

    def drawn(self, topic: Topic) -> tuple[list[object], list[object]]:
        """Return what rules that surely fire add to a conclusion, and what rules add that may or may not."""
        sure: list[object] = []
        maybe: list[object] = []
        for place, adds in self.bounds.drawn.get(topic, ()):
            if self.highest[place] == TRUE:
                (sure if self.lowest[place] == TRUE else maybe).append(adds)
        return sure, maybe

    def may(self, name: str, value: Value) -> bool:
        """Tell whether a choice may turn out so."""
        options = self.options[name]
        return isinstance(options, frozenset) and value in options

    def may_be_established(self, reason: str) -> bool:
        """Tell whether a reason may turn out established."""
        return self.may(f"{reason}.status", "established")

    def surely_established(self, reason: str) -> bool:
        """Tell whether a reason can be nothing but established."""
        return self.options[f"{reason}.status"] == frozenset(("established",))

    def surely_root(self, reason: str) -> bool:
        """Tell whether a reason can be nothing but a root."""
        return self.options[f"{reason}.role"] == frozenset(("root",))

    def certainty(self, reason: str) -> Span:
        """Return how low and how high the certainty of a reason may come out."""
        options = self.options[f"{reason}.certainty"]
        assert isinstance(options, Span), "a certainty is always bounded"
        return options


# --- one function for each kind of topic, as in `conclusions` ---------------------------------------------------------


def _finding(state: _Prospect, topic: Topic) -> None:
    places = [place for place, _ in state.bounds.drawn.get(topic, ())]
    low = max((state.lowest[place] for place in places), default=FALSE)
    high = max((state.highest[place] for place in places), default=FALSE)
    state.set(topic.id, frozenset(truth for truth, code in _CODE.items() if low <= code <= high))


def _reason(state: _Prospect, topic: Topic) -> None:
    sure, maybe = state.drawn(Topic("evidence", topic.id))
    low = fold([*sure, *(clue for clue in maybe if clue < 0)])  # type: ignore[operator,list-item]  # clues are numbers
    high = fold([*sure, *(clue for clue in maybe if clue > 0)]) if maybe else low  # type: ignore[operator,list-item]
    first, last = (STATUSES.index(status_at(end, state.rulebase.thresholds)) for end in (high, low))
    state.set(f"{topic.id}.certainty", Span(low, high))
    state.set(f"{topic.id}.status", frozenset(STATUSES[first : last + 1]))


def _links(state: _Prospect, _: Topic) -> None:
    for cause, effect, always in state.rulebase.links:
        sure, maybe = state.drawn(Topic("link", f"{cause} {effect}"))
        active = False not in sure and (always or True in sure or True in maybe)
        inactive = False in sure or False in maybe or not (always or True in sure)
        state.links[cause, effect] = active, inactive


def _roles(state: _Prospect, _: Topic) -> None:
    reasons, margin = state.rulebase.reasons, state.rulebase.thresholds.root_margin
    able = set(filter(state.may_be_established, reasons))
    sure = set(filter(state.surely_established, reasons))
    may_follow = {effect for (cause, effect), (active, _) in state.links.items() if active and cause in able}
    must_follow = {effect for (cause, effect), (_, inactive) in state.links.items() if not inactive and cause in sure}
    first = able - must_follow
    least = max((state.certainty(reason).low for reason in sure - may_follow), default=0.0)
    strongest = sorted(((state.certainty(reason).high, reason) for reason in first), reverse=True)[:2]
    for reason in reasons:
        certainty = state.certainty(reason)
        most = next((high for high, other in strongest if other != reason), 0.0)
        roles = {
            "none": reason not in sure,
            "consequence": reason in able and reason in may_follow,
            "root": reason in first and certainty.high >= round(least - margin, 9),
            "contributing": reason in first and certainty.low < round(most - margin, 9),
        }
        state.set(f"{reason}.role", frozenset(role for role, possible in roles.items() if possible))


def _scopes(state: _Prospect, _: Topic) -> None:
    reasons = state.rulebase.reasons.values()
    drawn = {reason.id: state.drawn(Topic("scope", reason.id)) for reason in reasons}
    own = {reason.id: _own_scopes(reason, drawn[reason.id]) for reason in reasons}
    for reason in reasons:
        sides = _combined(*state.drawn(Topic("responsible", reason.id)), reason.responsible, _one_or_both)
        state.set(f"{reason.id}.responsible", sides)
        state.set(f"{reason.id}.scope", _scopes_of(state, reason, own, drawn[reason.id]))
    roots = [reason.id for reason in reasons if state.may(f"{reason.id}.role", "root")]
    state.set("case.scope", _merged(own, roots, [root for root in roots if state.surely_root(root)]))


_Drawn = tuple[list[object], list[object]]  # by rules that surely fire, and by rules that may


def _scopes_of(state: _Prospect, reason: Reason, own: Mapping[str, frozenset[str]], drawn: _Drawn) -> frozenset[str]:
    sure, maybe = drawn
    if reason.scope != "upstream" or sure:
        return own[reason.id]
    behind = _merged(own, *_roots_behind(state, reason))
    return behind | (own[reason.id] if maybe else frozenset())


def _own_scopes(reason: Reason, drawn: _Drawn) -> frozenset[str]:
    """Return the scopes that a reason may have of its own; a root has no other, since nothing stands behind it."""
    default = "undetermined" if reason.scope == "upstream" else reason.scope
    return _combined(*drawn, default, merged_scope)


def _merged(own: Mapping[str, frozenset[str]], roots: Iterable[str], sure: Iterable[str]) -> frozenset[str]:
    """Return the scopes that roots may come to together, of which the `sure` ones surely count."""
    scopes = {scope for root in roots for scope in own[root]} | {"undetermined"}
    found = {scope for scope in scopes if all(scope in own[root] or "undetermined" in own[root] for root in sure)}
    told = [own[root] - {"undetermined"} for root in roots]
    if len(scopes) > 2 and any(one != other or len(one) > 1 for one, other in combinations(filter(None, told), 2)):
        found.add("mixed")
    return frozenset(found)


def _roots_behind(state: _Prospect, reason: Reason) -> tuple[set[str], set[str]]:
    """Return the roots from which a reason may follow, however far up, and those from which it surely follows."""
    may = {link for link, (active, _) in state.links.items() if active and all(map(state.may_be_established, link))}
    sure = {link for link in may if not state.links[link][1] and all(map(state.surely_established, link))}
    perhaps = {cause for cause in _upstream(reason.id, may) if state.may(f"{cause}.role", "root")}
    return perhaps, set(filter(state.surely_root, _upstream(reason.id, sure)))


def _upstream(reason: str, links: Iterable[tuple[str, str]]) -> set[str]:
    causes: dict[str, set[str]] = {}
    for cause, effect in links:
        causes.setdefault(effect, set()).add(cause)
    found: set[str] = set()
    waiting = [reason]
    while waiting:
        fresh = causes.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _combined(
    sure: Collection[object], maybe: Collection[object], default: str, combine: Callable[[Iterable[str]], str]
) -> frozenset[str]:
    """Return what comes of combining what surely counts with any part of what may count."""
    if not maybe:
        return frozenset((combine(map(str, sure)) if sure else default,))
    found = {frozenset(map(str, sure))}
    for value in set(map(str, maybe)):
        found |= {told | {value} for told in found}
    return frozenset(combine(told) if told else default for told in found)


def _one_or_both(sides: Iterable[str]) -> str:
    told = set(sides)
    return told.pop() if len(told) == 1 else "both"


def _accommodations(state: _Prospect, _: Topic) -> None:
    for accommodation in state.rulebase.accommodations:
        held, perhaps_held = state.drawn(Topic("withhold", accommodation))
        offered, perhaps = state.drawn(Topic("offer", accommodation))
        verdicts = {
            "withheld": bool(held or perhaps_held),
            "offered": not held and bool(offered or perhaps),
            "none": not held and not offered,
        }
        state.set(f"accommodation.{accommodation}", frozenset(name for name, possible in verdicts.items() if possible))


def _requirements(state: _Prospect, _: Topic) -> None:
    requirements = state.memory.case.requirements
    if requirements:
        named = {f"accommodation.{item}": None for requirement in requirements for item in requirement.met_by}
        left = {name: state.options[name] for name in named}
        met: Options = frozenset((True, False))
        refused: Options = met
        if all(map(is_settled, left.values())):
            known = {name: str(settled_value(options)) for name, options in left.items()}
            statuses = [(requirement_status(item, known), item.priority) for item in requirements]
            met = frozenset((all(status == "met" for status, _ in statuses),))
            refused = frozenset((("refused", "must") in statuses,))
        state.set("requirements.all_met", met)
        state.set("requirements.any_refused", refused)


def _economics(state: _Prospect, _: Topic) -> None:
    offers = [f"accommodation.{name}" for name in state.rulebase.accommodations]
    left = {name: state.options.get(name, _UNKNOWN) for name in (*INPUTS, *offers)}
    at_best: dict[str, Value] = {**dict.fromkeys(INPUTS, exact(0)), **dict.fromkeys(offers, "none")}
    for name, options in left.items():
        if is_settled(options):
            value = settled_value(options)
            at_best = {**at_best, name: value} if value is not None else _without(at_best, name)
    worked_out = economics_of(state.rulebase, state.memory, at_best)
    verdict: Options = frozenset(("pays", "does_not_pay", "depends", "not_worked_out"))
    chance: Options = ANYTHING
    if worked_out.missing or all(map(is_settled, left.values())):  # whatever else is told, this is lacking: or all is
        verdict, chance = frozenset((economics_verdict(worked_out),)), frozenset((worked_out.chance,))
    state.set("economics.verdict", verdict)
    state.set("economics.break_even_chance", chance)


def _without(values: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {other: value for other, value in values.items() if other != name}


def _decision(state: _Prospect, _: Topic) -> None:
    sure, maybe = state.drawn(Topic("decision"))
    state.set("case.decision", _combined(sure, maybe, "undecided", _one_or_undecided))


def _one_or_undecided(verdicts: Iterable[str]) -> str:
    told = set(verdicts)
    return told.pop() if len(told) == 1 else "undecided"


def _nothing(_state: _Prospect, _: Topic) -> None:
    """The steps of a plan: no rule reads them."""


_CONCLUDE: Mapping[str, Callable[[_Prospect, Topic], None]] = {
    "finding": _finding,
    "reason": _reason,
    "links": _links,
    "roles": _roles,
    "scopes": _scopes,
    "accommodations": _accommodations,
    "requirements": _requirements,
    "economics": _economics,
    "decision": _decision,
    "steps": _nothing,
}
