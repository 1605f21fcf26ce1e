"""A diagnosis in words: the answer, the chain of causes, why, what to do, and what is missing.

Never works anything out: whatever it says stands in the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from churn_rules.certainty import in_words
from churn_rules.diagnosis import Diagnosis, Evidence, Landmine, Named, Offer, ReasonReport
from churn_rules.language import in_english
from churn_rules.rulebase import Rulebase
from churn_rules.sums import table_of
from churn_rules.telling.lines import Line, heading, money, number, percent, sentence
from churn_rules.vocabulary import LARGEST, Plain, accept, spoken
from churn_rules.words import ANSWERS, ASKED, BAND, FAIRNESS, PRIORITY, REQUIREMENT, ROLE, SCOPE, STATUS, VERDICT

__all__ = ["tell_diagnosis"]

_MOST_MISSING = 8
_THAN = in_english(
    better="{offer}; better than today's supplier",
    equal="{offer}; equal to today's supplier",
    worse="{offer}; worse than today's supplier",
    unknown="{offer}",
)
_FIXED = in_english(roots="which reason is the root", decision="the decision", warnings="the cautions")
_PARTS = in_english(scope="the scope of {title}", responsible="who answers for {title}")


def tell_diagnosis(diagnosis: Diagnosis, rulebase: Rulebase, title: str, *, everything: bool = False) -> Iterator[Line]:
    """Tell a diagnosis: the answer, the chain, why, what to do, and last what is missing."""
    teller = _DiagnosisTeller(diagnosis, rulebase)
    yield Line(title, 0, style="heading")
    yield from teller.answer()
    yield from teller.chain()
    yield from teller.why()
    yield from teller.landmines()
    yield from teller.offers()
    yield from teller.requirements()
    yield from teller.cautions()
    yield from teller.economics()
    yield from teller.missing(everything=everything)


class _DiagnosisTeller:
    def __init__(self, diagnosis: Diagnosis, rulebase: Rulebase) -> None:
        self.diagnosis, self.rulebase, self.language = diagnosis, rulebase, rulebase.language
        self.say, self.joined = self.language.say, self.language.joined

    def title(self, reason: str) -> str:
        return self.rulebase.reasons[reason].title

    def answer(self) -> Iterator[Line]:
        found, say = self.diagnosis, self.say
        yield from heading(say("Answer"))
        if not found.roots:
            yield Line(say("Insufficient evidence: no reason is established."), style="bad")
            if possible := [self.title(report.reason) for report in found.reasons if report.status == "possible"]:
                yield Line(say("Possible so far: {reasons}.", reasons=self.joined(", ", possible)))
        else:
            for root in found.roots:
                yield Line(self.root(found.reason(root)), style="good")
            sides = self.language.all_of(say(ANSWERS[side]) for side in found.responsible)
            yield Line(say("The trouble is {scope}; {sides} for it.", scope=say(SCOPE[found.scope]), sides=sides))
        for named in found.named:
            yield Line(self.named(named), hang=2, style="" if named.borne_out else "bad")
        yield from self.verdict()

    def root(self, report: ReasonReport) -> str:
        return self.say(
            "Root cause: {reason} ({strength}, {certainty}).",
            reason=self.title(report.reason),
            strength=in_words(report.certainty, self.language),
            certainty=f"{report.certainty:.2f}",
        )

    def named(self, named: Named) -> str:
        report, say = self.diagnosis.reason(named.reason), self.say
        if named.borne_out and report.role == "consequence":
            judged = say("it is real, but a consequence")
        elif named.borne_out:
            judged = say("the facts bear it out")
        elif report.status == "possible":
            judged = say("what is known does not settle it")
        else:
            judged = say("the facts do not bear it out")
        parts = {"reason": self.title(named.reason), "judged": judged, "certainty": number(report.certainty)}
        if named.sides == ("record",):  # in some languages they are one, in some several
            return say("The records name {reason}: {judged} ({certainty}).", **parts)
        several = len(named.sides) > 1 or "us" in named.sides
        words = say(
            "{who} name {reason}: {judged} ({certainty})."
            if several
            else "{who} names {reason}: {judged} ({certainty}).",
            who=self.joined(" and ", (say(ASKED[side]) for side in named.sides)),
            **parts,
        )
        return sentence(words)

    def verdict(self) -> Iterator[Line]:
        decision, say = self.diagnosis.decision, self.say
        verdict = say("Decision: {verdict}", verdict=say(VERDICT[decision.verdict]))
        yield Line(verdict, style="good" if decision.because else "")
        if decision.verdict == "undecided":
            if decision.because:
                yield Line(say("These rules disagree: {rules}.", rules=self.joined(", ", decision.because)), 4)
            elif missing := [item.fact for item in self.diagnosis.missing or () if "decision" in item.could_change]:
                yield Line(say("It hangs on what is unknown, first of all:"), 4)
                for fact in missing[:3]:
                    yield Line(f"- {self.question(fact)}", 4, 2)
            else:
                yield Line(say("No rule reaches a verdict on these facts."), 4)
        else:
            for rule in decision.because:
                yield Line(f"{self.rulebase.rules[rule].because} [{rule}]", 4)

    def chain(self) -> Iterator[Line]:
        say = self.say
        told = [self.diagnosis.reason(reason) for reason in self.diagnosis.chain]
        told += [report for report in self.diagnosis.reasons if report.role == "contributing"]
        if told:
            yield from heading(say("Chain of causes"))
        for report in dict.fromkeys(report.reason for report in told):
            yield from self.link(self.diagnosis.reason(report))
        if possible := self.of_status("possible"):
            yield Line(say("Possible, not established: {reasons}.", reasons=possible), hang=2, style="dim")
        if ruled_out := self.of_status("ruled_out"):
            yield Line(say("Ruled out: {reasons}.", reasons=ruled_out), hang=2, style="dim")

    def of_status(self, status: str) -> str:
        reports = [report for report in self.diagnosis.reasons if report.status == status]
        return self.joined(", ", (f"{self.title(report.reason)} {number(report.certainty)}" for report in reports))

    def link(self, report: ReasonReport) -> Iterator[Line]:
        say = self.say
        assert report.role, "what stands in the chain has a role"
        about = (say(ROLE[report.role]), say(SCOPE[report.scope]), say(ANSWERS[report.responsible]))
        words = say(
            "{reason} {certainty} ({about})",
            reason=self.title(report.reason),
            certainty=number(report.certainty),
            about=self.joined(", ", about),
        )
        yield Line(words, hang=2)
        if report.leads_to:
            effects = self.joined(", ", map(self.title, report.leads_to))
            yield Line(say("led to {effects}", effects=effects), 4, 2)

    def why(self) -> Iterator[Line]:
        say = self.say
        told = [report for report in self.diagnosis.reasons if report.evidence and report.status != "unsupported"]
        if told:
            yield from heading(say("Why"))
        for report in told:
            status, certainty = say(STATUS[report.status]), number(report.certainty)
            title = sentence(self.title(report.reason))
            yield Line(say("{reason}: {status} {certainty}", reason=title, status=status, certainty=certainty))
            for evidence in sorted(report.evidence, key=lambda item: (-abs(item.certainty), item.rule)):
                yield from self.evidence(evidence)

    def evidence(self, evidence: Evidence) -> Iterator[Line]:
        yield Line(f"{number(evidence.certainty)}  {self.rulebase.rules[evidence.rule].title} [{evidence.rule}]", 4, 7)
        facts = self.joined("; ", (self.fact(name, value) for name, value in evidence.facts.items()))
        yield Line(self.say("{sentence}.", sentence=facts), 11, style="dim")

    def fact(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(replace(term, low=-LARGEST, high=LARGEST), value), self.language)

    def landmines(self) -> Iterator[Line]:
        say = self.say
        if self.diagnosis.landmines or self.diagnosis.discrepancies:
            yield from heading(say("Landmines"))
        for mine in self.diagnosis.landmines:
            yield Line(self.landmine(mine), hang=2, style="bad")
        for found in self.diagnosis.discrepancies:
            words = say(
                "The figures do not agree: in the economics, {observed}; on the timeline, {derived}."
                if found.by == "timeline"
                else "The figures do not agree: as told, {observed}; by its sources, {derived}.",
                observed=self.fact(found.fact, found.observed),
                derived=self.fact(found.fact, found.derived),
            )
            yield Line(words, hang=2, style="bad")

    def landmine(self, mine: Landmine) -> str:
        say = self.say
        if mine.kind == "disagreement":
            title = self.rulebase.vocabulary[mine.name].title
            words = self.joined("; ", (self.told(mine.name, side, value) for side, value in mine.told.items()))
            return say("The sides disagree about {title}. {words}.", title=title, words=sentence(words))
        side, value = next(iter(mine.told.items()))
        told = say("follows from the facts") if side == "rules" else say(ASKED[side])
        return say("{sentence} ({about}).", sentence=sentence(self.fact(mine.name, value)), about=told)

    def told(self, name: str, side: str, value: Plain | None) -> str:
        return self.say("{side}: {sentence}", side=self.say(ASKED[side]), sentence=self.fact(name, value))

    def offers(self) -> Iterator[Line]:
        found, catalogue = self.diagnosis, self.rulebase.accommodations
        if found.accommodations:
            yield from heading(self.say("What to offer"))
        for offer in found.accommodations:
            title = sentence(catalogue[offer.accommodation].title)
            yield Line(self.say(_THAN[offer.than_todays_supplier], offer=title), hang=2)
            yield Line(f"{self.offer(offer)} [{offer.rule}]", 4, style="dim")
        if found.withheld:
            yield from heading(self.say("What not to offer"))
        for held in found.withheld:
            yield Line(sentence(catalogue[held.accommodation].title), hang=2)
            for rule in held.rules:
                yield Line(f"{self.rulebase.rules[rule].because} [{rule}]", 4, style="dim")

    def offer(self, offer: Offer) -> str:
        return self.say(
            "for {reason}; cost {cost}, precedent risk {risk}; {fairness} fairness; agreed by {people}",
            reason=self.title(offer.reason),
            cost=self.say(BAND[offer.cost_band]),
            risk=self.say(BAND[offer.precedent_risk]),
            fairness=self.joined(", ", (self.say(FAIRNESS[kind]) for kind in offer.fairness)),
            people=self.joined(", ", offer.agreed_by),
        )

    def requirements(self) -> Iterator[Line]:
        say = self.say
        if self.diagnosis.requirements:
            yield from heading(say("What the customer requires"))
        for item in self.diagnosis.requirements:
            words = say(
                "{status}: {requirement} ({priority})",
                status=say(REQUIREMENT[item.status]),
                requirement=item.requirement,
                priority=self.language.word(item.priority, PRIORITY),
            )
            yield Line(words, hang=2, style={"met": "good", "refused": "bad"}.get(item.status, ""))

    def cautions(self) -> Iterator[Line]:
        if self.diagnosis.warnings:
            yield from heading(self.say("Take care"))
        for caution in self.diagnosis.warnings:
            yield Line(f"{caution.text} [{caution.rule}]", hang=2)

    def economics(self) -> Iterator[Line]:
        say, worked_out = self.say, self.diagnosis.economics
        yield from heading(say("Cost and benefit"))
        if worked_out.value is None:
            inputs = self.lacking(worked_out.missing)
            yield Line(say("Not worked out: no amount is known for {inputs}.", inputs=inputs), hang=2)
        else:
            value = money(worked_out.value, worked_out.currency, self.language)
            attempt = money(worked_out.attempt, worked_out.currency, self.language)
            yield Line(say("Value of the account won back: {amount}", amount=value))
            yield Line(say("Cost of the attempt: {amount}", amount=attempt))
            yield self.pays()
        yield from (Line(text, hang=2) for text in table_of(worked_out, self.rulebase))

    def pays(self) -> Line:
        chance = self.diagnosis.decision.break_even_chance
        if self.diagnosis.economics.pays is False:
            return Line(self.say("It never pays."), style="bad")
        if chance is None:
            return Line(self.say("Whether it pays hangs on where in these ranges the amounts lie."))
        least = percent(chance, self.language)
        return Line(self.say("It pays where the chance of return is at least {chance}.", chance=least), style="good")

    def question(self, name: str) -> str:
        fact, _, side = name.partition(".")
        question = self.rulebase.vocabulary[fact].question
        if not side:
            return self.say("{question} ({fact})", question=question, fact=name)
        asked = self.say(ASKED[side])
        return self.say("{question} ({fact}, asked of {side})", question=question, fact=name, side=asked)

    def changed(self, name: str) -> str:
        """Name in words something that a missing fact could change."""
        reason, _, part = name.partition(".")
        if part:
            return self.say(_PARTS[part], title=self.title(reason))
        if name in self.rulebase.accommodations:
            return self.say("the offer of {title}", title=self.rulebase.accommodations[name].title)
        return self.title(name) if name in self.rulebase.reasons else self.say(_FIXED[name])

    def lacking(self, missing: tuple[str, ...]) -> str:
        inputs = [self.rulebase.vocabulary[name].title for name in missing if name in self.rulebase.vocabulary]
        costs = len(missing) - len(inputs)
        if costs > 1:
            inputs.append(self.say("the cost of {count} accommodations", count=costs))
        elif costs:
            inputs.append(self.say("the cost of one accommodation"))
        return self.joined(", ", inputs)

    def missing(self, *, everything: bool) -> Iterator[Line]:
        missing, say = self.diagnosis.missing, self.say
        if not missing:
            return
        yield from heading(say("What is missing, and what it could change"))
        for item in missing if everything else missing[:_MOST_MISSING]:
            yield Line(self.question(item.fact), hang=2)
            changes = self.joined(", ", dict.fromkeys(map(self.changed, item.could_change)))
            yield Line(say("could change: {changes}", changes=changes), 4, 2, style="dim")
        if not everything and len(missing) > _MOST_MISSING:
            more = len(missing) - _MOST_MISSING
            yield Line(say("and {count} more; --all lists them.", count=more), style="dim")
