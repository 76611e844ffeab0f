"""File > Export film: choose, press Export, go on working while the film is made."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from flowviz.core.errors import UserError
from flowviz.core.film import (
    PARTS,
    FilmCancelled,
    FilmDone,
    FilmEvent,
    FilmFailed,
    FilmJob,
    FilmPreview,
    FilmProgress,
    FilmSpec,
    FilmStudio,
)
from flowviz.core.film_json import film_to_json
from flowviz.core.records import thinned
from flowviz.export import EXPORTERS, DrawingWriter, writer_for
from flowviz.gui.export.estimate import estimate, learn, size_words, time_words
from flowviz.gui.export.file_place import FilePlace
from flowviz.gui.export.film_form import FilmForm
from flowviz.gui.export.film_preview import PreviewPane
from flowviz.gui.export.job_dialog import JobDialog
from flowviz.scene.resolve import layers

_PREVIEWED = 40
"""Moments of a training that a preview knows; the film knows all."""
_BESIDE = 90
"""Margins, the gap and a scroll bar, beside form and preview."""


class ExportDialog(JobDialog):
    """The film dialog; hidden while it works, it comes back when the film has ended.

    Args:
        studio: makes films.
        make_job: the job of a film and its path.
        defaults: a film of what is on the stage.
        offered: keys of the layers that can show something of the run; None for all.
    """

    ended = Signal(bool)
    """A film was finished (True), or cancelled or failed (False)."""

    def __init__(
        self,
        studio: FilmStudio,
        make_job: Callable[[FilmSpec, str], FilmJob],
        defaults: FilmSpec,
        parent: QWidget | None = None,
        offered: Collection[str] | None = None,
    ) -> None:
        super().__init__(studio, "Export film", "film", parent)
        self.setObjectName("exportDialog")
        self._make_job = make_job
        self._started_at = 0.0
        self._drawn = 0
        self._film: FilmSpec | None = None
        self.form = FilmForm(defaults, [key for key, _ in layers()] if offered is None else offered)
        self._build()
        self.form.changed.connect(self._refresh)
        self.place.changed.connect(self._refresh)
        self._refresh()

    # ---- building ------------------------------------------------------------------------------

    def _build(self) -> None:
        column = self.column()
        formats = {suffix: _label_of(suffix) for suffix in self._studio.suffixes()}
        self.place = FilePlace(formats, "film", "flow", "Export film")
        self.path_edit = self.place.path_edit
        column.addWidget(self.place)
        self._middle = QHBoxLayout()
        self._middle.setSpacing(24)
        self._middle.addWidget(self.form)
        self.preview = PreviewPane(self._begin_preview)
        self.preview.measured.connect(self._measured)
        self._middle.addWidget(self.preview, 1)
        column.addLayout(self._middle)
        self._estimate = QLabel()
        self._estimate.setProperty("role", "muted")
        self._estimate.setWordWrap(True)
        column.addWidget(self._estimate)
        column.addWidget(self._problem)
        self._status = QLabel()
        self._status.setObjectName("filmStatus")
        self._status.setWordWrap(True)
        self._status.hide()
        column.addWidget(self._bar)
        column.addWidget(self._status)
        column.addStretch(1)
        self.command_button = QPushButton("Copy as command")
        self.command_button.setToolTip("The same film by `flowviz render`, for a script or a computer without a screen")
        self.command_button.clicked.connect(self._copy_command)
        self.add_buttons(self.command_button, self.show_button)

    @Slot()
    def grow(self) -> None:
        """Form and preview side by side where the screen is wide enough for both, else one above the other."""
        wide = self.form.sizeHint().width() + self.preview.minimumSizeHint().width() + _BESIDE
        ways = QBoxLayout.Direction
        self._middle.setDirection(ways.LeftToRight if wide <= self.room.width() else ways.TopToBottom)
        super().grow()

    # ---- opening and closing ---------------------------------------------------------------------

    def open(self) -> None:
        """Show the dialog beside the window, not in its way."""
        self.show()
        self.raise_()
        self.activateWindow()

    def reject(self) -> None:
        """Esc, Close: out of sight; a film in the making goes on."""
        self.preview.shut_down()
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.preview.shut_down()

    # ---- making ------------------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        """The estimate, and whether Export can be pressed."""
        self.form.set_suffix(self.place.suffix)
        if self.is_busy:
            return
        self.say_problem("")
        self.export_button.setText("Export")
        try:
            film = self.form.spec()
        except UserError as error:
            self.say_problem(str(error))
            self._estimate.clear()
            self.export_button.setEnabled(False)
            return
        self.export_button.setEnabled(True)
        self._drawn = 0
        self._estimate.setText(self._words_of(film))
        suffix = self.place.suffix
        exporter = EXPORTERS.get(suffix) if suffix in EXPORTERS else None
        if exporter is not None and exporter.is_still:
            is_drawing = issubclass(exporter, DrawingWriter)
            self.preview.show_film(replace(film, clock="still"), 1, suffix if is_drawing else "")
        else:
            self.preview.show_film(film, film.pictures(exporter.rate(film.fps) if exporter else film.fps))
        self.grow()

    def _begin_preview(self) -> FilmPreview | None:
        """Pictures of the run on the stage, of some of its moments."""
        defaults = self.form.spec()
        try:
            job = self._make_job(replace(defaults, clock="both", parts=PARTS), "")
        except UserError as error:
            self.say_problem(str(error))
            return None
        wanted = {defaults.step, *(key.step for key in defaults.keys)}
        some = {frame.step for frame in thinned(job.frames, _PREVIEWED)} | wanted
        frames = tuple(frame for frame in job.frames if frame.step in some)
        return self._studio.preview(replace(job, frames=frames))

    def _words_of(self, film: FilmSpec) -> str:
        """Pictures, size, length, and how large and how long it will be."""
        suffix = self.place.suffix
        width, height = film.size
        if suffix not in EXPORTERS:
            return f"{film.frame_count} frames · {width} × {height} · {film.seconds:.1f} s"
        about, is_still = estimate(film, suffix, self._drawn), EXPORTERS.get(suffix).is_still
        words = [] if is_still else [f"{about.pictures} frames"]
        words += [f"{width} × {height}"]
        if not is_still:
            words.append(f"{about.pictures / about.rate:.1f} s")
        if abs(about.rate - film.fps) > 0.05 and not is_still:
            words.append(f"plays at {about.rate:.1f} frames a second")
        about_size = f"about {size_words(about.nbytes)}, " if about.nbytes else ""
        return " · ".join([*words, f"{about_size}made in {time_words(about.seconds)}"])

    @Slot(int)
    def _measured(self, nbytes: int) -> None:
        """The preview has drawn the drawing: now its size is known."""
        self._drawn = nbytes
        if self.export_button.isEnabled():
            self._estimate.setText(self._words_of(self.form.spec()))

    @Slot()
    def _copy_command(self) -> None:
        """The same film from the command line."""
        try:
            film = json.dumps(film_to_json(self.form.spec()))
        except UserError as error:
            self.say_problem(str(error))
            return
        window = self.parentWidget()
        session = window.windowFilePath() if window is not None and not window.isWindowModified() else ""
        words = ["flowviz", "render", session or "RUN.flowviz", "--out", str(self.place.path), "--film", film]
        QGuiApplication.clipboard().setText(shlex.join(words))
        todo = "" if session else " Save the session and put its name in the place of RUN.flowviz."
        self._status.setText(f"Copied.{todo}")
        self._status.show()
        self.grow()

    @Slot()
    def _export(self) -> None:
        path = self.place.path
        self._status.hide()  # the film before is past
        self.offer("")
        try:
            film = self.form.spec()
            if not path.name:
                raise UserError("The film has no file name.", "Type one, or choose it with Browse.")
            if not film.layers:
                raise UserError("No layer is chosen, so the film would be empty.", "Choose at least one layer.")
            writer_for(path)
            if not self.place.may_write():
                self.say_problem(f"{path.name} exists already. Press Replace to overwrite it.")
                self.export_button.setText("Replace")
                return
            job = self._make_job(film, str(path))
        except (UserError, ValueError) as error:
            self.say_problem(str(error))
            return
        self.place.remember()
        self._started_at = perf_counter()
        self._film = film
        self.begin(job)
        self._status.setText("Starting…")
        self._show_busy(True)

    @Slot()
    def _cancel(self) -> None:
        super()._cancel()
        self._status.setText("Cancelling…")

    def _heard(self, event: FilmEvent) -> None:
        match event:
            case FilmProgress(done, total):
                self._show_progress(done, total)
            case FilmDone(path, nbytes):
                if self._film is not None:
                    learn(self._film, Path(path).suffix.lower(), nbytes, perf_counter() - self._started_at)
                self._finish(f"{Path(path).name} is ready: {size_words(nbytes)}.", path)
            case FilmFailed(message, hint):
                self._finish()
                self.say_problem(f"{message} {hint}".strip())
            case FilmCancelled():
                self._finish("The film was cancelled; nothing was written.")

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)
        if self.cancel_button.isEnabled():
            passed = perf_counter() - self._started_at
            left = passed / done * (total - done) if done else 0.0
            words = f", about {time_words(left)} left" if done and passed > 1.0 else ""
            self._status.setText(f"Frame {done} of {total}{words}")

    def _finish(self, words: str = "", path: str = "") -> None:
        self.end()
        self._show_busy(False)
        self._refresh()
        self._status.setText(words)
        self._status.setVisible(bool(words))
        self.offer(path)
        if not self.isVisible():
            # Back in sight, but without taking the keyboard from whatever the person does now.
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, True)
            self.show()
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)
        self.ended.emit(bool(path))

    def _show_busy(self, is_busy: bool) -> None:
        for widget in (self.form, self.place, self.export_button):
            widget.setEnabled(not is_busy)
        self._bar.setVisible(is_busy)
        self._status.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.cancel_button.setEnabled(True)
        self.close_button.setText("Hide" if is_busy else "Close")
        if is_busy:
            self.offer("")
            self.say_problem("")
        self.grow()


def _label_of(suffix: str) -> str:
    return EXPORTERS.get(suffix).label if suffix in EXPORTERS else suffix.lstrip(".").upper()
