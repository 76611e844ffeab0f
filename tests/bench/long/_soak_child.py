"""The process of the soak benchmark that opens the real window, trains in it and measures itself and its engine."""

from __future__ import annotations

import json
import sys

import psutil
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from flowviz.app import open_window
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.gui.main_window import MainWindow

MARKS = 20
WARM_UP_MS = 20_000
# Solver steps that never change: one training step costs the same at the end as at the beginning.
FLOW = FlowSpec("cnf", {"solver": "midpoint", "solver_error": 0.0, "solver_steps": 10})


def spec(seconds: float) -> RunSpec:
    """The run: it lasts a little longer than it is watched."""
    return RunSpec(TargetSpec("pinwheel", name="Pinwheel"), FLOW, Budget(seconds=1.2 * seconds + 120), device="cpu")


class Watch(QObject):
    """Presses Run when the engine is ready, and says at equal intervals how large and how fast everything is.

    Args:
        window: the real window.
        seconds: how long to watch after the warm-up.
    """

    def __init__(self, window: MainWindow, seconds: float) -> None:
        super().__init__()
        self._window = window
        self._spec = spec(seconds)
        self._pressed = False
        self._timer = QTimer(self)
        self._timer.setInterval(round(1000 * seconds / MARKS))
        self._timer.timeout.connect(self.mark)
        self._marks = 0
        window.engine.ready_changed.connect(self.press)
        window.run.failed.connect(self.give_up)

    @Slot()
    def press(self) -> None:
        """Run, as soon as there is an engine."""
        if self._window.engine.ready is None or self._pressed:
            return
        self._pressed = True
        self._window.draft.take(self._spec)
        QTimer.singleShot(500, self._window.run_controller.run_or_pause)
        QTimer.singleShot(WARM_UP_MS, self.begin)

    @Slot()
    def begin(self) -> None:
        """The first mark; the stage plays from now on."""
        self._window.playback.play(True)
        self._timer.start()
        self._say()

    @Slot()
    def mark(self) -> None:
        """One more mark; after the last one, close."""
        self._say()
        self._marks += 1
        if self._marks == MARKS:
            self._window.close()
            QApplication.quit()

    @Slot(str, str, str)
    def give_up(self, message: str, hint: str, details: str) -> None:
        """A failed run ends the benchmark."""
        print(message, hint, details, file=sys.stderr)
        self._window.close()
        QApplication.exit(1)

    def _say(self) -> None:
        worker = psutil.Process(self._window.backend.pid)
        times = worker.cpu_times()
        row = {
            "step": self._window.run.step,
            "cpu_s": times.user + times.system,
            "worker_mb": worker.memory_info().rss / 2**20,
            "window_mb": psutil.Process().memory_info().rss / 2**20,
            "timeline_mb": self._window.run.timeline.nbytes / 2**20,
            "frames": len(self._window.run.timeline),
            "solver_steps": int(self._window.run.timeline.frames[-1].weights["steps"][1]),
        }
        print(json.dumps(row), flush=True)


def main() -> int:
    """Watch for as many seconds as the first argument says."""
    application = QApplication(sys.argv[:1])
    window = open_window(application)
    watch = Watch(window, float(sys.argv[1]))
    watch.press()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
