"""Where unexpected errors are written down."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths

_MOST = 200_000


def log_path() -> Path:
    """The log file; it may not be there."""
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))
    return folder / "flowviz.log"


def log_text() -> str:
    """The newest part of the log, or what can be said instead."""
    path = log_path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "Nothing has been written down yet."
    except OSError as error:
        return f"The log {path} cannot be read: {error.strerror or error}."
    return data[-_MOST:].decode("utf-8", errors="replace")
