"""A replay in words: date by date, then the conclusion, then expected against actual.

Never works anything out: whatever it says stands in the replay.
"""

from __future__ import annotations

from collections.abc import Iterator

from churn_rules.language import Language, in_english
from churn_rules.replaying import Change, Check, Learned, Replay, Replays, Step
from churn_rules.rulebase import Rulebase
from churn_rules.telling.answers import tell_diagnosis
from churn_rules.telling.lines import Line, dated, heading, number, sentence
from churn_rules.words import ASKED, DECISION, OUTCOME, SCOPE, STATUS, VERDICT

__all__ = ["tell_replay", "tell_replays"]

_ROLES = in_english(
    root="a root", contributing="a contributor", consequence="a consequence", none="no longer in the chain"
)
_CHECKED = in_english(
    roots="roots",
    chain="chain",
    scope="scope",
    responsible="responsible",
    decision="decision",
    requirements="requirements",
    acceptable_roots="acceptable roots",
    acceptable_scopes="acceptable scopes",
    fired="fired",
    known_miss="known miss",
)


def tell_replay(replay: Replay, rulebase: Rulebase) -> Iterator[Line]:
    """Tell a replay: date by date, then the conclusion, then expected against actual, and last the outcome."""
    say = rulebase.language.say
    yield Line(replay.title, 0, style="heading")
    yield Line(say("Source: {source}", source=replay.source), 0, style="dim")
    yield Line(_in_short(replay, rulebase), 0)
    for step in replay.steps:
        yield from _step(step, replay, rulebase)
    yield Line("", 0)
    yield from tell_diagnosis(replay.diagnosis, rulebase, say("Conclusion"))
    yield from _checks(replay, rulebase.language)
    if replay.outcome:
        yield from heading(say("What happened in the end"))
        yield Line(_outcome(replay, rulebase.language), hang=2)


def _in_short(replay: Replay, rulebase: Rulebase) -> str:
    found, say = replay.diagnosis, rulebase.language.say
    roots = rulebase.language.joined(", ", (rulebase.reasons[root].title for root in found.roots))
    return say(
        "In short: {roots}, {scope}. {verdict}",
        roots=roots or say("insufficient evidence"),
        scope=say(SCOPE[found.scope]),
        verdict=say(VERDICT[found.decision.verdict]),
    )


def _outcome(replay: Replay, language: Language) -> str:
    assert replay.outcome, "only what happened is told"
    result, say = sentence(language.word(replay.outcome.result, OUTCOME)), language.say
    if replay.outcome.date:
        words = say("{outcome} ({date}).", outcome=result, date=dated(replay.outcome.date, language))
    else:
        words = say("{sentence}.", sentence=result)
    return f"{words} {replay.outcome.note}".rstrip()


def _step(step: Step, replay: Replay, rulebase: Rulebase) -> Iterator[Line]:
    language, say = rulebase.language, rulebase.language.say
    when = say("Without a date") if step.date is None else dated(step.date, language)
    at_the_loss = step.date is not None and step.date == replay.lost
    yield from heading(say("{date} (the loss)", date=when) if at_the_loss else when)
    if step.learned:
        yield Line(say("Learned"))
    for learned in step.learned:
        yield Line(f"- {_learned(learned, language)}", 4, 2)
    if step.fired:
        yield Line(say("Rules that now fire"))
    for rule in step.fired:
        yield Line(f"- {rulebase.rules[rule].title} [{rule}]", 4, 2)
    for rule in step.no_longer_fires:
        yield Line(f"- {say('no longer: {title}', title=rulebase.rules[rule].title)} [{rule}]", 4, 2, style="dim")
    if step.changes:
        yield Line(say("What it changed"))
    for change in step.changes:
        yield Line(f"- {_changed(change, rulebase)}", 4, 2)
    roots = language.joined(", ", (rulebase.reasons[root].title for root in step.roots)) or say("none established")
    decision = say(DECISION[step.decision])
    by_now = say("Root by now: {roots}. Decision by now: {decision}.", roots=roots, decision=decision)
    yield Line(by_now, hang=2)


def _learned(learned: Learned, language: Language) -> str:
    told = language.say(ASKED[learned.side])
    if learned.note:
        told = language.say("{side}: {sentence}", side=told, sentence=learned.note)
    return language.say("{sentence} ({told})", sentence=learned.says, told=told)


def _changed(change: Change, rulebase: Rulebase) -> str:
    language, say = rulebase.language, rulebase.language.say
    before, after = change.certainty
    title = rulebase.reasons[change.reason].title
    if after == before:
        words = [say("{reason} stayed at {after}", reason=title, after=number(after))]
    else:
        moved = say(
            "{reason} rose from {before} to {after}" if after > before else "{reason} fell from {before} to {after}",
            reason=title,
            before=number(before),
            after=number(after),
        )
        words = [moved]
    if change.status[0] != change.status[1]:
        words.append(say("now {status}", status=say(STATUS[change.status[1]])))
    if change.role[0] != change.role[1]:
        words.append(say(_ROLES[change.role[1] or "none"]))
    return language.joined(", ", words)


def _checks(replay: Replay, language: Language) -> Iterator[Line]:
    if not replay.checks:
        return
    say, total = language.say, len(replay.checks)
    met = sum(check.met for check in replay.checks)
    yield from heading(say("Expected against actual"))
    for check in replay.checks:
        yield from _check(check, language)
    words = say("{met} of {total} expectations met.", met=met, total=total)
    yield Line(words, style="good" if replay.met else "bad")


def _check(check: Check, language: Language) -> Iterator[Line]:
    """Tell one expectation; what is expected and what came out are codes, as they stand in the case file."""
    say, what = language.say, language.say(_CHECKED[check.what.replace(" ", "_")])
    if check.met:
        words = say("met: {what} {expected}", what=what, expected=check.expected)
        yield Line(words, hang=2, style="good")
        return
    parts = {"what": what, "expected": check.expected, "actual": check.actual}
    if check.known_miss:
        yield Line(say("known miss: {what}: expected {expected}, actual {actual}", **parts), hang=2)
        yield Line(say("because {sentence}", sentence=check.known_miss), 4, style="dim")
    else:
        yield Line(say("NOT MET: {what}: expected {expected}, actual {actual}", **parts), hang=2, style="bad")


def tell_replays(replays: Replays, rulebase: Rulebase) -> Iterator[Line]:
    """Tell one replay after another, and of several, at the end, how many are as expected."""
    for replay in replays.replays:
        yield from tell_replay(replay, rulebase)
        yield Line("", 0)
    if len(replays.replays) > 1:
        met, total = sum(replay.met for replay in replays.replays), len(replays.replays)
        words = rulebase.language.say("{met} of {total} cases are as expected.", met=met, total=total)
        yield Line(words, 0, style="good" if replays.met else "bad")
