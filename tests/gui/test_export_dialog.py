"""The film dialog, with a scripted studio."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, QSize, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QSpinBox, QWidget

from flowviz.core.film import FilmCancelled, FilmDone, FilmFailed, FilmJob, FilmProgress, FilmSpec, PreviewPicture
from flowviz.core.film_json import film_from_json
from flowviz.core.frames import Frame
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.gui.export.dialog import ExportDialog
from flowviz.gui.theme.theme import Theme
from flowviz.gui.widgets.whole_page import WholePage

FRAME = Frame(1, 0.1, "", np.linspace(0, 1, 3), np.zeros((3, 4, 2), np.float32))


class Handle:
    def __init__(self):
        self.events, self.is_cancelled = [], False

    def drain(self):
        events, self.events = self.events, []
        return events

    def cancel(self):
        self.is_cancelled = True
        self.events.append(FilmCancelled())


class Preview:
    """Paints grey: the share as brightness."""

    def __init__(self, job):
        self.job, self.wishes, self.is_closed = job, [], False

    def show(self, film, share, suffix=""):
        self.nbytes = 345_000 if suffix == ".pdf" else 0
        self.wishes.append((film, share))

    def drain(self):
        if not self.wishes or self.wishes[-1] == "shown":
            return None
        _, share = self.wishes[-1]
        self.wishes.append("shown")
        return PreviewPicture(np.full((90, 160, 3), round(255 * share), np.uint8), nbytes=self.nbytes)

    def close(self):
        self.is_closed = True


class Studio:
    def __init__(self):
        self.jobs, self.handles, self.previews = [], [], []

    def preview(self, job):
        self.previews.append(Preview(job))
        return self.previews[-1]

    def suffixes(self):
        return (".mp4", ".gif", ".webm", ".png", ".pdf")

    def start(self, job):
        self.jobs.append(job)
        self.handles.append(Handle())
        return self.handles[-1]


@pytest.fixture
def studio():
    return Studio()


@pytest.fixture
def dialog(qtbot, studio, tmp_path):
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    QSettings().setValue("film/folder", str(tmp_path))
    QSettings().remove("film/suffix")

    def job(film, path):
        return FilmJob(RunSpec(TargetSpec("pinwheel"), FlowSpec("cnf")), (FRAME,), film, path)

    dialog = ExportDialog(studio, job, FilmSpec(layers=("particles",), step=7))
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    yield dialog
    dialog.preview.shut_down()


def said(dialog):
    return " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def child(dialog, kind, name):
    return dialog.findChild(kind, name)


def test_the_dialog_stands_beside_the_window(dialog):
    assert dialog.isVisible()
    assert not dialog.isModal()


@pytest.mark.parametrize(
    ("zoom", "is_beside", "is_whole"), [(1.0, True, True), (1.25, True, True), (2.0, False, False)]
)
def test_the_dialog_fits_a_small_screen_and_its_buttons_are_always_in_sight(
    dialog, qtbot, qapp, monkeypatch, zoom, is_beside, is_whole
):
    dialog.hide()
    monkeypatch.setattr(ExportDialog, "room", property(lambda self: QSize(1016, 664)))  # of a screen of 1024x700
    Theme(qapp, "dark").set_zoom(zoom)
    dialog.show()
    page = dialog.findChild(WholePage)
    qtbot.waitUntil(lambda: page.verticalScrollBar().isVisible() is not is_whole, timeout=5000)
    assert dialog.width() <= 1016 and dialog.height() <= 664
    for button in (dialog.close_button, dialog.export_button):
        assert dialog.rect().contains(button.geometry())
    qtbot.waitUntil(lambda: not page.horizontalScrollBar().isVisible(), timeout=5000)
    form, preview = (widget.mapTo(dialog, QPoint(0, 0)) for widget in (dialog.form, dialog.preview))
    assert (preview.x() > form.x()) is is_beside and (preview.y() > form.y()) is not is_beside
    assert dialog.preview.picture.width() >= 200 * zoom


def test_the_estimate_follows_rate_and_length(dialog):
    assert "300 frames" in said(dialog)
    child(dialog, QDoubleSpinBox, "film_seconds").setValue(4.0)
    child(dialog, QSpinBox, "film_fps").setValue(25)
    assert "100 frames" in said(dialog)
    assert "4.0 s" in said(dialog)


def test_export_hands_the_choices_to_the_studio(dialog, studio, tmp_path, qtbot):
    child(dialog, QComboBox, "film_clock").setCurrentIndex(1)
    child(dialog, QComboBox, "film_theme").setCurrentIndex(1)
    child(dialog, QComboBox, "film_size").setCurrentIndex(1)
    child(dialog, QCheckBox, "film_layer_density").setChecked(True)
    child(dialog, QCheckBox, "film_part_title").setChecked(False)
    child(dialog, QCheckBox, "film_part_clock").setChecked(False)
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    job = studio.jobs[0]
    assert job.path == str(tmp_path / "flow.mp4")
    film = job.film
    assert (film.clock, film.theme, film.width, film.height, film.parts) == ("training", "light", 854, 480, ("scale",))
    assert set(film.layers) == {"particles", "density"}
    assert film.step == 7


def test_progress_and_the_finished_film_are_shown(dialog, studio, tmp_path, qtbot):
    dialog.export_button.click()
    handle = studio.handles[0]
    handle.events.append(FilmProgress(30, 300))
    qtbot.waitUntil(lambda: "Frame 30 of 300" in said(dialog), timeout=3000)
    assert not dialog.form.isEnabled()
    with qtbot.waitSignal(dialog.ended) as heard:
        handle.events += [FilmProgress(300, 300), FilmDone(str(tmp_path / "flow.mp4"), 2_500_000)]
    assert heard.args == [True]
    assert "flow.mp4 is ready: 2.5 MB" in said(dialog)
    assert dialog.show_button.isVisible()
    assert dialog.form.isEnabled()
    assert not dialog.is_busy


def test_a_film_can_be_cancelled(dialog, studio, qtbot):
    dialog.export_button.click()
    with qtbot.waitSignal(dialog.ended) as heard:
        dialog.cancel_button.click()
    assert heard.args == [False]
    assert studio.handles[0].is_cancelled
    assert "nothing was written" in said(dialog)


def test_a_failure_is_a_sentence_in_the_dialog(dialog, studio, qtbot):
    dialog.export_button.click()
    with qtbot.waitSignal(dialog.ended):
        studio.handles[0].events.append(FilmFailed("The disk is full.", "Free some space."))
    assert "The disk is full. Free some space." in said(dialog)
    assert dialog.export_button.isEnabled()


def test_an_existing_film_is_replaced_only_when_asked_twice(dialog, studio, tmp_path):
    (tmp_path / "old.mp4").write_bytes(b"old")
    dialog.path_edit.setText(str(tmp_path / "old.mp4"))
    dialog.export_button.click()
    assert studio.jobs == []
    assert "exists already" in said(dialog)
    assert dialog.export_button.text() == "Replace"
    dialog.export_button.click()
    assert len(studio.jobs) == 1


def test_the_suggested_name_is_a_free_one(dialog, studio, tmp_path, qtbot):
    (tmp_path / "flow.mp4").write_bytes(b"old")
    second = ExportDialog(studio, lambda film, path: None, FilmSpec())
    qtbot.addWidget(second)
    assert Path(second.path_edit.text()).name == "flow 2.mp4"


def test_the_suffix_and_the_format_follow_each_other(dialog, tmp_path):
    formats = child(dialog, QComboBox, "film_format")
    dialog.path_edit.setText(str(tmp_path / "film.gif"))
    assert formats.currentData() == ".gif"
    assert child(dialog, QSpinBox, "film_fps").maximum() == 50
    formats.setCurrentIndex(0)
    assert dialog.path_edit.text().endswith("film.mp4")


def test_a_name_without_a_suffix_gets_the_format(dialog, studio, tmp_path):
    dialog.path_edit.setText(str(tmp_path / "film"))
    dialog.export_button.click()
    assert studio.jobs[0].path == str(tmp_path / "film.mp4")


@pytest.mark.parametrize(("name", "word"), [("", "no file name"), ("missing/film.mp4", "no folder"), ("a.avi", ".avi")])
def test_a_name_that_cannot_work_is_said_before_anything_starts(dialog, studio, tmp_path, name, word):
    dialog.path_edit.setText(str(tmp_path / name) if name else "")
    dialog.export_button.click()
    assert word in said(dialog)
    assert studio.jobs == []


def test_a_film_without_layers_is_refused(dialog, studio):
    child(dialog, QCheckBox, "film_layer_particles").setChecked(False)
    dialog.export_button.click()
    assert "No layer is chosen" in said(dialog)
    assert studio.jobs == []


def test_an_odd_custom_size_is_said_at_once(dialog):
    size = child(dialog, QComboBox, "film_size")
    size.setCurrentIndex(size.count() - 1)
    child(dialog, QSpinBox, "film_width").setValue(641)
    assert "cannot be 641x720" in said(dialog)
    assert not dialog.export_button.isEnabled()


def test_hiding_lets_the_film_go_on_and_it_comes_back_when_it_is_done(dialog, studio, tmp_path, qtbot):
    dialog.export_button.click()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.is_busy
    with qtbot.waitSignal(dialog.ended):
        studio.handles[0].events.append(FilmDone(str(tmp_path / "flow.mp4"), 10))
    assert dialog.isVisible()


def test_closing_by_the_program_cancels_the_film(dialog, studio):
    dialog.export_button.click()
    dialog.close()
    assert studio.handles[0].is_cancelled
    assert not dialog.is_busy


def test_the_folder_is_remembered(dialog, studio, tmp_path, qtbot):
    (tmp_path / "films").mkdir()
    dialog.path_edit.setText(str(tmp_path / "films" / "one.gif"))
    dialog.export_button.click()
    second = ExportDialog(studio, lambda film, path: None, FilmSpec())
    qtbot.addWidget(second)
    assert Path(second.path_edit.text()) == tmp_path / "films" / "flow.gif"


def test_an_exact_number_of_frames_is_kept_and_the_length_follows(dialog, studio):
    child(dialog, QSpinBox, "film_fps").setValue(25)
    child(dialog, QSpinBox, "film_frames").setValue(99)
    assert child(dialog, QDoubleSpinBox, "film_seconds").value() == pytest.approx(4.0)
    dialog.export_button.click()
    assert studio.jobs[0].film.frames == 99 and studio.jobs[0].film.frame_count == 99


def test_a_still_has_no_length_and_shows_the_moment_of_the_stage(dialog, studio, tmp_path):
    dialog.path_edit.setText(str(tmp_path / "still.png"))
    assert not child(dialog, QSpinBox, "film_fps").isVisible() and "The moment on the stage" in said(dialog)
    dialog.path_edit.setText(str(tmp_path / "film.webm"))
    assert child(dialog, QSpinBox, "film_fps").isVisible() and "The moment on the stage" not in said(dialog)


def test_only_formats_with_opacity_offer_a_transparent_background(dialog, studio, tmp_path):
    background = child(dialog, QComboBox, "film_background")
    place = background.findData("transparent")
    assert not background.model().item(place).isEnabled()
    dialog.path_edit.setText(str(tmp_path / "film.webm"))
    assert background.model().item(place).isEnabled()
    background.setCurrentIndex(place)
    dialog.export_button.click()
    assert studio.jobs[0].film.background == "transparent"


def test_a_transparent_background_does_not_survive_a_format_without(dialog, tmp_path):
    dialog.path_edit.setText(str(tmp_path / "film.webm"))
    background = child(dialog, QComboBox, "film_background")
    background.setCurrentIndex(background.findData("transparent"))
    dialog.path_edit.setText(str(tmp_path / "film.mp4"))
    assert dialog.form.spec().background == "theme"


def test_a_drawing_is_drawn_to_say_how_large_it_will_be(dialog, qtbot):
    dialog.path_edit.setText("figure.pdf")
    assert "1280 × 720 · made in" in said(dialog), "nobody knows yet"
    qtbot.waitUntil(lambda: "about 345 kB" in said(dialog), timeout=5000)
    child(dialog, QComboBox, "film_theme").setCurrentIndex(1)
    assert "kB" not in said(dialog)
    qtbot.waitUntil(lambda: "about 345 kB" in said(dialog), timeout=5000)


def test_size_and_time_are_estimated_and_learnt_from_the_last_film(dialog, studio, tmp_path, qtbot):
    from flowviz.core.film import FilmSpec
    from flowviz.gui.export.estimate import estimate

    assert "about" in said(dialog) and "made in" in said(dialog)
    before = estimate(FilmSpec(), ".mp4").nbytes
    dialog.export_button.click()
    with qtbot.waitSignal(dialog.ended):
        studio.handles[0].events.append(FilmDone(str(tmp_path / "flow.mp4"), int(4 * before)))
    assert estimate(FilmSpec(), ".mp4").nbytes == pytest.approx(2.5 * before, rel=0.01)


def test_the_film_can_be_copied_as_a_command_that_means_the_same(dialog, qapp, tmp_path):
    child(dialog, QSpinBox, "film_fps").setValue(12)
    dialog.command_button.click()
    words = shlex.split(qapp.clipboard().text())
    assert words[:2] == ["flowviz", "render"] and words[4] == str(tmp_path / "flow.mp4")
    assert film_from_json(json.loads(words[-1])) == dialog.form.spec()


def test_the_copied_command_names_the_session_that_holds_the_run_once_it_is_saved(dialog, qtbot, qapp):
    window = QWidget()
    qtbot.addWidget(window)
    dialog.setParent(window, dialog.windowFlags())
    for path, is_modified, named in (("", False, "RUN.flowviz"), ("my run.flowviz", True, "RUN.flowviz"),
                                     ("my run.flowviz", False, "my run.flowviz")):  # fmt: skip
        window.setWindowFilePath(path)
        window.setWindowModified(is_modified)
        dialog.command_button.click()
        assert shlex.split(qapp.clipboard().text())[2] == named
    dialog.setParent(None, dialog.windowFlags())


def test_scale_loop_and_parts_reach_the_film(dialog, studio):
    child(dialog, QDoubleSpinBox, "film_scale").setValue(1.5)
    child(dialog, QComboBox, "film_repeat").setCurrentIndex(2)
    child(dialog, QCheckBox, "film_part_curves").setChecked(True)
    dialog.export_button.click()
    film = studio.jobs[0].film
    assert film.size == (1920, 1080) and film.repeat == "loop" and "curves" in film.parts


def test_the_preview_follows_the_choices_and_the_slider(dialog, studio, qtbot):
    qtbot.waitUntil(lambda: dialog.preview.picture.has_picture, timeout=3000)
    film, share = studio.previews[0].wishes[0]
    assert share == 1.0 and film == dialog.form.spec()
    dialog.preview.slider.setValue(250)
    assert "Picture 76 of 300" in said(dialog)
    dialog.path_edit.setText(dialog.path_edit.text().replace(".mp4", ".gif"))
    qtbot.waitUntil(lambda: "Picture 84 of 333" in said(dialog), timeout=3000)  # a GIF plays 33.3 a second
    child(dialog, QComboBox, "film_theme").setCurrentIndex(1)
    qtbot.waitUntil(
        lambda: studio.previews[0].wishes[-1] == "shown" and studio.previews[0].wishes[-2][0].theme == "light",
        timeout=3000,
    )
    assert studio.previews[0].wishes[-2][1] == 0.25 and len(studio.previews) == 1


def test_the_preview_ends_with_the_dialog(dialog, studio, qtbot):
    qtbot.waitUntil(lambda: bool(studio.previews), timeout=3000)
    dialog.reject()
    assert studio.previews[0].is_closed
