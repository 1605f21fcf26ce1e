"""What the page says about what to do: whose word to trust, whom to win back, what to find out, and how it was made.

Never counts; every figure stands in the portfolio.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from churn_rules.language import in_english
from churn_rules.portfolio.charts import Chart, Key, Line, Part, Row, bar_chart
from churn_rules.portfolio.naming import meant_by
from churn_rules.portfolio.told import Cell, HeatRow, HeatTable, Section, Table
from churn_rules.portfolio.values import Candidate, Disagreement, StatedSide
from churn_rules.portfolio.words import TOLD_BY, Words, number
from churn_rules.words import ASKED

__all__ = ["method_section", "missing_section", "shortlist_section", "stated_section"]

_COLUMNS = 7  # the root causes that have a column of their own against what was stated
_PAIRS, _FACTS, _BARS = 8, 12, 12
_LEVELS = 5
_NOTHING = "-"


# --- stated against derived -------------------------------------------------------------------------------------------


def stated_section(words: Words) -> Section:
    """Hold what people state against what is derived, and against what the customer says."""
    say, found = words.say, words.portfolio
    says = [say("What was stated is set aside here, so that no reason is held against itself.")] if found.stated else []
    if found.on_words:
        says.append(
            say(
                "In {count} of {all} accounts with a root cause it rests on what was stated: without that the "
                "evidence is insufficient.",
                count=number(found.on_words),
                all=number(found.drivers.accounts - found.drivers.insufficient),
            )
        )
    says += [_agrees(words, side) for side in found.stated if side.comparable]
    says += [_differs(words, one) for one in found.disagreements if one.both]
    if not says:
        says = [say("The table holds no stated reason that could be compared.")]
    heat = tuple(_heat(words, side) for side in found.stated if side.stated)
    tables = tuple(_pair_table(words, one) for one in found.disagreements if one.pairs)
    return Section("stated", say("What was stated, and what the evidence says"), tuple(says), (), tables, heat)


_AGREES = in_english(
    record="The code on record names a root cause that everything else points to in {agree} of {all} accounts "
    "where both are known ({share}).",
    us="Our own account names a root cause that everything else points to in {agree} of {all} accounts where "
    "both are known ({share}).",
    customer="The customer's own words name a root cause that everything else points to in {agree} of {all} "
    "accounts where both are known ({share}).",
)
_DIFFERS = in_english(
    record="The code on record and the customer's own words give different reasons in {differ} of {all} accounts where "
    "both are known ({share}).",
    us="Our own account and the customer's own words give different reasons in {differ} of {all} accounts where both "
    "are known ({share}).",
)


def _agrees(words: Words, side: StatedSide) -> str:
    share = words.share(side.agree, side.comparable)
    return words.say(_AGREES[side.side], agree=number(side.agree), all=number(side.comparable), share=share)


def _differs(words: Words, one: Disagreement) -> str:
    differ = one.both - one.same
    share = words.share(differ, one.both)
    return words.say(_DIFFERS[one.side], differ=number(differ), all=number(one.both), share=share)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _heat(words: Words, side: StatedSide) -> HeatTable:
    say = words.say
    counts = {(word, root): accounts for word, root, accounts in side.cells}
    totals, roots = Counter[str](), Counter[str]()
    for (word, root), accounts in counts.items():
        totals[word] += accounts
        if root is not None:
            roots[root] += accounts
    columns = [root for root, _ in roots.most_common(_COLUMNS)]
    others = [root for root in roots if root not in columns]
    meant = meant_by(words.rulebase, side.side)
    rows = []
    for word, total in totals.most_common():
        cells = [_cell(counts.get((word, root), 0), total, agrees=root in meant.get(word, ())) for root in columns]
        if others:
            rest = sum(counts.get((word, root), 0) for root in others)
            cells.append(_cell(rest, total, agrees=False))
        cells.append(_cell(counts.get((word, None), 0), total, agrees=False))
        rows.append(HeatRow(words.states(word), tuple(cells), number(total)))
    heads = [words.reason(root) for root in columns]
    heads += [say("another")] if others else []
    heads += [say("insufficient evidence"), say("Accounts")]
    return HeatTable(
        caption=say(
            "{who}, against the first root cause without it", who=_upper(words.language.word(side.side, TOLD_BY))
        ),
        corner=say("Stated"),
        columns=tuple(heads),
        rows=tuple(rows),
        says=say(
            "The darker a cell, the larger its part of the row. ✓ marks where the stated reason stands for the root."
        ),
    )


def _cell(count: int, total: int, *, agrees: bool) -> Cell:
    level = min(_LEVELS, -(-_LEVELS * count // total)) if count else 0
    return Cell(f"{number(count)} ✓" if agrees else number(count), f"heat{level}{' agrees' if agrees else ''}")


def _pair_table(words: Words, one: Disagreement) -> Table:
    say = words.say
    rows = [(words.states(pair.ours), words.states(pair.theirs), number(pair.accounts)) for pair in one.pairs[:_PAIRS]]
    who = _upper(words.language.word(one.side, TOLD_BY))
    columns = (who, say("The customer's own words"), say("Accounts"))
    note = say("The most frequent {shown} of {all} ways to differ.", shown=len(rows), all=number(len(one.pairs)))
    caption = say("Where {who} and the customer differ", who=words.language.word(one.side, TOLD_BY))
    return words.table(caption, columns, rows, "figures narrow last", note if len(one.pairs) > len(rows) else "")


# --- whom to win back -------------------------------------------------------------------------------------------------


def shortlist_section(words: Words) -> Section:
    """List the accounts worth winning back, in order, and those that nobody can rank yet."""
    say, found = words.say, words.portfolio.shortlist
    says = [
        say(
            "The rules would pursue {pursued} of {all} accounts."
            if not found.worked_out
            else "The rules would pursue {pursued} of {all} accounts. The value is worked out for {worked_out} of "
            "these, and in {pays} of those it pays for the attempt, whatever the figures turn out to be.",
            pursued=number(found.pursued),
            all=number(words.portfolio.drivers.accounts),
            worked_out=number(found.worked_out),
            pays=number(found.pays),
        ),
        *words.without_offer(),
        *words.pursued_besides(),
    ]
    if found.worked_out:
        says.append(
            say(
                "They stand in the order of what would be left of their value once the attempt is paid, at the worst "
                "figures. The break-even chance is the chance of return from which the attempt pays; how likely a "
                "return is nobody knows, and none is made up."
            )
        )
    charts = (_surplus_chart(words),) if found.first else ()
    tables = [_candidates(words, say("Accounts worth winning back"), found.first, found.pays)] if found.first else []
    if found.doubtful:
        caption = say("To be pursued, though it may not pay")
        tables.append(_candidates(words, caption, found.doubtful, found.worked_out - found.pays))
    tables += [_lacking(words)] if found.lacking else []
    tables += [_unranked(words)] if found.unranked else []
    return Section("shortlist", say("Whom to win back"), tuple(says), charts, tuple(tables))


def _surplus_chart(words: Words) -> Chart:
    say, shown = words.say, words.portfolio.shortlist.first[:_BARS]
    rows = [
        Row(
            one.account,
            (
                Line(
                    (Part("root", one.surplus[0]), Part("extent", one.surplus[1] - max(0.0, one.surplus[0]))),
                    words.amount(*one.surplus),
                ),
            ),
        )
        for one in shown
    ]
    keys = [Key("root", say("value above the cost of the attempt, at least"))]
    keys += [Key("extent", say("and at most"))] if any(one.surplus[0] != one.surplus[1] for one in shown) else []
    described = say(
        "Bars by account, the greatest first: {account} with {amount}.",
        account=shown[0].account,
        amount=words.amount(*shown[0].surplus),
    )
    return bar_chart("surplus", say("Value above break-even, by account"), described, rows, keys)


def _candidates(words: Words, caption: str, shown: Sequence[Candidate], all_: int) -> Table:
    say = words.say
    rows = [
        (
            one.account,
            words.reason(one.root),
            words.conclusion("decision", one.decision),
            words.amount(*one.value),
            words.amount(*one.attempt),
            _chance(words, one),
            words.offers(one.offers),
        )
        for one in shown
    ]
    columns = (
        say("Account"),
        say("Root cause"),
        say("Decision"),
        say("Value"),
        say("Cost of the attempt"),
        say("Break-even chance"),
        say("First offers"),
    )
    note = say("The first {shown} of {all}.", shown=len(rows), all=number(all_)) if all_ > len(rows) else ""
    return words.table(caption, columns, rows, "candidates", note)


def _chance(words: Words, one: Candidate) -> str:
    low, high = one.break_even
    if low is None or high is None:
        return words.say("never pays") if one.economics == "does_not_pay" else words.say("hangs on the figures")
    if words.share(low, 1) == words.share(high, 1):
        return words.share(low, 1)
    return words.say("{low} to {high}", low=words.share(low, 1), high=words.share(high, 1))


def _lacking(words: Words) -> Table:
    say, found = words.say, words.portfolio.shortlist
    rows = [(words.input(one.what), words.in_mapping(one.what), number(one.accounts)) for one in found.lacking[:10]]
    columns = (say("Missing amount"), say("In the mapping"), say("Accounts"))
    return words.table(say("What is missing to work out the others"), columns, rows, "figures narrow last")


def _unranked(words: Words) -> Table:
    say, found = words.say, words.portfolio.shortlist
    rows = [
        (
            one.account,
            words.reason(one.root),
            words.conclusion("decision", one.decision),
            words.amount(*one.margin) if one.margin else say("not known"),
            words.joined("; ", map(words.input, one.lacking[:4])) + (" …" if len(one.lacking) > 4 else ""),
        )
        for one in found.unranked
    ]
    columns = (say("Account"), say("Root cause"), say("Decision"), say("Yearly margin"), say("What is missing"))
    waiting = found.pursued - found.worked_out
    note = say("The first {shown} of {all}.", shown=len(rows), all=number(waiting))
    caption = say("To be pursued, and not worked out yet")
    return words.table(caption, columns, rows, "waiting", note if waiting > len(rows) else "")


# --- what to find out -------------------------------------------------------------------------------------------------


def missing_section(words: Words) -> Section:
    """List the unknown facts that would settle most accounts."""
    say, found = words.say, words.portfolio.unknown[:_FACTS]
    says = (
        say(
            "These facts are unknown where they could change something. Those on which most hangs in accounts without "
            "a root cause or a decision come first."
        ),
        say(
            "How much hangs on a fact is told from the rules alone, whatever else is known of an account: each rule "
            "that reads it counts, a verdict in full and evidence by its strength, shared among all facts that the "
            "rule reads. Nobody knows beforehand what an answer settles."
        ),
    )
    if not found:
        return Section("missing", say("What to find out"), (say("Nothing that is unknown could change this page."),))
    rows = [(_question(words, one.fact), number(one.unsettled), number(one.accounts)) for one in found]
    columns = (say("Question"), say("Unsettled accounts"), say("Accounts where it could change something"))
    table = words.table(say("Questions on which most hangs"), columns, rows, "figures questions")
    return Section("missing", say("What to find out"), says, (), (table,))


def _question(words: Words, name: str) -> str:
    fact, _, side = name.partition(".")
    asked = words.say("Ask {side}.", side=words.say(ASKED[side])) if side in ASKED else ""
    return f"{words.rulebase.vocabulary[fact].question} {asked}".strip()


# --- how it was made --------------------------------------------------------------------------------------------------


def method_section(words: Words, left_out: int) -> Section:
    """Tell how it was made, and what it cannot tell."""
    listed = tuple(_method(words, left_out))
    return Section("method", words.say("How this was made, and what it cannot tell"), (), listed=listed)


def _method(words: Words, left_out: int) -> Iterator[str]:
    say, found = words.say, words.portfolio
    yield say(
        "Every account was diagnosed by the same rules from what the table tells of it. What it does not tell is "
        "unknown, and an unknown fact speaks neither for a reason nor against it."
    )
    if left_out:
        yield say(
            "{count} of {all} rows of the file could not be used and is left out; churn-rules score names it."
            if left_out == 1
            else "{count} of {all} rows of the file could not be used and are left out; churn-rules score names each "
            "of them.",
            count=number(left_out),
            all=number(found.rows + left_out),
        )
    if found.repeated:
        yield say(
            "{count} of {all} rows repeat an account and were set aside: the row with the latest loss stands, or the "
            "first where none is dated.",
            count=number(found.repeated),
            all=number(found.rows),
        )
    if nameless := words.nameless():
        yield nameless
    if found.drivers.faults:
        yield say(
            "{count} of {all} accounts holds a cell that is no value of its fact; that cell counts as unknown."
            if found.drivers.faults == 1
            else "{count} of {all} accounts hold a cell that is no value of its fact; that cell counts as unknown.",
            count=number(found.drivers.faults),
            all=number(found.drivers.accounts),
        )
    yield say(
        "Clusters: one-sided exact test of Fisher (the upper tail of the hypergeometric distribution) for each "
        "segment and root cause, over accounts whose segment and root are known, as each was diagnosed by itself. "
        "False discoveries are controlled after Benjamini and Yekutieli over all comparisons at once, since those "
        "depend on one another."
    )
    yield say(
        "A cluster says where to look and not why: accounts of one region may share a rep, a product or whoever "
        "filled in the table."
    )
    yield say(
        "What others share is told once and in no third pass: what follows from other accounts is an inference, and no "
        "chain of inferences is evidence. That too few share it is no proof that it is this customer's alone."
    )
    yield say(
        "This table holds customers who left. How many of those who stayed met the same it cannot tell, so no figure "
        "here is a risk of leaving."
    )
    yield from _sources(words)


def _sources(words: Words) -> Sequence[str]:
    across = words.portfolio.across
    return (
        words.say("Limits of the clusters: {source}.", source=across.clusters.source),
        words.say("Limits of what others share: {source}.", source=across.others.source),
    )
