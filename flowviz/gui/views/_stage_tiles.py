"""The painted panels on the stage, in the view of now."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QPainter

from flowviz.core.camera import Camera
from flowviz.gui.bridge.paint_thread import Picture, Tile
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views._stage_axes import Spot, placing
from flowviz.scene.panels import View, boxes


def paint_ground(painter: QPainter, spots: list[Spot], stage: QRect, above: int) -> None:
    """What lies under several panels: hairs between them, the stage's colour under their numbers and the title.

    Args:
        painter: of the stage.
        spots: the panels' places.
        stage: the whole of it.
        above: points at the top that are left to the title.
    """
    tokens = current_tokens()
    painter.fillRect(stage, QColor(tokens.border))
    painter.fillRect(0, 0, stage.width(), above, QColor(tokens.stage))
    for box in boxes([spot.panel for spot in spots], stage.width(), stage.height(), (0, 0, above)):
        painter.fillRect(QRect(*box), QColor(tokens.stage))


def paint_tile(painter: QPainter, spot: Spot, tile: Tile | None, ratio: float, ratio_now: float) -> None:
    """Draw a panel's picture where the panel is.

    Args:
        painter: of the stage.
        spot: the panel's place and its view now.
        tile: its newest picture, or None before the first.
        ratio: device pixels per point of the picture.
        ratio_now: the same of the screen.
    """
    plot = spot.plot
    if tile is None or tile.image.isNull():
        painter.fillRect(plot, QColor(current_tokens().stage))
        return
    size = (round(plot.width() * ratio), round(plot.height() * ratio))
    same_size = size == (tile.image.width(), tile.image.height()) and ratio == ratio_now
    if same_size and tile.view == spot.view:
        tile.image.setDevicePixelRatio(ratio)
        painter.drawImage(plot.topLeft(), tile.image)
        return
    painter.fillRect(plot, QColor(current_tokens().stage))
    tile.image.setDevicePixelRatio(1.0)
    painter.setClipRect(plot)
    painter.drawImage(_moved_place(spot, tile.view), tile.image)
    painter.setClipping(False)


def _moved_place(spot: Spot, painted: View) -> QRectF:
    """Where a picture of an older view stands in the view of now, until the new picture is there."""
    if isinstance(painted, Camera) or isinstance(spot.view, Camera):
        return QRectF(spot.plot)
    place = placing(spot.plot, spot.view)
    return QRectF(place(painted[0], painted[3]), place(painted[1], painted[2]))


def tiles_now(picture: Picture | None) -> tuple[Tile, ...]:
    """The painted panels that may be shown now: none before the first, and none in the colours of another theme."""
    return picture.tiles if picture is not None and picture.job.tokens is current_tokens() else ()


def thinning_note(picture: Picture) -> str:
    """What a picture leaves out while its camera turns; "" where nothing."""
    if picture.dots >= picture.all_dots:
        return ""
    return f"{picture.dots:,} of {picture.all_dots:,} dots while it turns"
