"""The window as an editor of documents: what is made is saved, opened, asked about, and written down on the way."""

import sys
import zipfile

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFileDialog, QMessageBox
from scripted import NoStudio, ScriptedBackend, destroy

from flowviz.__main__ import main
from flowviz.core.camera import Camera
from flowviz.core.events import Finished
from flowviz.core.probes import Loop, Pin
from flowviz.core.spec import TargetSpec
from flowviz.engine.session_file import SessionFiles
from flowviz.gui.main_window import MainWindow
from flowviz.gui.theme.theme import Theme
from flowviz.scene.view import Gaze

TRIANGLE = Loop(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)), 0.25)


def make(qapp, qtbot, folder):
    """A window that keeps documents, its autosaved files in a folder of its own."""
    settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(ScriptedBackend(), NoStudio(), Theme(qapp, "dark"), settings)
    window.keep_documents(SessionFiles(), folder / "autosave")
    window.resize(1280, 800)
    window.show()
    qtbot.waitUntil(lambda: window.engine.ready is not None, timeout=5000)
    qtbot.waitUntil(lambda: not window.target_panel.is_busy(), timeout=20000)
    return window


def end(window):
    """Close without a question."""
    window.documents._may_close = True
    destroy(window)


@pytest.fixture
def window(qapp, qtbot, tmp_path):
    made = make(qapp, qtbot, tmp_path)
    yield made
    if shiboken6.isValid(made):
        end(made)


def train(window, qtbot, *steps):
    """One whole run."""
    window.run_controller.restart()
    window.backend.train(*steps)
    window.backend.say(Finished(steps[-1], 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)


def fill(window, qtbot):
    """A drawing, two runs, one of them named, and a way to look at them."""
    window.ends.target.begin(-1.0, 1.0)
    window.ends.target.move(1.0, 1.0)
    window.ends.target.end()
    window.choices.set_seed(5)
    train(window, qtbot, 10, 20)
    window.choices.set_method("jko")
    train(window, qtbot, 3, 6, 9)
    window.runs_controller.rename(1, "first")
    window.runs_controller.show_curves(1, False)
    window.choices.set_param("blocks", 7)
    window.options.update(layers=frozenset({"grid", "target"}), trails=17, direction="encode")
    window.stage.look_as({"plane": Gaze(2.5, (0.5, -1.0)), "space": Camera(azimuth=12.0)})
    window.probes.pin(Pin(0.5, -0.25, 1.0), adds=False)
    window.probes.draw_loop(TRIANGLE)
    window.curves.setCurrentWidget(window.curves.jko)
    window.curves.choose_axes({"w2": False, "nll": True})
    window.playback.play(False)
    window.playback.show_step(6)
    window.playback.set_t(0.375)
    window.cursor_state.flow.set_speed(0.25)
    window.layout_of_docks.docks["target"].hide()


def wait_for_file(window, qtbot):
    qtbot.waitUntil(lambda: not window.documents.document.is_busy, timeout=20000)


def test_a_saved_session_brings_everything_back_in_another_window(window, qapp, qtbot, tmp_path, monkeypatch):
    documents = window.documents
    assert not window.isWindowModified() and window.windowTitle() == "Untitled[*] – flowviz"
    fill(window, qtbot)
    assert window.isWindowModified()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "mine"), ""))
    window.table.actions["save"].trigger()
    wait_for_file(window, qtbot)
    assert (tmp_path / "mine.flowviz").exists()
    assert window.windowTitle() == "mine[*] – flowviz" and not window.isWindowModified()
    assert window.windowFilePath() == str(tmp_path / "mine.flowviz")
    assert documents.recent() == [str(tmp_path / "mine.flowviz")]
    drawn = window.ends.target.grid.copy()
    end(window)

    other = make(qapp, qtbot, tmp_path)
    train(other, qtbot, 4)
    other.documents.document.is_now_clean()
    axes = other.curves.log_axes
    assert (axes["w2"], axes["nll"], axes["inversion_error"]) == (False, True, True), (
        "the next start has the axes of the last"
    )
    other.curves.choose_axes({"w2": True, "nll": False})
    try:
        other.target_panel.page.intake.open_path(str(tmp_path / "mine.flowviz"))
        wait_for_file(other, qtbot)
        draft, run, cursor = other.draft, other.run, other.cursor_state
        assert (draft.method, draft.seed, draft.target.key) == ("jko", 5, "drawing")
        assert draft.params["jko"]["blocks"] == 7
        assert np.array_equal(other.ends.target.grid, drawn) and drawn.any()
        assert [(e.number, e.name, e.is_shown) for e in other.runs.entries] == [(1, "first", False), (2, "Run 2", True)]
        assert other.runs.stage == 2 and run.timeline.steps == [3, 6, 9] and run.status == "finished"
        assert run.metrics["w2"].curve()[0].tolist() == [3, 6, 9] and run.entropy == 2.3
        assert (cursor.step, cursor.t, cursor.follow_latest, cursor.flow.speed) == (6, 0.375, False, 0.25)
        assert other.options.value.layers == {"grid", "target"} and other.options.value.trails == 17
        assert other.options.value.direction == "encode"
        assert other.stage.gazes == {"plane": Gaze(2.5, (0.5, -1.0)), "space": Camera(azimuth=12.0)}
        assert other.probes.value.pins == (Pin(0.5, -0.25, 1.0),)
        assert other.probes.value.loop == TRIANGLE
        assert other.layout_of_docks.docks["target"].isHidden() and other.curves.currentWidget() is other.curves.jko
        assert other.curves.log_axes == axes
        assert not other.isWindowModified() and other.windowTitle() == "mine[*] – flowviz"
        assert other.history.stack.count() == 0
        assert not other.restart_bar.isVisible(), "panels and run belong together"
        other.runs_controller.bring_back(1)
        other.run_controller.proceed()
        assert other.backend.starts[-1][1] == 20, "an earlier run of the file can be trained on"
    finally:
        end(other)


def test_damaged_and_foreign_files_are_told_in_one_sentence_and_change_nothing(window, qtbot, tmp_path):
    fill(window, qtbot)
    window.documents.document.save(str(tmp_path / "good"))
    wait_for_file(window, qtbot)
    whole = (tmp_path / "good.flowviz").read_bytes()
    (tmp_path / "cut.flowviz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "foreign.flowviz").write_text("x,y\n1,2\n")
    with zipfile.ZipFile(tmp_path / "newer.flowviz", "w") as archive:
        archive.writestr("session.json", '{"file": "flowviz session", "format": 99}')
    before = (window.runs.entries, window.run.timeline.frames, window.draft.target)
    for name, words in (("cut", "is no flowviz"), ("foreign", "is no flowviz"), ("newer", "by a newer flowviz")):
        window.documents.open(str(tmp_path / f"{name}.flowviz"))
        wait_for_file(window, qtbot)
        assert f"{name}.flowviz" in window.error_bar.words and words in window.error_bar.words
        assert window.error_bar.isVisible()
        after = (window.runs.entries, window.run.timeline.frames, window.draft.target)
        assert all(a is b or a == b for a, b in zip(before, after, strict=True))
    assert window.windowTitle() == "good[*] – flowviz"


def test_nothing_is_lost_without_a_question(window, qtbot, tmp_path):
    documents = window.documents
    train(window, qtbot, 4)
    assert not window.close(), "there is something to save"
    assert documents.box is not None and documents.box.isVisible()
    documents.box.button(QMessageBox.StandardButton.Cancel).click()
    assert window.isVisible() and window.run.step == 4
    documents.document.save(str(tmp_path / "a"))
    wait_for_file(window, qtbot)
    window.table.actions["new"].trigger()
    assert documents.box is None, "nothing is unsaved"
    assert window.runs.entries == () and window.run.spec is None and window.documents.document.path == ""
    window.choices.set_seed(9)
    documents.open(str(tmp_path / "a.flowviz"))
    documents.box.button(QMessageBox.StandardButton.Discard).click()
    wait_for_file(window, qtbot)
    assert window.run.step == 4 and window.draft.seed == 0
    window.choices.set_seed(2)
    assert not window.close()
    documents.box.button(QMessageBox.StandardButton.Save).click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=20000)
    assert SessionFiles().open(str(tmp_path / "a.flowviz")).draft.seed == 2, "saved, then closed"


def test_a_session_that_nobody_saved_is_written_down_and_offered_to_the_next_window(window, qapp, qtbot, tmp_path):
    autosave = window.documents.autosave
    folder = tmp_path / "autosave"
    train(window, qtbot, 4)
    with qtbot.waitSignal(autosave.written, timeout=20000):
        autosave.write()
    assert len(list(folder.glob("*.flowviz"))) == 1
    autosave._lock.unlock()  # as the system does it when a process is killed
    other = make(qapp, qtbot, tmp_path)
    try:
        other.documents.offer_rescued()
        assert other.documents.rescue_bar.isVisible() and "without saving" in other.documents.rescue_bar.words
        other.documents._bring_back_rescued()
        wait_for_file(other, qtbot)
        assert other.run.step == 4 and other.isWindowModified() and other.windowTitle().startswith("Untitled")
        assert len(list(folder.glob("*.flowviz"))) == 1, "it stays until this window has written its own"
        with qtbot.waitSignal(other.documents.autosave.written, timeout=20000):
            other.documents.autosave.write()
        assert [path.name for path in folder.glob("*.flowviz")] == [other.documents.autosave._path.name]
        other.choices.set_seed(3)
        other.documents.document.save(str(tmp_path / "kept"))
        wait_for_file(other, qtbot)
        other.documents.autosave._look()
        assert not list(folder.glob("*.flowviz")), "what a file has need not be kept twice"
    finally:
        end(other)


def test_the_command_line_opens_a_named_file_in_the_window(monkeypatch):
    opened = []
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("flowviz.app.run_app", lambda *words, **options: opened.append(words[:1]) or 0)
    for words in ([], ["my.flowviz"]):
        monkeypatch.setattr(sys, "argv", ["flowviz", *words])
        assert main() == 0
    assert [words[0] if words else "" for words in opened] == ["", "my.flowviz"]


def test_a_target_given_to_the_window_is_no_session(window, qtbot):
    window.draft.set_target(TargetSpec("rings", name="Rings"))
    assert window.documents.session().runs == () and window.documents.session().stage == 0


def test_the_menu_of_recent_files_opens_them_again_and_a_layout_is_put_back_by_a_press(window, qtbot, tmp_path):
    fill(window, qtbot)
    window.documents.document.save(str(tmp_path / "mine"))
    wait_for_file(window, qtbot)
    window.documents.new()
    assert window.run.timeline.last is None and window.windowTitle() == "Untitled[*] – flowviz"
    menu = window.table.menu("File/Open recent")
    menu.aboutToShow.emit()
    (entry,) = menu.actions()
    assert entry.text().endswith("mine.flowviz")
    entry.trigger()
    wait_for_file(window, qtbot)
    assert window.run.timeline.steps == [3, 6, 9] and window.windowTitle() == "mine[*] – flowviz"
    docks = window.layout_of_docks.docks
    assert docks["target"].isHidden()
    window.table.actions["reset_layout"].trigger()
    assert not any(dock.isHidden() for dock in docks.values())
