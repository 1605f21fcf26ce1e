"""Why and why not in words, the trace of a run, and hints on how a note is worded.

Never works anything out: whatever it says stands in the value that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from churn_rules.engines import Trace
from churn_rules.explanation import OpenPremise, Supported, Why, WhyNot, WhyNotRule, WhyRule
from churn_rules.language import ENGLISH, Language
from churn_rules.rulebase import Rulebase
from churn_rules.telling.aloud import adds_in_words
from churn_rules.telling.lines import Line, because, dated, heading, number, sentence
from churn_rules.wording import Hint
from churn_rules.words import ASKED, VERDICT

__all__ = ["tell_hint", "tell_trace", "tell_why", "tell_why_not"]


def tell_why(explained: Why, language: Language = ENGLISH) -> Iterator[Line]:
    """Tell why a conclusion was reached, down to who told what; what was explained once is not repeated."""
    say = language.say
    if explained.conclusion == "decision":
        verdict = say("Decision: {verdict}", verdict=say(VERDICT[str(explained.value)]))
        yield Line(verdict, 0, style="heading")
    else:
        yield _concluded(explained, language)
    if not explained.rules and explained.value == "undecided":
        yield Line(say("No rule reaches a verdict. `why-not` with `decision` shows what each of them lacks."), hang=2)
    elif not explained.rules:
        yield Line(
            say("No rule changed it; this is where it starts by rules/reasons.yaml (`show` tells with what source).")
        )
    yield from _because(explained.rules, 2, {explained.conclusion}, language)


def _concluded(explained: Why | WhyNot, language: Language) -> Line:
    value, says = explained.value, sentence(explained.says)
    if isinstance(value, int | float) and not isinstance(value, bool):
        words = language.say("{sentence} (certainty {certainty}).", sentence=says, certainty=number(value))
    else:
        words = language.say("{sentence}.", sentence=says)
    return Line(words, 0, style="heading")


def _titled(rule: WhyRule | WhyNotRule) -> str:
    adds = f"{number(rule.adds)}  " if isinstance(rule.adds, float) else ""
    return f"{adds}{rule.title} [{rule.rule}]"


def _because(rules: Iterable[WhyRule], indent: int, told: set[str], language: Language) -> Iterator[Line]:
    for rule in rules:
        yield Line("", 0)
        yield Line(_titled(rule), indent, 2)
        for matched in rule.matched:
            yield from _supported(matched, indent + 2, told, language)
        yield Line(because(rule.because, language), indent + 2, 2, style="dim")
        yield Line(language.say("source: {source}", source=rule.source), indent + 2, 2, style="dim")


def _supported(matched: Supported, indent: int, told: set[str], language: Language) -> Iterator[Line]:
    if matched.side:
        words = language.say("{sentence} ({told})", sentence=matched.says, told=_told(matched, language))
    elif matched.derived_from:
        words = language.say("{sentence}, which follows from", sentence=matched.says)
    else:
        words = matched.says
    yield Line(f"- {words}", indent, 2)
    if matched.side:
        return
    for source in matched.derived_from:
        yield from _supported(source, indent + 2, told, language)
    if matched.because and matched.because.rules:
        if matched.because.conclusion in told:
            yield Line(language.say("(as told above)"), indent + 2, style="dim")
        else:
            told.add(matched.because.conclusion)
            yield from _because(matched.because.rules, indent + 2, told, language)


def _told(matched: Supported, language: Language) -> str:
    """Say who told it, when, and with which note."""
    who = language.say(ASKED[matched.side]) if matched.side else ""
    told = language.joined(", ", [who, dated(matched.date, language)]) if matched.date else who
    return language.say("{side}: {sentence}", side=told, sentence=matched.note) if matched.note else told


def tell_why_not(explained: WhyNot, language: Language = ENGLISH) -> Iterator[Line]:
    """Tell why a conclusion was not reached: what speaks against it, and each rule that might have spoken for it."""
    say = language.say
    yield _concluded(explained, language)
    if explained.against:
        yield from heading(say("What counts against it"))
        yield from _because(explained.against, 2, {explained.conclusion}, language)
    yield from heading(say("Rules that would have spoken for it"))
    if not explained.rules:
        yield Line(say("None: every rule for it has fired, or there is none."))
    for rule in explained.rules:
        yield from _unfired(rule, language)


def _unfired(rule: WhyNotRule, language: Language) -> Iterator[Line]:
    yield Line(_titled(rule), 2, 2)
    for words in rule.holds:
        yield Line(language.say("holds: {premise}", premise=words), 4, 2, style="dim")
    for premise in rule.open:
        if premise.state == "unknown":
            words = language.say("unknown: whether {premise} ({name})", premise=premise.wanted, name=premise.name)
            yield Line(words, 4, 2)
        else:
            yield Line(_failed(premise, language), 4, 2, style="bad")


def _failed(premise: OpenPremise, language: Language) -> str:
    say = language.say
    words = say("fails: {premise}", premise=premise.wanted)
    if premise.says:
        words = say("fails: {premise}, but {actual}", premise=premise.wanted, actual=premise.says)
    if premise.missed_by:
        words = say("{words}; missed by {amount}", words=words, amount=f"{premise.missed_by:g}")
    return words


def tell_trace(trace: Trace, rulebase: Rulebase) -> Iterator[Line]:
    """Tell every rule that fired, in the order of telling, with what it matched and what it added."""
    say, joined = rulebase.language.say, rulebase.language.joined
    undecided = sum(truth is None for truth in trace.verdicts.values())
    fired = len(trace.firings)
    yield from heading(say("Trace: {fired} rules fired, {undecided} are undecided", fired=fired, undecided=undecided))
    for firing in trace.firings:
        rule = rulebase.rules[firing.rule]
        yield Line(f"{rule.title} [{rule.id}]", 2, 2)
        matched = joined("; ", (rulebase.says(name, value) for name, value in firing.matched))
        yield Line(matched, 4, 2, style="dim")
        yield Line(say("so: {conclusion}", conclusion=adds_in_words(rule, rulebase)), 4, 2)


def tell_hint(hint: Hint) -> str:
    """Tell where a note or title prescribes or blames, in which words, and ask what happened instead.

    It is a remark on the file, and like errors it stays English.
    """
    words = ", ".join(f"`{word}`" for word in hint.words)
    verbs = {"prescriptive": "tells what should have been", "blaming": "blames"}
    does = " and ".join(verbs[kind] for kind in hint.kinds)
    return f"{hint.where}: hint: the {hint.about} {does} ({words}): {hint.question}"
