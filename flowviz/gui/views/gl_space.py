"""Space drawn by OpenGL: the same marks and the same camera as the painter's. Imported only where it is used."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pyqtgraph.opengl import GLViewWidget
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QMatrix4x4, QPainter, QPen
from PySide6.QtWidgets import QWidget

from flowviz.core.camera import Camera
from flowviz.gui.theme.theme import mix
from flowviz.gui.views._gl_items import fill_item, item_kind, needs_lens, new_item, set_depth, with_outline
from flowviz.scene._box import furniture
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Lines, Mark, Points, Words
from flowviz.scene.panels import Panel
from flowviz.scene.tokens import DARK, Tokens


class GLSpace(GLViewWidget):
    """One panel in space. The stage under it keeps mouse and keys, and lays its words over the picture.

    Args:
        parent: the stage.
        overlay: paints what stands over the picture, with this widget's painter.
    """

    def __init__(self, parent: QWidget, overlay: Callable[[QPainter], None]) -> None:
        super().__init__(parent)
        smooth = self.format()
        smooth.setSamples(4)  # edges are smoothed by samples: smoothed lines of OpenGL fade at each joint
        self.setFormat(smooth)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._overlay = overlay
        self._camera = Camera()
        self._panel: Panel | None = None
        self._tokens: Tokens = DARK
        self._emphasis = 1.0
        self._drawn: list[tuple[Mark, Any]] = []

    def show_panel(self, panel: Panel, camera: Camera, tokens: Tokens, emphasis: float) -> None:
        """Draw these marks as this camera sees them."""
        is_restyled = tokens is not self._tokens or emphasis != self._emphasis
        self._panel, self._tokens, self._emphasis = panel, tokens, emphasis
        self.setBackgroundColor(tokens.stage)
        self._camera = camera
        marks = [part for mark in panel.marks for part in with_outline(mark) if item_kind(part)]
        if [item_kind(mark) for mark in marks] != [item_kind(mark) for mark, _ in self._drawn]:
            self.clear()
            self._drawn = [(mark, new_item(item_kind(mark))) for mark in marks]
            for _, item in self._drawn:
                self.addItem(item)
            is_restyled = True
        for index, mark in enumerate(marks):
            old, item = self._drawn[index]
            if is_restyled or mark is not old or needs_lens(mark):
                self._fill(item, mark)
            self._drawn[index] = (mark, item)
        self.look(camera)

    def look(self, camera: Camera) -> None:
        """The same marks as another camera sees them."""
        is_moved, self._camera = camera != self._camera, camera
        lens = self.lens()
        tangent = math.tan(math.radians(camera.field_of_view) / 2) * self.width() / max(1, self.height())
        self.opts["fov"] = 2 * math.degrees(math.atan(tangent))  # pyqtgraph's is across; sizes in space depend on it
        for mark, item in self._drawn:
            if is_moved and needs_lens(mark):
                self._fill(item, mark)
            set_depth(item, mark, lens, self._tokens)
        self.update()

    def lens(self) -> Lens:
        """The camera at work on this picture."""
        room = self._panel.room if self._panel is not None else None
        return Lens(self._camera, max(1, self.width()), max(1, self.height()), room, self.devicePixelRatioF())

    def _fill(self, item: Any, mark: Mark) -> None:
        fill_item(item, mark, self.lens(), self._tokens, self.devicePixelRatioF() * self._emphasis)

    def viewMatrix(self) -> QMatrix4x4:
        """pyqtgraph's hook: world to eye."""
        return QMatrix4x4(*self._camera.view_matrix().ravel().tolist())

    def projectionMatrix(self, region: object, viewport: object) -> QMatrix4x4:
        """pyqtgraph's hook: eye to picture."""
        aspect = self.width() / max(1, self.height())
        return QMatrix4x4(*self._camera.projection_matrix(aspect).ravel().tolist())

    def paintGL(self) -> None:
        """The scene, then numbers, triad and the stage's words."""
        super().paintGL()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lens, room = self.lens(), self._panel.room if self._panel is not None else None
        if room is not None:
            for mark in furniture(lens, room, 2 * self._emphasis / max(1, self.height())).before:
                _paint_flat(painter, mark, self.width(), self.height(), self._tokens, self._emphasis)
        self._overlay(painter)
        painter.end()


def _paint_flat(painter: QPainter, mark: Mark, width: int, height: int, tokens: Tokens, emphasis: float) -> None:
    """Lines, dots and words in picture units, with Qt's painter."""

    def spot(x: float, y: float) -> QPointF:
        return QPointF(width / 2 + x * height / 2, height / 2 - y * height / 2)

    match mark:
        case Lines():
            painter.setPen(QPen(_qcolour(tokens, mark.colour, mark.fog), mark.width * emphasis))
            for line in mark.paths.tolist():
                for start, end in pairwise(line):
                    painter.drawLine(spot(*start), spot(*end))
        case Points():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_qcolour(tokens, mark.colour, mark.fog))
            for x, y in mark.xy.tolist():
                painter.drawEllipse(spot(x, y), mark.size * emphasis / 2, mark.size * emphasis / 2)
        case Words():
            font = QFont(painter.font())
            font.setPixelSize(max(6, round(mark.size * emphasis)))
            font.setBold(mark.is_bold)
            painter.setFont(font)
            painter.setPen(_qcolour(tokens, mark.colour, 0.0))
            metrics = painter.fontMetrics()
            offsets = [(0.0, 0.0)] * len(mark.texts) if mark.offsets is None else mark.offsets.tolist()
            for text, (x, y), (right, up) in zip(mark.texts, mark.xy.tolist(), offsets, strict=True):
                if not (math.isfinite(x) and math.isfinite(y)):
                    continue
                place = spot(x, y) + QPointF(right * emphasis, -up * emphasis)
                shift = QPointF(metrics.horizontalAdvance(text) / 2, metrics.ascent() / 2 - metrics.descent() / 2)
                painter.drawText(place + QPointF(-shift.x(), shift.y()), text)


def _qcolour(tokens: Tokens, name: str, fog: float) -> QColor:
    plain = tokens.series[int(name[6:])] if name.startswith("series") else str(getattr(tokens, name))
    return QColor(mix(plain, tokens.stage, fog))
