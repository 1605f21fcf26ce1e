"""Files in, frozen values out: the only package that knows YAML. Never judges how rules fit together."""

from churn_rules.reading.cases import case_from_facts, case_paths, read_case, read_cases, sound_case
from churn_rules.reading.draft import Draft
from churn_rules.reading.rules import read_rules

__all__ = ["Draft", "case_from_facts", "case_paths", "read_case", "read_cases", "read_rules", "sound_case"]
