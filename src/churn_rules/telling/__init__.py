"""Answers in words, for a reader at a terminal: each function turns one value into lines.

Never works anything out: whatever it says stands in the value that it is given.
"""

from churn_rules.telling.aloud import (
    adds_in_words,
    due_in_words,
    premise_of,
    tell_contents,
    tell_fact,
    tell_facts,
    tell_named,
    tell_plan_step,
    tell_reason,
    tell_rule,
)
from churn_rules.telling.answers import tell_diagnosis
from churn_rules.telling.explanations import tell_hint, tell_trace, tell_why, tell_why_not
from churn_rules.telling.lines import Line, because, money, percent, sentence
from churn_rules.telling.replays import tell_replay, tell_replays

__all__ = [
    "Line",
    "adds_in_words",
    "because",
    "due_in_words",
    "money",
    "percent",
    "premise_of",
    "sentence",
    "tell_contents",
    "tell_diagnosis",
    "tell_fact",
    "tell_facts",
    "tell_hint",
    "tell_named",
    "tell_plan_step",
    "tell_reason",
    "tell_replay",
    "tell_replays",
    "tell_rule",
    "tell_trace",
    "tell_why",
    "tell_why_not",
]
