"""`flowviz desktop`: an entry in the menu of a Linux desktop, and .flowviz files that open with a double click."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from flowviz.cli_base import DONE
from flowviz.core.errors import FileError, UserError
from flowviz.core.resources import resource

NAME = "org.flowviz.explorer"


def add_desktop(desktop: argparse.ArgumentParser) -> None:
    """The command's options."""
    desktop.add_argument("--remove", action="store_true", help="take it out again")
    desktop.set_defaults(command=run_desktop)


def places() -> dict[str, Path]:
    """Where the desktop looks for the entry, the file type and the icon of one person."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return {
        "entry": data / "applications" / f"{NAME}.desktop",
        "type": data / "mime" / "packages" / f"{NAME}.xml",
        "icon": data / "icons" / "hicolor" / "scalable" / "apps" / f"{NAME}.svg",
    }


def run_desktop(options: argparse.Namespace) -> int:
    """Install or remove; returns the exit status.

    Raises:
        UserError: this is no Linux desktop.
        FileError: the files cannot be written.
    """
    if not sys.platform.startswith("linux"):
        hint = "On macOS the app brings its file type along; on Windows choose flowviz once with Open with."
        raise UserError("Only Linux desktops are set up by this command.", hint)
    found = places()
    try:
        if options.remove:
            for path in found.values():
                path.unlink(missing_ok=True)
        else:
            _install(found)
    except OSError as error:
        raise FileError(f"{error.filename} could not be written: {error.strerror}.", "Check its rights.") from None
    _refresh(found)
    print("Removed from the desktop." if options.remove else f"In the desktop's menu; started as {program()}.")
    return DONE


def program() -> str:
    """How this flowviz is started, quoted as a desktop entry wants it."""
    if getattr(sys, "frozen", False):
        words = [sys.executable]
    else:
        beside = Path(sys.executable).with_name("flowviz")
        words = [str(beside)] if beside.is_file() else [sys.executable, "-m", "flowviz"]
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """By the Desktop Entry Specification, "The Exec key"."""
    if not set(word) & set(" \t\n\"'\\><~|&;$*?#()`"):
        return word.replace("%", "%%")
    escaped = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in word)
    return f'"{escaped}"'.replace("\\", "\\\\").replace("%", "%%")


def _install(found: dict[str, Path]) -> None:
    for path in found.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    entry = resource(f"desktop/{NAME}.desktop").read_text(encoding="utf-8")
    found["entry"].write_text(entry.replace("Exec=flowviz", f"Exec={program()}"), encoding="utf-8")
    shutil.copyfile(resource(f"desktop/{NAME}.xml"), found["type"])
    shutil.copyfile(resource("icons/app.svg"), found["icon"])


def _refresh(found: dict[str, Path]) -> None:
    """Tell the desktop, where it has the programs for that; most notice by themselves."""
    mime, applications = found["type"].parents[1], found["entry"].parent
    for command in (["update-mime-database", str(mime)], ["update-desktop-database", str(applications)]):
        if shutil.which(command[0]) and Path(command[1]).is_dir():
            subprocess.run(command, check=False, capture_output=True)
