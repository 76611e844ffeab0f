"""The data dialog, with a scripted studio."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel

from flowviz.core.film import FilmCancelled, FilmDone, FilmFailed
from flowviz.gui.export.data_dialog import DataDialog

FORMATS = {"weights": (".safetensors",), "velocity": (".pt2", ".onnx")}


class Studio:
    def __init__(self):
        self.jobs, self.events = [], []

    def data_suffixes(self, what):
        return FORMATS.get(what, (".npz", ".csv"))

    def start(self, job):
        self.jobs.append(job)
        return self

    def drain(self):
        events, self.events = self.events, []
        return events

    def cancel(self):
        self.events.append(FilmCancelled())


@pytest.fixture
def studio():
    return Studio()


@pytest.fixture
def dialog(qtbot, studio, tmp_path):
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    QSettings().setValue("data/folder", str(tmp_path))
    dialog = DataDialog(studio, lambda *job: SimpleNamespace(job=job), 0.5)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def choose(dialog, what):
    dialog.what.setCurrentIndex(dialog.what.findData(what))


def said(dialog):
    return " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_the_choice_reaches_the_studio(dialog, studio, tmp_path):
    choose(dialog, "density")
    dialog.cells.setValue(64)
    dialog.place.path_edit.setText(str(tmp_path / "grid.csv"))
    dialog.export_button.click()
    what, made, path = studio.jobs[0].job
    assert (what, made.resolution, made.t, path) == ("density", 64, 0.5, str(tmp_path / "grid.csv"))


def test_formats_and_fields_follow_what_is_exported(dialog):
    assert dialog.n.isVisible() and dialog.t.isVisible() and not dialog.cells.isVisible()
    choose(dialog, "velocity")
    assert not dialog.n.isVisible() and dialog.place.path.suffix == ".pt2"
    assert [dialog.place.format.itemData(i) for i in range(dialog.place.format.count())] == [".pt2", ".onnx"]
    choose(dialog, "density")
    assert dialog.cells.isVisible() and dialog.place.path.suffix == ".npz"


def test_the_end_is_told_in_words(dialog, studio, tmp_path, qtbot):
    for event, words in (
        (FilmDone(str(tmp_path / "a.npz"), 12_000), "a.npz is ready: 12 kB"),
        (FilmFailed("The disk is full.", "Free some space."), "The disk is full. Free some space."),
        (FilmCancelled(), "nothing was written"),
    ):
        dialog.export_button.click()
        assert dialog.cancel_button.isVisible() and not dialog.export_button.isEnabled()
        studio.events.append(event)
        qtbot.waitUntil(lambda words=words: words in said(dialog), timeout=3000)
        assert dialog.export_button.isEnabled()


def test_an_older_file_is_replaced_only_when_asked_twice(dialog, studio, tmp_path):
    (tmp_path / "old.npz").write_bytes(b"old")
    dialog.place.path_edit.setText(str(tmp_path / "old.npz"))
    dialog.export_button.click()
    assert studio.jobs == [] and dialog.export_button.text() == "Replace"
    dialog.export_button.click()
    assert len(studio.jobs) == 1


def test_the_menu_offers_data_of_the_moment_on_the_stage(window, scripted, qtbot):
    window.run_controller.run_or_pause()
    qtbot.waitUntil(lambda: window.run.status in ("starting", "running"), timeout=5000)
    scripted.train(100, 200)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 2, timeout=5000)
    window.export_data()
    assert window.films.data_dialog.isVisible()
    window.playback.show_step(100)
    job = window.films.data_job("samples", None, str(Path("a.csv")))
    assert [frame.step for frame in job.run.frames] == [100] and np.isfinite(job.run.last.paths).all()


def test_the_suggested_name_follows_what_is_exported_until_the_person_names_the_file(dialog, tmp_path):
    assert dialog.place.path == tmp_path / "flow samples.npz"
    dialog.place.format.setCurrentIndex(dialog.place.format.findData(".csv"))
    choose(dialog, "density")
    assert dialog.place.path == tmp_path / "flow density.csv"
    choose(dialog, "velocity")
    assert dialog.place.path == tmp_path / "flow velocity.pt2"
    dialog.place.path_edit.setText(str(tmp_path / "mine.pt2"))
    choose(dialog, "curves")
    assert dialog.place.path.stem == "mine"
    dialog.place.path_edit.clear()
    choose(dialog, "samples")
    assert dialog.place.path_edit.text() == ""


def test_the_fields_stay_in_their_column_whatever_is_exported(dialog):
    places = set()
    for index in range(dialog.what.count()):
        dialog.what.setCurrentIndex(index)
        QApplication.processEvents()  # laid out anew
        places.add(dialog.what.mapTo(dialog, dialog.what.rect().topLeft()).x())
    assert len(places) == 1


def test_when_a_file_is_ready_its_folder_can_be_shown(dialog, studio, tmp_path, qtbot, monkeypatch):
    dialog.place.path_edit.setText(str(tmp_path / "a.npz"))
    dialog.export_button.click()
    assert not dialog.show_button.isVisible()
    studio.events.append(FilmDone(str(tmp_path / "a.npz"), 100))
    qtbot.waitUntil(dialog.show_button.isVisible)
    for works in (True, False):
        monkeypatch.setattr(QDesktopServices, "openUrl", lambda url, works=works: works)
        dialog.show_button.click()
        assert (f"The file is in {tmp_path}" in said(dialog)) != works
    choose(dialog, "curves")
    assert not dialog.show_button.isVisible()


def test_the_details_of_a_failure_go_to_the_log(dialog, studio, tmp_path, qtbot, caplog):
    dialog.place.path_edit.setText(str(tmp_path / "a.npz"))
    dialog.export_button.click()
    studio.events.append(FilmFailed("The file could not be made: no.", "Help > Show log tells more.", "line 7"))
    qtbot.waitUntil(lambda: "Show log" in said(dialog))
    assert "line 7" in caplog.text and "line 7" not in said(dialog)


def test_a_window_closed_while_a_file_is_made_asks_first(window, scripted, studio, qtbot, monkeypatch, tmp_path):
    window.run_controller.run_or_pause()
    qtbot.waitUntil(lambda: window.run.status in ("starting", "running"), timeout=5000)
    scripted.train(100)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 1, timeout=5000)
    monkeypatch.setattr(window.films, "_studio", studio)
    window.export_data()
    window.films.data_dialog.place.path_edit.setText(str(tmp_path / "a.npz"))
    window.films.data_dialog.export_button.click()
    for answer, is_open in (("Go on", True), ("End now", False)):
        window.close()
        assert window.isVisible() and studio.events == []
        next(button for button in window.films.box.buttons() if button.text() == answer).click()
        assert window.isVisible() == is_open
    assert studio.events == [FilmCancelled()]


@pytest.mark.parametrize(
    ("given", "kind", "named"),
    [
        ("a.csv", "NumPy archive (*.npz)", "a.csv"),  # the name's suffix decides
        ("a", "CSV table (*.csv)", "a.csv"),
        ("run.v2", "CSV table (*.csv)", "run.v2.csv"),
        ("a.npz", "CSV table (*.csv)", "a.csv"),  # the name was there, the type was chosen
    ],
)
def test_a_file_chosen_by_browsing_has_the_suffix_or_the_type_that_the_person_chose(
    dialog, tmp_path, monkeypatch, given, kind, named
):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / given), kind))
    dialog.place.browse_button.click()
    assert dialog.place.path == tmp_path / named and dialog.place.suffix == dialog.place.path.suffix
