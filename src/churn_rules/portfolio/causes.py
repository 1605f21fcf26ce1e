"""What the page says about causes: what drives the losses, where they cluster, and what other accounts bear witness of.

Never counts; every figure stands in the portfolio.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn_rules.portfolio.charts import Chart, Key, Line, Part, Row, bar_chart
from churn_rules.portfolio.told import Section, Table
from churn_rules.portfolio.values import Change, Cluster, Count, Driver
from churn_rules.portfolio.words import CONCLUSIONS, Words, number

__all__ = ["driver_section", "other_section", "segment_section"]

_DRAWN = 10
_NOTHING = "-"
_CLUSTERS = 12
_NAMED = 4  # of those who share the reason of several accounts, one of whom may be one of these


# --- what drives the losses -------------------------------------------------------------------------------------------


def driver_section(words: Words) -> Section:
    """Tell what drives the losses, by count and by margin."""
    say, found = words.say, words.portfolio.drivers
    told = [one for one in found.reasons if one.root or one.contributing or one.consequence]
    charts = [_count_chart(words, told)] if told else []
    charts += [_margin_chart(words, told)] if any(one.margin.known for one in told) else []
    says = [
        say(
            "A root is what set the loss going; what contributed is established beside it, and a consequence followed "
            "from something else. An account with two roots counts for both."
        ),
        say(
            "Margin is the yearly margin that the table tells, added up as it stands; {unknown} of {all} accounts "
            "lacks it, and nothing is filled in for it."
            if found.margin.unknown == 1
            else "Margin is the yearly margin that the table tells, added up as it stands; {unknown} of {all} accounts "
            "lack it, and nothing is filled in for them.",
            unknown=number(found.margin.unknown),
            all=number(found.accounts),
        ),
    ]
    tables = [_driver_table(words, told), *_conclusion_tables(words)]
    return Section("drivers", say("What drives the losses"), tuple(says), tuple(charts), tuple(tables))


def _count_chart(words: Words, told: list[Driver]) -> Chart:
    say = words.say
    rows = [
        Row(
            words.reason(one.reason),
            (
                Line(
                    (
                        Part("root", one.root),
                        Part("contributing", one.contributing),
                        Part("consequence", one.consequence),
                    ),
                    _said_at_the_bar(words, one),
                ),
            ),
        )
        for one in told[:_DRAWN]
    ]
    keys = (
        Key("root", say("root cause")),
        Key("contributing", say("contributed")),
        Key("consequence", say("consequence")),
    )
    first = told[0]
    described = say(
        "Bars by reason, the most frequent root first: {reason} is a root in {count} of {all} accounts. A number by "
        "itself counts roots; the table below holds all figures.",
        reason=words.reason(first.reason),
        count=number(first.root),
        all=number(words.portfolio.drivers.accounts),
    )
    return bar_chart("reasons", say("Reasons by number of accounts"), described, rows, keys)


def _said_at_the_bar(words: Words, one: Driver) -> str:
    """Say what each part of a bar counts; a part that is not there is not said."""
    say = words.say
    parts = [number(one.root)] if one.root else []
    parts += [say("contributed: {count}", count=number(one.contributing))] if one.contributing else []
    parts += [say("consequence: {count}", count=number(one.consequence))] if one.consequence else []
    return words.joined("; ", parts)


def _margin_chart(words: Words, told: list[Driver]) -> Chart:
    say = words.say
    ordered = sorted((one for one in told if one.margin.known), key=lambda one: -one.margin.low)[:_DRAWN]
    rows = [
        Row(
            words.reason(one.reason),
            (
                Line(
                    (Part("root", one.margin.low), Part("extent", one.margin.high - max(0.0, one.margin.low))),
                    words.margin(one.margin),
                ),
            ),
        )
        for one in ordered
    ]
    keys = [Key("root", say("yearly margin lost, at least"))]
    keys += [Key("extent", say("and at most"))] if any(one.margin.low != one.margin.high for one in ordered) else []
    described = say(
        "Bars by root cause, the greatest margin first: {reason} stands for {amount} a year.",
        reason=words.reason(ordered[0].reason),
        amount=words.margin(ordered[0].margin),
    )
    return bar_chart("margins", say("Root causes by yearly margin lost"), described, rows, keys)


def _driver_table(words: Words, told: list[Driver]) -> Table:
    say, found = words.say, words.portfolio.drivers
    rooted = found.accounts - found.insufficient
    rows = [
        (
            words.reason(one.reason),
            number(one.root),
            words.share(one.root, rooted),
            number(one.systemic),
            number(one.contributing),
            number(one.consequence),
            words.margin(one.margin) if one.root else _NOTHING,
            number(one.margin.unknown),
        )
        for one in told
    ]
    columns = (
        say("Reason"),
        say("Root in"),
        say("Share of accounts with a root"),
        say("of these roots systemic"),
        say("Contributed in"),
        say("Consequence in"),
        say("Yearly margin of its roots"),
        say("Roots without a margin"),
    )
    last = (
        say("insufficient evidence"),
        number(found.insufficient),
        _NOTHING,
        _NOTHING,
        _NOTHING,
        _NOTHING,
        words.margin(found.insufficient_margin) if found.insufficient else _NOTHING,
        number(found.insufficient_margin.unknown),
    )
    return words.table(say("All reasons, in accounts and margin"), columns, [*rows, last], "figures")


def _conclusion_tables(words: Words) -> Iterator[Table]:
    found, say = words.portfolio.drivers, words.say
    for what, caption, counts in (
        ("scope", say("Does it lie in how we do business?"), found.scopes),
        ("responsible", say("Who answers for it"), found.responsible),
        ("decision", say("What was decided"), found.decisions),
    ):
        yield words.table(
            caption, (say("Conclusion"), *_columns(words)), _counted(words, what, counts), "figures narrow"
        )


def _columns(words: Words) -> tuple[str, ...]:
    return words.say("Accounts"), words.say("Share"), words.say("Yearly margin"), words.say("Without a margin")


def _counted(words: Words, what: str, counts: tuple[Count, ...]) -> Iterator[tuple[str, ...]]:
    for one in counts:
        share = words.share(one.accounts, words.portfolio.drivers.accounts)
        margin = words.margin(one.margin)
        yield words.conclusion(what, one.code), number(one.accounts), share, margin, number(one.margin.unknown)


# --- clusters ---------------------------------------------------------------------------------------------------------


def segment_section(words: Words) -> Section:
    """Tell in which segments a root cause is more frequent than chance explains."""
    say, found = words.say, words.portfolio.clustering
    rules = words.portfolio.across.clusters
    says = [
        say(
            "{tests} comparisons were made: every segment of at least {fewest} accounts against every root cause. A "
            "cluster is told only where chance alone would so seldom heap accounts like this that, of all clusters "
            "told, at most {rate} are false on the mean.",
            tests=number(found.tests),
            fewest=rules.fewest_accounts,
            rate=words.share(rules.false_discovery_rate, 1),
        )
    ]
    if not found.segments:
        says = [say("No column was named to set accounts apart by, so no cluster was looked for.")]
    elif not found.found:
        says.append(
            say("No cluster is told from chance. That is no proof that there is none: few accounts show little.")
        )
    shown = found.found[:_CLUSTERS]
    charts = (_cluster_chart(words, shown),) if shown else ()
    tables = [_cluster_table(words, shown, len(found.found))] if shown else []
    tables += [_cut_table(words)] if found.segments else []
    return Section("segments", say("Where it clusters"), tuple(says), charts, tuple(tables))


def _cluster_chart(words: Words, shown: tuple[Cluster, ...]) -> Chart:
    say = words.say
    rows = [
        Row(
            _place(words, one),
            (
                Line((Part("root", one.share),), words.share(one.share, 1)),
                Line((Part("contributing", one.elsewhere),), words.share(one.elsewhere, 1)),
            ),
        )
        for one in shown
    ]
    keys = (Key("root", say("share of the accounts there")), Key("contributing", say("share of all other accounts")))
    first = shown[0]
    described = say(
        "Pairs of bars, the largest cluster first: {place} has {share}, all others {elsewhere}.",
        place=_place(words, first),
        share=words.share(first.share, 1),
        elsewhere=words.share(first.elsewhere, 1),
    )
    return bar_chart("clusters", say("Clusters: how frequent there, and elsewhere"), described, rows, keys)


def _place(words: Words, one: Cluster) -> str:
    segment = words.say("{segment} {value}", segment=words.segment(one.segment), value=one.value)
    return words.say("{segment}: {reason}", segment=segment, reason=words.reason(one.reason))


def _cluster_table(words: Words, shown: tuple[Cluster, ...], all_: int) -> Table:
    say = words.say
    rows = [
        (
            say("{segment} {value}", segment=words.segment(one.segment), value=one.value),
            words.reason(one.reason),
            say("{count} of {all}", count=number(one.seen), all=number(one.group)),
            say("{count} of {all}", count=number(one.marked - one.seen), all=number(one.everybody - one.group)),
            words.sureness(one.rate),
        )
        for one in shown
    ]
    columns = (say("Segment"), say("Root cause"), say("There"), say("Elsewhere"), say("How sure"))
    note = (
        ""
        if all_ <= len(shown)
        else say(
            "The largest {shown} of {all}; the tables that can be exported hold all.",
            shown=len(shown),
            all=number(all_),
        )
    )
    return words.table(say("Clusters that are told from chance"), columns, rows, "clusters", note)


def _cut_table(words: Words) -> Table:
    say = words.say
    cuts = {
        "values": say("each value by itself"),
        "quarters": say("by quarter of the year"),
        "quartiles": say("into four parts of about as many accounts each"),
    }
    rows = [
        (words.segment(name), cuts[cut], number(known))
        for name, (cut, known) in words.portfolio.clustering.segments.items()
    ]
    columns = (say("Segment"), say("How accounts were set apart"), say("Accounts with a root whose segment is known"))
    return words.table(say("What was compared"), columns, rows, "narrow")


# --- what other accounts tell -----------------------------------------------------------------------------------------


def other_section(words: Words) -> Section:
    """Tell what the accounts bear witness of in one another, and what that changed."""
    say, found, rules = words.say, words.portfolio.shared, words.portfolio.across.others
    all_ = number(words.portfolio.drivers.accounts)
    says = [
        say(
            "Where at least {fewest} other accounts, and {share} of those lost within {days} days, left over the same "
            "root cause or their customers name it, that counts as evidence: other customers say it too. No account "
            "counts for itself.",
            fewest=rules.at_least,
            share=words.share(rules.share, 1),
            days=rules.within_days,
        ),
        say(
            "That holds of {told} of {all} accounts, and it changed what is concluded of {changed}.",
            told=number(found.told),
            all=all_,
            changed=number(found.changed),
        ),
    ]
    if found.undated:
        says.append(
            say(
                "{count} of {all} accounts bears no date of loss that is exact enough, so it neither gives nor gets "
                "this evidence."
                if found.undated == 1
                else "{count} of {all} accounts bear no date of loss that is exact enough, so they neither give nor "
                "get this evidence.",
                count=number(found.undated),
                all=all_,
            )
        )
    if found.answered:
        says.append(
            say(
                "In {count} of {all} accounts somebody had told already whether others say it, and that stands.",
                count=number(found.answered),
                all=all_,
            )
        )
    if found.strayed:
        says.append(
            say(
                "In {count} of {all} accounts it would have spoken for a reason that the others do not share, so it "
                "was taken back.",
                count=number(found.strayed),
                all=all_,
            )
        )
    tables = [_ways(words)] if found.transitions else []
    tables += [_shared_reasons(words)] if found.reasons else []
    tables += [_changes(words)] if found.first else []
    return Section("others", say("What other customers say too"), tuple(says), (), tuple(tables))


def _ways(words: Words) -> Table:
    say = words.say
    rows = [
        (
            words.language.word(one.what, CONCLUSIONS),
            words.conclusion(one.what, one.before),
            words.conclusion(one.what, one.after),
            number(one.accounts),
        )
        for one in words.portfolio.shared.transitions[:10]
    ]
    columns = (say("Conclusion"), say("Taken by itself"), say("With what others share"), say("Accounts"))
    return words.table(say("What the second look changed"), columns, rows, "figures narrow last")


def _shared_reasons(words: Words) -> Table:
    say = words.say
    rows = [
        (words.reason(one.reason), number(one.told), number(one.fewest), number(one.changed))
        for one in words.portfolio.shared.reasons
    ]
    columns = (say("Shared reason"), say("Accounts it is told in"), say("Others at least"), say("Changed"))
    return words.table(say("Which reasons are shared"), columns, rows, "figures narrow")


def _changes(words: Words) -> Table:
    """Tell which accounts are told otherwise; those of which the same changed for the same reason stand in one row."""
    say, found = words.say, words.portfolio.shared
    alike: dict[tuple[str, str], list[Change]] = {}
    for one in found.first:
        alike.setdefault((_what(words, one), one.reason), []).append(one)
    rows = [
        (words.joined("; ", [one.account for one in several]), what, words.reason(reason), _others(words, several))
        for (what, reason), several in alike.items()
    ]
    columns = (say("Account"), say("What changed"), say("Shared reason"), say("Who shares it"))
    shown = len(found.first)
    note = (
        ""
        if found.changed <= shown
        else say("{shown} of {all}; the tables that can be exported name more.", shown=shown, all=number(found.changed))
    )
    return words.table(say("Accounts that are told otherwise now, and why"), columns, rows, "changes", note)


def _what(words: Words, one: Change) -> str:
    told = (
        words.say(
            "{what}: {before} → {after}",
            what=words.language.word(what, CONCLUSIONS),
            before=words.conclusion(what, one.before[what]),
            after=words.conclusion(what, after),
        )
        for what, after in one.after.items()
        if one.before[what] != after
    )
    return words.joined("; ", told)


def _others(words: Words, several: Sequence[Change]) -> str:
    """Say how many others share the reason of accounts, each without itself, and name a few."""
    fewest, most = (pick(one.others for one in several) for pick in (min, max))
    count = number(most) if fewest == most else words.say("{low} to {high}", low=number(fewest), high=number(most))
    named = words.joined(", ", list(dict.fromkeys(name for one in several for name in one.named))[:_NAMED])
    if len(several) == 1:
        return words.say("{count} others, among them {names}", count=count, names=named)
    return words.say("{count} others each, among them {names}", count=count, names=named)
