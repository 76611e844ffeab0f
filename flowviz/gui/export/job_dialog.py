"""What the export dialogs share: a file in the making, how it goes, and how it ends."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from flowviz.core.data import DataJob
from flowviz.core.film import FilmEvent, FilmHandle, FilmJob, FilmStudio
from flowviz.gui.theme.sizes import fit_sizes

_LOOK_MS = 50


class JobDialog(QDialog):
    """A dialog beside the window, not in its way: what it starts is made in a process of its own.

    The window's cross and Esc hide it while it works; `close()` called by the program cancels the work.

    Args:
        studio: makes the files.
        title: of the dialog.
        thing: what is made, for the Cancel button and screen readers ("film").
    """

    def __init__(self, studio: FilmStudio, title: str, thing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self._studio = studio
        self._handle: FilmHandle | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(f"Progress of the {thing}")
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._problem = QLabel()
        self._problem.setProperty("role", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.cancel_button = QPushButton(f"Cancel {thing}")
        self.cancel_button.clicked.connect(self._cancel)
        self.cancel_button.hide()
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        self.export_button = QPushButton("Export")
        self.export_button.setProperty("primary", True)
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._export)

    def column(self) -> QVBoxLayout:
        """The dialog's one column."""
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        return column

    def button_row(self, *first: QPushButton) -> QHBoxLayout:
        """The buttons, with some of the dialog's own at the left."""
        row = QHBoxLayout()
        for button in (*first, self.cancel_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.export_button)
        return row

    @property
    def is_busy(self) -> bool:
        """Whether something is being made."""
        return self._handle is not None

    def begin(self, job: FilmJob | DataJob) -> None:
        """Start a job and listen to it."""
        self._handle = self._studio.start(job)
        self._bar.setRange(0, 0)
        self._timer.start()

    def end(self) -> None:
        """The job has ended, or is given up."""
        self._handle = None
        self._timer.stop()

    def say_problem(self, words: str) -> None:
        """What is wrong, in red; "" hides it."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        self.grow()

    def grow(self) -> None:
        """Make room for what has come into sight; never shrink under the person's hand."""
        self.resize(self.size().expandedTo(self.sizeHint()))

    def showEvent(self, event: QShowEvent) -> None:
        """As large as the interface is by now."""
        fit_sizes(self)
        self.grow()
        super().showEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.is_busy and event.spontaneous():
            event.ignore()
            self.hide()
            return
        if self._handle is not None:
            self._handle.cancel()
        self.end()
        super().closeEvent(event)

    @Slot()
    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self.cancel_button.setEnabled(False)

    @Slot()
    def _look(self) -> None:
        for event in self._handle.drain() if self._handle is not None else ():
            self._heard(event)

    @abstractmethod
    def _heard(self, event: FilmEvent) -> None:
        """Something happened to the job."""

    @Slot()
    def _export(self) -> None:
        """The Export button; a dialog says what that starts."""
