"""Answers in words, for a reader at a terminal: each function turns one value into lines.

Never works anything out: whatever it says stands in the value that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from churn_rules.certainty import in_words
from churn_rules.conditions import All, Test, tests
from churn_rules.diagnosis import Diagnosis, Evidence, Landmine, Named, ReasonReport
from churn_rules.engines import Trace
from churn_rules.explanation import Supported, Why, WhyNot, WhyNotRule, WhyRule, premise_in_words
from churn_rules.replaying import Change, Replay, Replays, Step
from churn_rules.rulebase import Accommodation, PlanStep, Reason, Rule, Rulebase, Topic, drawn_by, sources_in
from churn_rules.sums import table_of
from churn_rules.vocabulary import LARGEST, Fact, Plain, accept, spoken
from churn_rules.wording import Hint

__all__ = [
    "Line",
    "adds_in_words",
    "answering_side",
    "due_in_words",
    "money",
    "percent",
    "premise_of",
    "side_asked",
    "tell_contents",
    "tell_diagnosis",
    "tell_fact",
    "tell_facts",
    "tell_hint",
    "tell_named",
    "tell_plan_step",
    "tell_reason",
    "tell_replay",
    "tell_replays",
    "tell_rule",
    "tell_trace",
    "tell_why",
    "tell_why_not",
    "verdict_in_words",
]

_ASKED = {"record": "the records", "customer": "the customer", "us": "our own people"}
_TOLD = {**_ASKED, "rules": "follows from the facts"}
_SIDES = {"supplier": "we answer", "customer": "the customer answers", "competitor": "a competitor answers"}
_SIDES |= {"environment": "nobody on either side answers", "both": "both sides answer"}
_VERDICTS = {
    "pursue": "Win them back; no exception is needed.",
    "pursue_with_exception": "Win them back, with an exception for this one customer.",
    "keep_a_foothold": "Not now: stay close, and keep a foothold until the next occasion.",
    "let_go": "Let them go, in good manners.",
    "undecided": "Undecided.",
}
_ROLES = {
    "root": "a root",
    "contributing": "a contributor",
    "consequence": "a consequence",
    None: "no longer in the chain",
}
_MOST_MISSING = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line to print: it wraps with `hang` further columns of indentation. `style` is heading, good, bad or dim."""

    text: str
    indent: int = 2
    hang: int = 0
    style: str = ""


def _heading(text: str) -> Iterator[Line]:
    yield Line("", 0)
    yield Line(text, 0, style="heading")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(certainty: float) -> str:
    return f"{certainty:+.2f}" if certainty else "0.00"


# --- a diagnosis ------------------------------------------------------------------------------------------------------


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
        self.diagnosis, self.rulebase = diagnosis, rulebase

    def title(self, reason: str) -> str:
        return self.rulebase.reasons[reason].title

    def answer(self) -> Iterator[Line]:
        found = self.diagnosis
        yield from _heading("Answer")
        if not found.roots:
            yield Line("Insufficient evidence: no reason is established.", style="bad")
            if possible := [self.title(report.reason) for report in found.reasons if report.status == "possible"]:
                yield Line(f"Possible so far: {', '.join(possible)}.")
        else:
            for root in found.roots:
                strength = in_words(found.reason(root).certainty)
                yield Line(
                    f"Root cause: {self.title(root)} ({strength}, {found.reason(root).certainty:.2f}).", style="good"
                )
            sides = " and ".join(_SIDES[side] for side in found.responsible)
            yield Line(f"The trouble is {found.scope}; {sides} for it.")
        for named in found.named:
            yield Line(self.named(named), hang=2, style="" if named.borne_out else "bad")
        yield from self.verdict()

    def named(self, named: Named) -> str:
        report = self.diagnosis.reason(named.reason)
        who = " and ".join(_ASKED[side] for side in named.sides)
        verb = "name" if len(named.sides) > 1 or "us" in named.sides else "names"
        judged = "the facts bear it out" if named.borne_out else "the facts do not bear it out"
        if named.borne_out and report.role == "consequence":
            judged = "it is real, but a consequence"
        return f"{_sentence(who)} {verb} {self.title(named.reason)}: {judged} ({_number(report.certainty)})."

    def verdict(self) -> Iterator[Line]:
        decision = self.diagnosis.decision
        yield Line(f"Decision: {_VERDICTS[decision.verdict]}", style="good" if decision.because else "")
        if decision.verdict == "undecided":
            if decision.because:
                yield Line(f"These rules disagree: {', '.join(decision.because)}.", 4)
            elif missing := [item.fact for item in self.diagnosis.missing or () if "decision" in item.could_change]:
                yield Line("It hangs on what is unknown, first of all:", 4)
                for fact in missing[:3]:
                    yield Line(f"- {self.question(fact)}", 4, 2)
            else:
                yield Line("No rule reaches a verdict on these facts.", 4)
        else:
            for rule in decision.because:
                yield Line(f"{self.rulebase.rules[rule].because} [{rule}]", 4)

    def chain(self) -> Iterator[Line]:
        told = [self.diagnosis.reason(reason) for reason in self.diagnosis.chain]
        told += [report for report in self.diagnosis.reasons if report.role == "contributing"]
        if told:
            yield from _heading("Chain of causes")
        for report in dict.fromkeys(report.reason for report in told):
            yield from self.link(self.diagnosis.reason(report))
        for status, words in (("possible", "Possible, not established"), ("ruled_out", "Ruled out")):
            named = [
                f"{self.title(r.reason)} {_number(r.certainty)}" for r in self.diagnosis.reasons if r.status == status
            ]
            if named:
                yield Line(f"{words}: {', '.join(named)}.", hang=2, style="dim")

    def link(self, report: ReasonReport) -> Iterator[Line]:
        about = f"{report.role}, {report.scope}, {_SIDES[report.responsible]}"
        yield Line(f"{self.title(report.reason)} {_number(report.certainty)} ({about})", hang=2)
        if report.leads_to:
            yield Line(f"led to {', '.join(self.title(effect) for effect in report.leads_to)}", 4, 2)

    def why(self) -> Iterator[Line]:
        told = [report for report in self.diagnosis.reasons if report.evidence and report.status != "unsupported"]
        if told:
            yield from _heading("Why")
        for report in told:
            yield Line(
                f"{_sentence(self.title(report.reason))}: {report.status.replace('_', ' ')} {_number(report.certainty)}"
            )
            for evidence in sorted(report.evidence, key=lambda item: (-abs(item.certainty), item.rule)):
                yield from self.evidence(evidence)

    def evidence(self, evidence: Evidence) -> Iterator[Line]:
        yield Line(f"{_number(evidence.certainty)}  {self.rulebase.rules[evidence.rule].title} [{evidence.rule}]", 4, 7)
        yield Line(f"{'; '.join(self.fact(name, value) for name, value in evidence.facts.items())}.", 11, style="dim")

    def fact(self, name: str, value: Plain | None) -> str:
        term = self.rulebase.terms[name]
        return spoken(term, accept(replace(term, low=-LARGEST, high=LARGEST), value))

    def landmines(self) -> Iterator[Line]:
        if self.diagnosis.landmines or self.diagnosis.discrepancies:
            yield from _heading("Landmines")
        for mine in self.diagnosis.landmines:
            yield self.landmine(mine)
        for found in self.diagnosis.discrepancies:
            observed, derived = self.fact(found.fact, found.observed), self.fact(found.fact, found.derived)
            one, other = (
                ("in the economics", "on the timeline") if found.by == "timeline" else ("as told", "by its sources")
            )
            yield Line(f"The figures do not agree: {one}, {observed}; {other}, {derived}.", hang=2, style="bad")

    def landmine(self, mine: Landmine) -> Line:
        if mine.kind == "disagreement":
            words = "; ".join(f"{_ASKED[side]}: {self.fact(mine.name, value)}" for side, value in mine.told.items())
            title = self.rulebase.vocabulary[mine.name].title
            return Line(f"The sides disagree about {title}. {_sentence(words)}.", hang=2, style="bad")
        side, value = next(iter(mine.told.items()))
        return Line(f"{_sentence(self.fact(mine.name, value))} ({_TOLD[side]}).", hang=2, style="bad")

    def offers(self) -> Iterator[Line]:
        found, catalogue = self.diagnosis, self.rulebase.accommodations
        if found.accommodations:
            yield from _heading("What to offer")
        for offer in found.accommodations:
            compared = "" if offer.than_todays_supplier == "unknown" else f"; {offer.than_todays_supplier}"
            compared += " than today's supplier" if compared and offer.than_todays_supplier != "equal" else ""
            compared += " to today's supplier" if offer.than_todays_supplier == "equal" else ""
            yield Line(f"{_sentence(catalogue[offer.accommodation].title)}{compared}", hang=2)
            about = f"for {self.title(offer.reason)}; cost {offer.cost_band}, precedent risk {offer.precedent_risk}; "
            about += f"{', '.join(offer.fairness)} fairness; agreed by {', '.join(offer.agreed_by)} [{offer.rule}]"
            yield Line(about, 4, style="dim")
        if found.withheld:
            yield from _heading("What not to offer")
        for held in found.withheld:
            yield Line(_sentence(catalogue[held.accommodation].title), hang=2)
            for rule in held.rules:
                yield Line(f"{self.rulebase.rules[rule].because} [{rule}]", 4, style="dim")

    def requirements(self) -> Iterator[Line]:
        if self.diagnosis.requirements:
            yield from _heading("What the customer requires")
        for item in self.diagnosis.requirements:
            style = {"met": "good", "refused": "bad"}.get(item.status, "")
            yield Line(f"{item.status.replace('_', ' ')}: {item.requirement} ({item.priority})", hang=2, style=style)

    def cautions(self) -> Iterator[Line]:
        if self.diagnosis.warnings:
            yield from _heading("Take care")
        for caution in self.diagnosis.warnings:
            yield Line(f"{caution.text} [{caution.rule}]", hang=2)

    def economics(self) -> Iterator[Line]:
        worked_out, chance = self.diagnosis.economics, self.diagnosis.decision.break_even_chance
        yield from _heading("Cost and benefit")
        if worked_out.value is None:
            yield Line(f"Not worked out: {self.lacking(worked_out.missing)}.", hang=2)
            yield from (Line(text, hang=2) for text in table_of(worked_out))
            return
        yield Line(f"Value of the account won back: {_money(worked_out.value, worked_out.currency)}")
        yield Line(f"Cost of the attempt: {_money(worked_out.attempt, worked_out.currency)}")
        if worked_out.pays is False:
            yield Line("It never pays.", style="bad")
        elif chance is None:
            yield Line("Whether it pays hangs on where in these ranges the amounts lie.")
        else:
            yield Line(f"It pays where the chance of return is at least {_percent(chance)}.", style="good")
        yield from (Line(text, hang=2) for text in table_of(worked_out))

    def question(self, name: str) -> str:
        fact, _, side = name.partition(".")
        asked = f", asked of {_ASKED[side]}" if side else ""
        return f"{self.rulebase.vocabulary[fact].ask['en']} ({name}{asked})"

    def changed(self, name: str) -> str:
        """Name in words something that a missing fact could change."""
        reason, _, part = name.partition(".")
        if part:
            return f"{'the scope of' if part == 'scope' else 'who answers for'} {self.title(reason)}"
        if name in self.rulebase.accommodations:
            return f"the offer of {self.rulebase.accommodations[name].title}"
        if name in self.rulebase.reasons:
            return self.title(name)
        return {"roots": "which reason is the root", "decision": "the decision", "warnings": "the cautions"}[name]

    def lacking(self, missing: tuple[str, ...]) -> str:
        inputs = [self.rulebase.vocabulary[name].title for name in missing if name in self.rulebase.vocabulary]
        costs = len(missing) - len(inputs)
        told = (
            [*inputs, f"the cost of {costs if costs > 1 else 'one'} accommodation{'s' * (costs > 1)}"]
            if costs
            else inputs
        )
        return f"no amount is known for {', '.join(told)}"

    def missing(self, *, everything: bool) -> Iterator[Line]:
        missing = self.diagnosis.missing
        if not missing:
            return
        yield from _heading("What is missing, and what it could change")
        for item in missing if everything else missing[:_MOST_MISSING]:
            yield Line(self.question(item.fact), hang=2)
            changes = ", ".join(dict.fromkeys(map(self.changed, item.could_change)))
            yield Line(f"could change: {changes}", 4, 2, style="dim")
        if not everything and len(missing) > _MOST_MISSING:
            yield Line(f"and {len(missing) - _MOST_MISSING} more; --all lists them.", style="dim")


def _money(amount: Plain | None, currency: str) -> str:
    if isinstance(amount, dict):
        return f"{amount['from']:,} to {amount['to']:,} {currency}".strip()
    return f"{amount:,} {currency}".strip()


def _percent(chance: Plain) -> str:
    if isinstance(chance, dict):
        low, high = (round(100 * float(end), 1) for end in chance.values())
        return f"{low:g} to {high:g} %"
    return f"{round(100 * float(str(chance)), 1):g} %"


# --- why and why not --------------------------------------------------------------------------------------------------


def tell_why(explained: Why) -> Iterator[Line]:
    """Tell why a conclusion was reached, down to who told what; what was explained once is not repeated."""
    if explained.conclusion == "decision":
        yield Line(f"Decision: {_VERDICTS[str(explained.value)]}", 0, style="heading")
    else:
        yield Line(f"{_sentence(explained.says)}{_valued(explained.value)}.", 0, style="heading")
    if not explained.rules and explained.value == "undecided":
        yield Line("No rule reaches a verdict. `why-not` with `decision` shows what each of them lacks.", hang=2)
    elif not explained.rules:
        yield Line("No rule changed it; this is where it starts by rules/reasons.yaml (`show` tells with what source).")
    yield from _because(explained.rules, 2, {explained.conclusion})


def _valued(value: Plain | None) -> str:
    return f" (certainty {_number(value)})" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _because(rules: Iterable[WhyRule], indent: int, told: set[str]) -> Iterator[Line]:
    for rule in rules:
        yield Line("", 0)
        adds = f"{_number(rule.adds)}  " if isinstance(rule.adds, float) else ""
        yield Line(f"{adds}{rule.title} [{rule.rule}]", indent, 2)
        for matched in rule.matched:
            yield from _supported(matched, indent + 2, told)
        yield Line(f"because {rule.because[:1].lower()}{rule.because[1:]}", indent + 2, 2, style="dim")
        yield Line(f"source: {rule.source}", indent + 2, 2, style="dim")


def _supported(matched: Supported, indent: int, told: set[str]) -> Iterator[Line]:
    if matched.side:
        when = f", {_dated(matched.date)}" if matched.date else ""
        note = f": {matched.note}" if matched.note else ""
        yield Line(f"- {matched.says} ({_ASKED[matched.side]}{when}{note})", indent, 2)
        return
    yield Line(f"- {matched.says}{', which follows from' if matched.derived_from else ''}", indent, 2)
    for source in matched.derived_from:
        yield from _supported(source, indent + 2, told)
    if matched.because and matched.because.rules:
        if matched.because.conclusion in told:
            yield Line("(as told above)", indent + 2, style="dim")
        else:
            told.add(matched.because.conclusion)
            yield from _because(matched.because.rules, indent + 2, told)


def _dated(date: Plain) -> str:
    return f"{date['from']} to {date['to']}" if isinstance(date, dict) else str(date)


def tell_why_not(explained: WhyNot) -> Iterator[Line]:
    """Tell why a conclusion was not reached: what speaks against it, and each rule that might have spoken for it."""
    yield Line(f"{_sentence(explained.says)}{_valued(explained.value)}.", 0, style="heading")
    if explained.against:
        yield from _heading("What counts against it")
        yield from _because(explained.against, 2, {explained.conclusion})
    yield from _heading("Rules that would have spoken for it")
    if not explained.rules:
        yield Line("None: every rule for it has fired, or there is none.")
    for rule in explained.rules:
        yield from _unfired(rule)


def _unfired(rule: WhyNotRule) -> Iterator[Line]:
    adds = f"{_number(rule.adds)}  " if isinstance(rule.adds, float) else ""
    yield Line(f"{adds}{rule.title} [{rule.rule}]", 2, 2)
    for words in rule.holds:
        yield Line(f"holds: {words}", 4, 2, style="dim")
    for premise in rule.open:
        if premise.state == "unknown":
            yield Line(f"unknown: whether {premise.wanted} ({premise.name})", 4, 2)
        else:
            missed = f"; missed by {premise.missed_by:g}" if premise.missed_by else ""
            actual = f", but {premise.says}" if premise.says else ""
            yield Line(f"fails: {premise.wanted}{actual}{missed}", 4, 2, style="bad")


def tell_trace(trace: Trace, rulebase: Rulebase) -> Iterator[Line]:
    """Tell every rule that fired, in the order of telling, with what it matched and what it added."""
    yield from _heading(f"Trace: {len(trace.firings)} rules fired, {_undecided(trace)} are undecided")
    for firing in trace.firings:
        rule = rulebase.rules[firing.rule]
        yield Line(f"{rule.title} [{rule.id}]", 2, 2)
        matched = "; ".join(spoken(rulebase.terms[name], value) for name, value in firing.matched)
        yield Line(matched, 4, 2, style="dim")
        yield Line(f"so: {adds_in_words(rule, rulebase)}", 4, 2)


def _undecided(trace: Trace) -> int:
    return sum(truth is None for truth in trace.verdicts.values())


def tell_hint(hint: Hint) -> str:
    """Tell where a note or title prescribes or blames, in which words, and ask what happened instead."""
    words = ", ".join(f"`{word}`" for word in hint.words)
    verbs = {"prescriptive": "tells what should have been", "blaming": "blames"}
    does = " and ".join(verbs[kind] for kind in hint.kinds)
    return f"{hint.where}: hint: the {hint.about} {does} ({words}): {hint.question}"


# --- a replay ---------------------------------------------------------------------------------------------------------


def tell_replay(replay: Replay, rulebase: Rulebase) -> Iterator[Line]:
    """Tell a replay: date by date, then the conclusion, then expected against actual, and last the outcome."""
    yield Line(replay.title, 0, style="heading")
    yield Line(f"Source: {replay.source}", 0, style="dim")
    roots = ", ".join(rulebase.reasons[root].title for root in replay.diagnosis.roots) or "insufficient evidence"
    yield Line(f"In short: {roots}, {replay.diagnosis.scope}. {_VERDICTS[replay.diagnosis.decision.verdict]}", 0)
    for step in replay.steps:
        yield from _step(step, replay, rulebase)
    yield Line("", 0)
    yield from tell_diagnosis(replay.diagnosis, rulebase, "Conclusion")
    yield from _checks(replay)
    if replay.outcome:
        yield from _heading("What happened in the end")
        when = f" ({_dated(replay.outcome.date)})" if replay.outcome.date else ""
        yield Line(
            f"{_sentence(replay.outcome.result.replace('_', ' '))}{when}. {replay.outcome.note}".rstrip(), hang=2
        )


def _step(step: Step, replay: Replay, rulebase: Rulebase) -> Iterator[Line]:
    when = "Without a date" if step.date is None else _dated(step.date)
    yield from _heading(f"{when}{' (the loss)' if step.date is not None and step.date == replay.lost else ''}")
    if step.learned:
        yield Line("Learned")
    for learned in step.learned:
        note = f": {learned.note}" if learned.note else ""
        yield Line(f"- {learned.says} ({_ASKED[learned.side]}{note})", 4, 2)
    if step.fired:
        yield Line("Rules that now fire")
    for rule in step.fired:
        yield Line(f"- {rulebase.rules[rule].title} [{rule}]", 4, 2)
    for rule in step.no_longer_fires:
        yield Line(f"- no longer: {rulebase.rules[rule].title} [{rule}]", 4, 2, style="dim")
    if step.changes:
        yield Line("What it changed")
    for change in step.changes:
        yield Line(f"- {_changed(change, rulebase)}", 4, 2)
    roots = ", ".join(rulebase.reasons[root].title for root in step.roots) or "none established"
    yield Line(f"Root by now: {roots}. Decision by now: {step.decision.replace('_', ' ')}.", hang=2)


def _changed(change: Change, rulebase: Rulebase) -> str:
    before, after = change.certainty
    verb = "rose" if after > before else "fell" if after < before else "stayed"
    moved = f"at {_number(after)}" if after == before else f"from {_number(before)} to {_number(after)}"
    words = f"{rulebase.reasons[change.reason].title} {verb} {moved}"
    if change.status[0] != change.status[1]:
        words += f", now {change.status[1].replace('_', ' ')}"
    if change.role[0] != change.role[1]:
        words += f", {_ROLES[change.role[1]]}"
    return words


def _checks(replay: Replay) -> Iterator[Line]:
    if not replay.checks:
        return
    unmet = sum(not check.met for check in replay.checks)
    wrong = not replay.met
    yield from _heading("Expected against actual")
    for check in replay.checks:
        if check.met:
            yield Line(f"met: {check.what} {check.expected}", hang=2, style="good")
        elif check.known_miss:
            yield Line(f"known miss: {check.what}: expected {check.expected}, actual {check.actual}", hang=2)
            yield Line(f"because {check.known_miss}", 4, style="dim")
        else:
            yield Line(f"NOT MET: {check.what}: expected {check.expected}, actual {check.actual}", hang=2, style="bad")
    total = len(replay.checks)
    yield Line(f"{total - unmet} of {total} expectations met.", style="bad" if wrong else "good")


def tell_replays(replays: Replays, rulebase: Rulebase) -> Iterator[Line]:
    """Tell one replay after another, and of several, at the end, how many are as expected."""
    for replay in replays.replays:
        yield from tell_replay(replay, rulebase)
        yield Line("", 0)
    if len(replays.replays) > 1:
        met = sum(replay.met for replay in replays.replays)
        total = f"{met} of {len(replays.replays)} cases are as expected."
        yield Line(total, 0, style="good" if replays.met else "bad")


# --- the rule base read aloud -----------------------------------------------------------------------------------------


def tell_named(name: str, rulebase: Rulebase) -> Iterator[Line]:
    """Read a rule, reason, fact, finding, accommodation or step of the plan aloud.

    Raises:
        UnknownNameError: There is none of that name.
    """
    match rulebase.named(name):
        case Rule() as rule:
            return tell_rule(rule, rulebase)
        case Reason() as reason:
            return tell_reason(reason, rulebase)
        case Accommodation() as accommodation:
            return tell_accommodation(accommodation, rulebase)
        case PlanStep() as step:
            return tell_plan_step(step, rulebase)
        case fact if fact.id in rulebase.vocabulary:
            return tell_fact(fact, rulebase)
        case finding:
            return tell_finding(finding, rulebase)


def tell_contents(rulebase: Rulebase) -> Iterator[Line]:
    """List everything that can be shown; the facts have a command of their own."""
    yield from _heading("Reasons")
    for reason in rulebase.reasons.values():
        yield Line(f"{reason.id}: {reason.means}", hang=2)
    yield from _heading("Accommodations")
    for item in rulebase.accommodations.values():
        yield Line(f"{item.id}: {item.title}", hang=2)
    yield from _heading("Steps of the plan")
    for step in rulebase.steps.values():
        yield Line(f"{step.id}: {step.title}", hang=2)
    yield from _heading("Findings")
    for finding in rulebase.findings.values():
        yield Line(f"{finding.id}: {finding.says['true']}", hang=2)
    theme = ""
    for rule in sorted(rulebase.rules.values(), key=lambda rule: (rule.theme, rule.id)):
        if rule.theme != theme:
            theme = rule.theme
            yield from _heading(f"Rules about {theme}")
        yield Line(f"{rule.id}: {rule.title}", hang=2)
    yield Line("", 0)
    yield Line("The facts: churn-rules facts. One thing in full: churn-rules show NAME.", 0)


def tell_rule(rule: Rule, rulebase: Rulebase) -> Iterator[Line]:
    """Read a rule aloud, with its authority and its proof."""
    yield Line(f"{rule.title} [{rule.id}]", 0, style="heading")
    yield Line("", 0)
    yield Line(f"If {premise_of(rule, rulebase)}, then {adds_in_words(rule, rulebase)}.")
    yield Line(f"Because {rule.because[:1].lower()}{rule.because[1:]}", hang=2)
    grades = ", ".join(f"{one.id}: {one.reliability}" for one in sources_in(rule.source, rulebase.sources))
    yield Line(f"Source: {rule.source}{f' (reliability of {grades})' if grades else ''}", hang=2, style="dim")
    yield Line(f"Owner: {rule.owner}; status: {rule.status}; file: {rule.theme}/{rule.id}.yaml", hang=2, style="dim")
    yield from _heading("Examples")
    for example in rule.examples:
        fires = {True: "fires", False: "does not fire", None: "cannot tell"}[example.fires]
        yield Line(f"{fires}: {example.title}", hang=2)
        given = "; ".join(spoken(rulebase.terms[name], value) for name, value in example.given.items())
        yield Line(given or "nothing is known", 4, style="dim")


def premise_of(rule: Rule, rulebase: Rulebase) -> str:
    """Read the premises of a rule aloud."""
    premise = rule.premise
    parts = (
        [part if isinstance(part, Test) else All((part,)) for part in premise.parts]
        if isinstance(premise, All)
        else [premise]
    )
    return ", and ".join(premise_in_words(part, rulebase) for part in parts)


def adds_in_words(rule: Rule, rulebase: Rulebase) -> str:
    """Say what a rule concludes."""
    return "; ".join(_added(topic, adds, rulebase) for topic, adds in drawn_by(rule.then))


def _added(topic: Topic, adds: object, rulebase: Rulebase) -> str:
    title = rulebase.reasons[topic.id].title if topic.id in rulebase.reasons else ""
    match topic.kind:
        case "evidence" if isinstance(adds, float):
            way = "that" if adds > 0 else "against the view that"
            return f"there is {in_words(adds)} evidence ({adds:+g}) {way} {title} ended the relationship"
        case "finding":
            return f"we find that {rulebase.findings[topic.id].says['true']}"
        case "scope":
            return f"the scope of {title} is {adds}"
        case "responsible":
            return f"{_SIDES[str(adds)]} for {title}"
        case "link":
            cause, effect = (rulebase.reasons[reason].title for reason in topic.id.split())
            return f"{cause} {'led' if adds else 'did not lead'} to {effect}"
        case "offer":
            return f"offer {rulebase.accommodations[topic.id].title}, for {rulebase.reasons[str(adds)].title}"
        case "withhold":
            return f"do not offer {rulebase.accommodations[topic.id].title}"
        case "warning":
            return f"take care: {adds}"
        case "step" | "drop":
            planned = "plan" if topic.kind == "step" else "leave out of the plan"
            return f"{planned}: {rulebase.steps[topic.id].title}"
    return f"the decision is: {_VERDICTS[str(adds)].rstrip('.')}"


def tell_reason(reason: Reason, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a reason means, what it may lead to and stem from, and the rules for and against it."""
    yield Line(f"{_sentence(reason.title)} [{reason.id}]", 0, style="heading")
    yield Line(f"{_sentence(reason.means)}.")
    yield Line(
        f"Starts as {reason.scope}; {_SIDES[reason.responsible]} for it. Source: {reason.source}", hang=2, style="dim"
    )
    for words, names in (
        ("May lead to", [(link.effect, link.always) for link in rulebase.links if link.cause == reason.id]),
        ("May follow from", [(link.cause, link.always) for link in rulebase.links if link.effect == reason.id]),
    ):
        if names:
            listed = ", ".join(f"{name}{'' if always else ' (if a rule shows it)'}" for name, always in names)
            yield Line(f"{words}: {listed}.", hang=2)
    spoken_of = [(adds, rule) for rule in rulebase.rules.values() for of, adds in rule.then.evidence if of == reason.id]
    for words, kept in (
        ("Rules for it", [x for x in spoken_of if x[0] > 0]),
        ("Rules against it", [x for x in spoken_of if x[0] < 0]),
    ):
        yield from _heading(words)
        for adds, rule in sorted(kept, key=lambda pair: (-abs(pair[0]), pair[1].id)):
            yield Line(f"{_number(adds)}  {rule.title} [{rule.id}]", hang=7)


def tell_accommodation(item: Accommodation, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what an accommodation is, what it asks of us, and the rules that offer or withhold it."""
    yield Line(f"{_sentence(item.title)} [{item.id}]", 0, style="heading")
    yield Line(f"Answers: {', '.join(item.answers)}.", hang=2)
    about = f"Cost {item.cost_band}; precedent risk {item.precedent_risk}; agreed by {', '.join(item.agreed_by)}."
    yield Line(about, hang=2)
    yield Line(f"Serves {', '.join(item.fairness)} fairness.", hang=2)
    for words, kind in (("Rules that offer it", "offer"), ("Rules that withhold it", "withhold")):
        yield from _heading(words)
        yield from _rules_drawing(Topic(kind, item.id), rulebase)


def due_in_words(step: PlanStep) -> str:
    """Say when a step of the plan is due, and how often."""
    anchors = {"start": "the start", "loss": "the loss", "renewal": "the renewal", "return": "the return"}
    anchor = anchors.get(step.anchor, step.anchor)
    counted = f"{abs(step.days)} day{'s' * (abs(step.days) != 1)} {'before' if step.days < 0 else 'after'} {anchor}"
    when = counted if step.days else f"on the day of {anchor}"
    when += f", then every {step.every} days, {step.times} times in all" if step.every else ""
    return f"{when}, until {anchors[step.until]}" if step.until else when


def tell_plan_step(step: PlanStep, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a step of the plan is, when it is due, and the rules that conclude it or drop it."""
    yield Line(f"{step.title} [{step.id}]", 0, style="heading")
    yield Line(step.text)
    yield Line(f"Phase: {step.phase}; owner: {step.owner}; due {due_in_words(step)}.", hang=2, style="dim")
    for words, kind in (("Rules that conclude it", "step"), ("Rules that drop it", "drop")):
        yield from _heading(words)
        yield from _rules_drawing(Topic(kind, step.id), rulebase)


def tell_finding(finding: Fact, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a finding says, and the rules that conclude it."""
    yield Line(f"{_sentence(finding.title)} [{finding.id}]", 0, style="heading")
    yield Line(f"True: {finding.says['true']}. False: {finding.says['false']}.", hang=2)
    yield from _heading("Rules that conclude it")
    yield from _rules_drawing(Topic("finding", finding.id), rulebase)


def _rules_drawing(topic: Topic, rulebase: Rulebase) -> Iterator[Line]:
    drawn = rulebase.drawn.get(topic, ())
    for rule, _ in drawn:
        yield Line(f"{rulebase.rules[rule].title} [{rule}]", hang=2)
    if not drawn:
        yield Line("None.")


def tell_fact(fact: Fact, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a fact means, how it is asked, and which rules read it."""
    yield Line(f"{_sentence(fact.title)} [{fact.id}]", 0, style="heading")
    yield Line(fact.ask["en"])
    yield Line(
        f"Type: {_typed(fact)}; read at the time of {'the loss' if fact.at == 'loss' else 'the decision'}.", hang=2
    )
    yield Line(f"Asked of: {', '.join(_ASKED[side] for side in fact.asked_of)}.", hang=2)
    if fact.derive:
        yield Line(
            f"Follows from: {fact.derive.function.replace('_', ' ')} of {', '.join(fact.derive.sources)}.", hang=2
        )
    for value, sentence in fact.says.items():
        yield Line(f"{value}: {sentence}", 4, 2, style="dim")
    yield from _heading("Rules that read it")
    readers = [rule for rule in rulebase.rules.values() if fact.id in _facts_read(rule)]
    for rule in readers:
        yield Line(f"{rule.title} [{rule.id}]", hang=2)
    if not readers:
        yield Line("None directly; another fact is derived from it, or cost and benefit are.")


def _facts_read(rule: Rule) -> set[str]:
    return {test.name.partition(".")[0] for test in tests(rule.premise)}


def _typed(fact: Fact) -> str:
    match fact.type:
        case "number":
            return f"number in {fact.unit}, {fact.low:,.12g} to {fact.high:,.12g}"
        case "choice":
            return f"one of {', '.join(fact.choices)}"
        case "boolean":
            return "yes or no"
    return "date (2009, 2009-03 or 2009-03-31)"


def tell_facts(facts: Iterable[Fact]) -> Iterator[Line]:
    """List the vocabulary by topic: id, type and question of each fact."""
    topic = ""
    for fact in facts:
        if fact.topic != topic:
            topic = fact.topic
            yield from _heading(_sentence(topic))
        yield Line(f"{fact.id} ({_typed(fact)})", hang=2)
        yield Line(fact.ask["en"], 4, style="dim")


# --- words that a report has in common with the terminal --------------------------------------------------------------


def side_asked(side: str) -> str:
    """Name a side as one that is asked: `the customer`, `our own people`, `the records`."""
    return _ASKED[side]


def answering_side(responsible: str) -> str:
    """Say who answers for a reason, as in `we answer`."""
    return _SIDES[responsible]


def verdict_in_words(verdict: str) -> str:
    """Say a decision as a sentence."""
    return _VERDICTS[verdict]


def money(amount: Plain | None, currency: str) -> str:
    """Say an amount, or a range of amounts, in a currency."""
    return _money(amount, currency)


def percent(chance: Plain) -> str:
    """Say a chance from 0 to 1, or a range of chances, in percent."""
    return _percent(chance)
