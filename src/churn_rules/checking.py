"""Whether the rules of a rule base fit together: cycles, proofs, contradictions, and what the engines can take.

Never reads a file and never raises for what it finds; everything becomes an issue of the draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from churn_rules.conditions import All, Condition, Test, holds, tests
from churn_rules.economics import INPUTS
from churn_rules.errors import LoadError, did_you_mean
from churn_rules.patterns import LIMITS, breaches
from churn_rules.reading.draft import Draft
from churn_rules.rulebase import STATUSES, Rule, Rulebase, Topic, drawn_by, sort_into_strata, sources_in
from churn_rules.vocabulary import SIDES, Term, Value, exact

__all__ = ["check", "finish"]


def finish(draft: Draft) -> Rulebase:
    """Turn a draft into a rule base.

    Raises:
        LoadError: Something is wrong with it; `issues` holds all of it, warnings too.
    """
    rulebase = check(draft)
    if rulebase is None:
        raise LoadError(draft.issues)
    return rulebase


def check(draft: Draft) -> Rulebase | None:
    """Check how the rules of a draft fit together.

    Args:
        draft: What was read; whatever is wrong is added to its issues.

    Returns:
        The rule base, or None where an error (not just a warning) was found.
    """
    for name in INPUTS:
        fact = draft.vocabulary.get(name)
        if draft.vocabulary and (fact is None or fact.type != "number"):
            what, why = f"the vocabulary lacks the number `{name}`", "cost and benefit are worked out from it"
            draft.issue("R130", what, why, "declare it", rule="vocabulary.yaml", path=(name,))
    accepted = {rule_id: rule for rule_id, rule in sorted(draft.rules.items()) if rule.status == "accepted"}
    for rule in draft.rules.values():
        _check_rule(rule, draft)
    strata, cycle = sort_into_strata(accepted.values(), draft.findings, draft.reasons)
    if cycle:
        what = f"these rules wait for one another: {', '.join(cycle)}"
        why = "each reads what another of them concludes, so none could be decided first"
        draft.issue(
            "R117", what, why, "break the circle: let one of them read facts instead", rule=cycle[0], path=("if",)
        )
    _check_sources(draft)
    _check_reach(draft, accepted)
    _check_coverage(draft, accepted)
    _check_limits(draft, accepted)
    _check_checklist(draft, accepted)
    if not accepted and not any(issue.severity == "error" for issue in draft.issues):
        draft.issue("F405", "the rule base holds no accepted rule", "nothing could ever be concluded", "add rules")
    if any(issue.severity == "error" for issue in draft.issues):
        return None
    return Rulebase(
        vocabulary=draft.vocabulary,
        findings=draft.findings,
        reasons=draft.reasons,
        links=draft.links,
        accommodations=draft.accommodations,
        thresholds=draft.thresholds,
        rules=accepted,
        shelved={rule_id: rule for rule_id, rule in draft.rules.items() if rule_id not in accepted},
        strata=strata,
        digest=draft.digest,
        steps=draft.steps,
        questions=draft.questions,
        asking=draft.asking,
        across=draft.across,
        wording=draft.wording,
        sources=draft.sources,
    )


# --- one rule at a time -----------------------------------------------------------------------------------------------


def _check_rule(rule: Rule, draft: Draft) -> None:
    _check_status(rule, draft)
    _check_contradiction(rule, draft)
    if not draft.documents[rule.id].issues:  # an example that could not be read proves nothing either way
        _check_examples(rule, draft)
        _check_limits_shown(rule, draft)
    names = {test.name for test in tests(rule.premise)}
    kinds = {topic.kind for topic, _ in drawn_by(rule.then)}
    if "case.decision" in names and kinds - {"warning", "step", "drop"}:
        why = "the decision comes last, and only the plan and the warnings rest on it"
        fix, path = "conclude only steps or a warning", draft.premise(rule.id, "case.decision")
        draft.issue("R131", "the rule reads `case.decision`", why, fix, rule=rule.id, path=path)
    only_advice = not kinds - {"decision", "warning", "step", "drop"}
    if not only_advice and (money := sorted(name for name in names if name.startswith("economics."))):
        why = "cost and benefit are worked out from what is offered, so nothing but the verdict may rest on them"
        draft.issue(
            "R118",
            f"the rule reads `{money[0]}`",
            why,
            "conclude only a decision, a warning or steps of the plan",
            rule=rule.id,
            path=draft.premise(rule.id, money[0]),
        )
    for reason, _ in rule.then.evidence:
        for test in tests(rule.premise):
            if _rests_on_absence(test, draft):
                what = f"evidence for `{reason}` rests on `{test.name}` not being established"
                why = "it would vanish when more becomes known about another reason"
                path = draft.premise(rule.id, test.name)
                draft.issue("R119", what, why, "rest it on facts", rule=rule.id, path=path, warning=True)


def _check_status(rule: Rule, draft: Draft) -> None:
    if rule.status == "retired" and rule.replaced_by is None:
        why = "whoever meets its id in an old report must find what took its place"
        draft.issue(
            "R120", "a retired rule names no successor", why, "add `replaced_by:`", rule=rule.id, path=("status",)
        )
    elif rule.status != "retired" and rule.replaced_by is not None:
        why = "only a retired rule has a successor"
        draft.issue(
            "R120", f"`{rule.id}` is {rule.status} and replaced", why, "retire it", rule=rule.id, path=("replaced_by",)
        )
    elif rule.replaced_by and rule.replaced_by not in draft.rules:
        fix = f"name an existing rule{did_you_mean(rule.replaced_by, draft.rules)}"
        what = f"unknown successor `{rule.replaced_by}`"
        draft.issue("R121", what, "there is no such rule", fix, rule=rule.id, path=("replaced_by",))


def _rests_on_absence(test: Test, draft: Draft) -> bool:
    reason, _, part = test.name.partition(".")
    if reason not in draft.reasons or part not in ("status", "role"):
        return False
    return any(holds(test, {test.name: status}) for status in ((*STATUSES[1:],) if part == "status" else ("none",)))


def _check_contradiction(rule: Rule, draft: Draft) -> None:
    """Find tests of one name that exclude each other, where all of them must hold."""
    for group in _conjunctions(rule.premise):
        by_name: dict[str, list[Test]] = {}
        for test in group:
            by_name.setdefault(test.name, []).append(test)
        for name, same in by_name.items():
            if len(same) > 1 and not any(
                all(holds(test, {name: value}) for test in same) for value in _candidates(draft.terms[name], same)
            ):
                why = f"no value of `{name}` satisfies all that is asked of it"
                draft.issue(
                    "R122",
                    f"the premises about `{name}` exclude each other",
                    why,
                    "correct one of them",
                    rule=rule.id,
                    path=draft.premise(rule.id, name),
                )


def _conjunctions(condition: Condition) -> Iterator[list[Test]]:
    if isinstance(condition, Test):
        return
    if isinstance(condition, All):
        yield [test for part in condition.parts for test in _all_tests(part)]
    for part in condition.parts:
        yield from _conjunctions(part)


def _all_tests(condition: Condition) -> list[Test]:
    """Return the tests that must hold whichever alternative is taken."""
    if isinstance(condition, Test):
        return [condition]
    return [test for part in condition.parts for test in _all_tests(part)] if isinstance(condition, All) else []


def _candidates(term: Term, same: list[Test]) -> Iterator[Value]:
    """Yield values enough to satisfy the tests, if any value can: each choice, or each limit and its sides."""
    if term.type == "choice":
        yield from term.choices
    elif term.type == "boolean":
        yield from (True, False)
    else:
        limits = sorted({float(test.limit) for test in same if isinstance(test.limit, int | float)})
        between = [(low + high) / 2 for low, high in pairwise(limits)]
        yield from (exact(number) for number in (*limits, *between, term.low, term.high))


def _check_examples(rule: Rule, draft: Draft) -> None:
    for place, example in enumerate(rule.examples):
        fires = holds(rule.premise, example.given)
        if fires is not example.fires:
            shown = {True: "true", False: "false", None: "unknown"}
            what = f"the example `{example.title}` expects {shown[example.fires]} and the rule gives {shown[fires]}"
            fix = "correct the example, or the rule"
            draft.issue(
                "R123", what, "an example is the rule's proof", fix, rule=rule.id, path=("examples", place, "fires")
            )
    outcomes = {example.fires for example in rule.examples}
    for wanted, name, code in ((True, "that fires", "R124"), (False, "of a near miss (fires: false)", "R125")):
        if wanted not in outcomes:
            why = "a rule shows on its own page what it does and what it leaves alone"
            draft.issue(code, f"the rule has no example {name}", why, "add one", rule=rule.id, path=("examples",))


def _check_limits_shown(rule: Rule, draft: Draft) -> None:
    """Ask for an example that lies exactly on each numeric limit."""
    for test in tests(rule.premise):
        term = draft.terms[test.name]
        if term.type != "number" or not isinstance(test.limit, int | float):
            continue
        if not any(example.given.get(test.name) == exact(float(test.limit)) for example in rule.examples):
            what = f"no example has `{test.name}` exactly at {test.limit:.12g}"
            why = "whether the limit itself counts is what readers ask first"
            draft.issue("R126", what, why, "add one", rule=rule.id, path=("examples",))


def _check_sources(draft: Draft) -> None:
    """Find what names no declared source, where sources are declared at all."""
    if not draft.sources:
        return
    why = "rules/sources.yaml tells what each source is and how far it can be relied on, and this names none of them"
    fix = "name one of them to the letter, or declare another there"
    for rule in draft.rules.values():
        if not sources_in(rule.source, draft.sources):
            draft.issue("R133", f"the source of `{rule.id}` is not declared", why, fix, rule=rule.id, path=("source",))
    for reason in draft.reasons.values():
        if not sources_in(reason.source, draft.sources):
            path = ("reasons", reason.id, "source")
            draft.issue(
                "R133", f"the source of `{reason.id}` is not declared", why, fix, rule="reasons.yaml", path=path
            )
    parts = (("clusters", draft.across.clusters.source), ("others", draft.across.others.source)) if draft.across else ()
    for part, source in parts:
        if not sources_in(source, draft.sources):
            what = f"the source of `{part}` is not declared"
            draft.issue("R133", what, why, fix, rule="portfolio.yaml", path=(part, "source"))


# --- all rules together -----------------------------------------------------------------------------------------------


def _check_reach(draft: Draft, accepted: Mapping[str, Rule]) -> None:
    """Check what rules may rest on: reasons, links and scope only on the time of the loss; findings on some rule."""
    drawn = {topic for rule in accepted.values() for topic, _ in drawn_by(rule.then)}
    read = {test.name for rule in accepted.values() for test in tests(rule.premise)}
    sound = not any(issue.severity == "error" for issue in draft.issues)
    for finding in draft.findings if sound else ():
        if Topic("finding", finding) not in drawn:
            what, why = f"no rule concludes the finding `{finding}`", "it could never be true"
            draft.issue(
                "R127", what, why, "add a rule, or remove it", rule="findings.yaml", path=(finding,), warning=True
            )
        elif finding not in read:
            why = "nothing would change without it"
            what, fix = f"no rule reads the finding `{finding}`", "use it, or remove it"
            draft.issue("R127", what, why, fix, rule="findings.yaml", path=(finding,), warning=True)
    for step in draft.steps if sound else ():
        if Topic("step", step) not in drawn:
            what, why, fix = f"no rule concludes the step `{step}`", "no plan could have it", "add a rule, or remove it"
            draft.issue("R127", what, why, fix, rule="plan.yaml", path=("steps", step), warning=True)
    today = _names_of_today(draft, accepted)
    for rule in accepted.values():
        kinds = {topic.kind for topic, _ in drawn_by(rule.then)} & {"evidence", "scope", "responsible", "link"}
        late = sorted(test.name for test in tests(rule.premise) if test.name in today)
        if kinds and late:
            what = f"`{late[0]}` tells of today, and the rule explains the loss"
            why = "what became known or happened during the win-back can never explain why the customer left"
            path = draft.premise(rule.id, late[0])
            draft.issue("R128", what, why, "use a fact that is read `at: loss`", rule=rule.id, path=path)


def _check_checklist(draft: Draft, accepted: Mapping[str, Rule]) -> None:
    """Ask that a line which is not ticked decides every premise about its facts, as an answer to each would."""
    read = [test for rule in accepted.values() for test in tests(rule.premise)]
    for item in draft.asking.checklist:
        for fact, value in item.absent:
            names = {fact, *(f"{fact}.{side}" for side in SIDES)}
            left = [test.limit for test in read if test.name in names and holds(test, {test.name: value}) is None]
            if left and isinstance(left[0], float):
                what = f"the range of `{fact}` does not decide every premise about it"
                why = f"whether it lies beyond {left[0]:.12g} would stay unknown, though nobody would be asked"
                path = ("checklist", item.id, "absent", fact)
                draft.issue("V223", what, why, "narrow the range", rule="questionnaire.yaml", path=path)


def _check_coverage(draft: Draft, accepted: Mapping[str, Rule]) -> None:
    """Ask for rules enough about each reason, where reasons.yaml says how many."""
    least = draft.coverage
    if least is None or any(issue.severity == "error" for issue in draft.issues):
        return  # what could not be read was not counted
    found = [(topic, adds) for rule in accepted.values() for topic, adds in drawn_by(rule.then)]
    for reason in draft.reasons.values():
        clues = [adds for topic, adds in found if topic == Topic("evidence", reason.id) and isinstance(adds, float)]
        lacks = []
        if (pro := sum(clue > 0 for clue in clues)) < least.pro:
            lacks.append(f"{pro} of {least.pro} rules for it")
        if (contra := sum(clue < 0 for clue in clues)) < least.contra:
            lacks.append(f"{contra} of {least.contra} against it")
        settled = reason.scope in ("external", "upstream")
        if not settled and not any(topic == Topic("scope", reason.id) for topic, _ in found):
            lacks.append("no rule about its scope")
        if lacks:
            what, why = f"`{reason.id}` has {', '.join(lacks)}", "few rules see a reason from few sides only"
            fix = "add rules that rest on other observations, or lower `coverage`"
            path, warning = ("reasons", reason.id), not least.required
            draft.issue("R132", what, why, fix, rule="reasons.yaml", path=path, warning=warning)


def _names_of_today(draft: Draft, accepted: Mapping[str, Rule]) -> set[str]:
    """Return the names that tell of today: such facts, and every finding that rests on one."""
    today = {"case.stage"} | {name for name, term in draft.terms.items() if term.at == "now"}
    today |= {name for name in draft.terms if name.startswith(("accommodation.", "requirements.", "economics."))}
    grown = True
    while grown:
        fresh = {
            rule.then.finding
            for rule in accepted.values()
            if rule.then.finding and any(test.name in today for test in tests(rule.premise))
        } - today
        today |= {name for name in fresh if name}
        grown = bool(fresh)
    return today


def _check_limits(draft: Draft, accepted: Mapping[str, Rule]) -> None:
    for breach in breaches(accepted.values()):
        most = LIMITS.get(breach.limit, 1)
        about = f" about `{breach.name}`" if breach.name else ""
        what = f"{breach.reached} {breach.limit}{about}; at most {most} can be trusted"
        why = "past this durable-rules gives wrong answers or crashes"
        fix = (
            "split the rule, or conclude a finding first" if breach.rule else "merge or split rules, or rename the fact"
        )
        draft.issue("R129", what, why, fix, rule=breach.rule or "", path=("if",))
