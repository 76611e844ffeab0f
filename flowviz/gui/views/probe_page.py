"""What happens to the pinned points along the flow: small curves over t with the clock's cursor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from flowviz.core.spec import Array
from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.theme.theme import current_tokens, zoomed
from flowviz.scene.motion import at_time
from flowviz.scene.probes import pin_name

_CURVES = (
    ("log_density", "log p"),
    ("speed", "|v|"),
    ("divergence", "div v"),
    ("log_det", "log det"),
)
_PAD, _GAP, _CAPTION, _NAME = 10, 8, 18, 42
_EMPTY = (
    "Click a place on the stage to pin it.\n"
    "Log-density, speed, divergence and accumulated log-determinant along its path appear here."
)


class ProbePage(QWidget):
    """Four small plots, one line for each pin; pressing on one moves the flow clock.

    Signals:
        t_requested(float): the person pressed at that flow time.
    """

    t_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Curves along the pinned paths")
        self.setMinimumHeight(150)
        self._t = 0.0
        self._answers: list[Mapping[str, Array]] = []
        self._has_pins = False
        self.setToolTip(
            "Along the path of each pin: log-density, speed, divergence, and the accumulated log-determinant.\n"
            "Press or drag to move the flow clock"
        )

    def sizeHint(self) -> QSize:
        """Room for two rows of plots."""
        return QSize(280, 220)

    @Slot(object)
    def show_picture(self, picture: Picture) -> None:
        """Take over what the picture knows of the pins."""
        job = picture.job
        if not (job.probes.pins or self._has_pins):
            return  # as for nearly every picture
        self._has_pins = bool(job.probes.pins)
        self._answers = [job.answers.get(pin_name(index), {}) for index in range(len(job.probes.pins))]
        self._t = job.t
        self.setAccessibleDescription(self.words())
        if self.isVisible():
            self.update()

    def words(self) -> str:
        """The read-out at t as text, for people who hear it and for tests."""
        lines = []
        for index, answer in enumerate(self._answers, 1):
            values = [f"{title} {self._value(answer, key):.3f}" for key, title in _CURVES if key in answer]
            if values:
                lines.append(f"pin {index} at t = {self._t:.2f}: " + ", ".join(values))
        return "\n".join(lines)

    def _value(self, answer: Mapping[str, Array], key: str) -> float:
        return float(at_time(answer[key][:, 0], np.asarray(answer["times"], np.float64), self._t))

    def _areas(self) -> list[QRectF]:
        wide = (self.width() - 2 * _PAD - _GAP) / 2
        tall = (self.height() - 2 * 6 - _GAP) / 2
        return [
            QRectF(_PAD + column * (wide + _GAP), 6 + row * (tall + _GAP), wide, tall)
            for row in (0, 1)
            for column in (0, 1)
        ]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the clock to where one presses."""
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        for area in self._areas():
            if area.contains(event.position()):
                share = (event.position().x() - area.left()) / area.width()
                self.t_requested.emit(min(1.0, max(0.0, share)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The plots, or how to get them."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.panel))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._has_pins:
            painter.setPen(QColor(tokens.muted))
            box = self.rect().adjusted(16, 0, -16, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, _EMPTY)
        else:
            for (key, title), area in zip(_CURVES, self._areas(), strict=True):
                self._paint_plot(painter, area, key, title)
        painter.end()

    def _paint_plot(self, painter: QPainter, area: QRectF, key: str, title: str) -> None:
        tokens = current_tokens()
        font = QFont(self.font())
        font.setPixelSize(zoomed(11))
        painter.setFont(font)
        known = [(index, answer) for index, answer in enumerate(self._answers) if key in answer]
        painter.setPen(QColor(tokens.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title)
        plot = area.adjusted(0, zoomed(_CAPTION), 0, -2)
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.drawLine(plot.topLeft(), plot.bottomLeft())
        if not known:
            painter.setPen(QColor(tokens.muted))
            waits = any(self._answers) or not self._answers
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, "not known for this method" if waits else "…")
            return
        low, high = _reach([answer[key] for _, answer in known])

        def place(t: float, value: float) -> QPointF:
            return QPointF(plot.left() + t * plot.width(), plot.bottom() - (value - low) / (high - low) * plot.height())

        if low < 0 < high:
            painter.setPen(QPen(QColor(tokens.border), 1, Qt.PenStyle.DotLine))
            painter.drawLine(place(0, 0), place(1, 0))
        painter.setPen(QPen(QColor(tokens.accent), 1))
        painter.drawLine(QPointF(place(self._t, low)), QPointF(place(self._t, high)))
        numbers = []
        for index, answer in known:
            colour = QColor(tokens.series[index % len(tokens.series)])
            painter.setPen(QPen(colour, 1.6))
            times = np.asarray(answer["times"], np.float64)
            painter.drawPolyline(
                QPolygonF([place(float(t), float(v)) for t, v in zip(times, answer[key][:, 0], strict=True)])
            )
            numbers.append((colour, f"{self._value(answer, key):.3g}"))
        self._paint_numbers(painter, area, numbers)

    @staticmethod
    def _paint_numbers(painter: QPainter, area: QRectF, numbers: list[tuple[QColor, str]]) -> None:
        """The values at t, right of the caption, newest pin outermost."""
        right = area.right()
        for colour, number in reversed(numbers):
            width = painter.fontMetrics().horizontalAdvance(number)
            if right - width < area.left() + zoomed(_NAME):
                break
            painter.setPen(colour)
            box = QRectF(right - width, area.top(), width + 1, zoomed(_CAPTION))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, number)
            right -= width + 8


def _reach(values: list[Array]) -> tuple[float, float]:
    everything = np.concatenate([array[:, 0] for array in values])
    low, high = float(everything.min()), float(everything.max())
    pad = 0.08 * (high - low) or 0.5
    return low - pad, high + pad
