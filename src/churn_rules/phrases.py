"""The program's own English sentences, as they stand in its source: what a translator has to translate.

Never says one. They are collected where somebody asks what is not translated yet, and at no other time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["phrases_of_the_program"]

_SAYING = ("say", "joined")  # the first argument of a call is a sentence
_TABLE = "in_english"  # every argument of a call is one
_IN_A_TEMPLATE = re.compile(r'\bsay\("((?:[^"\\]|\\.)*)"')


@cache  # the program does not change while it runs
def phrases_of_the_program() -> tuple[str, ...]:
    """Return every sentence of the program that is said in the language of an answer, each once."""
    found = (phrase for file in _sources(files("churn_rules")) for phrase in _phrases_in(file))
    return tuple(dict.fromkeys(found))


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for inside in sorted(folder.iterdir(), key=lambda one: one.name):
        if inside.is_dir() and not inside.name.startswith("_"):
            yield from _sources(inside)
        elif inside.name.endswith((".py", ".html")):
            yield inside


def _phrases_in(file: Traversable) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    if file.name.endswith(".html"):
        yield from _IN_A_TEMPLATE.findall(text)
        return
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        said = [keyword.value for keyword in node.keywords] if name == _TABLE else []
        said += node.args[:1] if name in _SAYING else []
        yield from (phrase for argument in said for phrase in _literals(argument))


def _literals(argument: ast.expr) -> Iterator[str]:
    """Yield a literal text, or both of a choice between two."""
    if isinstance(argument, ast.IfExp):
        yield from _literals(argument.body)
        yield from _literals(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
