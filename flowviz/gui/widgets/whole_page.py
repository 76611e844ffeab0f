"""A page that wants to be seen whole, and scrolls on a screen that is too small for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class WholePage(QScrollArea):
    """A column of widgets.

    Signals:
        changed(): something on it has come, gone, or changed its size; what holds the page may give it more room.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wholePage")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._body = QWidget()
        self.column = QVBoxLayout(self._body)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.setWidget(self._body)
        self._body.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """All of the page."""
        hint = self._body.sizeHint()
        return QSize(hint.width(), max(hint.height(), self._least_height(max(hint.width(), self.viewport().width()))))

    def minimumSizeHint(self) -> QSize:
        """Enough to scroll in."""
        return QSize(200, 120).boundedTo(self.sizeHint())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words break elsewhere at another width."""
        super().resizeEvent(event)
        self._make_room()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Something on the page has come, gone, or changed its size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
            self.updateGeometry()
            self.changed.emit()
        return False

    def _make_room(self) -> None:
        """A page that scrolls is never lower than its words at this width."""
        self._body.setMinimumHeight(self._least_height(self.viewport().width()))

    def _least_height(self, width: int) -> int:
        return self.column.totalHeightForWidth(width) if self.column.hasHeightForWidth() else 0
