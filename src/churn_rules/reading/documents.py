"""YAML text as plain values, each with its place; refuses whatever YAML reads differently from what a person means.

The only module that knows YAML. Built from parse events, so that depth is bounded before anything recurses.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from churn_rules.errors import Issue, Location

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Key", "Mark", "as_yaml", "read_document", "read_text"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_VALUES = 20_000
MAX_ISSUES = 100

Key = str | int
Mark = tuple[int, int, int]
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DECEPTIVE: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    (
        "Y107",
        re.compile(r"yes|no|on|off|y|n", re.IGNORECASE),
        "YAML 1.1 reads it as true or false, YAML 1.2 as a word",
        "write true or false; quote it if the word is meant",
    ),
    ("Y108", re.compile(r"[-+]?\d+(:\d+)+"), "YAML 1.1 reads it as a number to base sixty", "quote it"),
    (
        "Y109",
        re.compile(r"[-+]?0\d+(\.\d+)?"),
        "YAML 1.1 reads a leading zero as base eight",
        "leave the zero out, or quote it",
    ),
    (
        "Y110",
        re.compile(r"[-+]?(0[xob][0-9a-f_]+|[\d.]+e[-+]?\d+|\d+[_,][\d_,.]*|\.\d+|\d+\.)", re.IGNORECASE),
        "readers of YAML differ on whether it is a number",
        "write plain decimal digits, such as 1000 or 0.5; quote it if text is meant",
    ),
    (
        "Y111",
        re.compile(r"[-+]?\.?(inf|nan)", re.IGNORECASE),
        "no fact is infinite or not a number",
        "write a number, or unknown",
    ),
    ("Y112", re.compile(r"|~|null", re.IGNORECASE), "an empty value says nothing", "write a value, or `unknown`"),
)
_SUSPECT = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern, _, _ in _DECEPTIVE), re.IGNORECASE)


@dataclass(slots=True)
class Document:
    """One file as plain values. `data` is None where it could not be read at all; `issues` then says why.

    `places` holds the mark of every value by its path, `keys` that of every key of a mapping (line and column from 0,
    and length); a location is made of it only where one is asked for. `numbers` holds the digits of every number as
    written, for whoever must not lose any to a float.
    """

    path: str
    text: str = ""
    data: Any = None
    places: dict[tuple[Key, ...], Mark] = field(default_factory=dict)
    keys: dict[tuple[Key, ...], Mark] = field(default_factory=dict)
    numbers: dict[tuple[Key, ...], str] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # of the text, once a location was asked for

    def place(self, path: tuple[Key, ...]) -> Location:
        """Return where a value stands, or the nearest thing around it that has a place."""
        while path and path not in self.places:
            path = path[:-1]
        return self.located(self.places[path]) if path in self.places else Location(self.path)

    def key(self, path: tuple[Key, ...]) -> Location:
        """Return where the key of a value stands, or the value itself in a list."""
        return self.located(self.keys[path]) if path in self.keys else self.place(path)

    def located(self, mark: Mark) -> Location:
        """Return the place of a mark."""
        line, column, length = mark
        lines = self.lines = self.lines or self.text.splitlines()
        return Location(self.path, line + 1, column + 1, length, lines[line] if line < len(lines) else "")

    def issue(
        self, code: str, what: str, why: str, fix: str, at: Location | None = None, *, warning: bool = False
    ) -> None:
        """Note something wrong with this file: once a place, and past MAX_ISSUES only that there is more."""
        at = at or Location(self.path)
        if at.line and any(issue.location == at for issue in self.issues):
            return  # one fault a place: what follows from a fault is none of its own
        if len(self.issues) == MAX_ISSUES:
            code, what, why = "Y121", f"more than {MAX_ISSUES} faults", "the rest is left out"
            fix = "mend these first"
        if len(self.issues) > MAX_ISSUES:
            return
        self.issues.append(Issue(code, what, why, fix, at, "warning" if warning else "error"))


class _UnreadableError(Exception):
    """The file cannot be read any further; the issue is noted already."""


def read_document(file: Path, shown: str) -> Document:
    """Read one file.

    Args:
        file: Where it is.
        shown: Its path as errors show it.

    Returns:
        The document; with `issues`, and `data` of None, where it could not be read.
    """
    document = read_text(file, shown)
    try:
        if not document.issues:
            _Composer(document).compose()
    except _UnreadableError:
        document.data = None
    return document


def read_text(file: Path, shown: str) -> Document:
    """Read the text of one file, whatever its form; the document has `issues` where it could not be read."""
    document = Document(shown)
    with suppress(_UnreadableError):
        document.text = _text_of(file, document)
    return document


def _text_of(file: Path, document: Document) -> str:
    try:
        with open(file, "rb", opener=_open_at_once) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                _refuse(document, "Y101", "this is not a plain file", "a pipe or a device never ends", "check the path")
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        document.issue(
            "Y101",
            f"cannot read the file: {getattr(error, 'strerror', None) or error}",
            "the system refused it",
            "check path and rights",
        )
        raise _UnreadableError from None
    if len(raw) > MAX_BYTES:
        _refuse(document, "Y102", "the file is larger than 1 MB", "no rule or case file is", "split it, or remove it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = _place_of(error.start, raw.decode("utf-8", errors="replace"), document.path)
        _refuse(
            document, "Y103", "the file is not UTF-8", "a byte here belongs to another encoding", "save as UTF-8", at
        )
    if odd := _CONTROL.search(text):
        at = _place_of(odd.start(), text, document.path)
        what = f"a control character (U+{ord(odd[0]):04X}) stands in the file"
        _refuse(document, "Y104", what, "text files hold none", "remove it", at)
    return text


def _place_of(offset: int, text: str, path: str) -> Location:
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].partition("\n")[0].rstrip("\r")
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", line)
    return Location(path, text.count("\n", 0, offset) + 1, offset - start + 1, 1, shown)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody to write into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refuse(document: Document, code: str, what: str, why: str, fix: str, at: Location | None = None) -> None:
    document.issue(code, what, why, fix, at)
    raise _UnreadableError


class _Composer:
    """Builds plain values from parse events."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.escapes = "\\" in document.text
        self.events: Iterator[Any] = iter(())

    def compose(self) -> None:
        self.events = self._guarded()
        next(self.events)  # the stream begins
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            _refuse(
                self.document, "Y105", "the file is empty", "it holds nothing but white space or comments", "fill it in"
            )
        self.document.data = self._node(next(self.events), ())
        next(self.events)  # the document ends
        if not isinstance(extra := next(self.events), yaml.StreamEndEvent):
            what, why = "a second document begins with `---`", "one file holds one rule, case or list"
            _refuse(self.document, "Y106", what, why, "move it to a file of its own", self._at(extra))

    def _guarded(self) -> Iterator[Any]:
        """Yield events, refusing what is too deep before anything is built from it."""
        depth = count = 0
        try:
            for event in yaml.parse(self.document.text, Loader=_LOADER):
                count += 1
                if count > MAX_VALUES:
                    what, why = f"more than {MAX_VALUES} keys and values", "no rule or case holds so many"
                    _refuse(self.document, "Y120", what, why, "split the file", self._at(event))
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                    if depth > MAX_DEPTH:
                        what, why = f"nested more than {MAX_DEPTH} deep", "no rule or case is nested so deep"
                        _refuse(self.document, "Y113", what, why, "flatten it", self._at(event))
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                yield event
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error)
        except yaml.YAMLError as error:
            _refuse(self.document, "Y114", "this is not YAML", str(error).splitlines()[0], "check the whole file")

    def _refuse_syntax(self, error: yaml.MarkedYAMLError) -> None:
        problem, context = str(error.problem or ""), str(error.context or "")
        unclosed = "quoted scalar" in context and error.context_mark
        mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
        at = self.document.located((mark.line, mark.column, 1)) if mark else None
        why = f"the reader says: {', '.join(part for part in (context, problem) if part)}"
        fix = "check indentation, colons, quotes and brackets at and just above this line"
        if unclosed:
            fix = "close the quote that begins here"
        elif "mapping values are not allowed" in problem:
            fix = "put a text that holds a colon in quotes, or check the indentation"
        elif "cannot start any token" in problem:
            fix = "put the text in quotes; indent with spaces, never with tabs"
        _refuse(self.document, "Y114", "this is not YAML", why, fix, at)

    def _node(self, event: Any, path: tuple[Key, ...]) -> Any:
        self.document.places[path] = _mark(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            what, why = "anchors (&) and aliases (*) are not allowed", "a rule must be readable on its own"
            _refuse(self.document, "Y115", what, why, "write the value out", self._at(event))
        if event.tag:
            what, why = f"tags are not allowed: {event.tag}", "values are plain: text, numbers, lists, mappings"
            _refuse(self.document, "Y116", what, why, "remove the tag", self._at(event))
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            if not isinstance(value, str | bool):
                self.document.numbers[path] = str(event.value)
            return value
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(item, (*path, len(items))))
            return items
        return self._mapping(path)

    def _mapping(self, path: tuple[Key, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag or event.anchor:
                what, why = "this key is not a plain word", "keys are names"
                _refuse(self.document, "Y117", what, why, "write a word before the colon", self._at(event))
            key = str(event.value)
            inner = (*path, key)
            if key == "<<":
                what, why = "merge keys (<<) are not allowed", "a rule must be readable on its own"
                _refuse(self.document, "Y118", what, why, "write the values out", self._at(event))
            if key in mapping:
                line = self.document.key(inner).line
                why = f"it stands in line {line} already, and readers of YAML keep only one of the two"
                what, fix = f"the key `{key}` stands twice", "remove or rename one"
                self.document.issue("Y119", what, why, fix, self._at(event))
            self.document.keys[inner] = _mark(event)
            mapping[key] = self._node(next(self.events), inner)
        return mapping

    def _scalar(self, event: Any) -> str | int | float | bool:
        text = str(event.value)
        if self.escapes and (odd := _CONTROL.search(text)):
            what = f"a control character (U+{ord(odd[0]):04X}) is written as an escape"
            self.document.issue("Y104", what, "text files hold none", "remove it", self._at(event))
        if event.style:  # quoted or folded: the text as it stands
            return text
        if text in ("true", "false"):
            return text == "true"
        if _NUMBER.fullmatch(text):
            if len(text) <= 300:
                return float(text) if "." in text else int(text)
            what, why = "this number has too many digits", "nobody measures so finely"
            self.document.issue("Y110", what, why, "shorten it", self._at(event))
            return 0
        if _SUSPECT.fullmatch(text):
            code, _, why, fix = next(one for one in _DECEPTIVE if one[1].fullmatch(text))
            what = f"`{text}` is not what it seems" if text else "a value is missing"
            self.document.issue(code, what, why, fix, self._at(event))
        return text

    def _at(self, event: Any) -> Location:
        return self.document.located(_mark(event))


def as_yaml(data: Mapping[str, object]) -> str:
    """Return plain values as YAML that `read_document` reads back as they are."""
    text = yaml.dump(data, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    return str(text)


class _Writer(_DUMPER):  # type: ignore[misc,valid-type]  # the quicker of the two that there is
    """Quotes whatever a reader might take for something else than text."""


def _written(writer: Any, text: str) -> Any:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _SUSPECT.fullmatch(text) else None)


_Writer.add_representer(str, _written)


def _mark(event: Any) -> Mark:
    start, end = event.start_mark, event.end_mark
    return start.line, start.column, max(1, end.column - start.column) if end.line == start.line else 1
