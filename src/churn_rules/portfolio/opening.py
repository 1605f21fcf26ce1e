"""The few sentences that a manager reads first, and the page that they open.

Never counts; every figure stands in the portfolio.
"""

from __future__ import annotations

from collections.abc import Iterator

from churn_rules.portfolio.causes import driver_section, other_section, segment_section
from churn_rules.portfolio.remedies import method_section, missing_section, shortlist_section, stated_section
from churn_rules.portfolio.told import Page
from churn_rules.portfolio.values import Portfolio
from churn_rules.portfolio.words import Words, number
from churn_rules.rulebase import Rulebase

__all__ = ["headlines", "page_of"]

_NAMED = 6  # as many missing amounts as a sentence names


def page_of(rulebase: Rulebase, portfolio: Portfolio, source: str = "", left_out: int = 0) -> Page:
    """Return all that the page says.

    Args:
        rulebase: The rules that ran, in the language of the page.
        portfolio: What was found with them.
        source: Where the accounts come from, such as the name of a file.
        left_out: How many of its rows could not be used.
    """
    words = Words(rulebase, portfolio)
    sections = (
        driver_section(words),
        segment_section(words),
        stated_section(words),
        other_section(words),
        shortlist_section(words),
        missing_section(words),
        method_section(words, left_out),
    )
    accounts = portfolio.drivers.accounts
    title = words.say(
        "Why customers leave: {count} account" if accounts == 1 else "Why customers leave: {count} accounts",
        count=number(accounts),
    )
    return Page(rulebase.language.tag, title, source, tuple(_headlines(words)), sections, portfolio.rulebase)


def headlines(rulebase: Rulebase, portfolio: Portfolio) -> tuple[str, ...]:
    """Return the sentences that the page opens with."""
    return tuple(_headlines(Words(rulebase, portfolio)))


def _headlines(words: Words) -> Iterator[str]:
    if not words.portfolio.drivers.accounts:
        yield words.say("The table holds no account.")
        return
    yield from _established(words)
    yield from _repeated(words)
    yield from _causes(words)
    yield from _scope(words)
    yield from _clusters(words)
    yield from _stated(words)
    yield from _worth(words)


def _established(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio.drivers
    rooted = found.accounts - found.insufficient
    if found.insufficient:
        yield say(
            "A root cause is established in {rooted} of {all} accounts ({share}); in the others the evidence is "
            "insufficient.",
            rooted=number(rooted),
            all=number(found.accounts),
            share=words.share(rooted, found.accounts),
        )
    else:
        yield say("A root cause is established in all {all} accounts.", all=number(found.accounts))
    on_words = words.portfolio.on_words
    if 2 * on_words > rooted:
        yield say(
            "In {count} of these {all} it rests on what was stated: without that the evidence is insufficient.",
            count=number(on_words),
            all=number(rooted),
        )


def _repeated(words: Words) -> Iterator[str]:
    found = words.portfolio
    if found.repeated:
        yield words.say(
            "{count} of {all} rows repeat an account and were set aside: the row with the latest loss stands, or the "
            "first where none is dated.",
            count=number(found.repeated),
            all=number(found.rows),
        )
    if nameless := words.nameless():
        yield nameless


def _causes(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio.drivers
    rooted = found.accounts - found.insufficient
    if not rooted:
        return
    first = found.reasons[0]
    yield say(
        "The most frequent root cause is {reason}: {count} account ({share} of those with a root)."
        if first.root == 1
        else "The most frequent root cause is {reason}: {count} accounts ({share} of those with a root).",
        reason=words.reason(first.reason),
        count=number(first.root),
        share=words.share(first.root, rooted),
    )
    known = [one for one in found.reasons if one.margin.known]
    if known:
        most = max(known, key=lambda one: one.margin.low)
        yield say(
            "The root cause that costs most is {reason}: {amount} of yearly margin, in its one account."
            if most.root == 1
            else "The root cause that costs most is {reason}: {amount} of yearly margin, over the {known} of its {all} "
            "accounts whose margin is known.",
            reason=words.reason(most.reason),
            amount=words.margin(most.margin),
            known=number(most.margin.known),
            all=number(most.root),
        )


def _scope(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio
    scopes = {one.code: one.accounts for one in found.drivers.scopes}
    rooted = found.drivers.accounts - found.drivers.insufficient
    if scopes.get("systemic") and rooted:
        yield say(
            "In {count} account ({share} of those with a root) it lies in how we do business."
            if scopes["systemic"] == 1
            else "In {count} accounts ({share} of those with a root) it lies in how we do business.",
            count=number(scopes["systemic"]),
            share=words.share(scopes["systemic"], rooted),
        )
    turned = sum(
        one.accounts
        for one in found.shared.transitions
        if one.what == "scope" and one.before == "specific" and one.after == "systemic"
    )
    if turned:
        yield say(
            "{count} of {all} accounts looks like a matter of one customer by itself, and turns out systemic because "
            "others left over the same."
            if turned == 1
            else "{count} of {all} accounts look like a matter of one customer by themselves, and turn out systemic "
            "because others left over the same.",
            count=number(turned),
            all=number(found.drivers.accounts),
        )


def _clusters(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio.clustering
    if found.found:
        first = found.found[0]
        yield say(
            "It clusters: {reason} is the root of {share} in {segment} {value}, and of {elsewhere} elsewhere; {sure}.",
            reason=words.reason(first.reason),
            share=words.share(first.share, 1),
            segment=words.segment(first.segment),
            value=first.value,
            elsewhere=words.share(first.elsewhere, 1),
            sure=words.sureness(first.rate),
        )
    elif found.tests:
        yield say("No segment stands out by more than chance explains.")


def _stated(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio
    record = next((side for side in found.stated if side.side == "record" and side.comparable), None)
    if record:
        yield say(
            "The code on record names a root cause that everything else points to in {agree} of {all} accounts "
            "({share}).",
            agree=number(record.agree),
            all=number(record.comparable),
            share=words.share(record.agree, record.comparable),
        )
    for one in found.disagreements:
        if one.side == "record" and one.both:
            yield say(
                "The code on record and the customer's own words disagree in {differ} of {all} accounts ({share}).",
                differ=number(one.both - one.same),
                all=number(one.both),
                share=words.share(one.both - one.same, one.both),
            )


def _worth(words: Words) -> Iterator[str]:
    say, found = words.say, words.portfolio.shortlist
    if found.first:
        first = found.first[0]
        yield say(
            "{count} of {all} accounts is worth winning back: {account}, with {amount} above the cost of the attempt."
            if found.pays == 1
            else "{count} of {all} accounts are worth winning back; first of all {account}, with {amount} above the "
            "cost of the attempt.",
            count=number(found.pays),
            all=number(words.portfolio.drivers.accounts),
            account=first.account,
            amount=words.amount(*first.surplus),
        )
        yield from words.without_offer()
    elif found.pursued and not found.worked_out:
        yield say(
            "The rules would pursue {count} of {all} accounts, and for none of them are all amounts known that it "
            "takes to rank them; a mapping can tell them: {names}.",
            names=_wanted(words),
            count=number(found.pursued),
            all=number(words.portfolio.drivers.accounts),
        )
        return
    else:
        yield say("No account can be told to be worth winning back from what is known.")
    yield from words.pursued_besides()


def _wanted(words: Words) -> str:
    lacking = [words.in_mapping(one.what) for one in words.portfolio.shortlist.lacking]
    return words.joined("; ", lacking[:_NAMED]) + ("; …" if len(lacking) > _NAMED else "")
