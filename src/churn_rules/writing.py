"""Writes an answer to a file, whole or not at all.

Never leaves half a file behind: the text goes to a new file beside the old one, which then takes its place.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from churn_rules.errors import OutputError

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or leave what was there untouched. A pipe or a device is written to as it is.

    Raises:
        OutputError: It cannot be written: the folder is missing, the disk is full, or it is not ours to write.
    """
    try:
        target = path.resolve()  # what a link points to is replaced, and the link stays
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError up to Python 3.12
        raise OutputError(f"cannot write `{path}`: {error}") from None
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except FileNotFoundError:
        raise OutputError(f"cannot write `{path}`: there is no folder `{path.parent}`") from None
    except OSError as error:
        left = " What was there before is still there." if target.is_file() else ""
        raise OutputError(f"cannot write `{path}`: {error.strerror or error}.{left}") from None


def _replace(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name[:60]}.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
