"""Files in, frozen values out: the only package that knows YAML and .po files. Never judges how rules fit together."""

from churn_rules.reading.answers import GivenAnswer, read_answers
from churn_rules.reading.cases import (
    case_from_facts,
    case_paths,
    read_case,
    read_cases,
    read_plain_case,
    sound_case,
)
from churn_rules.reading.documents import as_yaml
from churn_rules.reading.draft import Draft
from churn_rules.reading.mappings import read_mapping, read_mapping_document
from churn_rules.reading.rules import LANGUAGES_FOLDER, read_rules
from churn_rules.reading.translations import read_translations, translations_as_po

__all__ = [
    "LANGUAGES_FOLDER",
    "Draft",
    "GivenAnswer",
    "as_yaml",
    "case_from_facts",
    "case_paths",
    "read_answers",
    "read_case",
    "read_cases",
    "read_mapping",
    "read_mapping_document",
    "read_plain_case",
    "read_rules",
    "read_translations",
    "sound_case",
    "translations_as_po",
]
