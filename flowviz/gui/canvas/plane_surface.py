"""The plane in space that one draws on, with the layers below and above it shown faintly."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from flowviz.core.spec import Array
from flowviz.gui.canvas.surface import DrawingSurface
from flowviz.gui.control.sculpt import SculptController
from flowviz.gui.theme.theme import current_tokens
from flowviz.targets._strokes_3d import IN_PLANE

_GHOST_MS = 40
_FAINT = 0.55  # opacity of the densest ghost
_THICK = 0.35  # how fast ink of other layers gathers


class PlaneSurface(DrawingSurface):
    """As the drawing surface; the wheel moves the plane by a layer.

    Args:
        controller: owns the ink and the plane.
    """

    def __init__(self, controller: SculptController, parent: QWidget | None = None) -> None:
        self._ghost = QImage()
        super().__init__(controller, parent)
        self.setAccessibleName("Plane to draw on")
        self._space = controller
        self._ghost_timer = QTimer(self)
        self._ghost_timer.setSingleShot(True)
        self._ghost_timer.setInterval(_GHOST_MS)
        self._ghost_timer.timeout.connect(self._draw_ghost)
        controller.density_changed.connect(self._later)
        controller.plane_changed.connect(self._draw_ghost)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            super().wheelEvent(event)
            return
        turned = event.angleDelta().y()
        if turned:
            self._space.set_plane(layer=self._space.layer + (1 if turned > 0 else -1))
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and not self._ghost.isNull():
            self._draw_ghost()

    @Slot()
    def _later(self) -> None:
        if not self._ghost_timer.isActive():
            self._ghost_timer.start()

    @Slot()
    def _draw_ghost(self) -> None:
        below, above = self._space.ghosts()
        tokens = current_tokens()
        picture = _tinted(below, QColor(tokens.field)) + _tinted(above, QColor(tokens.particles))
        pixels = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[::-1])
        rows, columns = below.shape
        # The copy outlives the array.
        self._ghost = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied).copy()
        self.update()

    def _paint_under(self, painter: QPainter, square: QRectF) -> None:
        if not self._ghost.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(square, self._ghost)
        right, up = ("xyz"[axis] for axis in IN_PLANE[self._space.axis])
        painter.setPen(QColor(current_tokens().muted))
        painter.drawText(QPointF(square.right() - 34, square.center().y() - 6), f"{right} →")
        painter.drawText(QPointF(square.center().x() + 6, square.top() + 18), f"{up} ↑")


def _tinted(ink: Array, colour: QColor) -> Array:
    """Ink (n, n) as premultiplied B, G, R, A (n, n, 4) float32 in one colour."""
    alpha = _FAINT * (1 - np.exp(-_THICK * ink))
    parts = np.array([colour.blue(), colour.green(), colour.red(), 255.0], dtype=np.float32)
    return np.asarray(alpha[..., None] * parts, dtype=np.float32)
