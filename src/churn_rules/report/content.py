"""From the trace of a run to what a report says: each claim in words, with what it rests on.

Never decides anything, never places anything on a page, and never reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from churn_rules.cases import Observation
from churn_rules.certainty import in_words
from churn_rules.diagnosis import Diagnosis, Evidence, Landmine, Missing, Offer, ReasonReport, conclude_case
from churn_rules.engines import Trace
from churn_rules.explanation import why
from churn_rules.report.basis import Basis
from churn_rules.report.layout import bar, scale
from churn_rules.report.timeline import Link, chain_drawing, day_in_words, groups_of
from churn_rules.report.values import (
    Answer,
    Claim,
    Clue,
    Economics,
    Known,
    OfferRow,
    PlanStep,
    ReasonBlock,
    ReasonEntry,
    Ref,
    Report,
    RequirementRow,
    RuleEntry,
    Unknown,
)
from churn_rules.rulebase import Rulebase, Topic
from churn_rules.telling import adds_in_words, answering_side, money, percent, premise_of, side_asked, verdict_in_words
from churn_rules.vocabulary import Plain, accept, spoken

__all__ = ["anchor", "report_of"]

_FIRST_UNKNOWNS = 6
_FAIRNESS = {"distributive": "deal", "procedural": "process", "interactional": "person"}
_SCOPES = {
    "specific": "It is specific to this customer.",
    "systemic": "It lies in how we do business: other customers can meet the same.",
    "mixed": "Part of it is specific to this customer, part of it lies in how we do business.",
    "external": "It came from outside both firms.",
    "undetermined": "Whether it is specific to this customer or lies in how we do business is not known.",
}
_TOLD_BY = {"record": "our records", "customer": "the customer", "us": "our people"}
_ROLES = {"root": "root cause", "contributing": "contributed", "consequence": "consequence"}


# --- from the trace of a run ------------------------------------------------------------------------------------------


def report_of(rulebase: Rulebase, trace: Trace, plan: Iterable[PlanStep] = ()) -> Report:
    """Return all that a report on a case says.

    Args:
        rulebase: The rules that ran.
        trace: The run; its memory holds the case.
        plan: Steps to take, in order; without any, the report has no such section.
    """
    return _Reporter(rulebase, trace).report(tuple(plan))


def anchor(kind: str, name: object) -> str:
    """Return an id for a place in the page: letters, digits, hyphens and underscores stay as they are.

    >>> anchor("rule", "late-once"), anchor("rule", "a b")
    ('rule-late-once', 'rule-a.20.b')
    """
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}.", str(name))


class _Reporter:
    def __init__(self, rulebase: Rulebase, trace: Trace) -> None:
        self.rulebase, self.trace = rulebase, trace
        self.case = trace.memory.case
        self.found: Diagnosis = conclude_case(rulebase, trace)
        self.basis = Basis(rulebase, trace)
        self.firings, self.added = self.basis.firings, self.basis.added
        self.told = [report for report in self._in_order() if report.role]

    def _in_order(self) -> list[ReasonReport]:
        """Return the reasons as they are told: the chain first, then what contributed, then the rest by certainty."""
        place = {reason: number for number, reason in enumerate(self.found.chain)}
        roles = {"root": 0, "consequence": 0, "contributing": 1}
        last = len(place)
        return sorted(
            self.found.reasons, key=lambda item: (roles.get(item.role or "", 2), place.get(item.reason, last))
        )

    def report(self, plan: tuple[PlanStep, ...]) -> Report:
        case, found = self.case, self.found
        drawn = self.told or [item for item in found.reasons if item.status == "possible"]
        speaks = {number: self.behind(item) for number, item in enumerate(drawn, start=1)}
        dates = groups_of(case, self.rulebase, speaks)
        nodes = tuple(self.link(number, item) for number, item in enumerate(drawn, start=1))
        drawing, described = chain_drawing(case, drawn, nodes, dates)
        unknown = tuple(self.unknown(item) for item in found.missing or ())
        return Report(
            title=case.title or case.id,
            case=case.id,
            source=case.source,
            lost=day_in_words(case.lost),
            engine=found.engine,
            rulebase=found.rulebase,
            answer=self.answer(),
            drawing=drawing,
            chain=nodes,
            described=described,
            dates=dates,
            reasons=tuple(self.block(item) for item in self._in_order() if item.evidence),
            landmines=(*map(self.landmine, found.landmines), *self.discrepancies()),
            requirements=tuple(self.requirements()),
            offers=tuple(map(self.offer, found.accommodations)),
            withheld=tuple(self.withheld()),
            cautions=tuple(Claim(item.text, (self.rule(item.rule),)) for item in found.warnings),
            economics=self.economics(),
            plan=plan,
            plan_rules=tuple(self.rule(step.rule) if step.rule in self.firings else None for step in plan),
            unknown=unknown[:_FIRST_UNKNOWNS],
            further_unknown=unknown[_FIRST_UNKNOWNS:],
            outcome=Claim(case.outcome.note, (), day_in_words(case.outcome.date)) if case.outcome else None,
            outcome_result=_sentence(case.outcome.result.replace("_", " ")) if case.outcome else "",
            rules=tuple(map(self.rule_entry, sorted(self.firings))),
            declared=tuple(self.declared()),
            known=tuple(self.known()),
        )

    # --- small words and links

    def rule(self, rule: str) -> Ref:
        return Ref(anchor("rule", rule), rule)

    def declaration(self, reason: str) -> Ref:
        return Ref(anchor("reason", reason), f"{reason} as declared")

    def observation(self, number: int) -> Ref:
        return Ref(anchor("known", number + 1), f"no. {number + 1}")

    def title(self, reason: str) -> str:
        return self.rulebase.reasons[reason].title

    def says(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(term, value))

    # --- the answer

    def answer(self) -> Answer:
        found, decision = self.found, self.found.decision
        roots = tuple(self.strength(root) for root in found.roots)
        possible = tuple(self.strength(item.reason) for item in found.reasons if item.status == "possible")
        undecided = decision.verdict == "undecided"
        missing = [item.fact for item in found.missing or () if "decision" in item.could_change]
        return Answer(
            roots=roots,
            possible=possible if not roots else (),
            scope=self.scope() if roots else None,
            responsible=self.responsible() if roots else None,
            verdict=verdict_in_words(decision.verdict),
            because=tuple(Claim(self.rulebase.rules[rule].because, (self.rule(rule),)) for rule in decision.because),
            hangs_on=tuple(self.fact_title(fact) for fact in missing[:3]) if undecided and not decision.because else (),
        )

    def strength(self, reason: str) -> Claim:
        report = self.found.reason(reason)
        refs = tuple(self.rule(item.rule) for item in report.evidence)
        about = f"{in_words(report.certainty)} evidence, certainty {report.certainty:.2f} on a scale from -1 to 1"
        return Claim(_sentence(self.title(reason)), refs, about)

    def scope(self) -> Claim:
        rules = tuple(self.rule(item.rule) for item in why(self.rulebase, self.trace, "scope").rules)
        refs = dict.fromkeys(rules or map(self.declaration, self.found.roots))
        return Claim(_sentence(self.found.scope), tuple(refs), _SCOPES.get(self.found.scope, ""))

    def responsible(self) -> Claim:
        found = self.found
        refs: dict[Ref, None] = {}
        for root in found.roots:
            rules = why(self.rulebase, self.trace, f"{root}.responsible").rules
            refs |= dict.fromkeys([self.rule(item.rule) for item in rules] or [self.declaration(root)])
        return Claim(_sentence("; ".join(map(answering_side, found.responsible))), tuple(refs))

    # --- chain and evidence

    def link(self, number: int, report: ReasonReport) -> Link:
        role = _ROLES.get(report.role or "", "possible, not established")
        about = f"{role}, {in_words(report.certainty)} ({report.certainty:.2f})"
        return Link(number, self.title(report.reason), about, tuple(self.title(effect) for effect in report.leads_to))

    def block(self, report: ReasonReport) -> ReasonBlock:
        status = report.status.replace("_", " ")
        way = (
            f"{status}, {_ROLES[report.role]}"
            if report.role
            else "not supported"
            if status == "unsupported"
            else status
        )
        if report.role:
            way += f", {report.scope}; {answering_side(report.responsible)}"
        ranked = sorted(report.evidence, key=lambda item: (-item.certainty, item.rule))
        return ReasonBlock(
            entry=Ref(anchor("reason", report.reason), report.reason),
            title=_sentence(self.title(report.reason)),
            way=way,
            certainty=_signed(report.certainty),
            clues=tuple(map(self.clue, ranked)),
        )

    def clue(self, evidence: Evidence) -> Clue:
        facts = "; ".join(self.says(name, value) for name, value in evidence.facts.items())
        title = self.rulebase.rules[evidence.rule].title
        return Clue(
            self.rule(evidence.rule),
            title,
            _signed(evidence.certainty),
            bar(evidence.certainty),
            f"{_sentence(facts)}.",
        )

    def behind(self, report: ReasonReport) -> frozenset[int]:
        """Return the observations (their places in the case) that made the evidence for a reason fire."""
        names = [name for item in report.evidence if item.certainty > 0 for name in item.facts]
        return frozenset(place for name in names for place in self.basis.observed(name))

    # --- what to know before the call, and what to offer

    def landmine(self, mine: Landmine) -> Claim:
        if mine.kind == "disagreement":
            words = "; ".join(f"{side_asked(side)}: {self.says(mine.name, value)}" for side, value in mine.told.items())
            refs = tuple(self.observation(place) for place in sorted(self.basis.told(f"{mine.name}.disputed")))
            return Claim(
                f"The sides disagree about {self.rulebase.vocabulary[mine.name].title}", refs, _sentence(words)
            )
        side, value = next(iter(mine.told.items()))
        if mine.name in self.rulebase.findings:
            rules = tuple(self.rule(rule) for rule, _ in self.added.get(Topic("finding", mine.name), ()))
            return Claim(_sentence(self.says(mine.name, value)), rules, "follows from the facts")
        refs = tuple(self.observation(place) for place in sorted(self.basis.observed(mine.name)))
        return Claim(
            _sentence(self.says(mine.name, value)), refs, f"told by {_TOLD_BY[side]}" if side in _TOLD_BY else ""
        )

    def discrepancies(self) -> Iterator[Claim]:
        for found in self.found.discrepancies:
            observed, derived = self.says(found.fact, found.observed), self.says(found.fact, found.derived)
            places = [place for place, item in enumerate(self.case.observations) if item.fact == found.fact]
            one, other = (
                ("In the economics", "on the timeline") if found.by == "timeline" else ("As told", "by its sources")
            )
            refs = tuple(self.observation(place) for place in places)
            yield Claim("Our figures do not agree", refs, f"{one}, {observed}; {other}, {derived}")

    def requirements(self) -> Iterator[RequirementRow]:
        offers = {offer.accommodation: offer for offer in self.found.accommodations}
        first = len(self.case.observations)
        for place, item in enumerate(self.found.requirements):
            known = [offers[name] for name in item.met_by if name in offers]
            told = self.case.requirements[place]
            kinds = {kind for name in item.met_by for kind in self.rulebase.accommodations[name].fairness}
            yield RequirementRow(
                requirement=_sentence(item.requirement),
                priority=item.priority,
                status=item.status.replace("_", " "),
                answers=(*map(self.answered, item.met_by), *_unwilling(told.able, told.willing)),
                compared=", ".join(dict.fromkeys(_compared(offer) for offer in known)),
                fairness=_kinds(kinds),
                told=self.observation(first + place),
            )

    def answered(self, accommodation: str) -> Claim:
        """Tell whether an accommodation is offered or withheld, and by which rules."""
        title = _sentence(self.rulebase.accommodations[accommodation].title)
        offer, withhold = (self.added.get(Topic(kind, accommodation), []) for kind in ("offer", "withhold"))
        drawn, state = (
            (withhold, "not to be offered") if withhold else (offer, "" if offer else "no rule offers it yet")
        )
        return Claim(title, tuple(self.rule(rule) for rule, _ in drawn), state)

    def offer(self, offer: Offer) -> OfferRow:
        return OfferRow(
            title=_sentence(self.rulebase.accommodations[offer.accommodation].title),
            reason=self.title(offer.reason),
            compared=_compared(offer),
            fairness=_kinds(offer.fairness),
            cost=f"{offer.cost_band}; precedent risk {offer.precedent_risk}",
            agreed_by=", ".join(offer.agreed_by),
            rule=self.rule(offer.rule),
        )

    def withheld(self) -> Iterator[Claim]:
        for held in self.found.withheld:
            because = " ".join(self.rulebase.rules[rule].because for rule in held.rules)
            title = self.rulebase.accommodations[held.accommodation].title
            yield Claim(_sentence(title), tuple(map(self.rule, held.rules)), because)

    # --- cost and benefit

    def economics(self) -> Economics:
        found, chance = self.found.economics, self.found.decision.break_even_chance
        missing = self.missing_amounts(found.missing) if found.value is None else ""
        if missing:
            says = ""
        elif found.pays is False:
            says = "It never pays: the attempt costs more than the account is worth."
        elif chance is None:
            says = "Whether it pays hangs on where in these ranges the amounts lie."
        else:
            says = f"The attempt pays where the chance that they return is at least {percent(chance)}."
        return Economics(
            says=says,
            value=money(found.value, found.currency) if found.value is not None else "",
            attempt=money(found.attempt, found.currency) if found.attempt is not None else "",
            chance=percent(chance) if chance is not None else "",
            band=scale(*_ends(chance)) if chance is not None else None,
            missing=missing,
        )

    def missing_amounts(self, names: tuple[str, ...]) -> str:
        """Name the amounts that are missing: the inputs, then the offers whose cost is unknown."""
        costs = [name.removeprefix("cost of ") for name in names if name not in self.rulebase.vocabulary]
        inputs = [self.rulebase.vocabulary[name].title for name in names if name in self.rulebase.vocabulary]
        known = self.rulebase.accommodations
        offers = "; ".join(known[name].title if name in known else name for name in costs)
        told = [*inputs, *([f"the cost of what is offered ({offers})"] if offers else ())]
        return _listed(told) or "some of what it takes"

    # --- what is unknown

    def fact_title(self, name: str) -> str:
        return self.rulebase.terms[name].title

    def unknown(self, item: Missing) -> Unknown:
        fact, _, side = item.fact.partition(".")
        question = self.rulebase.vocabulary[fact].ask.get("en", self.fact_title(fact))
        changes = dict.fromkeys(self.change(name) for name in item.could_change)
        return Unknown(question, f"Ask {side_asked(side)}." if side else "", ", ".join(changes))

    def change(self, name: str) -> str:
        fixed = {"roots": "which reason is the root", "decision": "the decision", "warnings": "the cautions"}
        head, _, part = name.partition(".")
        if name in fixed:
            return fixed[name]
        if part and head in self.rulebase.reasons:
            return f"the scope of {self.title(head)}" if part == "scope" else f"who answers for {self.title(head)}"
        named = self.rulebase.reasons.get(name) or self.rulebase.accommodations.get(name)
        return named.title if named else name.replace("_", " ")

    # --- the appendix

    def rule_entry(self, rule_id: str) -> RuleEntry:
        rule = self.rulebase.rules[rule_id]
        return RuleEntry(
            anchor=anchor("rule", rule_id),
            id=rule_id,
            title=rule.title,
            reads=f"If {premise_of(rule, self.rulebase)}, then {adds_in_words(rule, self.rulebase).rstrip('.')}.",
            because=rule.because,
            source=rule.source,
            owner=rule.owner,
            matched=tuple(self.matched(rule_id)),
        )

    def matched(self, rule_id: str) -> Iterator[Claim]:
        for name, value in self.firings[rule_id].matched:
            refs = [self.observation(place) for place in sorted(self.basis.observed(name))]
            if name in self.rulebase.findings:
                refs = [self.rule(rule) for rule, _ in self.added.get(Topic("finding", name), ())]
            yield Claim(spoken(self.rulebase.terms[name], value), tuple(refs))

    def declared(self) -> Iterator[ReasonEntry]:
        for report in self._in_order():
            if report.evidence or report.role:
                reason = self.rulebase.reasons[report.reason]
                begins = (
                    "takes the scope of the reasons behind it"
                    if reason.scope == "upstream"
                    else f"starts as {reason.scope}"
                )
                starts = f"Where no rule says otherwise, it {begins}, and {answering_side(reason.responsible)} for it."
                means = f"{_sentence(reason.means)}."
                yield ReasonEntry(anchor("reason", reason.id), _sentence(reason.title), means, starts, reason.source)

    def known(self) -> Iterator[Known]:
        """Yield every line of the case: what was observed, then requirements, rival terms and costs."""
        for place, (what, side, date, note) in enumerate(self._lines(), start=1):
            yield Known(anchor("known", place), place, _sentence(what), _TOLD_BY.get(side, side), date, note)

    def _lines(self) -> Iterator[tuple[str, str, str, str]]:
        case, titled = self.case, self.rulebase.accommodations
        for item in case.observations:
            yield self._observation(item), item.side, day_in_words(item.date), item.note
        for wish in case.requirements:
            yield f"required to return: {wish.requirement}", wish.side, day_in_words(wish.date), wish.note
        for terms in case.todays_supplier:
            compared = "the same as ours" if terms.terms == "equal" else f"{terms.terms} than ours"
            what = f"today's supplier on {titled[terms.accommodation].title}: {compared}"
            yield what, terms.side, day_in_words(terms.date), terms.note
        for cost in case.costs:
            once, yearly = (
                money(_plain_span(float(amount.low), float(amount.high)), case.currency)
                for amount in (cost.once, cost.yearly)
            )
            what = f"the cost of {titled[cost.accommodation].title}: {once} once, {yearly} a year"
            yield what, "", day_in_words(cost.date), cost.note

    def _observation(self, item: Observation) -> str:
        return spoken(self.rulebase.vocabulary[item.fact], item.value)


# --- small words ------------------------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _signed(certainty: float) -> str:
    return f"{certainty:+.2f}".replace("-", "\N{MINUS SIGN}") if round(certainty, 2) else "0.00"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _compared(offer: Offer) -> str:
    return "not known" if offer.than_todays_supplier == "unknown" else offer.than_todays_supplier


def _kinds(fairness: Iterable[str]) -> str:
    asked = set(fairness)
    return ", ".join(word for kind, word in _FAIRNESS.items() if kind in asked)


def _unwilling(able: bool | None, willing: bool | None) -> Iterator[Claim]:  # noqa: FBT001  # two answers of the case
    for answer, word in ((able, "able"), (willing, "willing")):
        if answer is not True:
            yield Claim("", (), f"we are not {word}" if answer is False else f"not known whether we are {word}")


def _ends(chance: Plain) -> tuple[float, float]:
    ends = list(chance.values()) if isinstance(chance, dict) else [chance, chance]
    low, high = (min(1.0, max(0.0, float(end))) for end in ends)
    return low, high


def _plain_span(low: float, high: float) -> Plain:
    whole = [int(end) if end == int(end) else end for end in (low, high)]
    return whole[0] if low == high else {"from": whole[0], "to": whole[1]}
