"""The rule base read aloud: a rule, a reason, a fact, a finding, an accommodation or a step of the plan.

Never works anything out: whatever it says stands in the rule base.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from churn_rules.certainty import in_words
from churn_rules.conditions import All, Test, tests
from churn_rules.explanation import premise_in_words
from churn_rules.language import ENGLISH, Language, in_english
from churn_rules.rulebase import Accommodation, PlanStep, Reason, Rule, Rulebase, Topic, drawn_by, sources_in
from churn_rules.telling.lines import Line, heading, lowered, number, sentence
from churn_rules.vocabulary import Fact
from churn_rules.words import ANSWERS, ASKED, BAND, FAIRNESS, PHASE, SCOPE, VERDICT

__all__ = [
    "adds_in_words",
    "due_in_words",
    "premise_of",
    "tell_accommodation",
    "tell_contents",
    "tell_fact",
    "tell_facts",
    "tell_finding",
    "tell_named",
    "tell_plan_step",
    "tell_reason",
    "tell_rule",
]

_RELIABILITY = in_english(high="high", medium="medium", low="low", ours="ours")
_RULE_STATUS = in_english(draft="draft", accepted="accepted", retired="retired")
_FUNCTIONS = in_english(
    percent_change="percent change", ratio="ratio", months_between="months between", date_of="date of"
)


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
    say = rulebase.language.say
    for words, named in (
        (say("Reasons"), {reason.id: reason.means for reason in rulebase.reasons.values()}),
        (say("Accommodations"), {item.id: item.title for item in rulebase.accommodations.values()}),
        (say("Steps of the plan"), {step.id: step.title for step in rulebase.steps.values()}),
        (say("Findings"), {finding.id: finding.says["true"] for finding in rulebase.findings.values()}),
    ):
        yield from heading(words)
        yield from (Line(f"{name}: {text}", hang=2) for name, text in named.items())
    theme = ""
    for rule in sorted(rulebase.rules.values(), key=lambda rule: (rule.theme, rule.id)):
        if rule.theme != theme:
            theme = rule.theme
            yield from heading(say("Rules about {theme}", theme=theme))
        yield Line(f"{rule.id}: {rule.title}", hang=2)
    yield Line("", 0)
    yield Line(say("The facts: churn-rules facts. One thing in full: churn-rules show NAME."), 0)


# --- a rule -----------------------------------------------------------------------------------------------------------


def tell_rule(rule: Rule, rulebase: Rulebase) -> Iterator[Line]:
    """Read a rule aloud, with its authority and its proof."""
    say, joined = rulebase.language.say, rulebase.language.joined
    yield Line(f"{rule.title} [{rule.id}]", 0, style="heading")
    yield Line("", 0)
    premise, conclusion = premise_of(rule, rulebase), adds_in_words(rule, rulebase)
    yield Line(say("If {premise}, then {conclusion}.", premise=premise, conclusion=conclusion))
    yield Line(say("Because {sentence}", sentence=lowered(rule.because)), hang=2)
    yield Line(_source(rule, rulebase), hang=2, style="dim")
    about = say(
        "Owner: {owner}; status: {status}; file: {file}",
        owner=rule.owner,
        status=say(_RULE_STATUS[rule.status]),
        file=f"{rule.theme}/{rule.id}.yaml",
    )
    yield Line(about, hang=2, style="dim")
    yield from heading(say("Examples"))
    fires = {True: say("fires"), False: say("does not fire"), None: say("cannot tell")}
    for example in rule.examples:
        yield Line(say("{fires}: {title}", fires=fires[example.fires], title=example.title), hang=2)
        given = joined("; ", (rulebase.says(name, value) for name, value in example.given.items()))
        yield Line(given or say("nothing is known"), 4, style="dim")


def _source(rule: Rule, rulebase: Rulebase) -> str:
    say = rulebase.language.say
    declared = sources_in(rule.source, rulebase.sources)
    grades = rulebase.language.joined(", ", (f"{one.id}: {say(_RELIABILITY[one.reliability])}" for one in declared))
    if grades:
        return say("Source: {source} (reliability of {grades})", source=rule.source, grades=grades)
    return say("Source: {source}", source=rule.source)


def premise_of(rule: Rule, rulebase: Rulebase) -> str:
    """Read the premises of a rule aloud."""
    premise = rule.premise
    parts = (
        [part if isinstance(part, Test) else All((part,)) for part in premise.parts]
        if isinstance(premise, All)
        else [premise]
    )
    return rulebase.language.joined(", and ", (premise_in_words(part, rulebase) for part in parts))


def adds_in_words(rule: Rule, rulebase: Rulebase) -> str:
    """Say what a rule concludes."""
    return rulebase.language.joined("; ", (_added(topic, adds, rulebase) for topic, adds in drawn_by(rule.then)))


def _added(topic: Topic, adds: object, rulebase: Rulebase) -> str:
    say, reasons = rulebase.language.say, rulebase.reasons
    title = reasons[topic.id].title if topic.id in reasons else ""
    match topic.kind:
        case "evidence" if isinstance(adds, float):
            return say(
                "there is {strength} evidence ({certainty}) that {title} ended the relationship"
                if adds > 0
                else "there is {strength} evidence ({certainty}) against the view that {title} ended the relationship",
                strength=in_words(adds, rulebase.language),
                certainty=f"{adds:+g}",
                title=title,
            )
        case "finding":
            return say("we find that {sentence}", sentence=rulebase.findings[topic.id].says["true"])
        case "scope":
            return say("the scope of {title} is {scope}", title=title, scope=say(SCOPE[str(adds)]))
        case "responsible":
            return say("{sides} for {title}", sides=say(ANSWERS[str(adds)]), title=title)
        case "link":
            cause, effect = (reasons[reason].title for reason in topic.id.split())
            return say(
                "{cause} led to {effect}" if adds else "{cause} did not lead to {effect}", cause=cause, effect=effect
            )
    return _to_do(topic, adds, rulebase)


def _to_do(topic: Topic, adds: object, rulebase: Rulebase) -> str:
    """Say what a rule concludes that somebody is to do, or not to do."""
    say, offers, steps = rulebase.language.say, rulebase.accommodations, rulebase.steps
    match topic.kind:
        case "offer":
            reason = rulebase.reasons[str(adds)].title
            return say("offer {offer}, for {reason}", offer=offers[topic.id].title, reason=reason)
        case "withhold":
            return say("do not offer {offer}", offer=offers[topic.id].title)
        case "warning":
            return say("take care: {warning}", warning=adds)
        case "step":
            return say("plan: {step}", step=steps[topic.id].title)
        case "drop":
            return say("leave out of the plan: {step}", step=steps[topic.id].title)
    return say("the decision is: {verdict}", verdict=say(VERDICT[str(adds)]).rstrip(".\u3002"))


# --- what rules are about ---------------------------------------------------------------------------------------------


def tell_reason(reason: Reason, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a reason means, what it may lead to and stem from, and the rules for and against it."""
    say = rulebase.language.say
    yield Line(f"{sentence(reason.title)} [{reason.id}]", 0, style="heading")
    yield Line(say("{sentence}.", sentence=sentence(reason.means)))
    starts = say(
        "Starts as {scope}; {sides} for it. Source: {source}",
        scope=say("upstream") if reason.scope == "upstream" else say(SCOPE[reason.scope]),
        sides=say(ANSWERS[reason.responsible]),
        source=reason.source,
    )
    yield Line(starts, hang=2, style="dim")
    effects = [(link.effect, link.always) for link in rulebase.links if link.cause == reason.id]
    causes = [(link.cause, link.always) for link in rulebase.links if link.effect == reason.id]
    if effects:
        yield Line(say("May lead to: {reasons}.", reasons=_linked(effects, rulebase.language)), hang=2)
    if causes:
        yield Line(say("May follow from: {reasons}.", reasons=_linked(causes, rulebase.language)), hang=2)
    drawn = [(adds, rule) for rule in rulebase.rules.values() for of, adds in rule.then.evidence if of == reason.id]
    for words, kept in (
        (say("Rules for it"), [clue for clue in drawn if clue[0] > 0]),
        (say("Rules against it"), [clue for clue in drawn if clue[0] < 0]),
    ):
        yield from heading(words)
        for adds, rule in sorted(kept, key=lambda pair: (-abs(pair[0]), pair[1].id)):
            yield Line(f"{number(adds)}  {rule.title} [{rule.id}]", hang=7)


def _linked(names: Iterable[tuple[str, bool]], language: Language) -> str:
    told = (name if always else language.say("{name} (if a rule shows it)", name=name) for name, always in names)
    return language.joined(", ", told)


def tell_accommodation(item: Accommodation, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what an accommodation is, what it asks of us, and the rules that offer or withhold it."""
    say, joined = rulebase.language.say, rulebase.language.joined
    yield Line(f"{sentence(item.title)} [{item.id}]", 0, style="heading")
    yield Line(say("Answers: {reasons}.", reasons=joined(", ", item.answers)), hang=2)
    about = say(
        "Cost {cost}; precedent risk {risk}; agreed by {people}.",
        cost=say(BAND[item.cost_band]),
        risk=say(BAND[item.precedent_risk]),
        people=joined(", ", item.agreed_by),
    )
    yield Line(about, hang=2)
    kinds = joined(", ", (say(FAIRNESS[kind]) for kind in item.fairness))
    yield Line(say("Serves {fairness} fairness.", fairness=kinds), hang=2)
    yield from heading(say("Rules that offer it"))
    yield from _rules_drawing(Topic("offer", item.id), rulebase)
    yield from heading(say("Rules that withhold it"))
    yield from _rules_drawing(Topic("withhold", item.id), rulebase)


_AFTER = in_english(
    one="1 day after {anchor}",
    many="{days} days after {anchor}",
    one_before="1 day before {anchor}",
    many_before="{days} days before {anchor}",
)
_ANCHORS = in_english(start="the start", loss="the loss", renewal="the renewal", back="the return")


def due_in_words(step: PlanStep, language: Language = ENGLISH) -> str:
    """Say when a step of the plan is due, and how often."""
    say = language.say
    anchors = {"start": _ANCHORS["start"], "loss": _ANCHORS["loss"], "renewal": _ANCHORS["renewal"]}
    anchors["return"] = _ANCHORS["back"]  # a word of Python's own
    anchor = say(anchors[step.anchor]) if step.anchor in anchors else step.anchor
    if not step.days:
        words = say("on the day of {anchor}", anchor=anchor)
    else:
        key = ("one" if abs(step.days) == 1 else "many") + ("_before" if step.days < 0 else "")
        words = say(_AFTER[key], days=abs(step.days), anchor=anchor)
    if step.every:
        repeats = say("then every {days} days, {times} times in all", days=step.every, times=step.times)
        words = language.joined(", ", [words, repeats])
    if step.until:
        words = language.joined(", ", [words, say("until {anchor}", anchor=say(anchors[step.until]))])
    return words


def tell_plan_step(step: PlanStep, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a step of the plan is, when it is due, and the rules that conclude it or drop it."""
    say = rulebase.language.say
    yield Line(f"{step.title} [{step.id}]", 0, style="heading")
    yield Line(step.text)
    due = due_in_words(step, rulebase.language)
    about = say("Phase: {phase}; owner: {owner}; due {due}.", phase=say(PHASE[step.phase]), owner=step.owner, due=due)
    yield Line(about, hang=2, style="dim")
    yield from heading(say("Rules that conclude it"))
    yield from _rules_drawing(Topic("step", step.id), rulebase)
    yield from heading(say("Rules that drop it"))
    yield from _rules_drawing(Topic("drop", step.id), rulebase)


def tell_finding(finding: Fact, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a finding says, and the rules that conclude it."""
    say = rulebase.language.say
    yield Line(f"{sentence(finding.title)} [{finding.id}]", 0, style="heading")
    words = say("True: {true}. False: {false}.", true=finding.says["true"], false=finding.says["false"])
    yield Line(words, hang=2)
    yield from heading(say("Rules that conclude it"))
    yield from _rules_drawing(Topic("finding", finding.id), rulebase)


def _rules_drawing(topic: Topic, rulebase: Rulebase) -> Iterator[Line]:
    drawn = rulebase.drawn.get(topic, ())
    for rule, _ in drawn:
        yield Line(f"{rulebase.rules[rule].title} [{rule}]", hang=2)
    if not drawn:
        yield Line(rulebase.language.say("None."))


# --- a fact -----------------------------------------------------------------------------------------------------------


def tell_fact(fact: Fact, rulebase: Rulebase) -> Iterator[Line]:
    """Tell what a fact means, how it is asked, and which rules read it."""
    language, say = rulebase.language, rulebase.language.say
    yield Line(f"{sentence(fact.title)} [{fact.id}]", 0, style="heading")
    yield Line(fact.question)
    typed = say(
        "Type: {type}; read at the time of the loss."
        if fact.at == "loss"
        else "Type: {type}; read at the time of the decision.",
        type=_typed(fact, language),
    )
    yield Line(typed, hang=2)
    asked = language.joined(", ", (say(ASKED[side]) for side in fact.asked_of))
    yield Line(say("Asked of: {sides}.", sides=asked), hang=2)
    if fact.derive:
        function, sources = say(_FUNCTIONS[fact.derive.function]), language.joined(", ", fact.derive.sources)
        yield Line(say("Follows from: {function} of {facts}.", function=function, facts=sources), hang=2)
    for value, words in fact.says.items():
        yield Line(f"{value}: {words}", 4, 2, style="dim")
    yield from heading(say("Rules that read it"))
    readers = [rule for rule in rulebase.rules.values() if fact.id in _facts_read(rule)]
    for rule in readers:
        yield Line(f"{rule.title} [{rule.id}]", hang=2)
    if not readers:
        yield Line(say("None directly; another fact is derived from it, or cost and benefit are."))


def _facts_read(rule: Rule) -> set[str]:
    return {test.name.partition(".")[0] for test in tests(rule.premise)}


def _typed(fact: Fact, language: Language) -> str:
    match fact.type:
        case "number":
            low, high = (f"{end:,.12g}" for end in (fact.low, fact.high))
            return language.say("number in {unit}, {low} to {high}", unit=fact.unit, low=low, high=high)
        case "choice":
            return language.say("one of {choices}", choices=language.joined(", ", fact.choices))
        case "boolean":
            return language.say("yes or no")
    return language.say("date (2009, 2009-03 or 2009-03-31)")


def tell_facts(facts: Iterable[Fact], language: Language = ENGLISH) -> Iterator[Line]:
    """List the vocabulary by topic: id, type and question of each fact."""
    topic = ""
    for fact in facts:
        if fact.topic != topic:
            topic = fact.topic
            yield from heading(sentence(topic))
        yield Line(language.say("{fact} ({type})", fact=fact.id, type=_typed(fact, language)), hang=2)
        yield Line(fact.question, 4, style="dim")
