"""File > Export film: choose, press Export, go on working while the film is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import QSettings, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.errors import UserError
from flowviz.core.film import (
    FilmCancelled,
    FilmDone,
    FilmEvent,
    FilmFailed,
    FilmHandle,
    FilmJob,
    FilmProgress,
    FilmSpec,
    FilmStudio,
)
from flowviz.export import EXPORTERS, writer_for
from flowviz.gui.export.film_form import FilmForm

_LOOK_MS = 50


class ExportDialog(QDialog):
    """The film dialog. It is not modal: the window can be used while a film is being made.

    The window's cross and Esc hide it while it works, and it comes back when the film has ended;
    `close()` called by the program cancels a film in the making.

    Args:
        studio: makes films.
        make_job: the job of a film and its path.
        defaults: a film of what is on the stage.
    """

    ended = Signal(bool)
    """A film was finished (True), or cancelled or failed (False)."""

    def __init__(
        self,
        studio: FilmStudio,
        make_job: Callable[[FilmSpec, str], FilmJob],
        defaults: FilmSpec,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export film")
        self.setObjectName("exportDialog")
        self.setModal(False)
        self._studio, self._make_job = studio, make_job
        self._handle: FilmHandle | None = None
        self._started_at = 0.0
        self._may_replace = ""
        self._result = ""
        self.form = FilmForm(defaults)
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.form.changed.connect(self._refresh)
        self.path_edit.textChanged.connect(self._path_changed)
        self._format.currentIndexChanged.connect(self._format_chosen)
        self._suggest_path()
        self._refresh()

    # ---- building ------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addLayout(self._make_file_row())
        column.addWidget(self.form)
        self._estimate = QLabel()
        self._estimate.setProperty("role", "muted")
        self._estimate.setWordWrap(True)
        column.addWidget(self._estimate)
        self._problem = QLabel()
        self._problem.setProperty("role", "error")
        self._problem.setObjectName("filmProblem")
        self._problem.setWordWrap(True)
        self._problem.hide()
        column.addWidget(self._problem)
        self._bar = QProgressBar()
        self._bar.setAccessibleName("Progress of the film")
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._status = QLabel()
        self._status.setObjectName("filmStatus")
        self._status.setWordWrap(True)
        self._status.hide()
        column.addWidget(self._bar)
        column.addWidget(self._status)
        column.addStretch(1)
        column.addLayout(self._make_buttons())
        self.setMinimumWidth(500)

    def _make_file_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.path_edit = QLineEdit()
        self.path_edit.setAccessibleName("File name")
        self.path_edit.setObjectName("film_path")
        self._format = QComboBox()
        self._format.setAccessibleName("Format")
        self._format.setObjectName("film_format")
        for suffix in self._studio.suffixes():
            self._format.addItem(_label_of(suffix), suffix)
        self.browse_button = QPushButton("Browse…")
        self.browse_button.clicked.connect(self._browse)
        row.addWidget(self.path_edit, 1)
        row.addWidget(self._format)
        row.addWidget(self.browse_button)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.show_button = QPushButton("Show in folder")
        self.show_button.clicked.connect(self._show_in_folder)
        self.show_button.hide()
        self.cancel_button = QPushButton("Cancel film")
        self.cancel_button.clicked.connect(self._cancel)
        self.cancel_button.hide()
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        self.export_button = QPushButton("Export")
        self.export_button.setProperty("primary", True)
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._export)
        row.addWidget(self.show_button)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.export_button)
        return row

    # ---- opening and closing ---------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a film is being made."""
        return self._handle is not None

    def open(self) -> None:
        """Show the dialog beside the window, not in its way."""
        self.show()
        self.raise_()
        self.activateWindow()

    def reject(self) -> None:
        """Esc, Close: out of sight; a film in the making goes on."""
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.is_busy and event.spontaneous():
            event.ignore()
            self.hide()
            return
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._timer.stop()
        super().closeEvent(event)

    # ---- the file --------------------------------------------------------------------------------

    def _suggest_path(self) -> None:
        settings = QSettings()
        folder = Path(str(settings.value("film/folder", str(Path.home()))))
        suffix = str(settings.value("film/suffix", ""))
        if suffix not in self._studio.suffixes():
            suffix = self._studio.suffixes()[0]
        folder = folder if folder.is_dir() else Path.home()
        path, number = folder / f"flow{suffix}", 2
        while path.exists():
            path, number = folder / f"flow {number}{suffix}", number + 1
        self.path_edit.setText(str(path))

    def _path(self) -> Path:
        """The file named, with the format's suffix where the person left it out."""
        path = Path(self.path_edit.text().strip()).expanduser()
        return path.with_name(path.name + str(self._format.currentData())) if path.name and not path.suffix else path

    @Slot()
    def _path_changed(self) -> None:
        index = self._format.findData(Path(self.path_edit.text().strip()).suffix.lower())
        if index >= 0 and index != self._format.currentIndex():
            blocked = self._format.blockSignals(True)
            self._format.setCurrentIndex(index)
            self._format.blockSignals(blocked)
        self._refresh()

    @Slot()
    def _format_chosen(self) -> None:
        path = Path(self.path_edit.text().strip())
        if path.suffix.lower() in self._studio.suffixes():
            self.path_edit.setText(str(path.with_suffix(str(self._format.currentData()))))
        self._refresh()

    @Slot()
    def _browse(self) -> None:
        suffixes = self._studio.suffixes()
        filters = ";;".join(f"{_label_of(suffix)} (*{suffix})" for suffix in suffixes)
        chosen = f"{_label_of(self._format.currentData())} (*{self._format.currentData()})"
        path, _ = QFileDialog.getSaveFileName(self, "Export film", str(self._path()), filters, chosen)
        if path:
            self.path_edit.setText(path)
            self._may_replace = str(self._path()) if Path(path).suffix else ""  # the file dialog has asked already
            self._refresh()

    # ---- making ------------------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        """The estimate, and whether Export can be pressed."""
        self.form.set_suffix(str(self._format.currentData()))
        if self.is_busy:
            return
        self._say_problem("")
        self.export_button.setText("Export")
        try:
            film = self.form.spec()
        except UserError as error:
            self._say_problem(str(error))
            self._estimate.clear()
            self.export_button.setEnabled(False)
            return
        self.export_button.setEnabled(True)
        suffix = str(self._format.currentData())
        rate = EXPORTERS.get(suffix).rate(film.fps) if suffix in EXPORTERS else float(film.fps)
        words = [
            f"{max(1, round(rate * film.seconds))} frames",
            f"{film.width} × {film.height}",
            f"{film.seconds:.1f} s",
        ]
        if abs(rate - film.fps) > 0.05:
            words.append(f"plays at {rate:.1f} frames a second")
        self._estimate.setText(" · ".join(words))

    @Slot()
    def _export(self) -> None:
        path = self._path()
        try:
            film = self.form.spec()
            if not path.name:
                raise UserError("The film has no file name.", "Type one, or choose it with Browse.")
            if not film.layers:
                raise UserError("No layer is chosen, so the film would be empty.", "Choose at least one layer.")
            writer_for(path)
            if path.exists() and self._may_replace != str(path):
                self._may_replace = str(path)
                self._say_problem(f"{path.name} exists already. Press Replace to overwrite it.")
                self.export_button.setText("Replace")
                return
            job = self._make_job(film, str(path))
        except (UserError, ValueError) as error:
            self._say_problem(str(error))
            return
        settings = QSettings()
        settings.setValue("film/folder", str(path.parent))
        settings.setValue("film/suffix", path.suffix.lower())
        self._may_replace = ""
        self._started_at = perf_counter()
        self._handle = self._studio.start(job)
        self._bar.setRange(0, 0)
        self._status.setText("Starting…")
        self._show_busy(True)
        self._timer.start()

    @Slot()
    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._status.setText("Cancelling…")
            self.cancel_button.setEnabled(False)

    @Slot()
    def _look(self) -> None:
        for event in self._handle.drain() if self._handle is not None else ():
            self._heard(event)

    def _heard(self, event: FilmEvent) -> None:
        match event:
            case FilmProgress(done, total):
                self._show_progress(done, total)
            case FilmDone(path, nbytes):
                self._result = path
                self._finish(True, f"{Path(path).name} is ready: {_size_words(nbytes)}.")
            case FilmFailed(message, hint):
                self._finish(False, "")
                self._say_problem(f"{message} {hint}".strip())
            case FilmCancelled():
                self._finish(False, "The film was cancelled; nothing was written.")

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)
        if self.cancel_button.isEnabled():
            passed = perf_counter() - self._started_at
            left = passed / done * (total - done) if done else 0.0
            words = f", about {_time_words(left)} left" if done and passed > 1.0 else ""
            self._status.setText(f"Frame {done} of {total}{words}")

    def _finish(self, is_done: bool, words: str) -> None:
        self._handle = None
        self._timer.stop()
        self._show_busy(False)
        self._refresh()
        self._status.setText(words)
        self._status.setVisible(bool(words))
        self.show_button.setVisible(is_done)
        if not self.isVisible():
            # Back in sight, but without taking the keyboard from whatever the person does now.
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, True)
            self.show()
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)
        self.ended.emit(is_done)

    def _show_busy(self, is_busy: bool) -> None:
        for widget in (self.form, self.path_edit, self._format, self.browse_button, self.export_button):
            widget.setEnabled(not is_busy)
        self._bar.setVisible(is_busy)
        self._status.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.cancel_button.setEnabled(True)
        self.close_button.setText("Hide" if is_busy else "Close")
        if is_busy:
            self.show_button.hide()
            self._say_problem("")
        self._grow()

    def _say_problem(self, words: str) -> None:
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        self._grow()

    def _grow(self) -> None:
        """Make room for what has come into sight; never shrink under the person's hand."""
        self.resize(self.size().expandedTo(self.sizeHint()))

    @Slot()
    def _show_in_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self._result).parent)))


def _label_of(suffix: str) -> str:
    return EXPORTERS.get(suffix).label if suffix in EXPORTERS else suffix.lstrip(".").upper()


def _size_words(nbytes: int) -> str:
    return f"{nbytes / 1e6:.1f} MB" if nbytes >= 1e6 else f"{nbytes / 1e3:.0f} kB"


def _time_words(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 1):.0f} s"
