"""A long run at full speed in the real window: does memory grow, does training slow down?

    python -m tests.bench.long.soak [--minutes 60]

Opens the window under an Xvfb of its own, trains a CNF whose solver steps are fixed, plays the stage, and prints at
21 moments the resident memory of engine and window and the training speed. Speed is training steps per second of the
engine's CPU time (all of its threads: training, looks, metrics), so that other work on the machine hardly counts.
Not part of `make bench`. Exit status 1 when something grows or slows down.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from pyvirtualdisplay import Display

ROOT = Path(__file__).resolve().parents[3]
WORKER_GROWTH_MB = 32.0
WINDOW_GROWTH_MB = 64.0
TIMELINE_MB = 512.0
SPEED_RATIO = 0.95
Row = dict[str, float]


def watch(seconds: float) -> list[Row]:
    """Run the window's process; its rows, printed as they come."""
    command = [sys.executable, "-m", "tests.bench.long._soak_child", str(seconds)]
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb"}
    rows: list[Row] = []
    print(
        f"{'step':>9}{'steps/CPU s':>13}{'worker MB':>11}{'window MB':>11}{'timeline MB':>13}{'frames':>8}", flush=True
    )
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows.append(json.loads(line))
            say(rows)
    if process.returncode:
        raise SystemExit(f"the window ended with status {process.returncode}")
    return rows


def say(rows: list[Row]) -> None:
    """Print the latest row, with the speed since the one before."""
    row = rows[-1]
    pace = f"{speed(rows[-2:]):.1f}" if len(rows) > 1 else "-"
    print(
        f"{row['step']:>9.0f}{pace:>13}{row['worker_mb']:>11.1f}{row['window_mb']:>11.1f}"
        f"{row['timeline_mb']:>13.1f}{row['frames']:>8.0f}",
        flush=True,
    )


def speed(rows: list[Row]) -> float:
    """Training steps per second of the engine's CPU time between the first and the last of these rows."""
    return (rows[-1]["step"] - rows[0]["step"]) / (rows[-1]["cpu_s"] - rows[0]["cpu_s"])


def judge(rows: list[Row]) -> bool:
    """Print the verdicts; whether all hold."""
    tenth = (len(rows) - 1) // 10
    begin, end = rows[tenth], rows[-1]  # the first tenth fills caches and pools
    grown = {name: end[name] - begin[name] for name in ("worker_mb", "window_mb", "timeline_mb")}
    beyond = grown["window_mb"] - grown["timeline_mb"]
    ratio = speed(rows[-1 - tenth :]) / speed(rows[: tenth + 1])
    steps = (begin["solver_steps"], end["solver_steps"])
    verdicts = [
        ("solver steps at the end over those at the beginning", steps[1] / steps[0], "", steps[0] == steps[1], "== 1"),
        ("growth of the engine's memory", grown["worker_mb"], "MB", grown["worker_mb"] <= WORKER_GROWTH_MB, "<= 32"),
        ("growth of the window's memory beyond its frames", beyond, "MB", beyond <= WINDOW_GROWTH_MB, "<= 64"),
        ("frames kept", end["timeline_mb"], "MB", end["timeline_mb"] <= TIMELINE_MB, "<= 512"),
        ("speed of the last tenth over the first", ratio, "", ratio >= SPEED_RATIO, ">= 0.95"),
    ]
    for name, value, unit, holds, bound in verdicts:
        print(f"{name:<54}{value:>9.3f} {unit:<3}{bound:<9}{'holds' if holds else 'FALLS SHORT'}")
    return all(holds for _, _, _, holds, _ in verdicts)


def main() -> int:
    """Watch, then judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to watch, after 20 s of warm-up")
    arguments = parser.parse_args()
    with Display(visible=False, size=(1400, 900)):
        rows = watch(60 * arguments.minutes)
    return 0 if judge(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
