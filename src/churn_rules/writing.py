"""Writes an answer to a file, whole or not at all.

Never leaves half a file behind: it goes to a new file beside the old one, which then takes its place.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from churn_rules.errors import OutputError

__all__ = ["replacing", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or leave what was there untouched. A pipe or a device is written to as it is.

    Raises:
        OutputError: It cannot be written: the folder is missing, the disk is full, or it is not ours to write.
    """
    with replacing(path) as beside:
        beside.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write to, which takes the place of `path` once all is written; else what was there stays.

    A pipe or a device is given as it is. What is half written is removed; where the process is killed it stays beside
    the target, under a name that begins with a dot and ends in `.new`.

    Raises:
        OutputError: It cannot be written: the folder is missing, the disk is full, or it is not ours to write.
    """
    try:
        target = path.resolve()  # what a link points to is replaced, and the link stays
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError up to Python 3.12
        raise OutputError(f"cannot write `{path}`: {error}") from None
    try:
        if target.exists() and not target.is_file():
            yield target
        else:
            with _replaced(target) as beside:
                yield beside
    except FileNotFoundError:
        raise OutputError(f"cannot write `{path}`: there is no folder `{path.parent}`") from None
    except OutputError:
        raise
    except OSError as error:
        left = " What was there before is still there." if target.is_file() else ""
        raise OutputError(f"cannot write `{path}`: {error.strerror or error}.{left}") from None


@contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    beside = target.with_name(f".{target.name[:60]}.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        beside.open("xb").close()
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
