"""Writes the pages of docs/ that follow from rules, expected error texts and commands; --check only compares.

Never edits what a person wrote: a page by hand, or the part of a page below the line that says so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import churn_rules
from churn_rules.cli import cli
from churn_rules.replaying import Replay, replay_case
from churn_rules.rulebase import PHASES, PlanStep, Reason, Rule, Rulebase, Topic, sources_in
from churn_rules.telling import adds_in_words, due_in_words, premise_of

DOCS = Path(__file__).resolve().parent
BY_HAND = "<!-- What follows is written by hand. -->"
GENERATED = "<!-- Written by `make goldens` from the sources named below; edit those instead. -->"


def main() -> int:
    """Write the pages, or compare them where --check is given; return the exit code."""
    rulebase = churn_rules.load(DOCS.parent / "rules")
    pages = {
        "reasons.md": _reasons(rulebase),
        "rules.md": _rules(rulebase),
        "facts.md": _facts(rulebase),
        "sources.md": _sources(rulebase),
        "errors.md": _errors(),
        "commands.md": _commands(),
        "plan.md": _plan(rulebase),
        "published-cases.md": _published(rulebase),
    }
    stale = []
    for name, lines in pages.items():
        text, page = f"{GENERATED}\n\n" + "\n".join(lines) + "\n", DOCS / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                page.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"stale: docs/{', docs/'.join(stale)}; run `make goldens` and review the difference\n")
        return 1
    return 0


def _published(rulebase: Rulebase) -> Iterator[str]:
    page = DOCS / "published-cases.md"
    below = page.read_text(encoding="utf-8").partition(BY_HAND)[2].strip() if page.exists() else ""
    yield "# The published accounts, and what the rules conclude of them"
    yield ""
    yield "From a run of `cases/`. Acceptable is every answer that one of two readers of the account gave."
    yield ""
    yield "| account | root concluded | acceptable | scope concluded | acceptable | met | hinges on |"
    yield "|---|---|---|---|---|---|---|"
    files = sorted((DOCS.parent / "cases").glob("*.yaml"))
    replays = [
        (replay_case(rulebase, case), case) for case in (churn_rules.load_case(file, rulebase) for file in files)
    ]
    for replay, case in replays:
        yield _published_row(replay, case)
    yield ""
    met = [sum(_met(replay, part) for replay, _ in replays) for part in ("roots", "scope")]
    yield f"{met[0]} of {len(replays)} roots and {met[1]} of {len(replays)} scopes are acceptable."
    yield ""
    yield BY_HAND
    yield ""
    yield below


def _published_row(replay: Replay, case: churn_rules.Case) -> str:
    assert case.expect
    expect, found = case.expect, replay.diagnosis
    cells = (
        case.id,
        ", ".join(found.roots),
        ", ".join(expect.acceptable_roots or expect.roots or ()),
        found.scope,
        ", ".join(expect.acceptable_scopes or ([expect.scope] if expect.scope else ())),
        " and ".join(f"{part} {'met' if _met(replay, part) else 'MISSED'}" for part in ("roots", "scope")),
        ", ".join(case.hinges_on) or "no single fact",
    )
    return f"| {' | '.join(cells)} |"


def _met(replay: Replay, part: str) -> bool:
    return all(check.met for check in replay.checks if check.what.removeprefix("acceptable ").startswith(part))


def _reasons(rulebase: Rulebase) -> Iterator[str]:
    yield "# The reasons, and what finds or excludes each of them"
    yield ""
    yield "From `rules/reasons.yaml` and all rules."
    for reason in rulebase.reasons.values():
        yield from _reason(reason, rulebase)


def _reason(reason: Reason, rulebase: Rulebase) -> Iterator[str]:
    rules = rulebase.rules.values()
    clues = [(adds, rule) for rule in rules for of, adds in rule.then.evidence if of == reason.id]
    yield f"\n## `{reason.id}`: {reason.title}\n"
    yield f"{reason.means[:1].upper()}{reason.means[1:]}. Source: {reason.source}.\n"
    yield f"Scope to begin with: {reason.scope}. Answers for it: {reason.responsible}.\n"
    yield "| weight | rule | source |\n|---|---|---|"
    for adds, rule in sorted(clues, key=lambda clue: (-clue[0], clue[1].id)):
        yield f"| {adds:+.2f} | {_linked(rule)} | {rule.source} |"
    for kind, words in (("scope", "Scope"), ("responsible", "Who answers for it")):
        drawn = [(value, rule) for rule in rules for of, value in getattr(rule.then, kind) if of == reason.id]
        if drawn:
            yield f"\n{words}: " + "; ".join(f"{value} by {_linked(rule)}" for value, rule in drawn) + "."
    links = [link for link in rulebase.links if reason.id in (link.cause, link.effect)]
    for words, names in (
        ("May lead to", [(link.effect, link.always) for link in links if link.cause == reason.id]),
        ("May follow from", [(link.cause, link.always) for link in links if link.effect == reason.id]),
    ):
        if names:
            listed = ", ".join(f"`{name}`{'' if always else ' where a rule shows it'}" for name, always in names)
            yield f"\n{words}: {listed}."


def _linked(rule: Rule) -> str:
    return f"[{rule.id}](rules.md#{rule.id})"


def _rules(rulebase: Rulebase) -> Iterator[str]:
    yield "# The rules, read aloud"
    yield ""
    yield "From `rules/`, by theme."
    theme = ""
    for rule in sorted(rulebase.rules.values(), key=lambda rule: (rule.theme, rule.id)):
        if rule.theme != theme:
            theme = rule.theme
            yield f"\n## {theme}"
        yield f"\n### {rule.id}\n"
        yield f"**{rule.title}.** If {premise_of(rule, rulebase)}, then {adds_in_words(rule, rulebase)}.\n"
        yield f"Because {rule.because[:1].lower()}{rule.because[1:]} *Source: {rule.source}. Owner: {rule.owner}.*"


def _sources(rulebase: Rulebase) -> Iterator[str]:
    yield "# The sources, and how far each can be relied on"
    yield ""
    yield "From `rules/sources.yaml`, whose head says what the grades mean."
    yield "\n| source | cites | reliability | note |\n|---|---|---|---|"
    for source in rulebase.sources.values():
        yield f"| {source.id} | {source.cites} | {source.reliability} | {source.note} |"
    yield "\n## Every rule, its source and its reliability\n"
    yield "| rule | source | reliability |\n|---|---|---|"
    for rule in rulebase.rules.values():
        grades = ", ".join(dict.fromkeys(one.reliability for one in sources_in(rule.source, rulebase.sources)))
        yield f"| {_linked(rule)} | {rule.source} | {grades} |"


def _facts(rulebase: Rulebase) -> Iterator[str]:
    yield "# The facts that a case may hold"
    yield ""
    yield "From `rules/vocabulary.yaml`."
    topic = ""
    for fact in rulebase.vocabulary.values():
        if fact.topic != topic:
            topic = fact.topic
            yield f"\n## {topic}\n"
            yield "| fact | type | read at | question |\n|---|---|---|---|"
        kind = ", ".join(fact.choices) or (f"number in {fact.unit}" if fact.unit else fact.type)
        yield f"| `{fact.id}` | {kind} | {fact.at} | {fact.ask['en']} |"


def _plan(rulebase: Rulebase) -> Iterator[str]:
    yield "# The steps of a plan, and the rules that call for them"
    yield ""
    yield "From `rules/plan.yaml` and `rules/plan/`. What stands in braces is filled in from the diagnosis."
    for phase in PHASES:
        yield f"\n## {phase}"
        for step in rulebase.steps.values():
            if step.phase == phase:
                yield from _plan_step(step, rulebase)


def _plan_step(step: PlanStep, rulebase: Rulebase) -> Iterator[str]:
    fairness = f" Serves {step.fairness} fairness." if step.fairness else ""
    yield f"\n### {step.id}\n"
    yield f"**{step.title}.** {step.text}\n"
    yield f"Owner: {step.owner}. Due {due_in_words(step)}.{fairness}\n"
    for kind, words in (("step", "Called for"), ("drop", "Dropped")):
        for name in (drawn.rule for drawn in rulebase.drawn.get(Topic(kind, step.id), ())):
            rule = rulebase.rules[name]
            yield f"- {words} by {_linked(rule)}: {rule.because} *Source: {rule.source}.*"


def _errors() -> Iterator[str]:
    yield "# What can be wrong with a rule or a case, and how to mend it"
    yield ""
    yield "From the expected texts in `tests/broken/`. The letter tells where: Y the file as YAML, S its shape, V the"
    yield "vocabulary and values, R a rule, C a case, F the folder, T a translation, Q an answer, M a mapping or a file"
    yield "of accounts."
    code = ""
    for golden in sorted((DOCS.parent / "tests" / "broken").glob("*.txt")):
        if (found := golden.stem.split("-")[0]) != code:
            code = found
            yield f"\n## {code}"
        yield f"\n```text\n{golden.read_text(encoding='utf-8').rstrip()}\n```"


def _commands() -> Iterator[str]:
    yield "# The commands"
    context = click.Context(cli, info_name="churn-rules", max_content_width=100, terminal_width=100)
    yield from _command("churn-rules", cli.get_help(context))
    for name, command in sorted(cli.commands.items()):
        inner = click.Context(command, parent=context, info_name=name, max_content_width=100, terminal_width=100)
        yield from _command(f"churn-rules {name}", command.get_help(inner))


def _command(name: str, text: str) -> Iterator[str]:
    yield f"\n## {name}\n"
    yield "```text\n" + re.sub(r" +$", "", text, flags=re.MULTILINE) + "\n```"


if __name__ == "__main__":
    sys.exit(main())
