"""The numbers along a panel's edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from flowviz.core.camera import Camera
from flowviz.gui.theme.theme import current_tokens, mix
from flowviz.scene.marks import Extent
from flowviz.scene.panels import Margins, Panel, View

_TICK_GAP, _MOST = 52, 14


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between low and high, at most about that many, steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step)
    return [round(index * step, 10) for index in range(first, math.floor(high / step) + 1)]


def _most(length: int, letter: int) -> int:
    return min(_MOST, max(2, round(length * 11 / (_TICK_GAP * letter))))


@dataclass(frozen=True, slots=True)
class Spot:
    """A panel where it stands on the stage: its rectangle in points, and what it shows."""

    panel: Panel
    plot: QRect
    view: View


class Axes:
    """The strips left of and below a panel; drawn anew only when the view, the size or the colours change."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._strips = (QPixmap(), QPixmap())

    def paint(self, painter: QPainter, plot: QRect, view: Extent, margins: Margins, font: QFont, ratio: float) -> None:
        """Draw the strips beside and below `plot`, a rectangle of the widget."""
        key = (view, plot.getRect(), margins, font.pixelSize(), current_tokens().name, ratio)
        left, bottom, _ = margins
        areas = (
            QRect(plot.left() - left, plot.top(), left, plot.height() + bottom),
            QRect(plot.left(), plot.bottom() + 1, plot.width(), bottom),
        )
        if key != self._key:
            self._key = key
            strips = [self._strip(area, plot, view, font, ratio) for area in areas]
            self._strips = (strips[0], strips[1])
        for area, strip in zip(areas, self._strips, strict=True):
            painter.drawPixmap(area.topLeft(), strip)

    def _strip(self, area: QRect, plot: QRect, view: Extent, font: QFont, ratio: float) -> QPixmap:
        strip = QPixmap(QSize(round(area.width() * ratio), round(area.height() * ratio)))
        strip.setDevicePixelRatio(ratio)
        strip.fill(QColor(current_tokens().stage))
        painter = QPainter(strip)
        painter.translate(-area.topLeft())
        painter.setFont(font)
        _draw(painter, plot, view, font.pixelSize())
        painter.end()
        return strip


def _draw(painter: QPainter, plot: QRect, view: Extent, letter: int) -> None:
    tokens = current_tokens()
    lines = QPen(QColor(mix(tokens.stage, tokens.border, 0.7)))
    words = QPen(QColor(tokens.muted))
    painter.setPen(lines)
    painter.drawLine(plot.left() - 1, plot.top(), plot.left() - 1, plot.bottom() + 1)
    painter.drawLine(plot.left(), plot.bottom() + 1, plot.right(), plot.bottom() + 1)
    place = placing(plot, view)
    for tick in nice_ticks(view[0], view[1], _most(plot.width(), letter)):
        x = round(place(tick, view[2]).x())
        painter.setPen(lines)
        painter.drawLine(x, plot.bottom() + 1, x, plot.bottom() + 5)
        painter.setPen(words)
        if plot.left() + 8 < x < plot.right() - 8:
            box = QRect(x - 40, plot.bottom() + 6, 80, 2 * letter)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{tick:g}")
    for tick in nice_ticks(view[2], view[3], _most(plot.height(), letter)):
        y = round(place(view[0], tick).y())
        painter.setPen(lines)
        painter.drawLine(plot.left() - 5, y, plot.left() - 1, y)
        painter.setPen(words)
        if plot.top() + 8 < y < plot.bottom() - 4:
            box = QRect(plot.left() - 60, y - letter, 53, 2 * letter)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{tick:g}")


def placing(plot: QRect, view: Extent) -> Callable[[float, float], QPointF]:
    """From a point of the world to the point of the widget over it."""
    gain_x, gain_y = plot.width() / (view[1] - view[0]), plot.height() / (view[3] - view[2])

    def place(x: float, y: float) -> QPointF:
        return QPointF(plot.x() + (x - view[0]) * gain_x, plot.y() + (view[3] - y) * gain_y)

    return place


def world_at(spot: Spot, place: QPointF) -> QPointF:
    """The point of a panel's plane under a point of the widget."""
    assert not isinstance(spot.view, Camera)
    low_x, high_x, low_y, high_y = spot.view
    x = low_x + (place.x() - spot.plot.x()) * (high_x - low_x) / spot.plot.width()
    y = high_y - (place.y() - spot.plot.y()) * (high_y - low_y) / spot.plot.height()
    return QPointF(x, y)
