"""A window with a heavy session: how late its event loop is while nothing happens, while it autosaves, while it saves.

Argument: a folder. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "gui"))

from scripted import NoStudio, ScriptedBackend, until

from flowviz.core.frames import Frame
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.session import Session
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec, frozen_array
from flowviz.engine.session_file import SessionFiles
from flowviz.gui.main_window import MainWindow
from flowviz.gui.theme.theme import Theme
from tests.bench.painter_bench import swirl

FRAMES, EARLIER, TICK_MS = 300, 4, 10


def heavy() -> Session:
    """A run of 300 whole frames on the stage (158 MB of paths) and four earlier ones."""
    spec, first = RunSpec(TargetSpec("pinwheel"), FlowSpec("cnf")), swirl(2000)
    frames = tuple(_frame(first, i) for i in range(FRAMES))
    steps = np.arange(10 * FRAMES)
    record = RunFile(spec, frames, steps, {"loss": np.exp(-steps / 500.0)}, {})
    earlier = replace(record, frames=frames[::4])
    entries = [RunEntry(i + 1, f"Run {i + 1}", record=record if i == EARLIER else earlier) for i in range(EARLIER + 1)]
    return Session(spec, {}, {}, tuple(entries), EARLIER + 1)


def _frame(first: Frame, i: int) -> Frame:
    weights = {"w": frozen_array(np.full(5000, i, np.float32))}
    return replace(first, step=10 * i, paths=frozen_array(first.paths * np.float32(1 - 0.001 * i)), weights=weights)


def lateness(begin: Callable[[], None], is_over: Callable[[], bool], least_s: float) -> list[float]:
    """Milliseconds by which a 10 ms timer is late until something is over."""
    late: list[float] = []
    loop, timer, start = QEventLoop(), QTimer(), time.perf_counter()
    last = [start]

    def tick() -> None:
        now = time.perf_counter()
        late.append(1000 * (now - last[0]) - TICK_MS)
        last[0] = now
        if now - start >= least_s and is_over():
            loop.quit()

    timer.setTimerType(timer.timerType().PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    QTimer.singleShot(5 * TICK_MS, begin)
    loop.exec()
    timer.stop()
    return late


def main(folder: Path) -> dict[str, float]:
    """What is measured."""
    application = QApplication(sys.argv[:1])
    window = MainWindow(ScriptedBackend(), NoStudio(), Theme(application, "dark"))
    documents = window.keep_documents(SessionFiles(), folder / "autosave")
    window.resize(1280, 800)
    window.show()
    until(lambda: window.engine.ready is not None and not window.target_panel.is_busy())
    documents._show(heavy())
    window.playback.play(False)
    documents.document.touch()
    until(lambda: window.presenter.is_idle)
    document, autosave = documents.document, documents.autosave
    autosave._timer.stop()
    seen = {
        "idle": lateness(lambda: None, lambda: True, 2.0),
        "autosave": lateness(autosave.write, lambda: autosave.is_up_to_date, 0.0),
        "save": lateness(lambda: document.save(str(folder / "a")), lambda: not document.is_busy, 0.2),
    }
    result = {f"{name}_ms": max(late) for name, late in seen.items()}
    result |= {f"{name}_s": len(late) * TICK_MS / 1000 + sum(late) / 1000 for name, late in seen.items()}
    result["MB"] = (folder / "a.flowviz").stat().st_size / 1e6
    result["autosave_MB"] = next((folder / "autosave").glob("*.flowviz")).stat().st_size / 1e6
    documents._may_close = True
    window.close()
    return result


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
