"""Presentation mode: the stage, one clock, large letters. Everything comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolBar, QWidget

from flowviz.gui.theme.theme import current_zoom

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow

_ZOOM = 1.5
"""How much larger than usual the interface is in a presentation, at least."""


class Presentation(QObject):
    """Hides everything but the stage and the flow clock, and brings it back."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._hidden: list[QWidget] = []
        self._state = Qt.WindowState.WindowNoState
        self._zoom = 1.0

    @property
    def is_on(self) -> bool:
        """Whether one is presenting."""
        return self._window.stage.is_presenting

    @Slot()
    def toggle(self) -> None:
        """Begin or end."""
        if self.is_on:
            self.leave()
        else:
            self.begin()

    def begin(self) -> None:
        """Only the stage and the flow clock, on the whole screen."""
        window = self._window
        if self.is_on or window.centre.currentIndex() != 0:
            return
        docks = [dock for key, dock in window.layout_of_docks.docks.items() if key != "clocks"]
        rest = [window.menuBar(), *window.findChildren(QToolBar), window.mode_bar, window.layer_bar, *docks]
        self._hidden = [widget for widget in rest if not widget.isHidden()]
        self._state = window.windowState()
        for widget in self._hidden:
            widget.hide()
        window.clocks.show_only_flow(True)
        self._zoom = current_zoom()
        window.theme.set_zoom(max(_ZOOM, self._zoom))
        window.stage.present(True)
        window.stage.setFocus()
        window.focus_order.ring.leave()
        window.installEventFilter(self)
        window.stage.installEventFilter(self)
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)

    def leave(self) -> None:
        """Everything back where it was."""
        if not self.is_on:
            return
        window = self._window
        window.removeEventFilter(self)
        window.stage.removeEventFilter(self)
        window.stage.present(False)
        window.theme.set_zoom(self._zoom)
        window.clocks.show_only_flow(False)
        window.setWindowState(self._state)
        for widget in self._hidden:
            widget.show()
        self._hidden = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc leaves."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.leave()
            return True
        return False
