"""From the trace of a run to what a report says: each claim in words, with what it rests on.

Never decides anything, never places anything on a page, and never reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from churn_rules.certainty import in_words
from churn_rules.diagnosis import Diagnosis, Evidence, Landmine, Missing, Offer, ReasonReport, conclude_case
from churn_rules.engines import Trace
from churn_rules.explanation import why
from churn_rules.language import in_english
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
from churn_rules.rulebase import Reason, Rulebase, Topic
from churn_rules.telling import adds_in_words, money, percent, premise_of, sentence
from churn_rules.vocabulary import Plain, Span, accept, spoken
from churn_rules.words import ANSWERS, ASKED, BAND, COMPARED, OUTCOME, PRIORITY, REQUIREMENT, SCOPE, STATUS, VERDICT

__all__ = ["anchor", "report_of"]

_FIRST_UNKNOWNS = 6
_FAIRNESS = in_english(distributive="deal", procedural="process", interactional="person")
_SCOPES = in_english(
    specific="It is specific to this customer.",
    systemic="It lies in how we do business: other customers can meet the same.",
    mixed="Part of it is specific to this customer, part of it lies in how we do business.",
    external="It came from outside both firms.",
    undetermined="Whether it is specific to this customer or lies in how we do business is not known.",
)
_TOLD_BY = in_english(record="our records", customer="the customer", us="our people")
_TOLD = in_english(record="told by our records", customer="told by the customer", us="told by our people")
_ROLES = in_english(
    root="root cause",
    contributing="contributed",
    consequence="consequence",
    none="possible, not established",
)
_FIXED = in_english(roots="which reason is the root", decision="the decision", warnings="the cautions")
_PARTS = in_english(scope="the scope of {title}", responsible="who answers for {title}")
_RIVAL = in_english(
    better="today's supplier on {title}: better than ours",
    equal="today's supplier on {title}: the same as ours",
    worse="today's supplier on {title}: worse than ours",
)
_UNABLE = in_english(
    able="we are not able",
    able_unknown="not known whether we are able",
    willing="we are not willing",
    willing_unknown="not known whether we are willing",
)


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
        self.rulebase, self.trace, self.language = rulebase, trace, rulebase.language
        self.say, self.joined = self.language.say, self.language.joined
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
        drawing, described = chain_drawing(case, drawn, nodes, dates, self.language)
        unknown = tuple(self.unknown(item) for item in found.missing or ())
        return Report(
            language=self.language.tag,
            title=case.title or case.id,
            case=case.id,
            source=case.source,
            lost=day_in_words(case.lost, self.language),
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
            outcome=Claim(case.outcome.note, (), day_in_words(case.outcome.date, self.language))
            if case.outcome
            else None,
            outcome_result=sentence(self.language.word(case.outcome.result, OUTCOME)) if case.outcome else "",
            rules=tuple(map(self.rule_entry, sorted(self.firings))),
            declared=tuple(self.declared()),
            known=tuple(self.known()),
        )

    # --- small words and links

    def rule(self, rule: str) -> Ref:
        return Ref(anchor("rule", rule), rule)

    def declaration(self, reason: str) -> Ref:
        return Ref(anchor("reason", reason), self.say("{reason} as declared", reason=reason))

    def observation(self, number: int) -> Ref:
        return Ref(anchor("known", number + 1), self.say("no. {number}", number=number + 1))

    def title(self, reason: str) -> str:
        return self.rulebase.reasons[reason].title

    def says(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(term, value), self.language)

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
            verdict=self.say(VERDICT[decision.verdict]),
            undecided=undecided,
            because=tuple(Claim(self.rulebase.rules[rule].because, (self.rule(rule),)) for rule in decision.because),
            hangs_on=tuple(self.fact_title(fact) for fact in missing[:3]) if undecided and not decision.because else (),
        )

    def strength(self, reason: str) -> Claim:
        report = self.found.reason(reason)
        refs = tuple(self.rule(item.rule) for item in report.evidence)
        about = self.say(
            "{strength} evidence, certainty {certainty} on a scale from -1 to 1",
            strength=in_words(report.certainty, self.language),
            certainty=f"{report.certainty:.2f}",
        )
        return Claim(sentence(self.title(reason)), refs, about)

    def scope(self) -> Claim:
        rules = tuple(self.rule(item.rule) for item in why(self.rulebase, self.trace, "scope").rules)
        refs = dict.fromkeys(rules or map(self.declaration, self.found.roots))
        scope = self.found.scope
        return Claim(sentence(self.say(SCOPE[scope])), tuple(refs), self.say(_SCOPES[scope]))

    def responsible(self) -> Claim:
        found = self.found
        refs: dict[Ref, None] = {}
        for root in found.roots:
            rules = why(self.rulebase, self.trace, f"{root}.responsible").rules
            refs |= dict.fromkeys([self.rule(item.rule) for item in rules] or [self.declaration(root)])
        return Claim(sentence(self.joined("; ", map(self.answers, found.responsible))), tuple(refs))

    def answers(self, responsible: str) -> str:
        return self.say(ANSWERS[responsible])

    # --- chain and evidence

    def link(self, number: int, report: ReasonReport) -> Link:
        about = self.say(
            "{role}, {strength} ({certainty})",
            role=self.say(_ROLES[report.role or "none"]),
            strength=in_words(report.certainty, self.language),
            certainty=f"{report.certainty:.2f}",
        )
        return Link(number, self.title(report.reason), about, tuple(self.title(effect) for effect in report.leads_to))

    def block(self, report: ReasonReport) -> ReasonBlock:
        ranked = sorted(report.evidence, key=lambda item: (-item.certainty, item.rule))
        return ReasonBlock(
            entry=Ref(anchor("reason", report.reason), report.reason),
            title=sentence(self.title(report.reason)),
            way=sentence(self.way(report)),
            certainty=_signed(report.certainty),
            clues=tuple(map(self.clue, ranked)),
        )

    def way(self, report: ReasonReport) -> str:
        """Tell how a reason stands."""
        if not report.role:
            return self.say("not supported") if report.status == "unsupported" else self.say(STATUS[report.status])
        return self.say(
            "{status}, {role}, {scope}; {sides}",
            status=self.say(STATUS[report.status]),
            role=self.say(_ROLES[report.role]),
            scope=self.say(SCOPE[report.scope]),
            sides=self.answers(report.responsible),
        )

    def clue(self, evidence: Evidence) -> Clue:
        facts = self.joined("; ", (self.says(name, value) for name, value in evidence.facts.items()))
        title = self.rulebase.rules[evidence.rule].title
        return Clue(
            self.rule(evidence.rule),
            title,
            _signed(evidence.certainty),
            bar(evidence.certainty),
            self.say("{sentence}.", sentence=sentence(facts)),
        )

    def behind(self, report: ReasonReport) -> frozenset[int]:
        """Return the observations (their places in the case) that made the evidence for a reason fire."""
        names = [name for item in report.evidence if item.certainty > 0 for name in item.facts]
        return frozenset(place for name in names for place in self.basis.observed(name))

    # --- what to know before the call, and what to offer

    def landmine(self, mine: Landmine) -> Claim:
        if mine.kind == "disagreement":
            words = self.joined("; ", (self.told_by(mine.name, side, value) for side, value in mine.told.items()))
            refs = tuple(self.observation(place) for place in sorted(self.basis.told(f"{mine.name}.disputed")))
            title = self.rulebase.vocabulary[mine.name].title
            return Claim(self.say("The sides disagree about {title}", title=title), refs, sentence(words))
        side, value = next(iter(mine.told.items()))
        if mine.name in self.rulebase.findings:
            rules = tuple(self.rule(rule) for rule, _ in self.added.get(Topic("finding", mine.name), ()))
            return Claim(sentence(self.says(mine.name, value)), rules, self.say("follows from the facts"))
        refs = tuple(self.observation(place) for place in sorted(self.basis.observed(mine.name)))
        return Claim(sentence(self.says(mine.name, value)), refs, self.say(_TOLD[side]) if side in _TOLD else "")

    def told_by(self, name: str, side: str, value: Plain | None) -> str:
        return self.say("{side}: {sentence}", side=self.say(ASKED[side]), sentence=self.says(name, value))

    def discrepancies(self) -> Iterator[Claim]:
        for found in self.found.discrepancies:
            observed, derived = self.says(found.fact, found.observed), self.says(found.fact, found.derived)
            places = [place for place, item in enumerate(self.case.observations) if item.fact == found.fact]
            refs = tuple(self.observation(place) for place in places)
            words = self.say(
                "In the economics, {observed}; on the timeline, {derived}"
                if found.by == "timeline"
                else "As told, {observed}; by its sources, {derived}",
                observed=observed,
                derived=derived,
            )
            yield Claim(self.say("Our figures do not agree"), refs, words)

    def requirements(self) -> Iterator[RequirementRow]:
        offers = {offer.accommodation: offer for offer in self.found.accommodations}
        first = len(self.case.observations)
        for place, item in enumerate(self.found.requirements):
            known = [offers[name] for name in item.met_by if name in offers]
            told = self.case.requirements[place]
            kinds = {kind for name in item.met_by for kind in self.rulebase.accommodations[name].fairness}
            yield RequirementRow(
                requirement=sentence(item.requirement),
                priority=self.language.word(item.priority, PRIORITY),
                status=self.say(REQUIREMENT[item.status]),
                style=item.status.replace("_", "-"),
                answers=(*map(self.answered, item.met_by), *self.unwilling(told.able, told.willing)),
                compared=self.joined(", ", dict.fromkeys(map(self.compared, known))),
                fairness=self.kinds(kinds),
                told=self.observation(first + place),
            )

    def answered(self, accommodation: str) -> Claim:
        """Tell whether an accommodation is offered or withheld, and by which rules."""
        title = sentence(self.rulebase.accommodations[accommodation].title)
        offer, withhold = (self.added.get(Topic(kind, accommodation), []) for kind in ("offer", "withhold"))
        refs = tuple(self.rule(rule) for rule, _ in withhold or offer)
        if withhold:
            return Claim(title, refs, self.say("not to be offered"))
        return Claim(title, refs, "" if offer else self.say("no rule offers it yet"))

    def unwilling(self, able: bool | None, willing: bool | None) -> Iterator[Claim]:  # noqa: FBT001  # two answers
        for answer, word in ((able, "able"), (willing, "willing")):
            if answer is not True:
                yield Claim("", (), self.say(_UNABLE[word if answer is False else f"{word}_unknown"]))

    def offer(self, offer: Offer) -> OfferRow:
        return OfferRow(
            title=sentence(self.rulebase.accommodations[offer.accommodation].title),
            reason=self.title(offer.reason),
            compared=self.compared(offer),
            fairness=self.kinds(offer.fairness),
            cost=self.say(
                "{cost}; precedent risk {risk}",
                cost=self.say(BAND[offer.cost_band]),
                risk=self.say(BAND[offer.precedent_risk]),
            ),
            agreed_by=self.joined(", ", offer.agreed_by),
            rule=self.rule(offer.rule),
        )

    def withheld(self) -> Iterator[Claim]:
        for held in self.found.withheld:
            because = " ".join(self.rulebase.rules[rule].because for rule in held.rules)
            title = self.rulebase.accommodations[held.accommodation].title
            yield Claim(sentence(title), tuple(map(self.rule, held.rules)), because)

    def compared(self, offer: Offer) -> str:
        return self.say(COMPARED[offer.than_todays_supplier])

    def kinds(self, fairness: Iterable[str]) -> str:
        asked = set(fairness)
        return self.joined(", ", (self.say(word) for kind, word in _FAIRNESS.items() if kind in asked))

    # --- cost and benefit

    def economics(self) -> Economics:
        found, chance = self.found.economics, self.found.decision.break_even_chance
        missing = self.missing_amounts(found.missing) if found.value is None else ""
        if missing:
            says = ""
        elif found.pays is False:
            says = self.say("It never pays: the attempt costs more than the account is worth.")
        elif chance is None:
            says = self.say("Whether it pays hangs on where in these ranges the amounts lie.")
        else:
            says = self.say(
                "The attempt pays where the chance that they return is at least {chance}.",
                chance=percent(chance, self.language),
            )
        return Economics(
            says=says,
            value=self.money(found.value) if found.value is not None else "",
            attempt=self.money(found.attempt) if found.attempt is not None else "",
            chance=percent(chance, self.language) if chance is not None else "",
            band=scale(*_ends(chance)) if chance is not None else None,
            missing=missing,
        )

    def money(self, amount: Plain | None) -> str:
        return money(amount, self.case.currency, self.language)

    def missing_amounts(self, names: tuple[str, ...]) -> str:
        """Name the amounts that are missing: the inputs, then the offers whose cost is unknown."""
        costs = [name.removeprefix("cost of ") for name in names if name not in self.rulebase.vocabulary]
        inputs = [self.rulebase.vocabulary[name].title for name in names if name in self.rulebase.vocabulary]
        known = self.rulebase.accommodations
        offers = self.joined("; ", (known[name].title if name in known else name for name in costs))
        told = [*inputs, *([self.say("the cost of what is offered ({offers})", offers=offers)] if offers else ())]
        return self.listed(told) or self.say("some of what it takes")

    def listed(self, words: list[str]) -> str:
        if len(words) < 2:
            return "".join(words)
        return self.say("{words} and {last}", words=self.joined(", ", words[:-1]), last=words[-1])

    # --- what is unknown

    def fact_title(self, name: str) -> str:
        return self.rulebase.terms[name].title

    def unknown(self, item: Missing) -> Unknown:
        fact, _, side = item.fact.partition(".")
        question = self.rulebase.vocabulary[fact].question
        changes = dict.fromkeys(self.change(name) for name in item.could_change)
        asked = self.say("Ask {side}.", side=self.say(ASKED[side])) if side else ""
        return Unknown(question, asked, self.joined(", ", changes))

    def change(self, name: str) -> str:
        head, _, part = name.partition(".")
        if name in _FIXED:
            return self.say(_FIXED[name])
        if part and head in self.rulebase.reasons:
            return self.say(_PARTS[part], title=self.title(head))
        named = self.rulebase.reasons.get(name) or self.rulebase.accommodations.get(name)
        return named.title if named else name.replace("_", " ")

    # --- the appendix

    def rule_entry(self, rule_id: str) -> RuleEntry:
        rule = self.rulebase.rules[rule_id]
        return RuleEntry(
            anchor=anchor("rule", rule_id),
            id=rule_id,
            title=rule.title,
            reads=self.say(
                "If {premise}, then {conclusion}.",
                premise=premise_of(rule, self.rulebase),
                conclusion=adds_in_words(rule, self.rulebase).rstrip(".。"),
            ),
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
            yield Claim(self.rulebase.says(name, value), tuple(refs))

    def declared(self) -> Iterator[ReasonEntry]:
        for report in self._in_order():
            if report.evidence or report.role:
                reason = self.rulebase.reasons[report.reason]
                means = self.say("{sentence}.", sentence=sentence(reason.means))
                title, starts = sentence(reason.title), self.starts(reason)
                yield ReasonEntry(anchor("reason", reason.id), title, means, starts, reason.source)

    def starts(self, reason: Reason) -> str:
        sides = self.answers(reason.responsible)
        if reason.scope == "upstream":
            return self.say(
                "Where no rule says otherwise, it takes the scope of the reasons behind it, and {sides} for it.",
                sides=sides,
            )
        return self.say(
            "Where no rule says otherwise, it starts as {scope}, and {sides} for it.",
            scope=self.say(SCOPE[reason.scope]),
            sides=sides,
        )

    def known(self) -> Iterator[Known]:
        """Yield every line of the case: what was observed, then requirements, rival terms and costs."""
        for place, (what, side, date, note) in enumerate(self._lines(), start=1):
            told_by = self.say(_TOLD_BY[side]) if side else ""
            yield Known(anchor("known", place), place, sentence(what), told_by, date, note)

    def _lines(self) -> Iterator[tuple[str, str, str, str]]:
        case, titled, say = self.case, self.rulebase.accommodations, self.say
        for item in case.observations:
            yield self.rulebase.says(item.fact, item.value), item.side, self._day(item.date), item.note
        for wish in case.requirements:
            what = say("required to return: {wish}", wish=wish.requirement)
            yield what, wish.side, self._day(wish.date), wish.note
        for terms in case.todays_supplier:
            what = say(_RIVAL[terms.terms], title=titled[terms.accommodation].title)
            yield what, terms.side, self._day(terms.date), terms.note
        for cost in case.costs:
            once, yearly = (
                self.money(_plain_span(float(amount.low), float(amount.high))) for amount in (cost.once, cost.yearly)
            )
            title = titled[cost.accommodation].title
            what = say("the cost of {title}: {once} once, {yearly} a year", title=title, once=once, yearly=yearly)
            yield what, "", self._day(cost.date), cost.note

    def _day(self, day: Span | None) -> str:
        return day_in_words(day, self.language)


# --- small words ------------------------------------------------------------------------------------------------------


def _signed(certainty: float) -> str:
    return f"{certainty:+.2f}".replace("-", "\N{MINUS SIGN}") if round(certainty, 2) else "0.00"


def _ends(chance: Plain) -> tuple[float, float]:
    ends = list(chance.values()) if isinstance(chance, dict) else [chance, chance]
    low, high = (min(1.0, max(0.0, float(end))) for end in ends)
    return low, high


def _plain_span(low: float, high: float) -> Plain:
    whole = [int(end) if end == int(end) else end for end in (low, high)]
    return whole[0] if low == high else {"from": whole[0], "to": whole[1]}
