"""The proof that nothing acknowledged is lost: interviews that are killed at any moment, and gone on with.

Each round starts `churn-rules ask` in a pipe on one file, answers what it asks, and kills it (SIGKILL) at a random
moment. After every kill the file must be a sound case that holds every answer which was acknowledged, and no more than
the one that was on its way.

    python -m tests.kills --kills 500 --seed 1
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from churn_rules.certificate import verify
from churn_rules.loading import load
from churn_rules.reading import read_case
from churn_rules.rulebase import Rulebase

__all__ = ["Tally", "killed"]

_ASK = [sys.executable, "-u", "-c", "from churn_rules.cli import main; main()", "ask"]
_ACKNOWLEDGED = "Noted: "
_PROMPT = ": "


@dataclass
class Tally:
    """What came of all kills: how many, how many answers were acknowledged, how many interviews ended, and faults."""

    kills: int = 0
    acknowledged: int = 0
    ended: int = 0
    faults: tuple[str, ...] = ()


class _Session:
    """One process that asks, and what it acknowledged so far."""

    def __init__(self, file: Path) -> None:
        arguments = [str(file)] if file.exists() else [str(file), "--title", "Acme", "--lost", "2009"]
        self._process = subprocess.Popen(
            [*_ASK, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "200"},
        )
        self.acknowledged = 0
        self.asks = threading.Event()
        self._text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        while chunk := os.read(self._process.stdout.fileno(), 65536):
            self._text += chunk.decode(errors="replace")
            self.acknowledged = self._text.count(_ACKNOWLEDGED)
            if self._text.endswith(_PROMPT):
                self.asks.set()
        self.asks.set()

    def answer(self, text: str) -> None:
        assert self._process.stdin
        self.asks.clear()
        try:
            self._process.stdin.write(f"{text}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            self.asks.set()

    @property
    def is_at_end(self) -> bool:
        """Whether it shows all answers, and asks whether to conclude."""
        return self._text.endswith("change that answer: ")

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kill the process, and read what it still said before that."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(20)
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):  # an answer that was still on its way
            self._process.stdin.close()
        self._process.stdout.close()


def killed(folder: Path, kills: int, seed: int, rulebase: Rulebase) -> Tally:
    """Interview and kill, so many times; a file whose interview ended is followed by a new one."""
    rng, tally, number = Random(seed), Tally(), 0
    file = folder / f"acme-{number}.yaml"
    kept = 0
    while tally.kills < kills:
        session = _Session(file)
        moment = time.monotonic() + rng.expovariate(1 / 0.9)
        while time.monotonic() < moment and not session.is_over:
            if session.asks.wait(max(0.0, min(0.05, moment - time.monotonic()))):
                session.answer("" if session.is_at_end else rng.choice(("u", "1", "2", "y", "n", "1 4 u 7", "30", "5")))
        over = session.is_over
        session.kill()
        tally.kills += not over
        tally.acknowledged += session.acknowledged
        fault, kept = _look_at(file, kept, session, rulebase)
        tally.faults += (f"kill {tally.kills} (seed {seed}): {fault}",) if fault else ()
        if over:
            tally.ended += 1
            number, kept = number + 1, 0
            file = folder / f"acme-{number}.yaml"
    return tally


def _look_at(file: Path, kept: int, session: _Session, rulebase: Rulebase) -> tuple[str, int]:
    """Return what is wrong with a file after a kill, and how many answers it holds."""
    lines = len(rulebase.asking.checklist)
    acknowledged = session.acknowledged + (lines - 1 if session.acknowledged and not kept else 0)
    if not file.exists():
        return ("the file is gone" if kept or acknowledged else ""), 0
    case = read_case(file, rulebase)
    assert case.interview, "the file holds an interview"
    held = len(case.interview.answers)
    in_flight = lines if not kept and not acknowledged else 1  # answered, saved, and killed before it was acknowledged
    if not kept + acknowledged <= held <= kept + acknowledged + in_flight:
        return f"{held} answers are held, and {kept + acknowledged} were acknowledged", held
    if case.certificate and (wrong := verify(rulebase, case)):
        return f"the certificate is not proved: {wrong}", held
    return "", held


def main() -> int:
    """Run the proof; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description="Prove that no answer is ever lost.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = killed(Path(folder), asked.kills, asked.seed, load())
    sys.stdout.write(
        f"{tally.kills} kills in {time.monotonic() - began:.0f} s, {tally.acknowledged} answers acknowledged, "
        f"{tally.ended} interviews ended, {len(tally.faults)} faults\n"
    )
    sys.stdout.write("".join(f"{fault}\n" for fault in tally.faults))
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
