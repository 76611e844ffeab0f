"""A person's first ten minutes, by mouse and keyboard in the real window with the real engine; run by test_real_window.

Arguments: a folder for the film. Prints one JSON object of what was seen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from flowviz.engine.process import ProcessBackend
from flowviz.engine.studio import ProcessStudio
from flowviz.gui.main_window import MainWindow
from flowviz.gui.theme.theme import Theme
from flowviz.targets import HasLogDensity, build

LONGEST_MS = 60_000


def wait_for(signal: object, condition: object, what: str, longest_ms: int = LONGEST_MS) -> None:
    """Run the event loop until the condition holds; it is asked whenever the signal comes."""
    if condition():  # type: ignore[operator]
        return
    loop = QEventLoop()

    def look(*_: object) -> None:
        if condition():  # type: ignore[operator]
            loop.quit()

    signal.connect(look)  # type: ignore[attr-defined]
    QTimer.singleShot(longest_ms, lambda: loop.exit(1))
    failed = loop.exec()
    signal.disconnect(look)  # type: ignore[attr-defined]
    assert not failed, f"waited in vain for {what}"


def drag(widget: QWidget, points: list[QPoint]) -> None:
    """Press at the first point, move along the others, release at the last."""
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[0])
    for point in points[1:]:
        QTest.mouseMove(widget, point)
        QApplication.processEvents()
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[-1])


def draw_a_bar(window: MainWindow) -> None:
    """Draw one horizontal stroke at y = 1 from x = -2 to 2."""
    panel, surface = window.target_panel, window.canvas.surface
    QTest.mouseClick(panel.page.browser.draw_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert surface.isVisible(), "Draw did not open the canvas"
    drag(surface, [surface.to_widget(x, 1.0).toPoint() for x in np.linspace(-2, 2, 25)])
    assert window.draft.target.key == "drawing"


def press_run_briefly(window: MainWindow) -> None:
    """Wait for the engine, press Run, wait for the first picture."""
    wait_for(window.engine.ready_changed, lambda: window.engine.ready is not None, "the engine")
    QTest.mouseClick(window.top_bar.run_button, Qt.MouseButton.LeftButton)
    wait_for(window.run.frames_changed, lambda: len(window.run.timeline) > 0, "a frame")


def press_run(window: MainWindow) -> None:
    """Press Run, wait until the flow has found the bar."""
    press_run_briefly(window)
    timeline = window.run.timeline
    wait_for(window.run.frames_changed, lambda: len(timeline) >= 4 and window.run.step >= 120, "frames")


def scrub(window: MainWindow) -> None:
    """Stop, then drag the training clock to its beginning and the flow clock to its middle."""
    QTest.mouseClick(window.top_bar.stop_button, Qt.MouseButton.LeftButton)
    wait_for(window.run.status_changed, lambda: window.run.status == "stopped", "the end of training")
    assert window.cursor_state.follow_latest
    track = window.clocks.training.track
    middle = track.height() // 2
    drag(track, [QPoint(x, middle) for x in (track.width() - 12, track.width() // 2, 4)])
    track = window.clocks.flow.track
    drag(track, [QPoint(x, track.height() // 2) for x in (20, track.width() // 2)])


def export(window: MainWindow, folder: Path) -> Path:
    """File > Export film, by its shortcut."""
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    QApplication.processEvents()
    dialog = window.films.dialog
    assert dialog is not None and dialog.isVisible()
    path = folder / "film.mp4"
    dialog.path_edit.setText(str(path))
    dialog.form.findChild(QWidget, "film_seconds").setValue(1.0)  # type: ignore[attr-defined]
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    wait_for(dialog.ended, path.exists, "the film")
    return path


def main(folder: Path) -> dict[str, object]:
    """The journey; what was seen on the way."""
    application = QApplication(sys.argv[:1])
    backend = ProcessBackend()
    window = MainWindow(backend, ProcessStudio(), Theme(application, "dark"), None)
    window.resize(1280, 800)
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    draw_a_bar(window)
    target = build(window.draft.target)
    assert isinstance(target, HasLogDensity)
    press_run(window)
    scrub(window)
    seen: dict[str, object] = {"platform": application.platformName()}
    seen["shown_step"], seen["follow"] = window.presenter.frame.step, window.cursor_state.follow_latest  # type: ignore[union-attr]
    seen["t"], seen["steps"] = window.cursor_state.t, window.run.step
    first, last = window.run.timeline.frames[0], window.run.timeline.frames[-1]
    seen["first_log_density"] = float(np.mean(target.log_density(first.paths[-1]) > -20))
    seen["last_log_density"] = float(np.mean(target.log_density(last.paths[-1]) > -20))
    seen["last_mean"] = last.paths[-1].mean(axis=0).tolist()
    wait_for(window.presenter.shown, lambda: window.presenter.is_idle, "the picture")
    picture = window.stage.grab().toImage()
    centre = QPointF(picture.width() / 2, picture.height() / 2)
    seen["colours"] = len({picture.pixel(x, round(centre.y())) for x in range(picture.width())})
    seen["film"] = str(export(window, folder))
    pid = backend.pid
    window.close()
    QApplication.processEvents()
    seen["worker_is_gone"] = not Path(f"/proc/{pid}").exists()
    seen["torch"] = "torch" in sys.modules
    return seen


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
