"""What the export dialogs share: a file in the making, how it goes, and how it ends."""

from __future__ import annotations

import logging
from abc import abstractmethod
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from flowviz.core.data import DataJob
from flowviz.core.film import FilmEvent, FilmFailed, FilmHandle, FilmJob, FilmStudio
from flowviz.gui.theme.sizes import fit_sizes, room_of
from flowviz.gui.theme.theme import zoomed
from flowviz.gui.widgets.whole_page import WholePage

_LOOK_MS = 50
_LEAST = 510


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
        self._page = WholePage()
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
        self._made = ""
        self.show_button = QPushButton("Show in folder")
        self.show_button.clicked.connect(self._show_in_folder)
        self.show_button.hide()
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        self.export_button = QPushButton("Export")
        self.export_button.setProperty("primary", True)
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._export)

    def column(self) -> QVBoxLayout:
        """The dialog's one column, above its buttons; it scrolls where the screen is too small for it."""
        self._page.column.setSpacing(12)
        self._page.changed.connect(self.grow)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(20, 18, 20, 16)
        rows.setSpacing(12)
        rows.addWidget(self._page)
        return self._page.column

    def add_buttons(self, *first: QPushButton) -> None:
        """The buttons below the column, always in sight, with some of the dialog's own at the left."""
        row = QHBoxLayout()
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addLayout(row)
        for button in (*first, self.cancel_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.export_button)

    @property
    def room(self) -> QSize:
        """The largest that the dialog may be on its screen, within the window's frame."""
        return room_of(self)

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

    def offer(self, path: str) -> None:
        """Offer to show the folder of what was made; "" takes the offer back."""
        self._made = path
        self.show_button.setVisible(bool(path))

    @Slot()
    def _show_in_folder(self) -> None:
        folder = Path(self._made).parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self.say_problem(f"There is no program here that shows folders. The file is in {folder}.")

    def say_problem(self, words: str) -> None:
        """What is wrong, in red; "" hides it."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        self.grow()

    @Slot()
    def grow(self) -> None:
        """Make room for what has come into sight, on the screen; never shrink under the person's hand."""
        wanted = self.size().expandedTo(self.sizeHint())
        if wanted.height() > self.room.height():
            bar = self._page.verticalScrollBar().sizeHint().width()
            wanted = wanted.expandedTo(QSize(self.sizeHint().width() + bar, 0))
        self.resize(wanted.boundedTo(self.room))
        if self.isVisible():
            screen, frame = self.screen().availableGeometry(), self.frameGeometry()
            frame.moveRight(min(frame.right(), screen.right()))
            frame.moveBottom(min(frame.bottom(), screen.bottom()))
            self.move(max(frame.left(), screen.left()), max(frame.top(), screen.top()))

    def showEvent(self, event: QShowEvent) -> None:
        """As large as the interface is by now."""
        fit_sizes(self)
        self.setMinimumWidth(min(zoomed(_LEAST), self.room.width()))
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
            if isinstance(event, FilmFailed) and event.details:
                logging.getLogger(__name__).error("%s\n%s", event.message, event.details)
            self._heard(event)

    @abstractmethod
    def _heard(self, event: FilmEvent) -> None:
        """Something happened to the job."""

    @Slot()
    def _export(self) -> None:
        """The Export button; a dialog says what that starts."""
