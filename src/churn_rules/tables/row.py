"""One row of a file as a case, and whether a scored file says the same of it as a diagnosis does.

Never scores a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from churn_rules.accounts import Layout, case_of
from churn_rules.cases import Case
from churn_rules.diagnosis import Diagnosis
from churn_rules.engines import Trace
from churn_rules.errors import Issue, Location, TableFileError, ValueRefusedError
from churn_rules.rulebase import Rulebase
from churn_rules.tables.cells import NUMBERED
from churn_rules.tables.faults import fault, short
from churn_rules.tables.opening import ROW, opened
from churn_rules.tables.readable import RULES
from churn_rules.tables.run import Prepared, prepared
from churn_rules.words import DECISION

__all__ = ["Compared", "FoundRow", "case_in_row", "compare_scored"]

_MASK = 28  # rules in a column of the result


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row as a case: its number as the file shows it, and the file."""

    case: Case
    number: int
    path: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether a scored file says the same of a row, and that in a sentence."""

    same: bool
    text: str


def case_in_row(source: str, row: str, mapping_file: Path | None, rulebase: Rulebase) -> FoundRow:
    """Find a row of a table, and return it as a case.

    Args:
        source: Where the table is.
        row: The account, or the number of the row as the file shows it; `#14` is always a number.
        mapping_file: Which column tells what.
        rulebase: Its vocabulary says which facts there are.

    Raises:
        TableFileError: The table or the mapping cannot be used, there is no such row, or the row is one of the rejects.
    """
    with prepared(source, mapping_file, rulebase) as found:
        number = _number(found, row)
        _refuse_rejected(found, number)
        one = found.cells.canonical(found.table.frame.filter(pl.col(ROW) == number)).collect(engine="streaming")
        if not one.height:
            raise fault("M615", f"row {number} is blank", "it tells nothing", "name another row", found.table.path)
        cells = one.row(0, named=True)
        layout = Layout.of(one.columns, rulebase, found.cells.kept)
        account = found.mapping.account if found.mapping else None
        title = f"{cells[account]}, row {number} of {found.table.path}" if account in cells else ""
        try:
            case = case_of(cells, layout, rulebase, f"row-{number}")
        except ValueRefusedError as error:
            issue = Issue(error.code, error.what, error.why, error.fix, Location(found.table.path, number, 1))
            raise TableFileError([issue]) from None
        return FoundRow(replace(case, title=title or f"row {number} of {found.table.path}"), number, found.table.path)


def _number(found: Prepared, row: str) -> int:
    """Return the number of the row that is meant."""
    path, account = found.table.path, found.mapping.account if found.mapping else None
    if account and not row.startswith("#"):
        same = pl.col(account).cast(pl.String).str.strip_chars() == row.strip()
        numbers = found.table.frame.filter(same).select(ROW).collect(engine="streaming")[ROW].to_list()
        if len(numbers) > 1:
            listed = ", ".join(f"#{number}" for number in numbers[:8])
            what, why = f"`{short(row)}` stands in {len(numbers)} rows", f"each row is one account: {listed}"
            raise fault("M615", what, why, f"name the row: #{numbers[0]}", path)
        if numbers:
            return int(numbers[0])
    bare = row.removeprefix("#")
    last = found.table.rows + 1
    if bare.isdecimal() and bare.isascii() and 2 <= int(bare[:12]) <= last:
        return int(bare)
    what = f"there is no account and no row `{short(row)}`"
    why = f"the rows are #2 to #{last}, and " + (
        f"accounts stand in `{account}`" if account else "no column names them"
    )
    raise fault("M615", what, why, "check how it is written", path)


def _refuse_rejected(found: Prepared, number: int) -> None:
    if not found.cells.checks:
        return
    flags = [check.bad.fill_null(value=False).alias(str(place)) for place, check in enumerate(found.cells.checks)]
    row = found.table.frame.filter(pl.col(ROW) == number)
    bad = found.cells.keyed(row).select(flags).collect(engine="streaming").row(0, named=True)
    wrong = [check for place, check in enumerate(found.cells.checks) if bad[str(place)]]
    if not wrong:
        return
    cells = row.select({check.column for check in wrong if check.column} or [ROW]).collect(engine="streaming")
    shown = cells.row(0, named=True)
    where = Location(found.table.path, number, 1)
    issues = []
    for check in wrong:
        cell = _cell(shown[check.column], check.column) if check.column else "the row"
        issues.append(Issue("M617", f"{cell} cannot be used", check.why, check.fix, where))
    raise TableFileError(issues)


def _cell(value: object, column: str) -> str:
    text = "" if value is None else short(value)
    return f"`{text}` in `{column}`" if text else f"the empty cell in `{column}`"


# --- against what was scored ------------------------------------------------------------------------------------------


def compare_scored(scored: str, found: FoundRow, run: Trace, diagnosis: Diagnosis, rulebase: Rulebase) -> Compared:
    """Hold a row of a scored file against its diagnosis: the rules that fired, and the decision.

    Raises:
        TableFileError: The file is no result of `score`, or does not hold the row.
    """
    recorded = _recorded(scored, found.number)
    digest = rulebase.digest.removeprefix("sha256:")[:12]
    rules = str(recorded[RULES])
    if rules != digest:
        what = f"{scored} was scored with other rules ({rules}) than these ({digest})"
        return Compared(same=False, text=f"{what}: score it again to compare.")
    masks = _masks(run, rulebase)
    fired = {name: _whole(value) for name, value in recorded.items() if name.startswith("fired.")}
    decision = _decision(recorded, rulebase)
    if fired != masks:
        names = _differing(fired, masks, rulebase)
        return Compared(same=False, text=f"{scored} differs in which rules fired: {', '.join(names)}.")
    if decision is not None and decision != diagnosis.decision.verdict:
        what = f"{scored} says `{decision}`, and the diagnosis `{diagnosis.decision.verdict}`"
        return Compared(same=False, text=f"{what}; the same rules fired.")
    return Compared(
        same=True, text=f"{scored} says the same of row {found.number}: the same rules fired, and the same decision."
    )


def _recorded(scored: str, number: int) -> Mapping[str, object]:
    with opened(scored) as table:
        needed = {NUMBERED, RULES, "fired.0"} - set(table.headings)
        if needed:
            what = f"the column `{min(needed)}` is missing"
            raise fault("M618", what, "a result of `score` has it", "name a file that `score` wrote", scored)
        same = pl.col(NUMBERED).cast(pl.Int64, strict=False) == number
        rows = table.frame.filter(same).collect(engine="streaming")
        if rows.height != 1:
            what, why = f"row {number} is not in it", "it was rejected, or the result is of another file"
            raise fault("M618", what, why, "score the file again", scored)
        return rows.row(0, named=True)


def _whole(value: object) -> int:
    return int(float(str(value)))


def _masks(run: Trace, rulebase: Rulebase) -> dict[str, int]:
    """Return the rules that fired as the result of `score` keeps them: 28 a column, in the order of the rule base."""
    masks: dict[str, int] = {}
    for place, rule in enumerate(rulebase.rules):
        name = f"fired.{place // _MASK}"
        masks[name] = masks.get(name, 0) | (run.verdicts[rule] is True) << place % _MASK
    return masks


def _differing(fired: Mapping[str, int], masks: Mapping[str, int], rulebase: Rulebase) -> list[str]:
    found = []
    for place, rule in enumerate(rulebase.rules):
        name, bit = f"fired.{place // _MASK}", 1 << place % _MASK
        if (fired.get(name, 0) ^ masks[name]) & bit:
            found.append(rule)
    return found[:8]


def _decision(recorded: Mapping[str, object], rulebase: Rulebase) -> str | None:
    """Return the code of the decision that is recorded, in whichever language it is worded."""
    for heading in ("decision (code)", "decision"):
        if recorded.get(heading) in DECISION:
            return str(recorded[heading])
    words = {rulebase.language.say(word): code for code, word in DECISION.items()}
    return words.get(str(recorded.get(rulebase.language.say("decision"), "")))
