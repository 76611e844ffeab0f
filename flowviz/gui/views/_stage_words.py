"""The words on the stage: titles, clock, labels in the world of a panel, and the hint."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from flowviz.core.camera import Camera
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views._stage_axes import Spot, placing
from flowviz.scene.panels import Label, Scene

Fonts = Callable[[int, QFont.Weight], QFont]
"""A font of a size in points and a weight."""

_PLAIN, _BOLD = QFont.Weight.Normal, QFont.Weight.DemiBold
_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "centre": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}
_LABEL_ROOM = 600
"""Width in points of the box a label may fill; what is wider is cut."""


def paint_panel_words(painter: QPainter, spot: Spot, fonts: Fonts) -> None:
    """A panel's title and the labels in its world."""
    panel, plot, tokens = spot.panel, spot.plot, current_tokens()
    if panel.labels and not isinstance(spot.view, Camera):
        painter.setFont(fonts(12, _PLAIN))
        painter.setClipRect(plot)
        place = placing(plot, spot.view)
        for label in panel.labels:
            _paint_label(painter, label, place(label.x, label.y))
        painter.setClipping(False)
    if panel.title:
        bottom = _paint_corner(painter, plot, panel.title, fonts(13, _BOLD), tokens.text)
        if panel.note:
            _paint_corner(
                painter, plot.adjusted(0, bottom - plot.top() - 6, 0, 0), panel.note, fonts(12, _PLAIN), tokens.muted
            )


def _paint_corner(painter: QPainter, plot: QRect, text: str, font: QFont, colour: str) -> int:
    """Words on a veil in the upper left corner, as long as there is room for; where the veil ends below."""
    painter.setFont(font)
    metrics = painter.fontMetrics()
    text = _elided(painter, text, plot.width() - 26)
    box = QRect(plot.left() + 6, plot.top() + 6, metrics.horizontalAdvance(text) + 16, metrics.height() + 4)
    paint_veil(painter, box)
    painter.setPen(QColor(colour))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box.bottom() + 1


def _paint_label(painter: QPainter, label: Label, at: QPointF) -> None:
    shift = {"left": 0, "centre": -0.5, "right": -1}[label.align] * _LABEL_ROOM
    box = QRectF(at.x() + shift, at.y() - 20, _LABEL_ROOM, 40)
    align = _ALIGN[label.align] | Qt.AlignmentFlag.AlignVCenter
    if label.is_veiled:
        paint_veil(painter, painter.boundingRect(box, align, label.text.strip()).toRect().adjusted(-4, -1, 4, 1))
    painter.setPen(QColor(getattr(current_tokens(), label.colour)))
    painter.drawText(box, align, label.text)


def paint_veil(painter: QPainter, box: QRect) -> None:
    """A veil between the picture and words that must be read over any picture."""
    veil = QColor(current_tokens().stage)
    veil.setAlpha(170)
    painter.fillRect(box, veil)


def paint_title(painter: QPainter, spots: Sequence[Spot], header: QRect, scene: Scene, fonts: Fonts) -> None:
    """What is shown and where the clocks stand: in the corner of the only panel, or in a row above several."""
    if len(spots) == 1:
        _paint_title_over(painter, spots[0].plot, scene, fonts)
    else:
        _paint_header(painter, header, scene, fonts)


def _paint_title_over(painter: QPainter, plot: QRect, scene: Scene, fonts: Fonts) -> None:
    tokens = current_tokens()
    bold, plain = fonts(15, _BOLD), fonts(13, _PLAIN)
    tall, small = QFontMetrics(bold), QFontMetrics(plain)
    left = plot.left() + 6
    wide = max(tall.horizontalAdvance(scene.title), small.horizontalAdvance(scene.clock)) + 16
    paint_veil(painter, QRect(left, 8, wide, 8 + tall.height() + (small.height() + 2 if scene.clock else 0)))
    painter.setFont(plain)
    painter.setPen(QColor(tokens.muted))
    painter.drawText(QPoint(left + 8, 12 + tall.height() + small.ascent()), scene.clock)
    painter.setFont(bold)
    painter.setPen(QColor(tokens.text))
    painter.drawText(QPoint(left + 8, 10 + tall.ascent()), scene.title)


def _paint_header(painter: QPainter, box: QRect, scene: Scene, fonts: Fonts) -> None:
    """The title at the left as far as there is room, the clock at the right."""
    tokens, inner = current_tokens(), box.adjusted(12, 0, -12, 0)
    painter.setFont(fonts(13, _PLAIN))
    clock = _elided(painter, scene.clock, inner.width())
    painter.setPen(QColor(tokens.muted))
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, clock)
    room = inner.width() - painter.fontMetrics().horizontalAdvance(clock) - 16
    painter.setFont(fonts(13, _BOLD))
    painter.setPen(QColor(tokens.text))
    title = _elided(painter, scene.title, room)
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)


def _elided(painter: QPainter, text: str, room: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)


def paint_note(painter: QPainter, area: QRect, note: str, fonts: Fonts) -> None:
    """A quiet line in the lower right corner."""
    painter.setFont(fonts(12, _PLAIN))
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(note) + 16, metrics.height() + 6
    box = QRect(area.right() - width - 6, area.bottom() - height - 6, width, height)
    paint_veil(painter, box)
    painter.setPen(QColor(current_tokens().muted))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, note)


def paint_hint(painter: QPainter, area: QRect, hint: str, fonts: Fonts) -> None:
    """A friendly line in the lower middle, in letters as large as there is room for."""
    tokens = current_tokens()
    for size in (16, 14, 12, 11, 10, 9):
        painter.setFont(fonts(size, _PLAIN))
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(hint) + 44, metrics.height() + 19
        if width <= area.width():
            break
    box = QRect(area.center().x() - width // 2, area.bottom() - 52 - height, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.raised))
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(QColor(tokens.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, hint)


def paint_sketch(painter: QPainter, sketch: QPolygonF) -> None:
    """A line in the making."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(current_tokens().accent), 2))
    painter.drawPolyline(sketch)


def paint_pointer(painter: QPainter, place: QPointF, size: float) -> None:
    """A light around the pointer, for people far from the screen."""
    colour = QColor(current_tokens().accent)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 2.5))
    colour.setAlpha(60)
    painter.setBrush(colour)
    painter.drawEllipse(place, 15 * size, 15 * size)
    painter.setBrush(Qt.BrushStyle.NoBrush)
