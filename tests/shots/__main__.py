"""`python -m tests.shots FOLDER [state ...]`: screenshots of every state of the real window, with the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pyvirtualdisplay import Display

ROOT = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> int:
    """Take the pictures on a screen of its own; 1 when a state could not be reached."""
    folder = Path(words[0] if words else "shots").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with Display(visible=False, size=(2000, 1300)) as display:
        environment = os.environ | {"DISPLAY": display.new_display_var, "QT_QPA_PLATFORM": "xcb"}
        command = [sys.executable, "-m", "tests.shots._states", str(folder), *words[1:]]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
