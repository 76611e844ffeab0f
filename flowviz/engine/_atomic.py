"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from flowviz.core.errors import FileError


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file to write to; it takes the place of `path` only when the block ends without an error.

    Raises:
        FileError: the folder is not there, may not be written to, or the disk is full.
    """
    final = Path(path)
    if final.is_dir():
        raise FileError(f"{final} is a folder.", "Give the name of a file.")
    if not final.parent.is_dir():
        raise FileError(f"The folder {final.parent} does not exist.", "Create it first, or choose another.")
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
        _sync_folder(final.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(
            f"{final} could not be written: {reason}.", "Choose another folder, or free some space."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut; not possible (and not needed) on Windows."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
