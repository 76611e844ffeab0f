"""A short tour: a bubble beside one part of the window after the other. It can be skipped at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from flowviz.gui.theme.theme import zoomed

_WIDE, _GAP = 330, 14


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of the tour: what it is about, and the words beside it."""

    about: Callable[[], QWidget]
    title: str
    text: str


class Tour(QFrame):
    """The bubble; a frame marks what it speaks of. The window stays usable behind it.

    Signals:
        ended(): it was finished or skipped.
    """

    ended = Signal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self._window, self._stops, self.number = window, tuple(stops), 0
        self._followed: list[QWidget] = []
        self._settled = QTimer(self)  # a layout on its way tells of places that do not last
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self._place)
        self._mark = QFrame(window)
        self._mark.setObjectName("tourMark")
        self._mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title, self._text, self._count = QLabel(), QLabel(), QLabel()
        self._title.setProperty("role", "tourTitle")
        self._text.setWordWrap(True)
        self._count.setProperty("role", "muted")
        self.next_button, self.skip_button = QPushButton(), QPushButton("Skip")
        self.next_button.setProperty("primary", True)
        self.skip_button.setToolTip("End the tour (Esc); Help \N{RIGHTWARDS ARROW} Tour shows it again")
        self.next_button.clicked.connect(self.go_on)
        self.skip_button.clicked.connect(self.end)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addWidget(self._text)
        row = QHBoxLayout()
        row.addWidget(self._count, 1)
        row.addWidget(self.skip_button)
        row.addWidget(self.next_button)
        column.addLayout(row)
        window.installEventFilter(self)
        self.installEventFilter(self)
        self._show_stop()

    def _show_stop(self) -> None:
        stop, last = self._stops[self.number], self.number == len(self._stops) - 1
        self._title.setText(stop.title)
        self._text.setText(stop.text)
        self._count.setText(f"{self.number + 1} of {len(self._stops)}")
        self.setAccessibleDescription(f"{stop.title}. {stop.text}")
        self.next_button.setText("Done" if last else "Next")
        self.skip_button.setVisible(not last)
        self._follow(stop.about())
        self._place()
        for widget in (self._mark, self):
            widget.show()
            widget.raise_()
        self.next_button.setFocus()

    def _follow(self, about: QWidget | None) -> None:
        """Watch what it speaks of and all that holds it, for any of them may move it within the window."""
        for widget in self._followed:
            widget.removeEventFilter(self)
        self._followed = []
        while about is not None and about is not self._window:
            about.installEventFilter(self)
            self._followed.append(about)
            about = about.parentWidget()

    @Slot()
    def _place(self) -> None:
        """Beside what it speaks of, wherever there is room, and always inside the window."""
        about, window = self._stops[self.number].about(), self._window
        area = QRect(about.mapTo(window, QPoint(0, 0)), about.size()) if about.isVisible() else QRect()
        self._mark.setVisible(not area.isEmpty())
        self._mark.setGeometry(area.adjusted(-2, -2, 2, 2) & window.rect())
        self.setFixedWidth(min(zoomed(_WIDE), window.width() - 2 * _GAP))
        self.setFixedHeight(self.heightForWidth(self.width()))
        size, room = self.size(), window.rect().adjusted(_GAP, _GAP, -_GAP, -_GAP)
        middle = area.center() if not area.isEmpty() else room.center()
        places = (
            QPoint(area.right() + _GAP, middle.y() - size.height() // 2),
            QPoint(area.left() - _GAP - size.width(), middle.y() - size.height() // 2),
            QPoint(middle.x() - size.width() // 2, area.top() - _GAP - size.height()),
            QPoint(middle.x() - size.width() // 2, area.bottom() + _GAP),
        )

        def inside(place: QPoint) -> QPoint:
            x = min(max(place.x(), room.left()), room.right() - size.width())
            return QPoint(x, min(max(place.y(), room.top()), room.bottom() - size.height()))

        def covered(place: QPoint) -> int:
            hidden = QRect(place, size) & area
            return hidden.width() * hidden.height()

        self.move(min(map(inside, places), key=covered))

    @Slot()
    def go_on(self) -> None:
        """The next step, or the end."""
        if self.number + 1 < len(self._stops):
            self.number += 1
            self._show_stop()
        else:
            self.end()

    @Slot()
    def end(self) -> None:
        """Away with it."""
        self._window.removeEventFilter(self)
        self._follow(None)
        self._settled.stop()
        for widget in (self._mark, self):
            widget.hide()
            widget.deleteLater()
        self.ended.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size and what it speaks of; Esc skips."""
        if watched is not self and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._settled.start(0)
        if watched in self._followed:
            return False
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.end()
            return True
        return False
