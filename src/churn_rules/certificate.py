"""Proves anew that an interview stopped rightly: no answer to what was not asked can change what was concluded.

Never trusts what made the certificate: it uses neither `bounds` nor `questionnaire`. It asks backwards from each
conclusion which values it may take, and tries every value that a fact may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

from churn_rules.cases import Case, Certificate, remember
from churn_rules.certainty import fold
from churn_rules.conclusions import economics_of, economics_verdict, merged_scope, requirement_status, status_at
from churn_rules.conditions import All, Condition, Test, holds, tests
from churn_rules.economics import INPUTS
from churn_rules.rulebase import STATUSES, Reason, Rulebase, Topic
from churn_rules.vocabulary import SIDES, Fact, Side, Span, Truth, Value, exact

__all__ = ["verify"]

_Values = frozenset[Value | None] | None
"""The values that a name may take, None in them for unknown; None in place of them: any at all."""

_RANK: Mapping[Truth, int] = {False: 0, None: 1, True: 2}
_TRUTHS: tuple[Truth, ...] = (False, None, True)


def verify(rulebase: Rulebase, case: Case) -> tuple[str, ...]:
    """Prove the certificate of a case.

    Returns:
        What is wrong with it, as sentences; nothing where it is proved.
    """
    certificate = case.certificate
    if certificate is None:
        return ("the case holds no certificate: it was told in no interview, or in one that is not done yet",)
    if certificate.rulebase != rulebase.digest:
        return ("it was made with other rules; interview again, or give the folder of those rules with --rules",)
    return tuple(_Prover(rulebase, case, certificate).faults())


class _Prover:
    def __init__(self, rulebase: Rulebase, case: Case, certificate: Certificate) -> None:
        self.rulebase, self.case, self.certificate = rulebase, case, certificate
        self.memory = remember(case, rulebase.vocabulary)
        self.read = {
            test.name for rule in rulebase.rules.values() for test in tests(rule.premise) if not rule.only_plans
        }
        self.open = {item.question for item in certificate.unasked if item.because == "settled"}
        self.figures = {name for name, _ in case.economics.facts()} if case.economics else set()
        self._values: dict[str, _Values] = {}
        self._truths: dict[str, frozenset[Truth]] = {}
        self._spans: dict[str, Span] = {}

    def faults(self) -> Iterator[str]:
        """Yield what is wrong."""
        yield from self._senseless()
        yield from self._unaccounted()
        for reason, claimed in self.certificate.reach.items():
            found = self.certainty(reason)
            if not claimed.low <= found.low <= found.high <= claimed.high:
                yield f"the certainty of `{reason}` may lie from {found.low} to {found.high}, beyond what it says"
        if missing := self.rulebase.reasons.keys() - self.certificate.reach.keys():
            yield f"it does not say how certain `{min(missing)}` may become"
        for part in sorted(self.certificate.concluded.keys() - set(self.certificate.wanted)):
            yield f"it concludes the {part}, which was not asked for and is not proved"
        if not self.certificate.wanted:
            yield "nothing was asked for, so that there is nothing to prove"
        for part in self.certificate.wanted:
            told, proved = self.certificate.concluded.get(part), self.concluded(part)
            if proved is None:
                yield f"the {part} may still change"
            elif proved != told:
                yield f"the {part} is {', '.join(proved) or 'none'}, and not {', '.join(told or ()) or 'none'}"

    def _senseless(self) -> Iterator[str]:
        for item in self.certificate.unasked:
            fact, _, part = item.question.partition(".")
            if fact not in self.rulebase.vocabulary or part not in ("", *SIDES):
                yield f"there is no question `{item.question}`"
            elif item.because == "senseless":
                where = self.rulebase.asking.only_where
                side = part or next(iter(self.sides(self.rulebase.vocabulary[fact])), "")
                condition = where.get(f"{fact}.{side}") or where.get(fact)
                if condition is None or True in self.possible(condition):
                    yield f"`{item.question}` may come to make sense"

    def _unaccounted(self) -> Iterator[str]:
        """Yield every question about a fact that is read, which was neither answered nor named as not asked."""
        heard = {(item.fact, item.side) for item in self.case.observations}
        named = {item.question for item in self.certificate.unasked}
        for fact in self.rulebase.vocabulary.values():
            read = {fact.id, *(f"{fact.id}.{part}" for part in (*SIDES, "disputed"))} & (self.read | set(INPUTS))
            sides = self.sides(fact) if read else ()
            for side in sides:
                name = fact.id if len(sides) == 1 else f"{fact.id}.{side}"
                known = len(sides) == 1 and self._surely_known(fact)
                if not known and name not in named and (fact.id, side) not in heard:
                    yield f"`{name}` was neither answered nor named as not asked"

    def sides(self, fact: Fact) -> tuple[Side, ...]:
        """Return the sides that a fact is asked of: each where one side's word is read, otherwise the first."""
        views = {side for side in SIDES if f"{fact.id}.{side}" in self.read}
        if views or f"{fact.id}.disputed" in self.read:
            return tuple(side for side in SIDES if side in views or side in fact.asked_of)
        return fact.asked_of[:1]

    def _surely_known(self, fact: Fact) -> bool:
        """Tell whether somebody told a fact, or it follows from others that cannot change any more."""
        follows = fact.derive and all(len(self.values(source) or ()) == 1 for source in fact.derive.sources)
        return fact.id in self.memory.told or bool(follows and fact.id in self.memory.values)

    # --- what is concluded --------------------------------------------------------------------------------------------

    def concluded(self, part: str) -> tuple[str, ...] | None:
        """Return what is concluded of one thing asked for, or None where it may still change."""
        match part:
            case "root":
                return self._roots()
            case "scope":
                return self._scope()
            case "decision":
                return self._one("case.decision")
        verdicts = {name: self._one(f"accommodation.{name}") for name in self.rulebase.accommodations}
        told = sorted(f"{name} {verdict[0]}" for name, verdict in verdicts.items() if verdict and verdict[0] != "none")
        return None if None in verdicts.values() else tuple(told)

    def _one(self, name: str) -> tuple[str, ...] | None:
        values = self.values(name)
        return (str(next(iter(values))),) if values and len(values) == 1 else None

    def _roots(self) -> tuple[str, ...] | None:
        may = [reason for reason in self.rulebase.reasons if "root" in self.roles(reason)]
        sure = [reason for reason in may if self.roles(reason) == {"root"}]
        ordered = sorted(sure, key=lambda reason: -self.certainty(reason).low)
        for place, first in enumerate(ordered):
            for second in ordered[place + 1 :]:
                ahead, behind = self.certainty(first).low, self.certainty(second).high
                if ahead < behind or (ahead == behind and sure.index(first) > sure.index(second)):
                    return None
        return tuple(ordered) if sure == may else None

    def _scope(self) -> tuple[str, ...] | None:
        roots = [reason for reason in self.rulebase.reasons if "root" in self.roles(reason)]
        sides = [self._one(f"{reason}.responsible") for reason in roots]
        sure = all(self.roles(reason) == {"root"} for reason in roots)
        some = any(self._status(reason) == {"established"} for reason in self.rulebase.reasons)
        scope = self._one("case.scope")
        if scope is None or None in sides or not (sure or (some and len(set(sides)) == 1)):
            return None
        return (*scope, *sorted({side[0] for side in sides if side}))

    # --- what a name may turn out to be -------------------------------------------------------------------------------

    def values(self, name: str) -> _Values:
        """Return the values that a name may take."""
        if name not in self._values:
            self._values[name] = self._found(name)
        return self._values[name]

    def _found(self, name: str) -> _Values:
        head, _, part = name.partition(".")
        if head in self.rulebase.vocabulary:
            return self._told(self.rulebase.vocabulary[head], part)
        if name in self.rulebase.findings:
            return self._finding(name)
        if head in self.rulebase.reasons:
            return self._of_reason(head, part)
        match head:
            case "accommodation":
                return self._accommodation(part)
            case "requirements":
                return self._requirements(part)
            case "economics":
                return self._economics(part)
        if name == "case.decision":
            found = self._combinations(Topic("decision"))
            return frozenset(next(iter(told)) if len(told) == 1 else "undecided" for told in found)
        if name == "case.scope":
            roots = [reason for reason in self.rulebase.reasons if "root" in self.roles(reason)]
            return self._merged(roots, [root for root in roots if self.roles(root) == {"root"}])
        if name == "case.stage" and "came_back" in self.rulebase.vocabulary:
            elsewhere = "gone" if self.case.lost else "leaving"
            return frozenset("back" if value is True else elsewhere for value in self.values("came_back") or (None,))
        return frozenset((self.memory.values.get(name),))

    def _told(self, fact: Fact, part: str) -> _Values:
        name = f"{fact.id}.{part}" if part else fact.id
        known = frozenset((self.memory.values.get(name),))
        silent = [side for side in SIDES if f"{fact.id}.{side}" in self.open or fact.id in self.open]
        if part:
            anything = frozenset((True, False, None)) if part == "disputed" else _universe(fact)
            return anything if silent and part in ("disputed", *silent) else known
        if fact.id in self.figures:
            return known  # the economics of a case stand before whatever anybody tells
        found: set[Value | None] = set()
        for side in SIDES:
            if side in silent:
                anything = _universe(fact)
                if anything is None:
                    return None
                found |= anything - {None}
            elif f"{fact.id}.{side}" in self.memory.values:
                return frozenset((*found, self.memory.values[f"{fact.id}.{side}"]))
        derived = self._derived(fact)
        return None if derived is None else derived | known | found

    def _derived(self, fact: Fact) -> _Values:
        """Return what may follow from other facts, beside what follows from those that are told."""
        sources = [self.values(source) for source in fact.derive.sources] if fact.derive else []
        if all(values is not None and len(values) == 1 for values in sources) or frozenset((None,)) in sources:
            return frozenset()
        assert fact.derive, "it has sources"
        return frozenset((None,)) if fact.derive.function == "date_of" else None  # an answer bears no date of its own

    def possible(self, condition: Condition) -> frozenset[Truth]:
        """Return the truths that a condition may come to, its parts taken one by one."""
        if isinstance(condition, Test):
            return self._tested(condition)
        choose = min if isinstance(condition, All) else max
        found: frozenset[Truth] | None = None
        for part in condition.parts:
            truths = self.possible(part)
            pairs = product(found, truths) if found is not None else ((truth, truth) for truth in truths)
            found = frozenset(choose(pair, key=_RANK.__getitem__) for pair in pairs)
        assert found is not None, "no premise is empty"
        return found

    def _tested(self, test: Test) -> frozenset[Truth]:
        head, _, part = test.name.partition(".")
        if head in self.rulebase.reasons and part == "certainty":
            truth = holds(test, {test.name: self.certainty(head)})
            return frozenset((True, False)) if truth is None else frozenset((truth,))
        values = self.values(test.name)
        if values is None:
            return frozenset(_TRUTHS)
        return frozenset(None if value is None else holds(test, {test.name: value}) for value in values)

    def truths(self, rule: str) -> frozenset[Truth]:
        """Return the truths that a rule may come to."""
        if rule not in self._truths:
            self._truths[rule] = self.possible(self.rulebase.rules[rule].premise)
        return self._truths[rule]

    def drawn(self, topic: Topic) -> tuple[list[object], list[object]]:
        """Return what is surely added to a conclusion, and what may be added."""
        sure: list[object] = []
        maybe: list[object] = []
        for rule, adds in self.rulebase.drawn.get(topic, ()):
            if True in self.truths(rule):
                (sure if len(self.truths(rule)) == 1 else maybe).append(adds)
        return sure, maybe

    def _combinations(self, topic: Topic) -> Iterable[frozenset[str]]:
        """Return every set of what may be added together."""
        sure, maybe = self.drawn(topic)
        found = {frozenset(map(str, sure))}
        for value in set(map(str, maybe)):
            found |= {told | {value} for told in found}
        return found

    # --- one kind of conclusion each ----------------------------------------------------------------------------------

    def _finding(self, finding: str) -> _Values:
        found: set[Truth] = {False}
        for rule, _ in self.rulebase.drawn.get(Topic("finding", finding), ()):
            found = {max(pair, key=_RANK.__getitem__) for pair in product(found, self.truths(rule))}
        return frozenset(found)

    def certainty(self, reason: str) -> Span:
        """Return how low and how high the certainty of a reason may come out."""
        if reason not in self._spans:
            sure, maybe = self.drawn(Topic("evidence", reason))
            clues, perhaps = ([float(str(clue)) for clue in some] for some in (sure, maybe))
            low, high = (fold([*clues, *(clue for clue in perhaps if clue * sign > 0)]) for sign in (-1, 1))
            self._spans[reason] = Span(low, high)
        return self._spans[reason]

    def _of_reason(self, reason: str, part: str) -> _Values:
        match part:
            case "status":
                ends = [STATUSES.index(status_at(end, self.rulebase.thresholds)) for end in self.certainty(reason)]
                return frozenset(STATUSES[ends[1] : ends[0] + 1])
            case "role":
                return self.roles(reason)
            case "responsible":
                default = frozenset((self.rulebase.reasons[reason].responsible,))
                found = [told or default for told in self._combinations(Topic("responsible", reason))]
                return frozenset(next(iter(told)) if len(told) == 1 else "both" for told in found)
            case "scope":
                return self._scopes(self.rulebase.reasons[reason])
        return None

    def _status(self, reason: str) -> frozenset[object]:
        return frozenset(self.values(f"{reason}.status") or ())

    def link(self, cause: str, effect: str) -> frozenset[bool]:
        """Tell whether a link may hold between two established reasons, and whether it may not."""
        always = next(link.always for link in self.rulebase.links if link[:2] == (cause, effect))
        sure, maybe = self.drawn(Topic("link", f"{cause} {effect}"))
        holding = False not in sure and (always or True in (*sure, *maybe))
        failing = False in (*sure, *maybe) or not (always or True in sure)
        return frozenset(truth for truth, may in ((True, holding), (False, failing)) if may)

    def causes(self, reason: str, *, surely: bool = False) -> set[str]:
        """Return the reasons that may, or that surely do, lead to an established reason."""
        found = set()
        for cause, effect, _ in self.rulebase.links:
            if effect == reason:
                status, holding = self._status(cause), self.link(cause, effect)
                sure = status == {"established"} and holding == {True}
                if sure if surely else "established" in status and True in holding:
                    found.add(cause)
        return found

    def roles(self, reason: str) -> frozenset[str]:
        """Return the roles that a reason may come to play."""
        status = self._status(reason)
        found = set() if status == {"established"} else {"none"}
        if "established" not in status:
            return frozenset(found)
        if self.causes(reason):
            found.add("consequence")
        if not self.causes(reason, surely=True):
            margin, own = self.rulebase.thresholds.root_margin, self.certainty(reason)
            others = [other for other in self.rulebase.reasons if other != reason]
            able = [o for o in others if "established" in self._status(o) and not self.causes(o, surely=True)]
            sure = [o for o in (*others, reason) if self._status(o) == {"established"} and not self.causes(o)]
            least = max((self.certainty(other).low for other in sure), default=0.0)
            most = max((self.certainty(other).high for other in able), default=0.0)
            found |= {"root"} if own.high >= round(least - margin, 9) else set()
            found |= {"contributing"} if own.low < round(most - margin, 9) else set()
        return frozenset(found)

    def _own_scopes(self, reason: Reason) -> frozenset[str]:
        default = "undetermined" if reason.scope == "upstream" else reason.scope
        return frozenset(merged_scope(told or [default]) for told in self._combinations(Topic("scope", reason.id)))

    def _scopes(self, reason: Reason) -> frozenset[str]:
        sure, maybe = self.drawn(Topic("scope", reason.id))
        own = self._own_scopes(reason)
        if reason.scope != "upstream" or sure:
            return own
        surely = self._status(reason.id) == {"established"}
        sure_behind = self._behind(reason.id, lambda name: self.causes(name, surely=True)) if surely else set()
        behind = self._behind(reason.id, self.causes) if "established" in self._status(reason.id) else set()
        roots = [name for name in behind if "root" in self.roles(name)]
        told = self._merged(roots, [name for name in sure_behind if self.roles(name) == {"root"}])
        return told | own if maybe else told

    @staticmethod
    def _behind(reason: str, causes: Callable[[str], set[str]]) -> set[str]:
        found: set[str] = set()
        waiting = [reason]
        while waiting:
            fresh = causes(waiting.pop()) - found
            found |= fresh
            waiting += fresh
        return found

    def _merged(self, roots: Iterable[str], sure: Iterable[str]) -> frozenset[str]:
        """Return the scopes that roots may come to together; the sure ones count in any case."""
        found = {frozenset[str]()}
        for root in roots:
            scopes = self._own_scopes(self.rulebase.reasons[root]) - {"undetermined"}
            idle = root not in sure or "undetermined" in self._own_scopes(self.rulebase.reasons[root])
            found = {told | {scope} for told in found for scope in scopes} | (found if idle else set())
        return frozenset(map(merged_scope, found))

    def _accommodation(self, name: str) -> frozenset[str]:
        held, perhaps_held = self.drawn(Topic("withhold", name))
        offered, perhaps = self.drawn(Topic("offer", name))
        found = {"withheld"} if held or perhaps_held else set()
        if not held:
            found |= {"offered"} if offered or perhaps else set()
            found |= set() if offered else {"none"}
        return frozenset(found)

    def _settled(self, names: Iterable[str]) -> dict[str, Value | None] | None:
        """Return the values of names that can take one only, or None where one of them can take more."""
        found = {name: self.values(name) for name in names}
        if any(values is None or len(values) > 1 for values in found.values()):
            return None
        return {name: next(iter(values or ())) for name, values in found.items()}

    def _requirements(self, part: str) -> _Values:
        items = self.case.requirements
        known = self._settled(f"accommodation.{name}" for item in items for name in item.met_by)
        if not items:
            return frozenset((None,))
        if known is None:
            return frozenset((True, False))
        statuses = [(requirement_status(item, _told(known)), item.priority) for item in items]
        if part == "all_met":
            return frozenset((all(status == "met" for status, _ in statuses),))
        return frozenset((("refused", "must") in statuses,))

    def _economics(self, part: str) -> _Values:
        offers = [f"accommodation.{name}" for name in self.rulebase.accommodations]
        at_best: dict[str, Value] = {**dict.fromkeys(INPUTS, exact(0)), **dict.fromkeys(offers, "none")}
        for name in (*INPUTS, *offers):
            if (known := self._settled([name])) is not None:
                at_best.pop(name)
                at_best |= _told(known)
        worked_out = economics_of(self.rulebase, self.memory, at_best)
        if worked_out.missing or self._settled((*INPUTS, *offers)) is not None:
            return frozenset((economics_verdict(worked_out) if part == "verdict" else worked_out.chance,))
        return frozenset(("pays", "does_not_pay", "depends", "not_worked_out")) if part == "verdict" else None


def _told(known: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in known.items() if value is not None}


def _universe(fact: Fact) -> _Values:
    if fact.type == "boolean":
        return frozenset((True, False, None))
    return frozenset((*fact.choices, None)) if fact.type == "choice" else None
