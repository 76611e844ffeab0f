"""A small picture of the whole drawing in space, which turns under the hand."""

from __future__ import annotations

from itertools import product

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowviz.core.camera import Camera
from flowviz.core.spec import Array
from flowviz.gui.control.sculpt import CELLS, SculptController
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.widgets.density_image import density_picture
from flowviz.targets._grid import CUBE
from flowviz.targets._strokes_3d import lifted

_PIXELS = 132  # of the picture, along each side
_MOST = 60_000  # cells that are looked at
_LEAST = 0.05  # ink below this is not seen
_REACH = 6.8  # half the picture's side, in world units
_DENSE = 0.3
_MS = 40
_DEGREES_PER_PIXEL = 0.6
_CORNERS = np.array(list(product(CUBE[:2], repeat=3)))
_EDGES = [(a, b) for a in range(8) for b in range(a) if np.sum(_CORNERS[a] != _CORNERS[b]) == 1]


class VolumePreview(QWidget):
    """The ink seen from outside, its cube, and the plane that one draws on. Drag to turn it.

    Args:
        controller: owns the ink and the plane.
    """

    def __init__(self, controller: SculptController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Preview of the drawing in space")
        self.setToolTip("The whole drawing; drag to turn it")
        self.setMinimumSize(90, 90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._controller = controller
        self._camera = Camera(projection="parallel", elevation=28.0)
        self._image = QImage()
        self._held: QPointF | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MS)
        self._timer.timeout.connect(self.refresh)
        controller.density_changed.connect(self._later)
        controller.plane_changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 200)

    @Slot()
    def _later(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def refresh(self) -> None:
        """Look at the ink again."""
        self._image = density_picture(_shade(self._controller.ink, self._camera.rotation()), current_tokens())
        self.update()

    # ---- turning ---------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            return
        moved = event.position() - self._held
        self._held = event.position()
        self._camera = self._camera.orbit(-_DEGREES_PER_PIXEL * moved.x(), _DEGREES_PER_PIXEL * moved.y())
        self._later()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._image = QImage()  # in the colours of another theme
            self.update()
        super().changeEvent(event)

    # ---- painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            self.refresh()
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        side = min(self.width(), self.height())
        square = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter.drawImage(square, self._image)
        corners = self._placed(_CORNERS, square)
        painter.setPen(QPen(QColor(tokens.border), 1))
        for a, b in _EDGES:
            painter.drawLine(corners[a], corners[b])
        flat = np.array([(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)])
        plane = QPolygonF(self._placed(lifted(flat, self._controller.axis, self._controller.height), square))
        fill = QColor(tokens.accent)
        fill.setAlpha(28)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(tokens.accent), 1.3))
        painter.drawPolygon(plane)
        painter.setPen(QColor(tokens.muted))
        ends = np.array([(4.9, -4.0, -4.0), (4.0, 4.9, -4.0), (-4.0, -4.0, 4.9)])  # beside three edges of the cube
        for letter, place in zip("xyz", self._placed(ends, square), strict=True):
            painter.drawText(QRectF(place.x() - 8, place.y() - 8, 16, 16), Qt.AlignmentFlag.AlignCenter, letter)
        painter.end()

    def _placed(self, points: Array, square: QRectF) -> list[QPointF]:
        seen = points @ self._camera.rotation().T / _REACH
        middle, half = square.center(), square.width() / 2
        return [QPointF(middle.x() + half * u, middle.y() - half * v) for u, v, _depth in seen.tolist()]


def _shade(ink: Array, rotation: Array) -> Array:
    """The picture (_PIXELS, _PIXELS) float32 in [0, 1] of ink in space, nearer ink brighter; row 0 at the bottom."""
    filled = np.flatnonzero(ink > _LEAST)
    share = max(1, -(-len(filled) // _MOST))
    filled = filled[::share]
    cells = np.stack(np.unravel_index(filled, ink.shape)[::-1], axis=1)
    seen = (CUBE[0] + (CUBE[1] - CUBE[0]) * (cells + 0.5) / CELLS) @ rotation.T / _REACH
    column, row = ((seen[:, :2] + 1) / 2 * _PIXELS).astype(np.intp).T
    weights = share * np.minimum(ink.ravel()[filled], 3.0) * np.clip(0.6 + 0.7 * seen[:, 2], 0.15, 1.3)
    picture: Array = np.bincount(row * _PIXELS + column, weights, _PIXELS**2).reshape(_PIXELS, _PIXELS)
    for axis in (0, 1):  # cells are larger than pixels
        picture = (np.roll(picture, 1, axis) + 2 * picture + np.roll(picture, -1, axis)) / 4
    return np.asarray(1 - np.exp(-_DENSE * picture), dtype=np.float32)
