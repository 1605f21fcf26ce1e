"""Writing a file so that it is there whole or not at all.

Never leaves half a file behind, and never touches the old one before the new one is complete.
"""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write a text to a file: beside it first, then in its place, so that a reader meets the old or the new one whole.

    A link is followed; a device or pipe is written to directly; an existing file keeps its permissions.

    Raises:
        OSError: It cannot be written (no such folder, disk full, no permission); what was there is still there.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    beside = path.with_name(f".{token_hex(8)}.tmp")
    try:
        _write_new(beside, text)
        if path.exists():
            beside.chmod(path.stat().st_mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
