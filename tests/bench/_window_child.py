"""One process of the window's benchmark: `with` opens the real window and trains, `alone` trains without one."""

from __future__ import annotations

import gc
import json
import os
import sys
import time

from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec

WARM_UP_S = 4.0
MEASURE_S = 10.0
TICK_S = 0.010


def spec() -> RunSpec:
    """The run that is measured: long enough not to end on its own."""
    return RunSpec(TargetSpec("pinwheel", name="Pinwheel"), FlowSpec("cnf"), Budget(seconds=600))


def alone() -> dict[str, float]:
    """Steps per second of wall time in the engine's own process, its events taken as the window takes them."""
    from flowviz.core.backend import Ready, RunMessage
    from flowviz.core.events import Losses
    from flowviz.engine.process import ProcessBackend

    backend = ProcessBackend()
    while not any(isinstance(event, Ready) for event in backend.drain()):
        time.sleep(0.02)
    backend.start(spec())
    begin = time.perf_counter()
    first: tuple[float, int] | None = None
    now, step = begin, 0
    while now - begin < WARM_UP_S + MEASURE_S:
        time.sleep(0.033)
        now = time.perf_counter()
        for event in backend.drain():
            if isinstance(event, RunMessage) and isinstance(event.event, Losses) and len(event.event.steps):
                step = int(event.event.steps[-1])
        if first is None and now - begin > WARM_UP_S:
            first = (now, step)
    assert first is not None
    backend.close()
    return {"steps_per_second": (step - first[1]) / (now - first[0])}


def with_window() -> dict[str, float]:
    """The same run in the real window, its stage playing."""
    gc.disable()  # so does flowviz.__main__
    import flowviz.core.quiet_numpy
    import flowviz.gui.plain_imports  # isort: skip  # noqa: F401
    from PySide6.QtCore import Qt, QTimer

    from flowviz.app import open_window
    from flowviz.gui.application import Application
    from flowviz.gui.opening import FirstPaint

    started = float(os.environ["FLOWVIZ_BENCH_START"])
    result: dict[str, float] = {}
    application = Application(sys.argv[:1])
    window = open_window(application)

    def seen() -> None:
        result["window_s"] = time.time() - started
        rearm()

    late: list[float] = []
    marks: dict[str, tuple[float, float]] = {}
    pictures = [0]
    due = [0.0]

    def tick() -> None:
        late.append(time.perf_counter() - due[0])
        rearm()

    def rearm() -> None:
        due[0] = time.perf_counter() + TICK_S
        timer.start()

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.setInterval(round(1000 * TICK_S))
    timer.timeout.connect(tick)

    def start_run() -> None:
        window.draft.set_budget(spec().budget)
        result["pressed"] = time.perf_counter()
        window.run_controller.run_or_pause()
        QTimer.singleShot(round(1000 * WARM_UP_S), begin)

    def on_ready() -> None:
        if window.engine.ready is not None and "pressed" not in result:
            result["ready_s"], result["pressed"] = time.time() - started, 0.0
            result["opening_max_ms"] = 1000 * max(late, default=0.0)
            timer.stop()
            QTimer.singleShot(500, start_run)

    def shown(picture: object) -> None:
        pictures[0] += 1
        result.setdefault("picture_s", time.time() - started)
        moves = getattr(getattr(picture, "job", None), "frame", None) is not None and window.cursor_state.t > 0
        if moves and "motion_s" not in result:
            result["motion_s"] = time.perf_counter() - result["pressed"]

    def begin() -> None:
        marks["begin"] = (time.perf_counter(), window.run.step)
        pictures[0] = 0
        window.playback.play(True)
        late.clear()
        rearm()
        QTimer.singleShot(round(1000 * MEASURE_S), end)

    def end() -> None:
        now = time.perf_counter()
        t0, step0 = marks["begin"]
        timer.stop()
        ordered = sorted(late)
        result["steps_per_second"] = (window.run.step - step0) / (now - t0)
        result["pictures_per_second"] = pictures[0] / (now - t0)
        result["late_p50_ms"] = 1000 * ordered[len(ordered) // 2]
        result["late_p99_ms"] = 1000 * ordered[int(0.99 * len(ordered))]
        result["late_max_ms"] = 1000 * ordered[-1]
        window.close()
        application.quit()

    FirstPaint(window.top_bar).painted.connect(seen)
    window.resize(1280, 800)
    window.presenter.shown.connect(shown)
    window.engine.ready_changed.connect(on_ready)
    application.exec()
    return result


if __name__ == "__main__":
    print(json.dumps(alone() if sys.argv[1] == "alone" else with_window()))
