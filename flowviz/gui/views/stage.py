"""The stage: one painted picture between quiet axes, with pan, zoom and fit.

A plain widget and not a pyqtgraph plot: a plot calls back into Python some thirty times for each picture (bounds
and paint of every item), and each call may have to wait for the paint thread to let go of the interpreter; this
widget calls back once. It halves the work of the GUI thread for a picture and shortens the longest waits.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.theme.theme import current_tokens, mix
from flowviz.scene.marks import Extent

_LEFT, _BOTTOM = 36, 24
_NARROWEST, _WIDEST = 0.02, 400.0
_TICK_GAP = 64


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between low and high, at most about that many, steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step)
    return [round(index * step, 10) for index in range(first, math.floor(high / step) + 1)]


class StageView(QWidget):
    """The stage.

    Signals:
        view_changed(): another part of the world, or another size in pixels, is in view.
    """

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Stage")
        self.setObjectName("stage")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 220)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._world: Extent = (-4.0, 4.0, -4.0, 4.0)
        self._is_fitted = True
        self._centre = QPointF(0.0, 0.0)
        self._zoom = 60.0  # points per unit of the world
        self._dragged_from: QPointF | None = None
        self._hint = ""
        self.picture: Picture | None = None
        self._axes_key: tuple[object, ...] = ()
        self._axes_strips = (QPixmap(), QPixmap())

    # -- what it shows --------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture) -> None:
        """Show a painted picture with its title and clock."""
        if picture.world != self._world:
            self._world = picture.world
            if self._is_fitted:
                self.fit()
        self.picture = picture
        self.update()

    def show_hint(self, text: str) -> None:
        """A friendly line in the lower middle; "" hides it."""
        if text != self._hint:
            self._hint = text
            self.setAccessibleDescription(text)
            self.update()

    @property
    def hint(self) -> str:
        """The line in the lower middle."""
        return self._hint

    # -- the view -------------------------------------------------------------------------------------------

    def _plot(self) -> QRect:
        return QRect(_LEFT, 0, max(1, self.width() - _LEFT), max(1, self.height() - _BOTTOM))

    def view(self) -> Extent:
        """The world in view."""
        plot = self._plot()
        half_x, half_y = plot.width() / (2 * self._zoom), plot.height() / (2 * self._zoom)
        x, y = self._centre.x(), self._centre.y()
        return (x - half_x, x + half_x, y - half_y, y + half_y)

    def pixel_size(self) -> tuple[int, int, float]:
        """Width and height of the view in device pixels, and device pixels per point."""
        ratio, plot = self.devicePixelRatioF(), self._plot()
        return round(plot.width() * ratio), round(plot.height() * ratio), ratio

    def to_world(self, place: QPointF) -> QPointF:
        """The point of the world under a point of the widget."""
        plot = self._plot()
        x = self._centre.x() + (place.x() - plot.x() - plot.width() / 2) / self._zoom
        y = self._centre.y() - (place.y() - plot.y() - plot.height() / 2) / self._zoom
        return QPointF(x, y)

    def to_widget(self, x: float, y: float) -> QPointF:
        """The point of the widget over a point of the world."""
        plot = self._plot()
        return QPointF(
            plot.x() + plot.width() / 2 + (x - self._centre.x()) * self._zoom,
            plot.y() + plot.height() / 2 - (y - self._centre.y()) * self._zoom,
        )

    @Slot()
    def fit(self) -> None:
        """Bring the whole world into view."""
        x_low, x_high, y_low, y_high = self._world
        plot = self._plot()
        self._zoom = min(plot.width() / (x_high - x_low), plot.height() / (y_high - y_low))
        self._centre = QPointF((x_low + x_high) / 2, (y_low + y_high) / 2)
        self._is_fitted = True
        self._moved()

    def zoom(self, factor: float, place: QPointF) -> None:
        """Come nearer by a factor; what lies under that point of the widget stays there."""
        fixed = self.to_world(place)
        width = self._plot().width()
        self._zoom = min(width / _NARROWEST, max(width / _WIDEST, self._zoom * factor))
        self._centre += fixed - self.to_world(place)
        self._is_fitted = False
        self._moved()

    def _moved(self) -> None:
        self.update()
        self.view_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor."""
        self.zoom(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the world."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._dragged_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan."""
        if self._dragged_from is not None:
            step = event.position() - self._dragged_from
            self._dragged_from = event.position()
            self._centre -= QPointF(step.x() / self._zoom, -step.y() / self._zoom)
            self._is_fitted = False
            self._moved()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the world."""
        self._dragged_from = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit."""
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what was fitted fitted."""
        super().resizeEvent(event)
        if self._is_fitted:
            self.fit()
        else:
            self._moved()

    def showEvent(self, event: QShowEvent) -> None:
        """A hidden stage is not painted; now it is wanted again."""
        super().showEvent(event)
        self.view_changed.emit()

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        self._moved()

    # -- drawing --------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, axes, words."""
        painter = QPainter(self)
        plot = self._plot()
        self._paint_picture(painter, plot, QColor(current_tokens().stage))
        left, bottom = self._axes()
        painter.drawPixmap(0, 0, left)
        painter.drawPixmap(_LEFT, plot.bottom() + 1, bottom)
        self._paint_words(painter, plot)
        painter.end()

    def _axes(self) -> tuple[QPixmap, QPixmap]:
        """The strips beside and below the plot; drawn anew only when the view, the size or the colours change."""
        ratio, tokens = self.devicePixelRatioF(), current_tokens()
        key = (self.view(), self.size().toTuple(), tokens.name, ratio)
        if key != self._axes_key:
            self._axes_key = key
            plot, strips = self._plot(), []
            for area in (QRect(0, 0, _LEFT, self.height()), QRect(_LEFT, plot.bottom() + 1, plot.width(), _BOTTOM)):
                strip = QPixmap(area.size() * ratio)
                strip.setDevicePixelRatio(ratio)
                strip.fill(QColor(tokens.stage))
                painter = QPainter(strip)
                painter.translate(-area.topLeft())
                self._paint_axes(painter, plot)
                painter.end()
                strips.append(strip)
            self._axes_strips = (strips[0], strips[1])
        return self._axes_strips

    def _paint_picture(self, painter: QPainter, plot: QRect, stage: QColor) -> None:
        picture = self.picture
        if picture is None:
            painter.fillRect(plot, stage)
            return
        job = picture.job
        if job.view == self.view() and (job.width, job.height, job.scale) == self.pixel_size():
            picture.image.setDevicePixelRatio(job.scale)
            painter.drawImage(plot.topLeft(), picture.image)
            return
        painter.fillRect(plot, stage)
        x_low, x_high, y_low, y_high = job.view
        picture.image.setDevicePixelRatio(1.0)
        painter.setClipRect(plot)
        painter.drawImage(QRectF(self.to_widget(x_low, y_high), self.to_widget(x_high, y_low)), picture.image)
        painter.setClipping(False)

    def _paint_axes(self, painter: QPainter, plot: QRect) -> None:
        tokens = current_tokens()
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        lines = QPen(QColor(mix(tokens.stage, tokens.border, 0.7)))
        words = QPen(QColor(tokens.muted))
        x_low, x_high, y_low, y_high = self.view()
        painter.setPen(lines)
        painter.drawLine(plot.left() - 1, 0, plot.left() - 1, plot.bottom() + 1)
        painter.drawLine(plot.left(), plot.bottom() + 1, plot.right(), plot.bottom() + 1)
        for tick in nice_ticks(x_low, x_high, plot.width() // _TICK_GAP):
            x = round(self.to_widget(tick, 0.0).x())
            painter.setPen(lines)
            painter.drawLine(x, plot.bottom() + 1, x, plot.bottom() + 5)
            painter.setPen(words)
            if plot.left() + 8 < x < plot.right() - 8:
                box = QRect(x - 40, plot.bottom() + 6, 80, _BOTTOM - 6)
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{tick:g}")
        for tick in nice_ticks(y_low, y_high, plot.height() // _TICK_GAP):
            y = round(self.to_widget(0.0, tick).y())
            painter.setPen(lines)
            painter.drawLine(plot.left() - 5, y, plot.left() - 1, y)
            painter.setPen(words)
            if 8 < y < plot.bottom() - 4:
                box = QRect(0, y - 10, plot.left() - 7, 20)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{tick:g}")

    @staticmethod
    def _paint_veil(painter: QPainter, plot: QRect, font: QFont, title: str, clock: str) -> None:
        """A veil between the picture and the title, which must be read over any picture."""
        metrics = QFontMetrics(font)
        width = round(max(metrics.horizontalAdvance(title) * 1.25, metrics.horizontalAdvance(clock))) + 16
        veil = QColor(current_tokens().stage)
        veil.setAlpha(170)
        painter.fillRect(QRect(plot.left() + 6, 8, width, 46 if clock else 26), veil)

    def _paint_words(self, painter: QPainter, plot: QRect) -> None:
        tokens = current_tokens()
        font = QFont(self.font())
        if self.picture is not None:
            title, clock = self.picture.scene.title, self.picture.scene.clock
            self._paint_veil(painter, plot, font, title, clock)
            font.setPixelSize(15)
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(tokens.text))
            painter.drawText(QPoint(plot.left() + 14, 26), title)
            font.setPixelSize(13)
            font.setWeight(QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPoint(plot.left() + 14, 46), clock)
        if self._hint:
            font.setPixelSize(16)
            painter.setFont(font)
            width = painter.fontMetrics().horizontalAdvance(self._hint) + 44
            box = QRect(plot.center().x() - width // 2, plot.bottom() - 66, width, 38)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(box, 19, 19)
            painter.setPen(QColor(tokens.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._hint)
