"""The result as people read it in a spreadsheet: a few columns of words before the figures.

Never concludes anything: each column words what the typed result holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from churn_rules.consequence import hangs_on
from churn_rules.language import Language
from churn_rules.rulebase import Rulebase
from churn_rules.tables.parsing import translated
from churn_rules.vocabulary import SIDES
from churn_rules.words import ANSWERED_FOR, ASKED, DECISION, SCOPE

__all__ = ["RULES", "decision_headings", "readable"]

RULES = "rules"  # the column that says with which rules a row was scored
_MOST_MISSING = 12
_FIGURES = ("value.low", "value.high", "break_even.low", "break_even.high")


def readable(schema: pl.Schema, kept: Sequence[str], rulebase: Rulebase, *, full: bool) -> list[pl.Expr]:
    """Return the columns of a result for people.

    Args:
        schema: Of the typed result.
        kept: Its columns that were carried over, the number of the row first.
        rulebase: In the language of the result.
        full: Whether all typed columns follow.

    Returns:
        What was carried over, the answer in words, then certainties and the rules that fired.
    """
    words = _Words(schema, rulebase)
    stated = [name for name in kept if name.startswith("stated.")]
    columns = [pl.col(name) for name in kept if name not in stated]
    columns += [*words.answer(), *words.stated(stated), *words.advice(), *words.figures(), words.missing()]
    typed = [name for name in schema if name not in kept]
    wanted = typed if full else [name for name in typed if _is_machine(name)]
    taken = {column.meta.output_name() for column in columns}
    return columns + [pl.col(name).alias(f"{name} (code)" if name in taken else name) for name in wanted]


def decision_headings(language: Language) -> str:
    """Return the heading of the column that words the decision."""
    return language.say("decision")


def _is_machine(name: str) -> bool:
    return name.endswith(".certainty") or name.startswith("fired.") or name == RULES


class _Words:
    """Makes the columns that word a result."""

    def __init__(self, schema: pl.Schema, rulebase: Rulebase) -> None:
        self.schema, self.rulebase, self.say = schema, rulebase, rulebase.language.say
        self.titles = {name: reason.title for name, reason in rulebase.reasons.items()}

    # --- the answer ---

    def answer(self) -> Iterator[pl.Expr]:
        say = self.say
        mixed = {**ANSWERED_FOR, "mixed": SCOPE["mixed"]}
        yield self._worded("decision", DECISION).alias(decision_headings(self.rulebase.language))
        yield translated(pl.col("root").cast(pl.String), self.titles, pl.String).alias(say("root cause"))
        yield self._roots().alias(say("roots, with certainty"))
        yield self._chain().alias(say("chain of causes"))
        yield self._worded("scope", SCOPE).alias(say("specific or systemic"))
        yield self._worded("responsible", mixed).alias(say("who answers for it"))

    def _worded(self, column: str, words: Mapping[str, str]) -> pl.Expr:
        return translated(pl.col(column).cast(pl.String), {code: self.say(words[code]) for code in words}, pl.String)

    def _roots(self) -> pl.Expr:
        """Return the roots, the most certain first; until they are sorted, a key of ten figures begins each."""
        found = []
        for place, (reason, title) in enumerate(self.titles.items()):
            certainty = pl.col(f"{reason}.certainty")
            key = ((1 - certainty) * 1e6).round().cast(pl.Int64).cast(pl.String).str.zfill(7)
            text = pl.concat_str([key, pl.lit(f"{place:03}{title} "), certainty.round(2).cast(pl.String)])
            found.append(pl.when(pl.col(f"{reason}.role") == "root").then(text))
        ordered = pl.concat_list(found).list.drop_nulls().list.sort()
        return _joined(ordered.list.eval(pl.element().str.slice(10)))

    def _chain(self) -> pl.Expr:
        links = {}
        for name in self.schema:
            cause, between, effect = name.partition(".leads_to.")
            if between:
                links[name] = f"{self.titles[cause]} → {self.titles[effect]}"
        return _listed(links)

    # --- what was said ---

    def stated(self, columns: Iterable[str]) -> Iterator[pl.Expr]:
        say = self.say
        for side in SIDES:
            if f"stated.{side}" in columns:
                heading = say("the reason given: {side}", side=say(ASKED[side]))
                yield pl.col(f"stated.{side}").cast(pl.String).alias(heading)
        named = [name for name in self.schema if name.startswith("named.")]
        found = []
        for name in named:
            reason = name.removeprefix("named.")
            title, status = self.titles[reason], pl.col(f"{reason}.status")
            judged = (
                pl.when(status == "established")
                .then(pl.lit(say("{reason}: the facts bear it out", reason=title)))
                .when(status == "possible")
                .then(pl.lit(say("{reason}: what is known does not settle it", reason=title)))
                .otherwise(pl.lit(say("{reason}: the facts do not bear it out", reason=title)))
            )
            found.append(pl.when(pl.col(name)).then(judged))
        if found:
            yield _chosen(found).alias(say("is what is named borne out"))

    # --- what to do, and what to beware of ---

    def advice(self) -> Iterator[pl.Expr]:
        say, rulebase = self.say, self.rulebase
        yield _listed(self._landmines()).alias(say("landmines"))
        titles = {item.id: item.title for item in rulebase.accommodations.values()}
        for state, heading in (("offered", say("offer")), ("withheld", say("do not offer"))):
            found = [
                pl.when(pl.col(name) == state).then(pl.lit(titles[name.removeprefix("accommodation.")]))
                for name in self.schema
                if name.startswith("accommodation.")
            ]
            yield _chosen(found).alias(heading)
        warnings = {name: rulebase.rules[name.removeprefix("warning.")] for name in self._begin("warning.")}
        yield _listed({name: rule.then.warning or rule.title for name, rule in warnings.items()}).alias(say("warnings"))

    def _landmines(self) -> dict[str, str]:
        facts = {**self.rulebase.vocabulary, **self.rulebase.findings}
        found = {}
        for name in self._begin("landmine."):
            fact = facts[name.removeprefix("landmine.")]
            found[name] = fact.says.get(str(fact.sore_point).lower(), fact.title)
        for name in self._begin("disagreement."):
            title = facts[name.removeprefix("disagreement.")].title
            found[name] = self.say("the sides disagree about {title}", title=title)
        return found

    def _begin(self, beginning: str) -> list[str]:
        return [name for name in self.schema if name.startswith(beginning)]

    def figures(self) -> Iterator[pl.Expr]:
        say = self.say
        headings = (say("value from"), say("value to"), say("break-even chance from"), say("break-even chance to"))
        for name, heading in zip(_FIGURES, headings, strict=True):
            yield pl.col(name).alias(heading)

    def missing(self) -> pl.Expr:
        """Return the facts that are not known, whoever would tell them: those on which most hangs, at most twelve."""
        by_fact: dict[str, list[str]] = {}
        for name in self._begin("missing."):
            by_fact.setdefault(name.split(".")[1], []).append(name)
        hangs = hangs_on(self.rulebase)
        weight = {
            fact: sum(hangs.get(name.removeprefix("missing."), 0.0) for name in names)
            for fact, names in by_fact.items()
            if fact in self.rulebase.vocabulary
        }
        ordered = sorted(weight, key=lambda fact: (-weight[fact], fact))
        facts = {fact: pl.any_horizontal(by_fact[fact]) for fact in ordered}
        heading = self.say("what is not known")
        if not facts:
            return pl.lit(None, pl.String).alias(heading)
        every = _chosen([pl.when(unknown).then(pl.lit(fact)) for fact, unknown in facts.items()])
        some = every.str.extract(rf"^((?:[^;]+; ){{0,{_MOST_MISSING - 1}}}[^;]+)")
        more = pl.sum_horizontal([unknown.cast(pl.UInt16) for unknown in facts.values()]).cast(pl.Int32) - _MOST_MISSING
        cut = pl.concat_str([some, pl.lit("; +"), more.cast(pl.String)])
        return pl.when(more > 0).then(cut).otherwise(some).alias(heading)


def _listed(texts: Mapping[str, str]) -> pl.Expr:
    """Return the texts of those columns that are true, one after another."""
    return _chosen([pl.when(pl.col(name)).then(pl.lit(text)) for name, text in texts.items()])


def _chosen(texts: Sequence[pl.Expr]) -> pl.Expr:
    """Return those texts that are there, one after another; null where none is."""
    if not texts:
        return pl.lit(None, pl.String)
    joined = pl.concat_str(texts, separator="; ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _joined(listed: pl.Expr) -> pl.Expr:
    return pl.when(listed.list.len() > 0).then(listed.list.join("; "))
