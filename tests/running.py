"""How a test sees a run of the program, be it in this process (the fixture `run`) or in one of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Ended", "Run"]


class Ended(NamedTuple):
    """How a run of the program ended."""

    code: int | str | None
    out: str
    err: str


Run = Callable[..., Ended]
