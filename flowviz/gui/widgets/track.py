"""A slider for a clock: press anywhere to go there, with ticks and named segments along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSlider, QToolTip, QWidget

from flowviz.gui.theme.theme import current_tokens, mix, zoomed

_PAD = 9
_MARK_FOOT, _MARK_REACH = 5.0, 6.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A named stretch of the track, as shares of its length from 0 to 1."""

    start: float
    end: float
    label: str
    status: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place on the track that one can go to.

    Attributes:
        value: where, in the slider's values.
        tip: what it is.
        is_current: whether it is the one that was made or visited last.
    """

    value: int
    tip: str
    is_current: bool = False


class Track(QSlider):
    """A horizontal slider painted in the theme's colours.

    `sliderPressed`, `sliderMoved(int)` and `sliderReleased` tell of the person's hand.

    Signals:
        mark_chosen(int): a mark was pressed.
        mark_menu_requested(int, object QPoint): a right click on one, on the screen.
        mark_deleted(): Delete was pressed.
    """

    mark_chosen = Signal(int)
    mark_menu_requested = Signal(int, object)
    mark_deleted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(26)
        self._ticks: tuple[float, ...] = ()
        self._segments: tuple[Segment, ...] = ()
        self._marks: tuple[Mark, ...] = ()

    def sizeHint(self) -> QSize:
        """Room for the segments, where there are any."""
        return QSize(200, 40 if self._segments else 26)

    def set_ticks(self, ticks: Sequence[float]) -> None:
        """Small marks at these shares of the length."""
        if tuple(ticks) != self._ticks:
            self._ticks = tuple(ticks)
            self.update()

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """Named stretches above the line."""
        if tuple(segments) != self._segments:
            grows = bool(segments) != bool(self._segments)
            self._segments = tuple(segments)
            if grows:
                self.setMinimumHeight(40 if segments else 26)
                self.updateGeometry()
            self.update()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Pointers above the line."""
        if tuple(marks) != self._marks:
            self._marks = tuple(marks)
            self.update()

    def mark_at(self, place: QPointF) -> int:
        """The mark under a point of the widget, the current one before its neighbours; -1 for none."""
        if place.y() > self.height() - 13.0 - _MARK_FOOT - 1:
            return -1
        near = [(abs(self._x_of(m.value) - place.x()), not m.is_current, i) for i, m in enumerate(self._marks)]
        near = [entry for entry in near if entry[0] <= _MARK_REACH]
        return min(near, key=lambda entry: (entry[1], entry[0]))[2] if near else -1

    def _x_of(self, value: int) -> float:
        span = max(1, self.maximum() - self.minimum())
        return _PAD + (value - self.minimum()) / span * (self.width() - 2 * _PAD)

    def _share(self) -> float:
        span = self.maximum() - self.minimum()
        return (self.value() - self.minimum()) / span if span > 0 else 0.0

    def _value_at(self, x: float) -> int:
        share = min(1.0, max(0.0, (x - _PAD) / max(1, self.width() - 2 * _PAD)))
        return round(self.minimum() + share * (self.maximum() - self.minimum()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold, wherever on the track."""
        if event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            mark = self.mark_at(event.position())
            if mark >= 0:
                self.setFocus(Qt.FocusReason.MouseFocusReason)  # so that Delete reaches it
                self.mark_chosen.emit(mark)
            else:
                self.setSliderDown(True)
                self._go(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if self.isSliderDown():
            self._go(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self.isSliderDown():
            self.setSliderDown(False)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What one can do with a mark."""
        mark = self.mark_at(QPointF(event.pos()))
        if mark >= 0:
            self.mark_menu_requested.emit(mark, event.globalPos())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the current mark out."""
        if self._marks and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.mark_deleted.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Say what a mark is when the pointer rests on it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            mark = self.mark_at(QPointF(event.pos()))
            if mark >= 0:
                QToolTip.showText(event.globalPos(), self._marks[mark].tip, self)
                return True
        return super().event(event)

    def _go(self, event: QMouseEvent) -> None:
        value = self._value_at(event.position().x())
        self.setSliderPosition(value)
        self.sliderMoved.emit(value)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Line, ticks, segments, thumb."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        wide = self.width() - 2 * _PAD
        y = self.height() - 13.0
        x = _PAD + self._share() * wide
        if self._segments:
            self._paint_segments(painter, wide, y - 22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.border))
        painter.drawRoundedRect(QRectF(_PAD, y - 2, wide, 4), 2, 2)
        if not self.isEnabled():
            return
        self._paint_marks(painter, y)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        painter.drawRoundedRect(QRectF(_PAD, y - 2, x - _PAD, 4), 2, 2)
        if self._ticks:
            painter.setBrush(QColor(mix(tokens.muted, tokens.panel, 0.2)))
        step = max(1, len(self._ticks) // max(1, wide // 3))
        for tick in self._ticks[::step]:
            painter.drawRect(QRectF(_PAD + tick * wide - 0.5, y + 5, 1, 4))
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.setBrush(QBrush(QColor(tokens.text)))
        painter.drawEllipse(QRectF(x - 7, y - 7, 14, 14))

    def _paint_marks(self, painter: QPainter, y: float) -> None:
        """Pointers that stand on the line; the current one in the accent's colour and larger."""
        tokens = current_tokens()
        painter.setPen(QPen(QColor(tokens.panel), 1))
        for mark in sorted(self._marks, key=lambda mark: mark.is_current):
            x, half = self._x_of(mark.value), 5.5 if mark.is_current else 4.5
            foot = y - _MARK_FOOT
            painter.setBrush(QColor(tokens.accent if mark.is_current else tokens.text))
            painter.drawPolygon(QPolygonF([QPointF(x - half, foot - 7), QPointF(x + half, foot - 7), QPointF(x, foot)]))

    def _paint_segments(self, painter: QPainter, wide: int, top: float) -> None:
        tokens = current_tokens()
        font = painter.font()
        font.setPixelSize(zoomed(10))
        painter.setFont(font)
        for segment in self._segments:
            left, right = _PAD + segment.start * wide, _PAD + segment.end * wide
            box = QRectF(left + 1, top, max(2.0, right - left - 2), 13)
            fills = {
                "trained": mix(tokens.panel, tokens.accent, 0.32),
                "training": tokens.accent,
            }
            painter.setPen(Qt.PenStyle.NoPen if segment.status in fills else QPen(QColor(tokens.border), 1))
            painter.setBrush(QColor(fills.get(segment.status, tokens.panel)))
            painter.drawRoundedRect(box, 3, 3)
            if box.width() > 16:
                painter.setPen(QColor(tokens.accent_text if segment.status == "training" else tokens.muted))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, segment.label)
