"""Hostile input: whatever a file holds, it is refused with issues, within a second, and never with a traceback.

Everything that could hang or crash is read by a process of its own; run as a program, this file is that process.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from churn_rules.checking import check
from churn_rules.errors import CaseError, Issue, render_issues
from churn_rules.loading import load
from churn_rules.reading import read_case, read_rules

BASE = Path(__file__).parent / "broken" / "base"
SOUND_CASE = Path(__file__).parent / "broken" / "cases" / "sound.yaml"
TOP = Path(__file__).parents[1]
LIMIT = 1.0  # seconds, for reading, checking and wording: what we promise
PATIENCE = 2.0  # seconds, until a read counts as hung

# --- the process that reads -------------------------------------------------------------------------------------------


def read(kind: str, path: Path) -> Sequence[Issue]:
    if kind == "rule":  # `path` is a whole rule base
        draft = read_rules(path)
        check(draft)
        return draft.issues
    try:
        read_case(path, load(BASE))
    except CaseError as error:
        return error.issues
    return ()


def serve() -> None:
    load(BASE)
    for line in sys.stdin:
        kind, path = json.loads(line)
        began = time.perf_counter()
        answer: dict[str, Any] = {"error": "", "codes": [], "length": 0}
        try:
            issues = read(kind, Path(path))
            answer |= {
                "codes": sorted({issue.code for issue in issues}),
                "count": len(issues),
                "length": len(render_issues(issues)),
            }
        except Exception as error:  # noqa: BLE001  # any exception at all is what the tests look for
            answer["error"] = repr(error)[:500]
        print(json.dumps(answer | {"seconds": time.perf_counter() - began}), flush=True)  # noqa: T201


class Reader:
    """Reads files in another process; whoever hangs or dies is replaced."""

    def __init__(self) -> None:
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        program = [sys.executable, str(Path(__file__).resolve())]
        return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, kind: str, path: Path) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([kind, str(path)]) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        answer = self.process.stdout.readline() if ready else ""
        if not answer:
            self.close()
            code = self.process.returncode
            self.process = self._start()
            pytest.fail(f"the reader crashed with {code}" if ready else f"the reader hung for {PATIENCE} seconds")
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def refuse(reader: Reader, kind: str, path: Path) -> dict[str, Any]:
    answer = reader.read(kind, path)
    assert answer["error"] == ""
    assert answer["codes"], "nothing was found wrong"
    assert answer["seconds"] < LIMIT
    assert answer["length"] < 1_000_000, "nobody reads so long an answer"
    return answer


# --- what a file may hold ---------------------------------------------------------------------------------------------

RULE = (BASE / "pricing" / "steep-rise-objected.yaml").read_text(encoding="utf-8")
RULE = RULE.replace("rule: steep-rise-objected", "rule: hostile")
CASE = SOUND_CASE.read_text(encoding="utf-8").replace("case: sound", "case: hostile")
SOUND = {"rule": RULE, "case": CASE}
PREMISES = RULE[RULE.index("if:\n") : RULE.index("then:\n")]
FULL = 900_000  # bytes: nearly all that is read of one file


def laughs() -> str:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 30)]
    return "\n".join(["l0: &l0 ha", *levels, ""])


def many_premises(premise: Callable[[int], str], count: int) -> str:
    return RULE.replace(PREMISES, "if:\n" + "".join(map(premise, range(count))))


ANYWHERE: dict[str, tuple[str | bytes, str]] = {
    "python-tag": ("!!python/object/apply:os.system [echo]\n", "Y116"),
    "python-tag-inside": ("rule: !!python/object/apply:os.system [echo]\n", "Y116"),
    "python-name-as-key": ("!!python/name:os.system : x\n", "Y117"),
    "billion-laughs": (laughs(), "Y115"),
    "recursive-alias": ("&a [*a]\n", "Y115"),
    "recursive-alias-inside": ("a: &a {b: *a}\n", "Y115"),
    "unknown-alias": ("a: *b\n", "Y115"),
    "deep-flow-lists": ("[" * 100_000 + "]" * 100_000, "Y113"),
    "deep-flow-lists-unclosed": ("[" * FULL, "Y113"),
    "deep-flow-maps": ("{a: " * 100_000 + "1" + "}" * 100_000, "Y113"),
    "deep-flow-map-keys": ("{" * 100_000, "Y1"),
    "deep-block-lists": ("- " * 100_000 + "x\n", "Y113"),
    "deep-block-maps": ("".join(f"{' ' * n}a:\n" for n in range(1400)), "Y113"),
    "deep-block-keys": ("? " * 100_000 + "x\n", "Y117"),
    "nul-byte": (b"title: a\0b\n", "Y104"),
    "nul-bytes-only": (b"\0" * FULL, "Y104"),
    "escape-character": (b"title: \x1b[31mred\n", "Y104"),
    "latin-1": ("title: Müller\n".encode("latin-1"), "Y103"),
    "half-a-character": (b"title: \xc3", "Y103"),
    "overlong-slash": (b"title: \xc0\xaf\n", "Y103"),
    "utf-16": ("title: Müller\n".encode("utf-16"), "Y103"),
    "utf-16-without-mark": ("title: one\n".encode("utf-16-le"), "Y104"),
    "utf-32": ("title: one\n".encode("utf-32"), "Y103"),
    "surrogate-bytes": (b"title: \xed\xa0\x80\n", "Y103"),
    "surrogate-escape": ('title: "\\ud800"\n', "Y114"),
    "surrogate-pair-escape": ('title: "\\ud83d\\ude00"\n', "Y114"),
    "escape-beyond-unicode": ('title: "\\U00110000"\n', "Y114"),
    "ten-megabytes": ("title: one\n" * 950_000, "Y102"),
    "one-long-line": (f"title: {'a' * FULL}\n", "S"),
    "one-long-key": (f"{'a' * FULL}: 1\n", "Y114"),
    "one-long-name-with-hyphens": (f"rule: {'a-' * (FULL // 2)}\n", "S"),
    "long-number": (f"salience: {'9' * FULL}\n", "Y110"),
    "long-decimal": (f"salience: 0.{'9' * FULL}\n", "Y110"),
    "long-number-with-commas": (f"salience: {'1,' * (FULL // 2)}x\n", "S"),
    "long-number-with-underscores": (f"salience: {'1_' * (FULL // 2)}x\n", "S"),
    "long-clock-time": (f"salience: {'1:' * (FULL // 2)}x\n", "S"),
    "long-number-of-300-digits": (f"salience: {'9' * 300}\n", "S"),
    "many-keys": ("".join(f"k{n}: 1\n" for n in range(100_000)), ""),
    "many-keys-on-one-line": ("{" + "".join(f"k{n}: 1, " for n in range(80_000)) + "}", ""),
    "many-items": ("[" + "1," * 100_000 + "]", ""),
    "many-keys-twice": ("a: 1\n" * 100_000, "Y119"),
    "many-keys-twice-on-one-line": ("{" + "a: 1, " * 100_000 + "}", "Y119"),
    "many-lines": ("\n" * FULL, "Y105"),
    "many-comments": ("# a\n" * 200_000, "Y105"),
    "many-documents": ("--- a\n" * 100_000, "Y106"),
    "many-directives": ("%FOO bar\n" * 90_000 + "--- a\n", "Y114"),
    "keys-twice-inside": ("a: {b: {c: 1, c: 2}, b: 1}\n", "Y119"),
    "merge-key": ("a: {<<: {b: 1}}\n", "Y118"),
    "merge-key-of-a-list": ("<<: [{a: 1}, {b: 2}]\n", "Y118"),
    "unclosed-quote-after-much": ("# a\n" * 225_000 + 'title: "', "Y114"),
    "unclosed-long-quote": (f"title: '{'a ' * (FULL // 2)}", "Y114"),
    "unclosed-long-lines-in-a-quote": ("title: '" + "a\n" * (FULL // 2), "Y114"),
    "tag-directive": ("%TAG ! tag:yaml.org,2002:python/\n---\ntitle: !name:os.system x\n", "Y116"),
    "newer-version-directive": ("%YAML 3.0\n---\ntitle: one\n", "Y114"),
    "empty": (b"", "Y105"),
    "byte-order-mark-only": (b"\xef\xbb\xbf", "Y105"),
    "byte-order-mark-twice": (b"\xef\xbb\xbf\xef\xbb\xbf", "Y105"),
    "null-key": ("? \n: 1\n", "S"),
    "control-characters-escaped": ('title: "\\0\\a\\e[31m"\n', "Y"),
}
"""Text or bytes, with the code (or its beginning) that must be among those given."""

SPECIAL: dict[tuple[str, str], str] = {
    ("rule", "many-unknown-premises"): many_premises(lambda n: f"  - customer_objecte{n}: {{is: true}}\n", 20_000),
    ("rule", "many-premises-of-one-fact"): many_premises(
        lambda n: f"  - price_increase: {{at_least: {n / 50}}}\n", 20_000
    ),
    ("rule", "many-ways-to-fire"): many_premises(lambda _: "  - price_after: {is_not: 5}\n", 15_000),
    ("rule", "many-operators-of-one-fact"): RULE.replace(
        "{at_least: 15}", "{" + "".join(f"at_leas{n}: 1, " for n in range(50_000)) + "}"
    ),
    ("rule", "many-examples"): RULE + "  - {title: a, given: {}, fires: true}\n" * 22_000,
    ("rule", "many-unknown-facts-in-an-example"): RULE.replace(
        "given: {", "given: {" + "".join(f"customer_object{n}: 1, " for n in range(30_000)), 1
    ),
    ("rule", "long-choice"): RULE.replace("{is: true}", f"{{is: {'a' * FULL}}}"),
    ("rule", "much-evidence"): RULE.replace(
        "{pricing: 0.7}", "{" + "".join(f"pricin{n}: 0.1, " for n in range(45_000)) + "}"
    ),
    ("case", "many-unknown-facts"): CASE.replace(
        "timeline:\n", "timeline:\n" + "  - {fact: price_increas, value: 1, side: us}\n" * 20_000
    ),
    ("case", "many-wrong-values"): CASE.replace(
        "timeline:\n", "timeline:\n" + "  - {fact: stated_reason, value: prise, side: us}\n" * 18_000
    ),
    ("case", "long-choice"): CASE.replace("value: price,", f"value: {'price' * (FULL // 5)},"),
    ("case", "long-date"): CASE.replace("date: 2009-03", f"date: {'2009-' * (FULL // 5)}"),
    ("case", "date-of-many-digits"): CASE.replace("lost: 2009", f"lost: {'2' * 300}"),
    ("case", "number-of-many-digits"): CASE.replace("value: 30", f"value: {'3' * 300}"),
    ("case", "range-of-many-digits"): CASE.replace("from: 100, to: 200", f"from: {'3' * 300}, to: {'4' * 300}"),
    ("case", "long-range"): CASE.replace("from: 100, to: 200", ", ".join(f"k{n}: 1" for n in range(80_000))),
}


def laid(kind: str, content: str | bytes, folder: Path) -> Path:
    """Write a file where it is read as a rule of a sound rule base (whose folder is returned), or as a case."""
    if kind == "rule":
        shutil.copytree(BASE, folder / "rules")
    path = folder / ("rules/pricing/hostile.yaml" if kind == "rule" else "hostile.yaml")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "rules" if kind == "rule" else path


@pytest.mark.parametrize("kind", ["rule", "case"])
@pytest.mark.parametrize("name", ANYWHERE)
def test_file(name: str, kind: str, reader: Reader, tmp_path: Path) -> None:
    content, code = ANYWHERE[name]
    answer = refuse(reader, kind, laid(kind, content, tmp_path))
    assert any(found.startswith(code) for found in answer["codes"])


@pytest.mark.parametrize(("kind", "name"), SPECIAL)
def test_large_file(kind: str, name: str, reader: Reader, tmp_path: Path) -> None:
    refuse(reader, kind, laid(kind, SPECIAL[kind, name], tmp_path))


@pytest.mark.parametrize("kind", ["rule", "case"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_version_directive_changes_nothing(version: str, kind: str, reader: Reader, tmp_path: Path) -> None:
    """What YAML 1.1 reads differently stays refused under `%YAML 1.1`, and a sound file stays sound."""
    (tmp_path / "sound").mkdir()
    directive = f"%YAML {version}\n---\n"
    answer = reader.read(kind, laid(kind, directive + SOUND[kind], tmp_path / "sound"))
    assert (answer["error"], answer["codes"]) == ("", [])
    answer = refuse(reader, kind, laid(kind, directive + SOUND[kind].replace("source: ", "source: no #"), tmp_path))
    assert answer["codes"] == ["Y107"]


@pytest.mark.parametrize("kind", ["rule", "case"])
def test_other_line_ends_and_a_byte_order_mark_change_nothing(kind: str, reader: Reader, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + SOUND[kind].replace("\n", "\r\n").encode()
    answer = reader.read(kind, laid(kind, content, tmp_path))
    assert (answer["error"], answer["codes"]) == ("", [])


# --- what a path may be -----------------------------------------------------------------------------------------------


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    home = Path.cwd()
    os.chdir(path.parent)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(home)


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.yaml")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_unreadable(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is unreadable to root")
    path.write_text("rule: hostile\n")
    path.chmod(0)


NO_FILES = (make_folder, make_pipe, make_socket, make_dangling_link, make_loop, make_endless, make_unreadable)


@pytest.mark.parametrize("kind", ["rule", "case"])
@pytest.mark.parametrize("make", NO_FILES, ids=[make.__name__ for make in NO_FILES])
def test_what_is_no_plain_file(make: Callable[[Path], None], kind: str, reader: Reader, tmp_path: Path) -> None:
    target = laid(kind, b"", tmp_path)
    path = target / "pricing" / "hostile.yaml" if kind == "rule" else target
    path.unlink()
    make(path)
    answer = refuse(reader, kind, target)
    assert set(answer["codes"]) <= {"Y101", "Y102"}


@pytest.mark.parametrize("name", ["vocabulary.yaml", "reasons.yaml"])
def test_a_pipe_in_place_of_the_vocabulary(name: str, reader: Reader, tmp_path: Path) -> None:
    target = laid("rule", RULE, tmp_path)
    (target / name).unlink()
    os.mkfifo(target / name)
    assert "Y101" in refuse(reader, "rule", target)["codes"]


def test_a_file_name_that_is_not_text(reader: Reader, tmp_path: Path) -> None:
    target = laid("rule", RULE, tmp_path)
    try:
        (target / "pricing" / "hostile.yaml").rename(target / "pricing" / os.fsdecode(b"\xff.yaml"))
    except OSError:
        pytest.skip("this file system takes only names that are text")
    refuse(reader, "rule", target)


def test_a_theme_that_leads_back_to_the_rules(reader: Reader, tmp_path: Path) -> None:
    target = laid("rule", RULE, tmp_path)
    (target / "loop").symlink_to(".")
    refuse(reader, "rule", target)


# --- random mutations of what is real ---------------------------------------------------------------------------------

ODD = "\0\t\r\x1b\x7f\x85\xa0\u2028\u2029\u200b\u202e\ufeff\ufffd\ufffe😀é漢\"'{}[]:,-#&*!|>%@`?~<=\\0123456789.eE_ \n"
WORDS = (
    "no",
    "1e5",
    "010",
    "12:30",
    "null",
    "unknown",
    "Unknown",
    "any",
    "not",
    "true",
    "{}",
    "[]",
    ".inf",
    "<<",
    "''",
)


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        text = chance.choice((_mutated_lines, _mutated_characters, _mutated_word))(text, chance)
    return text


def _mutated_lines(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[here]
        case 1:
            lines.insert(there, lines[here])
        case 2:
            lines[here], lines[there] = lines[there], lines[here]
        case _:
            lines[here] = " " * chance.randrange(6) + lines[here].lstrip(" ")
    return "".join(lines)


def _mutated_characters(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    match chance.randrange(4):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + text[place : place + 1] * 2 + text[place + 1 :]
        case 2:
            return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]
        case _:
            odd = chance.choice(ODD) if chance.random() < 0.7 else chr(chance.randrange(0xD800))
            return text[:place] + odd + text[place:]


def _mutated_word(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words[chance.randrange(len(words))] = chance.choice(WORDS)
    return " ".join(words)


def well_placed(issues: Sequence[Issue]) -> None:
    """Every issue can be worded, and its caret stands under a character of its line, or just behind it."""
    assert bool(render_issues(issues)) == bool(issues)
    for issue in issues:
        where = issue.location
        assert (where.line >= 1) == (where.column >= 1), "a whole file, or a place in it"
        assert 1 <= where.column <= len(where.text) + 1 or not where.text
        assert issue.what
        assert issue.why
        assert issue.fix


@pytest.mark.parametrize("seed", range(2))
def test_mutated_rules(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for name in ("vocabulary", "findings", "reasons", "accommodations"):
        shutil.copy(TOP / "rules" / f"{name}.yaml", tmp_path)
    (tmp_path / "theme").mkdir()
    originals = sorted((TOP / "rules").glob("*/*.yaml"))
    for number in range(700):
        original = chance.choice(originals)
        text = original.read_text(encoding="utf-8").replace(f"rule: {original.stem}", f"rule: mutant-{number}", 1)
        content = mutated(text, chance).encode("utf-8", "surrogatepass")
        (tmp_path / "theme" / f"mutant-{number}.yaml").write_bytes(content)
    draft = read_rules(tmp_path)
    check(draft)
    well_placed(draft.issues)
    told = {Path(issue.location.path).stem for issue in draft.issues if issue.severity == "error"}
    lost = {f"mutant-{number}" for number in range(700)} - told - set(draft.rules)
    assert lost == set(), "rules that were neither read nor refused"


@pytest.mark.parametrize("seed", range(2))
def test_mutated_cases(seed: int, tmp_path: Path) -> None:
    chance, rulebase = random.Random(seed), load(TOP / "rules")
    found = [*(TOP / "cases").glob("*.yaml"), *(TOP / "tests" / "situations").glob("*.yaml")]
    originals = [*sorted(found), SOUND_CASE]
    for _ in range(300):
        original = chance.choice(originals)
        path = tmp_path / original.name
        path.write_bytes(mutated(original.read_text(encoding="utf-8"), chance).encode("utf-8", "surrogatepass"))
        try:
            assert read_case(path, rulebase).title
        except CaseError as error:
            well_placed(error.issues)


def test_mutated_vocabularies(tmp_path: Path) -> None:
    chance = random.Random(0)
    names = ("vocabulary.yaml", "findings.yaml", "reasons.yaml", "accommodations.yaml")
    for number in range(100):
        folder, name = tmp_path / str(number), chance.choice(names)
        shutil.copytree(BASE, folder)
        text = mutated((BASE / name).read_text(encoding="utf-8"), chance)
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        draft = read_rules(folder)
        rulebase = check(draft)
        well_placed(draft.issues)
        assert rulebase is not None or any(issue.severity == "error" for issue in draft.issues)


if __name__ == "__main__":
    serve()
