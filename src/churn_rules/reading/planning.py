"""From plan.yaml to the steps that a plan may have, with all that is wrong in it.

Never reads a rule: which of the steps a plan has is for rules to conclude.
"""

from __future__ import annotations

from string import Formatter

from churn_rules.errors import did_you_mean
from churn_rules.reading.documents import Document, Key
from churn_rules.reading.draft import Draft
from churn_rules.reading.shapes import PlanShape, PlanStepShape, shape_of
from churn_rules.rulebase import ANCHORS, BLANKS, PlanStep

__all__ = ["read_plan"]


def read_plan(draft: Draft, document: Document) -> None:
    """Read plan.yaml into a draft."""
    if document.data is None or not (shape := shape_of(PlanShape, document.data, document)):
        document.data = None  # no rule can be held against it
        return
    draft.questions = {stage: tuple(asked) for stage, asked in shape.questions.model_dump().items()}
    for name, step in shape.steps.items():
        _check_text(step.text, document, ("steps", name, "text"))
        if step.day.after not in (*ANCHORS, *shape.steps):
            near = did_you_mean(step.day.after, (*ANCHORS, *shape.steps))
            why = f"a step is due after {', '.join(f'`{anchor}`' for anchor in ANCHORS)} or another step"
            at = document.place(("steps", name, "day", "after"))
            document.issue("V216", f"unknown step `{step.day.after}`", why, f"write one of these{near}", at)
        draft.steps[name] = _step(name, step)
    _check_circle(draft, document)


def _step(name: str, shape: PlanStepShape) -> PlanStep:
    return PlanStep(
        id=name,
        title=shape.title,
        text=" ".join(shape.text.split()),
        phase=shape.phase,
        owner=shape.owner,
        anchor=shape.day.after,
        days=shape.day.days,
        every=shape.repeat.every if shape.repeat else 0,
        times=shape.repeat.times if shape.repeat else 1,
        until=shape.until or "",
        fairness=shape.fairness,
        whom=shape.whom or "",
    )


def _check_text(text: str, document: Document, path: tuple[Key, ...]) -> None:
    try:
        blanks = [(blank, form, way) for _, blank, form, way in Formatter().parse(text) if blank is not None]
    except ValueError:
        what, why = "a brace stands alone", "what stands in braces is filled in"
        document.issue("V218", what, why, "close it, or take it out", document.place(path))
        return
    for blank, form, way in blanks:
        if blank not in BLANKS or form or way:
            why = f"only these can be filled in: {', '.join(BLANKS)}"
            fix = f"write one of these{did_you_mean(blank, BLANKS)}"
            document.issue("V218", f"unknown blank `{{{blank}}}`", why, fix, document.place(path))


def _check_circle(draft: Draft, document: Document) -> None:
    for name in draft.steps:
        passed, here = [name], draft.steps[name].anchor
        while here in draft.steps and here not in passed:
            passed.append(here)
            here = draft.steps[here].anchor
        if here == name:
            at = document.place(("steps", name, "day", "after"))
            why = "none of them would ever have a date"
            fix = "let one of them be due after the start"
            document.issue("V217", f"these steps wait for one another: {', '.join(passed)}", why, fix, at)
            return
