"""What is concluded between strata, whichever engine decided the rules: certainty, roles, scope, offers, verdict.

Never decides whether a rule fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from churn_rules.cases import latest
from churn_rules.certainty import fold
from churn_rules.economics import Economics, Way, break_even, for_everybody
from churn_rules.rulebase import Topic
from churn_rules.vocabulary import Truth, Value, exact

if TYPE_CHECKING:
    from churn_rules.cases import Memory, Requirement
    from churn_rules.rulebase import Added, Rulebase, Stratum, Thresholds

__all__ = [
    "NAMING",
    "Verdicts",
    "active_links",
    "conclude",
    "economics_of",
    "economics_verdict",
    "merged_scope",
    "offered",
    "requirement_status",
    "roots",
    "status_at",
    "ways_of",
]

Verdicts = Mapping[str, Truth]

NAMING = "stated_reason."
"""How the names begin under which each side names the reason: the one fact that is known here by name."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a conclusion may look at: the rule base, the case, the verdicts so far, and all that is known by name."""

    rulebase: Rulebase
    memory: Memory
    verdicts: Verdicts
    known: dict[str, Value]
    added: Added

    def fired(self, kind: str, of: str = "") -> list[object]:
        """Return what the rules that fired add to a conclusion."""
        return [adds for _, adds in self.added.get((kind, of), ())]  # type: ignore[call-overload]  # equals the Topic

    def drawn(self, kind: str) -> set[str]:
        """Return of what a kind of conclusion was drawn: the accommodations withheld, say."""
        return {topic.id for topic in self.added if topic.kind == kind}


def conclude(
    rulebase: Rulebase, memory: Memory, stratum: Stratum, verdicts: Verdicts, known: dict[str, Value], added: Added
) -> list[str]:
    """Draw the conclusions of one stratum into `known`.

    Args:
        rulebase: The rule base that the stratum belongs to.
        memory: What is known of the case from the start.
        stratum: Its rules have been decided, and so have those of all strata below.
        verdicts: True, false or None (unknown) for each rule decided so far.
        known: Values by name, facts and the conclusions of the strata below; added to in place.
        added: What the rules that fired so far add, by the conclusion that they draw; added to in place.

    Returns:
        The names that were added.
    """
    rulebase.add(added, (rule.id for rule in stratum.rules if verdicts[rule.id]))
    state, before = _State(rulebase, memory, verdicts, known, added), len(known)
    for topic in stratum.topics:
        _CONCLUDE[topic.kind](state, topic.id)
    return list(islice(known, before, None))


# --- one function for each kind of topic ------------------------------------------------------------------------------


def _finding(state: _State, finding: str) -> None:
    drawn = state.rulebase.drawn.get(Topic("finding", finding), ())
    truths = {state.verdicts[rule] for rule, _ in drawn}
    if True in truths:
        state.known[finding] = True
    elif None not in truths:
        state.known[finding] = False


def _reason(state: _State, reason: str) -> None:
    certainty = fold(state.fired("evidence", reason))  # type: ignore[arg-type]  # evidence adds certainties
    state.known[f"{reason}.certainty"] = exact(certainty)
    state.known[f"{reason}.status"] = status_at(certainty, state.rulebase.thresholds)


def status_at(certainty: float, thresholds: Thresholds) -> str:
    """Return the status of a reason at a certainty."""
    if certainty >= thresholds.established:
        return "established"
    if certainty >= thresholds.possible:
        return "possible"
    return "ruled_out" if certainty <= thresholds.ruled_out else "unsupported"


def _links(state: _State, _: str) -> None:
    for topic, switches in state.added.items():
        if topic.kind == "link":
            state.known[f"link {topic.id}"] = all(switch.adds for switch in switches)


def active_links(rulebase: Rulebase, known: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield cause and effect of each active link between two established reasons."""
    established = {reason for reason in rulebase.reasons if known[f"{reason}.status"] == "established"}
    for cause, effect, always in rulebase.links:
        if cause in established and effect in established and known.get(f"link {cause} {effect}", always):
            yield cause, effect


def _roles(state: _State, _: str) -> None:
    known, reasons = state.known, state.rulebase.reasons
    established = [reason for reason in reasons if known[f"{reason}.status"] == "established"]
    consequences = {effect for _, effect in active_links(state.rulebase, known)}
    first = {reason: _certainty(known, reason) for reason in established if reason not in consequences}
    limit = round(max(first.values(), default=0.0) - state.rulebase.thresholds.root_margin, 9)
    for reason in reasons:
        if reason in first:
            known[f"{reason}.role"] = "root" if first[reason] >= limit else "contributing"
        else:
            known[f"{reason}.role"] = "consequence" if reason in consequences else "none"


def _certainty(known: Mapping[str, Value], reason: str) -> float:
    return known[f"{reason}.certainty"].low  # type: ignore[union-attr]  # a certainty is always an exact span


def roots(rulebase: Rulebase, known: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the roots, most certain first, then in the order of the rule base."""
    found = [reason for reason in rulebase.reasons if known[f"{reason}.role"] == "root"]
    return tuple(sorted(found, key=lambda reason: -_certainty(known, reason)))


def _scopes(state: _State, _: str) -> None:
    known = state.known
    upstream: list[str] = []
    for reason in state.rulebase.reasons.values():
        sides = state.fired("responsible", reason.id) or [reason.responsible]
        known[f"{reason.id}.responsible"] = str(sides[0]) if len(set(sides)) == 1 else "both"
        scopes = state.fired("scope", reason.id)
        if not scopes and reason.scope == "upstream":
            upstream.append(reason.id)
        else:
            known[f"{reason.id}.scope"] = merged_scope(map(str, scopes or [reason.scope]))
    for reason_id in upstream:
        behind = _roots_behind(reason_id, state)
        known[f"{reason_id}.scope"] = merged_scope(
            str(known.get(f"{root}.scope", "undetermined"))  # behind a root that waits here too stands nothing
            for root in behind
        )
    known["case.scope"] = merged_scope(str(known[f"{root}.scope"]) for root in roots(state.rulebase, known))


def merged_scope(scopes: Iterable[str]) -> str:
    """Return the one scope that all share, `mixed` where they differ; `undetermined` is ignored."""
    told = set(scopes) - {"undetermined"}
    return "undetermined" if not told else told.pop() if len(told) == 1 else "mixed"


def _roots_behind(reason: str, state: _State) -> set[str]:
    causes: dict[str, set[str]] = {}
    for cause, effect in active_links(state.rulebase, state.known):
        causes.setdefault(effect, set()).add(cause)
    found: set[str] = set()
    waiting = [reason]
    while waiting:
        fresh = causes.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return {cause for cause in found if state.known[f"{cause}.role"] == "root"}


def _accommodations(state: _State, _: str) -> None:
    withheld, offers = state.drawn("withhold"), state.drawn("offer")
    for accommodation in state.rulebase.accommodations:
        verdict = "withheld" if accommodation in withheld else "offered" if accommodation in offers else "none"
        state.known[f"accommodation.{accommodation}"] = verdict


def offered(rulebase: Rulebase, known: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the accommodations offered, in the order of the rule base."""
    return tuple(item for item in rulebase.accommodations if known[f"accommodation.{item}"] == "offered")


def _requirements(state: _State, _: str) -> None:
    requirements = state.memory.case.requirements
    if requirements:
        statuses = {item: requirement_status(item, state.known) for item in requirements}
        state.known["requirements.all_met"] = set(statuses.values()) == {"met"}
        state.known["requirements.any_refused"] = any(
            status == "refused" and item.priority == "must" for item, status in statuses.items()
        )


def requirement_status(requirement: Requirement, known: Mapping[str, Value]) -> str:
    """Hold a requirement against the accommodations: `met`, `partly_met`, `refused` or `open`."""
    states = [known[f"accommodation.{item}"] for item in requirement.met_by]
    if False in (requirement.able, requirement.willing) or "withheld" in states:
        return "refused"
    given = states.count("offered")
    if given and given == len(states) and requirement.able and requirement.willing:
        return "met"
    return "partly_met" if 0 < given < len(states) else "open"


def _economics(state: _State, _: str) -> None:
    worked_out = economics_of(state.rulebase, state.memory, state.known)
    state.known["economics.verdict"] = economics_verdict(worked_out)
    if worked_out.chance is not None:
        state.known["economics.break_even_chance"] = worked_out.chance


def economics_verdict(worked_out: Economics) -> str:
    """Return what premises read of cost and benefit: `pays`, `does_not_pay`, `depends` or `not_worked_out`."""
    if worked_out.missing:
        return "not_worked_out"
    return {True: "pays", False: "does_not_pay", None: "depends"}[worked_out.pays]


def economics_of(rulebase: Rulebase, memory: Memory, known: Mapping[str, Value]) -> Economics:
    """Work out cost and benefit with the accommodations that are offered."""
    return break_even(known, offered(rulebase, known), tuple(latest(memory.case.costs).values()), memory.case.economics)


def ways_of(rulebase: Rulebase, memory: Memory, known: Mapping[str, Value]) -> tuple[Way, ...]:
    """Cost each way to win the customer back.

    Returns:
        The carve-out for this customer; where the trouble is systemic or mixed, also the change of the business model
        for everybody. The latter makes superfluous what is offered for an established reason that is systemic; what
        is offered for anything else still costs.
    """
    carve_out = economics_of(rulebase, memory, known).exactly
    if known["case.scope"] not in ("systemic", "mixed"):
        return (carve_out,)
    mended = {
        reason
        for reason in rulebase.reasons
        if known[f"{reason}.status"] == "established" and known[f"{reason}.scope"] in ("systemic", "mixed")
    }
    still = [item for item in offered(rulebase, known) if not mended & {*rulebase.accommodations[item].answers}]
    return carve_out, for_everybody(known, still, tuple(latest(memory.case.costs).values()), memory.case.economics)


def _decision(state: _State, _: str) -> None:
    verdicts = set(state.fired("decision"))
    state.known["case.decision"] = str(verdicts.pop()) if len(verdicts) == 1 else "undecided"


def _steps(state: _State, _: str) -> None:
    dropped, planned = state.drawn("drop"), state.drawn("step")
    for step in state.rulebase.steps:
        state.known[f"step.{step}"] = "dropped" if step in dropped else "planned" if step in planned else "none"


_CONCLUDE: Mapping[str, Callable[[_State, str], None]] = {
    "finding": _finding,
    "reason": _reason,
    "links": _links,
    "roles": _roles,
    "scopes": _scopes,
    "accommodations": _accommodations,
    "requirements": _requirements,
    "economics": _economics,
    "decision": _decision,
    "steps": _steps,
}
