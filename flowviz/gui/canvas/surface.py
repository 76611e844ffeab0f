"""The square that one draws on: pointer in, density out."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowviz.core.spec import Array
from flowviz.gui.control.painting import Painting
from flowviz.gui.theme.theme import current_tokens, zoomed
from flowviz.gui.widgets.density_image import density_table, to_pixels
from flowviz.targets._grid import EXTENT

_DWELL_MS = 30
_BRIGHTNESS = 0.9
"""A place that a brush of usual strength passed once shows at a good half of the full colour."""
_MARGIN = 14


class DrawingSurface(QWidget):
    """The drawing in the shared frame [-4, 4]^2, as large a square as fits.

    Left button draws, Shift makes it straight; Shift or Alt with the wheel changes the size.
    """

    pointer_moved = Signal(float, float)
    """World coordinates of the pointer."""

    def __init__(self, controller: Painting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drawingSurface")
        self.setAccessibleName("Drawing canvas")
        self.setAccessibleDescription("Drag to draw the distribution; hold still to make it denser.")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 160)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self._controller = controller
        self._resolution = controller.resolution
        self._pointer: QPointF | None = None
        self._last_mark = 0.0
        self._pixels: Array = np.zeros((self._resolution, self._resolution), dtype=np.uint32)
        self._image = QImage()
        self._guide_image = QImage()
        self._has_guide = False
        self._table = density_table(current_tokens())
        self._refresh(0, self._resolution, 0, self._resolution)
        self._timer = QTimer(self)
        self._timer.setInterval(_DWELL_MS)
        self._timer.timeout.connect(self._hold)
        controller.density_changed.connect(self._refresh)
        controller.brush_changed.connect(self.update)
        controller.guide_changed.connect(self._guide_changed)

    # ---- the world and the pixels --------------------------------------------------------------

    def square(self) -> QRectF:
        """The drawing's square in widget pixels."""
        side = max(min(self.width(), self.height()) - 2 * _MARGIN, 20)
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def to_world(self, point: QPointF) -> tuple[float, float]:
        """Widget pixels to the shared frame, y up."""
        square = self.square()
        x_low, x_high, y_low, y_high = EXTENT
        x = x_low + (point.x() - square.left()) / square.width() * (x_high - x_low)
        y = y_high - (point.y() - square.top()) / square.height() * (y_high - y_low)
        return x, y

    def to_widget(self, x: float, y: float) -> QPointF:
        """The shared frame to widget pixels."""
        square = self.square()
        x_low, x_high, y_low, y_high = EXTENT
        return QPointF(
            square.left() + (x - x_low) / (x_high - x_low) * square.width(),
            square.top() + (y_high - y) / (y_high - y_low) * square.height(),
        )

    def _pixels_per_unit(self) -> float:
        return self.square().width() / (EXTENT[1] - EXTENT[0])

    # ---- the pointer ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            event.accept()  # other buttons do nothing here, and nothing to whoever stands below
            return
        self._controller.begin(*self.to_world(event.position()), straight=_is_straight(event))
        self._last_mark = perf_counter()
        self._timer.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move_pointer(event.position())
        if self._controller.is_drawing and event.buttons() & Qt.MouseButton.LeftButton:
            x, y = self.to_world(event.position())
            now = perf_counter()
            self._controller.move(x, y, min(now - self._last_mark, 0.2), straight=_is_straight(event))
            self._last_mark = now

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._finish()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
            return
        # Alt turns a vertical wheel into a horizontal one on some platforms.
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned:
            self._controller.scale_brush(1.1 ** (turned / 120))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._controller.is_drawing:
            self._timer.stop()
            self._controller.cancel()
        else:
            event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._pointer = event.position()
        self.update()

    def hideEvent(self, event: QEvent) -> None:
        self._finish()
        super().hideEvent(event)  # type: ignore[arg-type]

    def _finish(self) -> None:
        self._timer.stop()
        self._controller.end()

    @Slot()
    def _hold(self) -> None:
        self.hold(perf_counter() - self._last_mark)

    def hold(self, seconds: float) -> None:
        """The pointer stayed where it is for so long (called by a timer while the button is down)."""
        self._last_mark = perf_counter()
        self._controller.dwell(min(seconds, 0.2))

    def _move_pointer(self, position: QPointF) -> None:
        old, self._pointer = self._pointer, position
        for place in (old, position):
            if place is not None:
                self.update(self._ring(place).adjusted(-3, -3, 3, 3).toAlignedRect())
        self.pointer_moved.emit(*self.to_world(position))

    def _ring(self, position: QPointF) -> QRectF:
        radius = max(self._controller.brush.size / 2 * self._pixels_per_unit(), 2.0)
        return QRectF(position.x() - radius, position.y() - radius, 2 * radius, 2 * radius)

    # ---- pictures ------------------------------------------------------------------------------

    @Slot(int, int, int, int)
    def _refresh(self, row_low: int, row_high: int, column_low: int, column_high: int) -> None:
        if row_low >= row_high or column_low >= column_high:
            return
        cells = self._resolution
        part = self._controller.grid[row_low:row_high, column_low:column_high]
        shade = 1.0 - np.exp(-_BRIGHTNESS * part)
        # Pictures have row 0 at the top, grids at the bottom.
        self._pixels[cells - row_high : cells - row_low, column_low:column_high] = to_pixels(shade, self._table)[::-1]
        self._image = QImage(self._pixels.data, cells, cells, QImage.Format.Format_ARGB32_Premultiplied)
        per_cell = self.square().width() / cells
        square = self.square()
        area = QRectF(
            square.left() + column_low * per_cell,
            square.top() + (cells - row_high) * per_cell,
            (column_high - column_low) * per_cell,
            (row_high - row_low) * per_cell,
        )
        self.update(area.toAlignedRect().adjusted(-2, -2, 2, 2))

    @Slot()
    def _guide_changed(self) -> None:
        self._draw_guide()
        self.update()

    def _draw_guide(self) -> None:
        points = self._controller.guide
        self._has_guide = self.isVisible()
        if not self._has_guide or points is None or not len(points) or not self._controller.is_guide_shown:
            self._guide_image = QImage()
            return
        square = self.square().toAlignedRect()
        image = QImage(square.size(), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        colour = QColor(current_tokens().target)
        colour.setAlpha(110)
        painter.setPen(QPen(colour, 2))
        offset = QPointF(square.topLeft())
        painter.drawPoints([self.to_widget(float(x), float(y)) - offset for x, y in points[:2500]])
        painter.end()
        self._guide_image = image

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._draw_guide()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._table = density_table(current_tokens())
            self._refresh(0, self._resolution, 0, self._resolution)
            self._draw_guide()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._has_guide:  # it changed while nobody could see it
            self._draw_guide()
        tokens = current_tokens()
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(tokens.window))
        square = self.square()
        painter.fillRect(square, QColor(tokens.stage))
        painter.setClipRect(square)
        if not self._guide_image.isNull():
            painter.drawImage(square.toAlignedRect().topLeft(), self._guide_image)
        self._paint_under(painter, square)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_density(painter, square, event.rect())
        self._paint_grid(painter, square)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(square)
        if self._pointer is None and not self._controller.is_drawing and self._controller.is_empty:
            self._paint_hint(painter, square)
        if self._pointer is not None:
            self._paint_ring(painter)
        painter.end()

    def _paint_under(self, painter: QPainter, square: QRectF) -> None:
        """What lies behind the ink, above the guide; nothing on a flat drawing."""

    def _paint_density(self, painter: QPainter, square: QRectF, dirty: QRect) -> None:
        """Scale only the part that changed: a whole canvas costs several milliseconds."""
        per_cell = square.width() / self._resolution
        part = square.intersected(QRectF(dirty))
        if part.isEmpty():
            return
        left = int((part.left() - square.left()) / per_cell) - 1
        top = int((part.top() - square.top()) / per_cell) - 1
        right = int((part.right() - square.left()) / per_cell) + 2
        bottom = int((part.bottom() - square.top()) / per_cell) + 2
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self._resolution), min(bottom, self._resolution)
        source = QRectF(left, top, right - left, bottom - top)
        target = QRectF(
            square.left() + left * per_cell,
            square.top() + top * per_cell,
            source.width() * per_cell,
            source.height() * per_cell,
        )
        painter.setClipRect(part)
        painter.drawImage(target, self._image, source)
        painter.setClipRect(square)

    def _paint_grid(self, painter: QPainter, square: QRectF) -> None:
        colour = QColor(current_tokens().grid)
        for value in range(int(EXTENT[0]) + 1, int(EXTENT[1])):
            colour.setAlpha(70 if value == 0 else 24)
            painter.setPen(QPen(colour, 1))
            middle = self.to_widget(value, value)
            painter.drawLine(QPointF(middle.x(), square.top()), QPointF(middle.x(), square.bottom()))
            painter.drawLine(QPointF(square.left(), middle.y()), QPointF(square.right(), middle.y()))

    def _paint_hint(self, painter: QPainter, square: QRectF) -> None:
        font = painter.font()
        font.setPixelSize(zoomed(26))
        painter.setFont(font)
        painter.setPen(QColor(current_tokens().muted))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "Draw here")

    def _paint_ring(self, painter: QPainter) -> None:
        if self._pointer is None:
            return
        tokens, brush = current_tokens(), self._controller.brush
        ring = self._ring(self._pointer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # A dark line under the bright one keeps the ring visible on any density.
        outline = QColor(tokens.stage)
        outline.setAlpha(170)
        painter.setPen(QPen(outline, 3))
        painter.drawEllipse(ring)
        line = Qt.PenStyle.DashLine if brush.tool == "eraser" else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(tokens.danger if brush.tool == "eraser" else tokens.text), 1.3, line))
        painter.drawEllipse(ring)
        inner = ring.width() / 2 * (1.0 - brush.softness)
        if 2.0 < inner < ring.width() / 2 - 2:
            colour = QColor(tokens.text)
            colour.setAlpha(110)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
            painter.drawEllipse(self._pointer, inner, inner)
        painter.setPen(QPen(QColor(tokens.text), 1.5))
        painter.drawPoint(self._pointer)


def _is_straight(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
