"""The states of the window that a person can meet, each reached as a person would and photographed."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from flowviz.core.spec import Budget, TargetSpec
from flowviz.engine.process import ProcessBackend
from flowviz.engine.session_file import SessionFiles
from flowviz.engine.studio import ProcessStudio
from flowviz.gui.main_window import MainWindow
from flowviz.gui.theme.theme import Theme
from flowviz.gui.widgets.shortcut_sheet import ShortcutSheet
from flowviz.scene.resolve import modes as every_mode
from tests.app._journey import drag, draw_a_bar, wait_for


class Photographer:
    """One window, and the pictures of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.application = QApplication(sys.argv[:1])
        self.backend = ProcessBackend()
        self.theme = Theme(self.application, "dark")
        self.window = MainWindow(self.backend, ProcessStudio(), self.theme, None)
        self.resize(1280, 800)
        self.window.show()
        self.window.activateWindow()
        assert QTest.qWaitForWindowActive(self.window)

    def resize(self, width: int, height: int) -> None:
        self.window.resize(width, height)
        QApplication.processEvents()

    def shoot(self, name: str) -> None:
        """A picture of the window and what floats above it, once the stage shows everything."""
        window = self.window
        QTest.qWait(400)  # plots are drawn at leisure, a live stage thirty times a second
        if window.cursor_state.playing and len(window.run.timeline):
            self._wait_for_pictures(2)  # one may have been on its way
        wait_for(window.presenter.shown, lambda: window.presenter.is_idle or window.cursor_state.playing, "the picture")
        QTest.qWait(60)  # shown is not yet on the screen
        above = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.isWindow() and w is not window]
        place = window.frameGeometry()
        for widget in above:
            place = place.united(widget.frameGeometry())
        picture = window.screen().grabWindow(0, place.x(), place.y(), place.width(), place.height())
        assert picture.save(str(self.folder / f"{name}.png"))
        print(name, flush=True)

    def _wait_for_pictures(self, count: int) -> None:
        """So many new pictures on a stage that plays."""
        seen: list[object] = []
        count_one = seen.append
        self.window.presenter.shown.connect(count_one)
        wait_for(self.window.presenter.shown, lambda: len(seen) >= count, "a new picture")
        self.window.presenter.shown.disconnect(count_one)

    def run(self, target: TargetSpec, method: str, steps: int, budget: Budget = Budget()) -> None:  # noqa: B008
        """Train a method on a target until that many steps are done."""
        window = self.window
        wait_for(window.engine.ready_changed, lambda: window.engine.ready is not None, "the engine")
        window.target_panel.show_ends(target, None)
        window.draft.set_target(target)
        window.draft.set_method(method)
        window.draft.set_budget(budget)
        window.run_controller.restart()
        wait_for(
            window.run.progress_changed,
            lambda: window.run.step >= steps or window.run.status in ("finished", "failed"),
            f"{steps} steps",
            longest_ms=600_000,  # another program may have the processor
        )

    def stop(self) -> None:
        self.window.run_controller.stop()
        wait_for(self.window.run.status_changed, lambda: not self.window.run.is_active, "the end of training")

    def at(self, t: float) -> None:
        self.window.playback.play(False)
        self.window.playback.set_t(t)
        QApplication.processEvents()

    def layers(self, *keys: str) -> None:
        self.window.options.update(layers=frozenset(keys))
        QTest.qWait(1500)  # answers of the engine


def empty(p: Photographer) -> None:
    wait_for(p.window.engine.ready_changed, lambda: p.window.engine.ready is not None, "the engine")
    p.shoot("empty-dark")
    p.theme.choose("light")
    p.shoot("empty-light")
    p.theme.choose("dark")


def drawing(p: Photographer) -> None:
    draw_a_bar(p.window)
    surface = p.window.canvas.surface
    angles = np.linspace(0, 2 * np.pi, 60)
    drag(surface, [surface.to_widget(2.6 * np.cos(a), 2.6 * np.sin(a)).toPoint() for a in angles])
    p.shoot("drawing-dark")
    p.theme.choose("light")
    p.shoot("drawing-light")
    p.theme.choose("dark")
    p.window.target_panel.page.browser.draw_button.click()


def training(p: Photographer) -> None:
    p.run(TargetSpec("two_moons", name="Two moons"), "cnf", 250)
    p.shoot("training-dark")
    p.theme.choose("light")
    p.shoot("training-light")
    p.theme.choose("dark")
    p.resize(1024, 700)
    p.shoot("training-small")
    p.resize(1920, 1080)
    p.shoot("training-large")
    p.resize(1280, 800)
    p.stop()
    p.at(1.0)
    p.shoot("stopped-dark")
    for key in ("nll", "w2"):
        p.window.curves.setCurrentWidget(p.window.curves.pages[key])
        p.shoot(f"curve-{key}")
    p.window.curves.setCurrentIndex(0)


def layers(p: Photographer) -> None:
    p.run(TargetSpec("pinwheel", name="Pinwheel"), "cnf", 400)
    p.stop()
    p.at(0.6)
    p.layers("density", "trails")
    p.shoot("density-trails")
    p.layers("field", "particles")
    p.shoot("field-particles")
    p.layers("grid", "target")
    p.shoot("grid")
    p.window.options.update(density="exact")
    p.layers("density")
    p.at(1.0)
    QTest.qWait(2500)
    p.shoot("density-exact")
    p.theme.choose("light")
    p.layers("density", "field", "trails")
    p.shoot("layers-light")
    p.theme.choose("dark")
    p.window.options.update(density="estimate")
    p.layers("target", "particles", "trails")


def both(p: Photographer, name: str) -> None:
    """The same in dark and in light."""
    p.shoot(f"{name}-dark")
    p.theme.choose("light")
    p.shoot(f"{name}-light")
    p.theme.choose("dark")


def modes(p: Photographer) -> None:
    """Every stage mode, of a flow with one field and of one with blocks."""
    for method, budget in (("cnf", Budget(seconds=10)), ("jko", Budget(seconds=20))):
        p.run(TargetSpec("pinwheel", name="Pinwheel"), method, 10**9, budget)
        p.at(0.6)
        for key, mode in every_mode():
            if mode.layers is None or "density" in mode.layers:
                p.layers("target", "particles", "trails", "density")
            p.window.options.update(mode=key)
            QTest.qWait(1500)
            both(p, f"mode-{method}-{key}")
    p.window.options.update(mode="flow")
    p.layers("target", "particles", "trails")


def probes(p: Photographer) -> None:
    """Pins with their curves, a loop with its mass, and the anomaly level."""
    p.run(TargetSpec("two_moons", name="Two moons"), "cnf", 150)
    p.stop()
    p.at(0.5)
    stage, left = p.window.stage, Qt.MouseButton.LeftButton
    for index, (x, y) in enumerate(((-1.0, 0.8), (1.0, -0.6), (1.8, 0.2))):
        held = Qt.KeyboardModifier.ControlModifier if index else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(stage, left, held, stage.to_widget(x, y).toPoint())
    angles = np.linspace(0, 2 * np.pi, 40)
    places = [stage.to_widget(0.9 * np.cos(a), 0.2 + 0.7 * np.sin(a)).toPoint() for a in angles]
    p.window.probing.toggle_loop()
    drag(stage, places)
    p.layers("target", "particles", "anomaly")
    QTest.mouseMove(stage, stage.to_widget(2.4, 2.0).toPoint())
    QTest.qWait(3000)
    both(p, "probes")
    p.window.probing.clear()
    p.layers("target", "particles", "trails")


def presenting(p: Photographer) -> None:
    """The presentation, and the interface at larger sizes."""
    p.run(TargetSpec("pinwheel", name="Pinwheel"), "cnf", 150)
    p.stop()
    p.at(0.7)
    p.window.presentation.begin()
    both(p, "presenting")
    p.window.presentation.leave()
    p.resize(1920, 1080)
    p.theme.set_zoom(1.5)
    p.shoot("interface-150")
    p.theme.set_zoom(1.0)
    p.resize(1280, 800)


def first(p: Photographer) -> None:
    """The first start: an example that moves, and the tour."""
    with tempfile.TemporaryDirectory() as folder:
        documents = p.window.keep_documents(SessionFiles(), Path(folder))
        p.window.first_start.open_example()
        wait_for(documents.document.opened, lambda: bool(len(p.window.run.timeline)), "the example")
        p.window.first_start.show_tour()
        for number in range(1, 6):
            both(p, f"tour-{number}")
            assert p.window.first_start.tour is not None
            p.window.first_start.tour.go_on()
        documents.close()
        p.window.documents = None  # the states after this one keep nothing


def space(p: Photographer) -> None:
    p.run(TargetSpec("trefoil", name="Trefoil knot"), "cnf", 400)
    p.stop()
    p.at(1.0)
    p.layers("particles", "trails", "target")
    p.shoot("space-dark")
    p.layers("particles", "slice", "field")
    p.shoot("space-slice")
    p.layers("density")
    p.shoot("space-density-dark")
    p.theme.choose("light")
    p.window.camera.orbit(50.0, 20.0)
    p.shoot("space-density-light")
    p.layers("particles", "slice")
    p.resize(1024, 700)
    p.shoot("space-slice-light-small")
    p.resize(1280, 800)
    p.theme.choose("dark")
    p.window.camera.reset()
    p.layers("target", "particles", "trails")


def jko(p: Photographer) -> None:
    p.run(TargetSpec("eight_gaussians", name="Eight Gaussians"), "jko", 10**9, Budget(seconds=40))
    p.at(0.55)
    p.shoot("jko-finished")
    curves, run = p.window.curves, p.window.run
    curves.setCurrentWidget(p.window.blocks)
    p.shoot("jko-blocks")
    p.resize(1024, 700)
    p.shoot("jko-blocks-small")
    curves.setCurrentWidget(curves.jko)
    p.shoot("jko-divergence-small")
    p.resize(1280, 800)
    p.window.draft.set_budget(Budget(seconds=20))
    p.window.blocks.buttons.equalise.click()
    wait_for(run.status_changed, lambda: run.status in ("finished", "failed"), "the equalised blocks")
    p.shoot("jko-equalised-dark")
    p.theme.choose("light")
    p.shoot("jko-equalised-light")
    p.theme.choose("dark")
    curves.setCurrentIndex(0)


def runs(p: Photographer) -> None:
    """The list of runs, runs side by side, and a block under the knife."""
    window = p.window
    for method, steps in (("cnf", 120), ("jko", 200)):
        p.run(TargetSpec("two_moons", name="Two moons"), method, 10**9, Budget(steps=steps))
    window.draft.set_budget(Budget(steps=60))
    window.curves.setCurrentWidget(window.blocks)
    window.blocks.table.setCurrentCell(2, 0)
    window.blocks.surgery.buttons["Split"].click()
    wait_for(window.run.status_changed, lambda: window.run.status in ("finished", "failed"), "the split block")
    window.blocks.table.setCurrentCell(3, 0)
    both(p, "block-split")
    window.curves.setCurrentIndex(0)
    window.runs_panel.compare_requested.emit("cnf")
    wait_for(window.run.status_changed, lambda: window.run.status in ("finished", "failed"), "the compared run")
    p.at(1.0)
    window.layout_of_docks.docks["runs"].raise_()
    both(p, "compare-three")
    number = window.runs.entries[-3].number
    window.runs_controller.show_curves(number, False)
    both(p, "compare-two")
    window.layout_of_docks.docks["curves"].raise_()
    window.options.update(mode="flow")


def unsaved(p: Photographer) -> None:
    """The question before something is lost, and the offer after a crash."""
    with tempfile.TemporaryDirectory() as folder:
        documents = p.window.documents or p.window.keep_documents(SessionFiles(), Path(folder))
        documents.document.touch()
        p.window.close()
        both(p, "unsaved")
        assert documents.box is not None
        documents.box.close()
        documents.document.is_now_clean()
        documents.rescue_bar.say("flowviz ended without saving a session of 25 November, 14:02.", "It is still here.")
        both(p, "rescued")
        documents.rescue_bar.hide()


def changed(p: Photographer) -> None:
    p.run(TargetSpec("rings", name="Rings"), "cnf", 30)
    p.window.method_panel.param_chosen.emit("width", 96)
    p.shoot("restart-to-apply")
    p.stop()


def failed(p: Photographer) -> None:
    p.run(TargetSpec("rings", name="Rings"), "cnf", 60)
    assert p.backend.pid is not None
    os.kill(p.backend.pid, signal.SIGKILL)
    wait_for(p.window.run.status_changed, lambda: p.window.run.status == "failed", "the failure")
    p.shoot("failed-dark")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "survey.csv"
        path.write_text("x,y\n1,2\n3,four\n5,6\n")
        p.window.notice_bar.hide()
        p.window.target_panel.page.intake.open_path(str(path))
        wait_for(p.window.target_panel.notice, lambda: p.window.notice_bar.isVisible(), "the notice")
    p.shoot("bad-file")
    p.window.notice_bar.hide()
    p.window.error_bar.hide()


def exporting(p: Photographer) -> None:
    p.window.export_film()
    dialog = p.window.films.dialog
    assert dialog is not None
    look = QTimer(p.window)
    look.start(100)
    wait_for(look.timeout, lambda: dialog.preview.picture.has_picture, "the preview")
    look.stop()
    both(p, "export")
    p.window.films.close()
    p.window.show_shortcuts()
    p.shoot("shortcuts")
    p.window.findChildren(ShortcutSheet)[-1].close()


def readme(p: Photographer) -> None:
    """The picture at the top of the README: `python -m tests.shots resources readme`."""
    wait_for(p.window.engine.ready_changed, lambda: p.window.engine.ready is not None, "the engine")
    p.window.target_panel.page.browser.draw_button.click()
    QApplication.processEvents()
    surface, a = p.window.canvas.surface, np.linspace(0, 2 * np.pi, 90)
    x = 16 * np.sin(a) ** 3 / 5.6
    y = (13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a) + 2) / 5.6
    drag(surface, [surface.to_widget(*place).toPoint() for place in zip(x, y, strict=True)])
    p.run(p.window.draft.target, "cnf", 900)
    p.at(0.72)
    p.window.curves.setCurrentWidget(p.window.curves.pages["nll"])
    p.shoot("screenshot")
    p.window.curves.setCurrentIndex(0)
    p.stop()


STATES: dict[str, Callable[[Photographer], None]] = {
    state.__name__: state
    for state in (
        empty, drawing, training, layers, space, modes, probes, presenting, jko, runs, changed, failed,
        exporting, first, unsaved, readme,
    )
}  # fmt: skip


def main(folder: Path, words: list[str]) -> None:
    """All states, or those named."""
    photographer = Photographer(folder)
    for name, state in STATES.items():
        if not words or name in words:
            state(photographer)
    photographer.window.shut_down()  # without a question


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
