"""A ring around what the Tab key has just led to, whatever that looks like itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtWidgets import QFrame, QWidget

_GAP = 2
_MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.LayoutRequest)


class FocusRing(QFrame):
    """Lies above the window, lets the mouse through, and goes when the focus goes or the mouse is used."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("focusRing")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._about: QWidget | None = None
        self._watched: list[QWidget] = []
        self.hide()

    def surround(self, widget: QWidget) -> None:
        """Show it around a widget of the window, and follow that wherever it moves."""
        self.leave()
        self._about = widget
        parent: QWidget | None = widget
        while parent is not None:
            parent.installEventFilter(self)
            self._watched.append(parent)
            parent = None if parent.isWindow() else parent.parentWidget()
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        if self._about is not None:
            area = QRect(self._about.mapTo(self.window(), QPoint(0, 0)), self._about.size())
            self.setGeometry(area.adjusted(-_GAP, -_GAP, _GAP, _GAP) & self.window().rect())

    def leave(self) -> None:
        """Away with it."""
        for widget in self._watched:
            widget.removeEventFilter(self)
        self._about, self._watched = None, []
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow, or go."""
        if event.type() in _MOVES:
            self._place()
        elif event.type() == QEvent.Type.MouseButtonPress or (
            watched is self._about and event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide)
        ):
            self.leave()
        return False
