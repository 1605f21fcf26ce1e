"""Plans: which steps, on which dates, in every form; `CHURN_REWRITE_GOLDENS=1` rewrites the golden texts."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from icalendar import Calendar

import churn_rules
from churn_rules.cases import Case, Observation
from churn_rules.cli import cli
from churn_rules.errors import MissingPackageError, OutputError, PlanError
from churn_rules.plan_calendar import plan_as_ics
from churn_rules.plan_pages import plan_as_html, plan_as_markdown
from churn_rules.planning import Plan
from churn_rules.rulebase import Rulebase
from churn_rules.schemas import as_json, json_schema
from churn_rules.vocabulary import exact, parse_date
from churn_rules.writing import write_whole

pytestmark = pytest.mark.usefixtures("loaded_before")

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "tests" / "plans"
REWRITE = os.environ.get("CHURN_REWRITE_GOLDENS") == "1"
MONDAY = date(2026, 3, 2)
CASES = {
    "brex-rilf": ("brex-rilf", "2012-03-01"),
    "duplicator-contract": ("duplicator-contract", "1994-01-03"),
    "leaving": (str(ROOT / "tests" / "situations" / "late-deliveries.yaml"), "2026-03-02"),
}
FORMS = {"text": "txt", "markdown": "md", "html": "html", "ics": "ics", "json": "json"}


def made(rulebase: Rulebase, start: date = MONDAY, lost: str | None = "2026-01-05", **facts: object) -> Plan:
    """Plan for a case of bare facts; a date among them is one day. What is told of the renewal is told at the start."""
    told = tuple(
        Observation(
            name,
            exact(value) if type(value) in (int, float) else value,  # type: ignore[arg-type]
            "record",
            exact(start.toordinal()) if name == "months_to_next_renewal" else None,
        )
        for name, value in facts.items()
    )
    case = Case(id="made", title="Made", lost=parse_date(lost) if lost else None, observations=told)
    return churn_rules.plan(case, rulebase=rulebase, start=start)


def steps(plan: Plan) -> dict[str, str | None]:
    return {step.id: step.due for step in plan.steps}


def run(*words: str) -> tuple[int, bytes]:
    done = CliRunner().invoke(cli, ["plan", *words])
    return done.exit_code, done.stdout_bytes


# --- golden texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, form: str) -> None:
    case, start = CASES[name]
    code, out = run(case, "--rules", str(ROOT / "rules"), "--start", start, "--format", form, "--engine", "reference")
    assert code == 0
    if form == "json":
        out = json.dumps(json.loads(out) | {"rulebase": "sha256:…"}, indent=2, ensure_ascii=False).encode() + b"\n"
    golden = PLANS / f"{name}.{FORMS[form]}"
    if REWRITE:
        golden.write_bytes(out)
    assert out.decode().replace("\r\n", "\n") == golden.read_bytes().decode().replace("\r\n", "\n")


@pytest.mark.parametrize("name", CASES)
def test_no_line_is_too_long(name: str) -> None:
    text = (PLANS / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", CASES)
def test_engines_make_the_same_plan(name: str, engine: str, rulebase: Rulebase) -> None:
    case, start = CASES[name]
    path = case if "/" in case else str(ROOT / "cases" / f"{case}.yaml")
    day = date.fromisoformat(start)
    one, other = (churn_rules.plan(path, rulebase=rulebase, start=day, engine=name) for name in (engine, "reference"))
    assert (one.steps, one.left_out, one.verdict) == (other.steps, other.left_out, other.verdict)


# --- which steps ------------------------------------------------------------------------------------------------------


def test_leaving_customer_is_asked_at_the_top(rulebase: Rulebase) -> None:
    plan = made(rulebase, lost=None)
    assert plan.stage == "leaving"
    assert "meet-the-decision-maker" in steps(plan)
    assert "meet-the-operational-level" not in steps(plan)
    asked = next(step for step in plan.steps if step.id == "ask-the-two-questions")
    assert "Why are you leaving us?" in asked.text


def test_dropped_wins(rulebase: Rulebase) -> None:
    plan = made(rulebase, lost=None, decision_shared=True)
    assert "meet-the-most-senior-contact" in steps(plan)
    assert "meet-the-decision-maker" not in steps(plan)
    left_out = next(step for step in plan.left_out if step.id == "meet-the-decision-maker")
    assert [rule.rule for rule in left_out.rules] == ["shared-decision-is-asked-of-the-most-senior"]


def test_lost_customer_is_met_from_the_bottom_up(rulebase: Rulebase) -> None:
    due = steps(made(rulebase, good_terms_at="operational"))
    order = ["begin-with-those-on-good-terms", "meet-the-operational-level", "meet-middle-management"]
    dates = [due[step] or "" for step in [*order, "meet-top-management"]]
    assert dates == sorted(dates)
    asked = next(step for step in made(rulebase).steps if step.id == "ask-the-two-questions")
    assert "Why did you leave us?" in asked.text


def test_who_is_let_go_has_a_plan_too(rulebase: Rulebase) -> None:
    plan = made(rulebase, lost=None, still_buys_from="nobody", customer_closed=True)
    assert plan.decision == "let_go"
    assert {"thank-them-in-parting", "stay-in-touch-lightly"} <= steps(plan).keys()
    assert "ask-the-two-questions" not in steps(plan)
    assert "hand-over-willingly" not in steps(plan)


def test_who_is_back_is_watched_over(rulebase: Rulebase) -> None:
    plan = made(rulebase, came_back=True)
    assert plan.stage == "back"
    assert steps(plan) == {
        "thank-them-for-returning": "2026-03-03",
        "watch-the-mistake": "2026-03-30",
        "diagnose-afresh": "2026-08-31",
    }


def test_every_step_names_its_rules(rulebase: Rulebase) -> None:
    for step in made(rulebase).steps:
        assert step.rules
        assert all(rule.because and rule.source for rule in step.rules)


# --- dates ------------------------------------------------------------------------------------------------------------


def test_unknown_renewal_has_no_date(rulebase: Rulebase) -> None:
    plan = made(rulebase, still_buys_from="another_supplier")
    step = next(step for step in plan.steps if step.id == "prepare-for-the-renewal")
    assert (step.due, step.waits_for) == (None, "renewal")
    assert "ask-for-the-renewal-date" in steps(plan)


def test_known_renewal_is_counted_from_the_day_it_was_told(rulebase: Rulebase) -> None:
    told = (
        Observation("still_buys_from", "another_supplier", "record"),
        Observation("months_to_next_renewal", exact(24), "customer", parse_date("2025-09-01")),
    )
    case = Case(lost=parse_date("2025-06-01"), observations=told)
    due = steps(churn_rules.plan(case, rulebase=rulebase, start=MONDAY))
    assert due["prepare-for-the-renewal"] == "2027-03-05"
    assert "ask-for-the-renewal-date" not in due


def test_near_renewal_is_prepared_at_once(rulebase: Rulebase) -> None:
    plan = made(rulebase, still_buys_from="another_supplier", months_to_next_renewal=3)
    assert steps(plan)["prepare-for-the-renewal"] == "2026-03-02"


def test_a_renewal_told_without_a_date_is_never_dated(rulebase: Rulebase) -> None:
    plan = churn_rules.plan("duplicator-contract", rulebase=rulebase, start=MONDAY)
    assert steps(plan)["prepare-for-the-renewal"] is None


def test_day_of_leaving_is_taken_from_the_case(rulebase: Rulebase) -> None:
    plan = made(rulebase, lost=None, leaves_on=parse_date("2026-05-29"))
    step = next(step for step in plan.steps if step.id == "be-there-on-the-last-day")
    assert (step.due, step.days_from_loss) == ("2026-05-29", 0)
    assert plan.steps[0].days_from_loss == -88


def test_a_parting_that_is_over_is_left_out(rulebase: Rulebase) -> None:
    plan = made(rulebase)
    over = {"flawless-service-to-the-last-call", "hand-over-willingly", "be-there-on-the-last-day"}
    assert {step.id for step in plan.left_out if not step.rules} == over
    assert not over & steps(plan).keys()


def test_no_step_is_due_before_the_start(rulebase: Rulebase) -> None:
    for lost in (None, "2026", "2026-03-02", "2030-01-01"):
        assert min(due for due in steps(made(rulebase, lost=lost)).values() if due) >= MONDAY.isoformat()


def test_a_plan_from_a_monday_on_has_nothing_on_a_weekend(rulebase: Rulebase) -> None:
    for step in rulebase.steps.values():
        day, here = step.days, step
        while here.anchor in rulebase.steps:
            here = rulebase.steps[here.anchor]
            day += here.days
        if here.anchor == "start":
            assert day % 7 < 5, step.id
            assert step.every % 7 == 0, step.id


@pytest.mark.parametrize("start", [date(1, 1, 1), date(1899, 12, 31), date(2201, 1, 1), date.max])
def test_impossible_start_is_refused(start: date, rulebase: Rulebase) -> None:
    with pytest.raises(PlanError):
        made(rulebase, start)


def test_latest_start_and_renewal(rulebase: Rulebase) -> None:
    plan = made(rulebase, date(2200, 12, 31), still_buys_from="another_supplier", months_to_next_renewal=600)
    assert steps(plan)["be-asked-at-the-renewal"] == "2250-11-01"


# --- forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_calendar_says_what_the_plan_says(name: str) -> None:
    plan = json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))
    calendar: Any = Calendar.from_ical((PLANS / f"{name}.ics").read_bytes())
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    tasks = {str(task["uid"]) for task in calendar.walk("VTODO")}
    for step in plan["steps"]:
        uid = f"{step['id']}.{plan['case']}@churn-rules"
        if step["due"] is None:
            assert uid in tasks
            continue
        event = events[uid]
        assert (event["dtstart"].dt.isoformat(), str(event["summary"])) == (step["due"], step["title"])
        assert (event["dtstart"].params["VALUE"], event["dtstamp"].dt.date().isoformat()) == ("DATE", plan["start"])
        assert step["text"] in str(event["description"])
        if step["repeat"]:
            assert event["rrule"]["COUNT"] == [step["repeat"]["times"]]
    assert len(events) + len(tasks) == len(plan["steps"])


def test_a_later_plan_moves_the_entries(rulebase: Rulebase) -> None:
    plans = [plan_as_ics(made(rulebase, start)) for start in (MONDAY, MONDAY, date(2026, 3, 9))]
    assert plans[0] == plans[1]
    calendars: list[Any] = [Calendar.from_ical(plan) for plan in plans]
    uids = [[str(entry["uid"]) for entry in calendar.subcomponents] for calendar in calendars]
    assert uids[0] == uids[2]
    assert len(set(uids[0])) == len(uids[0])


def test_calendar_without_icalendar(rulebase: Rulebase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(MissingPackageError, match=r"churn-rules\[plan\]"):
        plan_as_ics(made(rulebase))


def test_what_the_case_holds_is_escaped(rulebase: Rulebase) -> None:
    case = Case(id="x", title="<script>alert(1)</script> *bold*", observations=())
    plan = churn_rules.plan(case, rulebase=rulebase, start=MONDAY)
    assert "<script>" not in plan_as_html(plan)
    assert r"\<script\>alert(1)\</script\> \*bold\*" in plan_as_markdown(plan)


def test_json_fits_its_schema(rulebase: Rulebase) -> None:
    jsonschema.validate(json.loads(as_json(made(rulebase))), json.loads(json_schema("plan", rulebase)))


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["2012-02-30", "tomorrow", "", "1899-12-31", "9999-12-31", "2012-3"])
def test_impossible_start_is_used_wrongly(start: str) -> None:
    assert run("brex-rilf", "--start", start)[0] == 2


@pytest.mark.parametrize("form", FORMS.values())
def test_the_name_of_the_file_says_the_form(form: str, tmp_path: Path) -> None:
    written = tmp_path / f"plan.{form}"
    assert run("brex-rilf", "--start", "2012-03-01", "-o", str(written)) == (0, b"")
    name = next(name for name, suffix in FORMS.items() if suffix == form)
    code, out = run("brex-rilf", "--start", "2012-03-01", "--format", name)
    assert (code, out) == (0, written.read_bytes())


# --- writing a file ---------------------------------------------------------------------------------------------------


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_whole(tmp_path / "none" / "plan.txt", b"plan")


def test_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "plan.txt"
    target.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(target, b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.txt"]
    assert target.read_bytes() == b"before"


def test_a_link_and_the_mode_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "plan.txt", tmp_path / "link.txt"
    target.write_bytes(b"before")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, b"after")
    assert link.is_symlink()
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"after", 0o640)
