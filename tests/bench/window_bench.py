"""The window: how fast it opens, how soon particles move, how late its event loop is, what it costs the training."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from pyvirtualdisplay import Display

from tests.bench._measure import Measurement

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 2


def child(kind: str) -> dict[str, float]:
    """Run one process of the benchmark."""
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "FLOWVIZ_BENCH_START": repr(time.time())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without compiled modules no start is a warm one
    command = [sys.executable, "-m", "tests.bench._window_child", kind]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120)
    result: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return result


def measure() -> list[Measurement]:
    """Alone and with a window by turns, so that the machine's other work meets both."""
    with Display(visible=False, size=(1400, 900)):
        pairs = [(child("alone"), child("with")) for _ in range(ROUNDS)]
    windows = [window for _, window in pairs]

    def middle(name: str) -> float:
        return statistics.median(window[name] for window in windows)

    ratio = statistics.median(window["steps_per_second"] / alone["steps_per_second"] for alone, window in pairs)
    return [
        Measurement("window on the screen after a warm start", min(w["window_s"] for w in windows), "s", 1.0),
        Measurement("first picture on its stage", min(w["picture_s"] for w in windows), "s"),
        Measurement("longest wait of its event loop until the engine is ready", middle("opening_max_ms"), "ms", 250.0),
        Measurement("engine ready after a warm start", min(w["ready_s"] for w in windows), "s", 5.0),
        Measurement("first motion after Run", middle("motion_s"), "s", 1.0),
        Measurement("10 ms timer late while training, 99th percentile", middle("late_p99_ms"), "ms", 5.0),
        Measurement("10 ms timer late while training, median", middle("late_p50_ms"), "ms"),
        Measurement("pictures of the live stage", middle("pictures_per_second"), "1/s", 27.0, "higher"),
        Measurement("training speed with the window over without", ratio, "ratio", 0.9, "higher"),
    ]
