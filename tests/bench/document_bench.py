"""Sessions: how large a file is, and how late the window's events are while it is written."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench._measure import Measurement

ROOT = Path(__file__).resolve().parents[2]
RAW_MB = (80 + 4 * 32) * 2000 * 33 * 2 * 4 / 1e6
"""The paths of the frames that the file keeps, as float32."""


def measure() -> list[Measurement]:
    """A session of five runs, the one on the stage with 300 whole frames of 2000 particles."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench._document_child", folder]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=200)
    seen = json.loads(answer.stdout.splitlines()[-1])
    return [
        Measurement("session file over its paths as float32", seen["MB"] / RAW_MB, "ratio", 0.4),
        Measurement("session file", seen["MB"], "MB"),
        Measurement("autosaved file", seen["autosave_MB"], "MB"),
        Measurement("autosave takes", seen["autosave_s"], "s"),
        Measurement("10 ms timer late, at worst: idle", seen["idle_ms"], "ms"),
        Measurement("10 ms timer late, at worst: during an autosave", seen["autosave_ms"], "ms", 50.0),
        Measurement("10 ms timer late, at worst: during a save", seen["save_ms"], "ms", 100.0),
    ]
