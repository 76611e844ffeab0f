"""The moment at which a window is first seen: what can wait waits for it, and the self-test times it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow

PICTURE_MS = 150
"""For so long after its first painting a window does nothing but bring the first picture onto its stage."""
UNSEEN_MS = 1000
"""A window that opens minimised is not painted: what waits for that waits no longer."""
ENGINE_S = 120.0


def every_class_of_qt() -> Iterator[None]:
    """Make the classes of Qt in small steps: PySide6 makes each when it is first asked for, pyqtgraph asks for all.

    Never in another thread than the window's: two threads that make classes at a time end the process.
    """
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield


class FirstPaint(QObject):
    """Tells once that a widget has been painted; one that is hidden again at once has not been seen.

    Args:
        widget: not painted yet.
        patience_ms: tell after so many milliseconds in any case, or 0 to wait for ever.
        wait_ms: leave the event loop to what is more urgent for so long after the painting.

    Signals:
        painted()
    """

    painted = Signal()

    def __init__(self, widget: QWidget, patience_ms: int = 0, wait_ms: int = 0) -> None:
        super().__init__(widget)
        self._widget = widget
        self._wait_ms = wait_ms
        self.is_told = False
        """Whether it has been painted."""
        widget.installEventFilter(self)
        if patience_ms:
            QTimer.singleShot(patience_ms, self._tell)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look for the paint event; it goes on its way."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(self._wait_ms, self._look)
        return False

    @Slot()
    def _look(self) -> None:
        if self._widget.isVisible():
            self._tell()
        else:
            self._widget.installEventFilter(self)

    @Slot()
    def _tell(self) -> None:
        if not self.is_told:
            self.is_told = True
            self.painted.emit()


class StartCheck(QObject):
    """Prints how long after a given moment the window was painted and its engine ready, and ends the application.

    The exit status is 0 when both came true and the window can be drawn.

    Args:
        window: on the screen.
        first_paint: of the window.
        started: the moment, in seconds since 1970.
    """

    def __init__(self, window: MainWindow, first_paint: FirstPaint, started: float) -> None:
        super().__init__(window)
        self._window, self._started, self._painted_s = window, started, 0.0
        first_paint.painted.connect(self._painted)
        self._clock = QTimer(self, interval=10)
        self._clock.timeout.connect(self._look)

    @Slot()
    def _painted(self) -> None:
        self._painted_s = time.time() - self._started
        self._clock.start()

    @Slot()
    def _look(self) -> None:
        passed = time.time() - self._started
        if self._window.engine.ready is None and passed < ENGINE_S:
            return
        self._clock.stop()
        if self._window.engine.ready is None:
            print("The worker did not get ready.")
        elif self._window.grab().toImage().width() <= 100:
            print("The window cannot be drawn.")
        else:
            print(f"on the screen after {self._painted_s:.2f} s, worker ready after {passed:.2f} s")
            QApplication.exit(0)
            return
        QApplication.exit(1)
